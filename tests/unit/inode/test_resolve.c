/* What a name stands for: by the tree alone, by the API's names and ids, and by what was put here. */
#include "resolve.h"

#include "drop_failed.h"
#include "drop_table.h"
#include "hide.h"
#include "inode_fixture.h"
#include "kept.h"
#include "known.h"
#include "once.h"

#include "banned.h"

#define MODEL(hex) "las:model:" hex
#define DOC(hex) "las:document:" hex
#define DATASET "las:dataset:" ONE
#define IN_DATASET ", \"datasetId\": \"" DATASET "\""
#define PDF ", \"contentType\": \"application/pdf\""
#define NONE_SUCH "las:model:ffffffffffffffffffffffffffffffff"

/* --- By the tree alone ------------------------------------------------------------------------ */

static void what_the_tree_has_costs_no_request(void **state)
{
    static const struct path_case cases[] = {
        { "/", "root" },
        { "/README", "readme" },
        { "/models", "collection" },
        { "/nothing", "ENOENT" },
        { "/.lasfs", "lasfs" },
        { "/.lasfs/status", "status" },
        { "/.lasfs/errors", "errors" },
        { "/.lasfs/failed", "failed" },
        { "/.lasfs/failed/1-x", "ENOENT" },
        { "/.lasfs/pending/1-x", "ENOENT" },
        { "/README/x", "ENOTDIR" },
        { "/models/.list.jsonl", "list" },
        { "/models/.by-name", "by name" },
        { "/models/.by-id", "by id" },
        { "/documents/.by-datasetId", "by field" },
        { "/documents/.by-datasetId/" DATASET, "by value " DATASET },
        { "/documents/.by-datasetId/x", "ENOENT" },
        { "/documents/.sha256sums", "sums" },
        { "/documents/.files.tsv", "files" },
        { "/models/.sha256sums", "ENOENT" },
        { "/models/.anything", "ENOENT" },
        { "/consents", "consents" },
        { "/consents/las:consent:" ONE, "consent las:consent:" ONE },
        { "/consents/x", "ENOENT" },
        { "/consents/las:consent:" ONE "/documents", "collection" },
    };
    struct tree *t = *state;

    EXPECT_PATHS(t, cases);
    assert_int_equal(requests(&t->api), 0);
}

static void a_name_can_be_too_long(void **state)
{
    char path[600] = "/models/";

    memset(path + strlen(path), 'x', 256);
    assert_string_equal(at(*state, path), "ENAMETOOLONG");
}

/* --- By what the API has ---------------------------------------------------------------------- */

static void names_and_ids_lead_to_resources(void **state)
{
    static const struct path_case cases[] = {
        { "/models/plain", "resource " MODEL(ONE) },
        { "/models/" MODEL(ONE), "resource " MODEL(ONE) },
        { "/models/11111111", "resource " MODEL(ONE) },
        { "/models/twice", "ENOTUNIQ" },
        { "/models/none", "ENOENT" },
        { "/models/" NONE_SUCH, "ENOENT" },
        { "/models/las:dataset:" ONE, "ENOENT" },
        { "/models/las:model:by-words", "resource las:model:by-words" }, /* a later API's id */
        { "/models/las:model:malformed", "resource " MODEL("5") },       /* says the server */
        { "/models/las:model:as-a-name", "resource " MODEL(FOUR) },      /* none has that id */
        { "/models/plain/name", "field" },
        { "/models/plain/fieldConfig.json", "field" },
        { "/models/plain/resource.json", "whole" },
        { "/models/plain/dataBundles", "collection" },
        { "/models/plain/nosuch", "ENOENT" },
        { "/models/plain/content", "ENOENT" },
        { "/models/plain/name/x", "ENOTDIR" },
        { "/models/.by-name/plain", "link " MODEL(ONE) },
        { "/models/.by-name/twice", "ENOTUNIQ" },
        { "/models/.by-name/twice~22222222", "link " MODEL(TWO) },
        { "/models/.by-name/twice~33333333", "link " MODEL(THREE) },
        { "/models/.by-name/twice~11111111", "ENOENT" },
        { "/models/.by-name/twice~2222", "ENOENT" },
        { "/models/.by-id/" MODEL(ONE), "link " MODEL(ONE) },
        { "/models/.by-id/" NONE_SUCH, "ENOENT" },
        { "/models/.by-id/plain", "ENOENT" },
    };
    struct tree *t = *state;

    answer(
        &t->api, "GET /models",
        "{\"models\": [" A_MODEL(ONE, "plain", "") "," A_MODEL(TWO, "twice", "") "," A_MODEL(
            THREE, "twice", "") "," A_MODEL(FOUR, "las:model:as-a-name",
                                            "") "," A_MODEL("5", "las:model:malformed", "") "]}");
    answer_status(&t->api, "GET /models/las:model:malformed", 400);
    answer(&t->api, "GET /models/las:model:by-words", A_MODEL("by-words", "w", ""));
    EXPECT_PATHS(t, cases);
}

static void what_stands_in_a_document(void **state)
{
    static const struct path_case cases[] = {
        { "/documents/" DOC(ONE), "resource " DOC(ONE) },
        { "/documents/11111111", "resource " DOC(ONE) },
        { "/documents/" DOC(ONE) "/content", "content" },
        { "/documents/" DOC(ONE) "/content.pdf", "content link" },
        { "/documents/" DOC(ONE) "/content.png", "ENOENT" },
        { "/documents/" DOC(TWO) "/content.pdf", "ENOENT" }, /* it says no type */
        { "/assets/las:asset:" ONE "/content.pdf", "ENOENT" },
        { "/assets/las:asset:" ONE "/content", "content" },
        { "/documents/" DOC(ONE) "/consentId", "field" },
        { "/documents/" DOC(TWO) "/consentId", "ENOENT" }, /* it has none, and takes none */
        { "/documents/" DOC(TWO) "/datasetId", "field" },  /* but may be given one */
        { "/documents/.by-datasetId/" DATASET "/" DOC(ONE), "link " DOC(ONE) },
        { "/documents/.by-datasetId/" DATASET "/" DOC(TWO), "ENOENT" },
        { "/documents/.by-id/" DOC(TWO), "link " DOC(TWO) },
        { "/datasets/" DATASET "/documents/" DOC(ONE), "resource " DOC(ONE) },
        { "/datasets/" DATASET "/documents/" DOC(TWO), "ENOENT" }, /* it is in none */
        { "/datasets/" DATASET "/documents/.by-id/" DOC(TWO), "ENOENT" },
    };
    struct tree *t = *state;

    answer(&t->api, "GET /documents",
           "{\"documents\": [" A_DOCUMENT(ONE, "a",
                                          PDF IN_DATASET ", \"consentId\": \"las:consent:" ONE
                                                         "\"") "," A_DOCUMENT(TWO, "b", "") "]}");
    answer(&t->api, "GET /documents/" DOC(ONE),
           A_DOCUMENT(ONE, "a", PDF IN_DATASET ", \"consentId\": \"las:consent:" ONE "\""));
    answer(&t->api, "GET /documents/" DOC(TWO), A_DOCUMENT(TWO, "b", ""));
    answer(&t->api, "GET /assets/las:asset:" ONE, AN_ASSET(ONE, "a", ""));
    answer(&t->api, "GET /datasets/" DATASET, A_RESOURCE("datasetId", DATASET, "set", ""));
    EXPECT_PATHS(t, cases);
}

static void what_came_once_is_a_field_as_long_as_it_is_here(void **state)
{
    static const char path[] = "/appClients/las:app-client:" ONE "/clientSecret";
    struct tree *t = *state;
    struct record *r = record_of(RES_APP_CLIENTS, A_RESOURCE("appClientId", "las:app-client:" ONE,
                                                             "c", ", \"clientSecret\": \"s\""));

    answer(&t->api, "GET /appClients",
           "{\"appClients\": [" A_RESOURCE("appClientId", "las:app-client:" ONE, "c", "") "]}");
    assert_string_equal(at(t, path), "ENOENT");
    assert_int_equal(once_keep(t->api.remote, &r), 0);
    assert_string_equal(at(t, path), "field");
    once_forget(t->api.remote, "las:app-client:" ONE);
    assert_string_equal(at(t, path), "ENOENT");
    record_unref(r);
}

static void nowait_resolves_only_what_is_known(void **state)
{
    struct tree *t = *state;
    struct call now = { .nowait = true };

    answer(&t->api, "GET /models", "{\"models\": [" A_MODEL(ONE, "plain", "") "]}");
    assert_string_equal(at_by(t, &now, "/models/.list.jsonl"), "list");
    assert_string_equal(at_by(t, &now, "/models/plain"), "EAGAIN");
    assert_string_equal(at_by(t, &now, "/models/" MODEL(ONE)), "EAGAIN");
    assert_int_equal(requests(&t->api), 0);
    assert_string_equal(at(t, "/models/plain"), "resource " MODEL(ONE));
    assert_string_equal(at_by(t, &now, "/models/plain"), "resource " MODEL(ONE));
    assert_string_equal(at_by(t, &now, "/models/11111111/name"), "field");
    assert_int_equal(requests(&t->api), 1);
}

static void a_server_that_fails_is_what_one_is_told(void **state)
{
    static const struct path_case cases[] = {
        { "/models/plain", "EINVAL" },
        { "/models/" MODEL(ONE), "EINVAL" },
        { "/models/las:model:by-words",
          "EINVAL" }, /* malformed: then it is a name, and that fails */
        { "/models/.by-name/plain", "EINVAL" },
        { "/models/.by-id/" MODEL(ONE), "EINVAL" },
    };
    struct tree *t = *state;

    answer_status(&t->api, "GET /models", 400);
    answer_status(&t->api, "GET /models/" MODEL(ONE), 400);
    answer_status(&t->api, "GET /models/las:model:by-words", 400);
    EXPECT_PATHS(t, cases);
}

/* --- By what was put here --------------------------------------------------------------------- */

static void names_that_were_put_here(void **state)
{
    static const struct path_case cases[] = {
        { "/documents/scan.pdf", "drop" },
        { "/documents/other.pdf", "ENOENT" },
        { "/documents/2026", "subfolder" },
        { "/documents/2026/nov", "subfolder" },
        { "/documents/2026/nov/bill.pdf", "drop" },
        { "/documents/2026/nov/scan.pdf", "ENOENT" },
        { "/documents/2026/" DOC(ONE), "ENOENT" }, /* resources stand in the collection alone */
        { "/documents/.by-name/scan.pdf", "link " DOC(ONE) },
        { "/documents/2026/nov/.by-name/bill.pdf", "link " DOC(TWO) },
        { "/models/mine", "resource " MODEL(ONE) },
        { "/models/not made yet", "ENOENT" },
        { "/documents/" DOC(ONE) "/.name.swp", "drop" },
        { "/documents/" DOC(TWO) "/.name.swp", "ENOENT" },
    };
    struct tree *t = *state;

    answer(&t->api, "GET /documents",
           "{\"documents\": [" A_DOCUMENT(ONE, "a", "") "," A_DOCUMENT(TWO, "b", "") "]}");
    answer(&t->api, "GET /models/" MODEL(ONE), A_MODEL(ONE, "m", ""));
    put(t, "documents", "scan.pdf", DROP_FILE, DOC(ONE));
    put(t, "documents", "2026", DROP_SUBFOLDER, NULL);
    put(t, "documents/2026", "nov", DROP_SUBFOLDER, NULL);
    put(t, "documents/2026/nov", "bill.pdf", DROP_FILE, DOC(TWO));
    put(t, "models", "mine", DROP_DIRECTORY, MODEL(ONE));
    put(t, "models", "not made yet", DROP_DIRECTORY, NULL);
    put(t, "documents/" DOC(ONE), ".name.swp", DROP_FILE, NULL);
    answer(&t->api, "GET /models", "{\"models\": []}");
    EXPECT_PATHS(t, cases);
}

static void a_body_is_a_file_and_its_resource_a_directory(void **state)
{
    static const struct path_case cases[] = {
        { "/models/mine.json", "drop" },
        { "/models/mine", "resource " MODEL(ONE) },
        { "/models/mine/name", "field" },
        { "/models/.by-name/mine.json", "link " MODEL(ONE) },
        { "/models/draft.json", "drop" },
        { "/models/draft", "ENOENT" }, /* nothing was made of it */
        { "/documents/scan.pdf", "drop" },
        { "/documents/scan", "ENOENT" },
    };
    struct tree *t = *state;

    answer(&t->api, "GET /models", "{\"models\": []}");
    answer(&t->api, "GET /documents", "{\"documents\": [" A_DOCUMENT(ONE, "a", "") "]}");
    answer(&t->api, "GET /models/" MODEL(ONE), A_MODEL(ONE, "m", ""));
    put(t, "models", "mine.json", DROP_FILE, MODEL(ONE));
    put(t, "models", "draft.json", DROP_FILE, NULL);
    put(t, "documents", "scan.pdf", DROP_FILE, DOC(ONE));
    EXPECT_PATHS(t, cases);
}

static void a_file_that_was_renamed_does_not_answer_to_its_old_name(void **state)
{
    static const struct path_case cases[] = {
        { "/assets/new.bin", "drop" },
        { "/assets/old.bin", "ENOENT" }, /* which the API still has */
        { "/assets/.by-name/old.bin", "ENOENT" },
        { "/assets/other.bin", "resource las:asset:" TWO },
        { "/assets/las:asset:" ONE, "resource las:asset:" ONE },
        { "/assets/11111111", "resource las:asset:" ONE },
    };
    struct tree *t = *state;

    answer(&t->api, "GET /assets",
           "{\"assets\": [" AN_ASSET(ONE, "old.bin", "") "," AN_ASSET(TWO, "other.bin", "") "]}");
    put(t, "assets", "new.bin", DROP_FILE, "las:asset:" ONE);
    EXPECT_PATHS(t, cases);
}

/* Others have renamed it, and then given its name to another one. */
static void a_name_that_others_have_given_away_is_theirs(void **state)
{
    struct tree *t = *state;

    answer(&t->api, "GET /models/" MODEL(ONE), A_MODEL(ONE, "other", ""));
    answer(&t->api, "GET /models/" MODEL(TWO), A_MODEL(TWO, "mine", ""));
    answer(&t->api, "GET /models", "{\"models\": [" A_MODEL(ONE, "other", "") "]}");
    put(t, "models", "mine", DROP_DIRECTORY, MODEL(ONE));
    assert_string_equal(at(t, "/models/mine"), "resource " MODEL(ONE));
    known_forget_all(t->api.remote);
    answer(&t->api, "GET /models",
           "{\"models\": [" A_MODEL(ONE, "other", "") "," A_MODEL(TWO, "mine", "") "]}");
    assert_string_equal(at(t, "/models/mine"), "resource " MODEL(TWO));
    assert_string_equal(at(t, "/models/other"), "resource " MODEL(ONE));
    assert_false(is_here(t, "models", "mine"));
}

/* --- When the resource has gone --------------------------------------------------------------- */

static void a_name_goes_with_its_resource(void **state)
{
    struct tree *t = *state;
    cleanup_free char *body = NULL;

    answer(&t->api, "GET /documents", "{\"documents\": []}");
    put(t, "documents", "scan.pdf", DROP_FILE, DOC(ONE));
    assert_string_equal(at(t, "/documents/scan.pdf"), "ENOENT");
    assert_false(is_here(t, "documents", "scan.pdf"));

    assert_int_equal(kept_put(t->api.remote, KEPT_BODY, MODEL(ONE), "{}"), 0);
    put(t, "models", "mine.json", DROP_FILE, MODEL(ONE));
    answer(&t->api, "GET /models", "{\"models\": []}");
    assert_string_equal(at(t, "/models/mine"), "ENOENT");
    assert_false(is_here(t, "models", "mine.json"));
    assert_int_equal(kept_get(t->api.remote, KEPT_BODY, MODEL(ONE), &body), -ENOENT);
}

static void a_name_that_was_moved_to_another_list_is_gone_from_this(void **state)
{
    struct tree *t = *state;
    const char *key = "datasets/" DATASET "/documents";

    answer(&t->api, "GET /datasets/" DATASET, A_RESOURCE("datasetId", DATASET, "set", ""));
    answer(&t->api, "GET /documents",
           "{\"documents\": [" A_DOCUMENT(ONE, "a", "") "," A_DOCUMENT(
               TWO, "b", ", \"datasetId\": \"las:dataset:" TWO "\"") "]}");
    put(t, key, "says nothing.pdf", DROP_FILE, DOC(ONE));
    put(t, key, "is elsewhere.pdf", DROP_FILE, DOC(TWO));
    assert_string_equal(at(t, "/datasets/" DATASET "/documents/says nothing.pdf"), "drop");
    assert_string_equal(at(t, "/datasets/" DATASET "/documents/is elsewhere.pdf"), "ENOENT");
    assert_true(is_here(t, key, "says nothing.pdf"));
    assert_false(is_here(t, key, "is elsewhere.pdf"));
}

static void what_is_being_written_is_there_whatever_the_server_says(void **state)
{
    struct tree *t = *state;
    struct drop *d = put_here(t, "documents", "scan.pdf", DROP_FILE, DOC(ONE));

    answer(&t->api, "GET /documents", "{\"documents\": []}");
    drops_lock(t->drops);
    d->writers = 1;
    drops_unlock(t->drops);
    assert_string_equal(at(t, "/documents/scan.pdf"), "drop");
    assert_int_equal(requests(&t->api), 0);
    drops_lock(t->drops);
    d->writers = 0;
    drops_unlock(t->drops);
    assert_string_equal(at(t, "/documents/scan.pdf"), "ENOENT");
    drop_unref(d);
}

static void what_was_sent_just_now_is_asked_for_by_itself(void **state)
{
    struct tree *t = *state;
    struct drop *d = put_here(t, "documents", "scan.pdf", DROP_FILE, DOC(ONE));

    answer(&t->api, "GET /documents", "{\"documents\": []}");
    answer(&t->api, "GET /documents/" DOC(ONE), A_DOCUMENT(ONE, "a", ""));
    drops_lock(t->drops);
    d->acked_ms = clock_now_ms(&t->api.fake.clock);
    drops_unlock(t->drops);
    assert_string_equal(at(t, "/documents/scan.pdf"), "drop");
    assert_int_equal(asked(&t->api, "GET /documents/" DOC(ONE)), 1);
    drop_unref(d);
}

static void an_inbox_is_looked_at_without_a_question(void **state)
{
    struct tree *t = *state;
    struct target document = target_of(RES_DOCUMENTS, DOC(ONE));
    const char *key = "models/" MODEL(ONE) "/inbox";

    answer(&t->api, "GET /models/" MODEL(ONE), A_MODEL(ONE, "m", ""));
    put(t, key, "scan.pdf", DROP_FILE, DOC(ONE));
    assert_string_equal(at(t, "/models/" MODEL(ONE) "/inbox/scan.pdf"), "drop");
    assert_int_equal(requests(&t->api), 1);
    known_removed(t->api.remote, &document); /* that is known */
    assert_string_equal(at(t, "/models/" MODEL(ONE) "/inbox/scan.pdf"), "ENOENT");
    assert_false(is_here(t, key, "scan.pdf"));
}

static void what_the_api_never_changes_is_not_looked_up(void **state)
{
    struct tree *t = *state;

    put(t, "predictions", "guess.json", DROP_FILE, "las:prediction:" ONE);
    assert_string_equal(at(t, "/predictions/guess.json"), "drop");
    assert_string_equal(at(t, "/predictions/guess"), "resource las:prediction:" ONE);
    assert_int_equal(requests(&t->api), 0);
}

static void a_look_that_fails_takes_no_name_away(void **state)
{
    struct tree *t = *state;

    answer_status(&t->api, "GET /documents", 400);
    put(t, "documents", "scan.pdf", DROP_FILE, DOC(ONE));
    assert_string_equal(at(t, "/documents/scan.pdf"), "EINVAL");
    assert_true(is_here(t, "documents", "scan.pdf"));
}

static void a_name_that_shall_go_takes_its_body_with_it(void **state)
{
    struct tree *t = *state;
    struct drop *d = put_here(t, "models", "mine.json", DROP_FILE, MODEL(ONE));
    struct drop *scan = put_here(t, "documents", "scan.pdf", DROP_FILE, DOC(ONE));
    cleanup_free char *body = NULL;

    assert_int_equal(kept_put(t->api.remote, KEPT_BODY, MODEL(ONE), "{}"), 0);
    assert_int_equal(resolve_gone(t->inodes, d, false), 0);
    assert_int_equal(resolve_gone(t->inodes, scan, true), 0);
    assert_false(is_here(t, "models", "mine.json"));
    assert_false(is_here(t, "documents", "scan.pdf"));
    assert_int_equal(kept_get(t->api.remote, KEPT_BODY, MODEL(ONE), &body), -ENOENT);
    drop_unref(scan);
    drop_unref(d);
}

static void a_name_stays_when_it_stands_for_another_by_now(void **state)
{
    struct tree *t = *state;
    struct drop *d = put_here(t, "documents", "scan.pdf", DROP_FILE, DOC(TWO));

    assert_false(resolve_gone_elsewhere(t->inodes, d, DOC(ONE), false));
    assert_true(is_here(t, "documents", "scan.pdf"));
    assert_true(resolve_gone_elsewhere(t->inodes, d, DOC(TWO), false));
    assert_false(is_here(t, "documents", "scan.pdf"));
    drop_unref(d);
}

/* --- Hidden, failed, pending ------------------------------------------------------------------ */

static void a_hidden_name_is_not_there_for_five_seconds(void **state)
{
    struct tree *t = *state;
    struct node *m;

    answer(&t->api, "GET /models", "{\"models\": [" A_MODEL(ONE, "plain", "") "]}");
    m = walk(t, "/models/plain");
    assert_int_equal(hide_name(t->inodes, m->ino, "name"), 0);
    assert_string_equal(at(t, "/models/plain/name"), "ENOENT");
    assert_string_equal(at(t, "/models/plain/description"), "field");
    pass(&t->api, 5000);
    assert_string_equal(at(t, "/models/plain/name"), "field");
    node_unref(t->nodes, m);
}

static void what_failed_has_a_note_and_a_number(void **state)
{
    static const struct path_case cases[] = {
        { "/documents/bad.pdf", "ENOENT" },
        { "/documents/bad.pdf.error.txt", "note" },
        { "/documents/good.pdf.error.txt", "ENOENT" },
        { "/documents/.error.txt", "ENOENT" },
        { "/documents/x.error.txt", "ENOENT" },
        { "/.lasfs/failed/1-bad.pdf", "failed file" },
        { "/.lasfs/failed/2-bad.pdf", "ENOENT" },
        { "/.lasfs/pending/1-bad.pdf", "ENOENT" },
        { "/.lasfs/failed/1-bad.pdf/x", "ENOTDIR" },
    };
    struct tree *t = *state;

    assert_int_equal(drops_add_failed(t->drops, drop_folder_of(t, "documents"), "bad.pdf", "x", 1,
                                      "the server said no", 0),
                     0);
    EXPECT_PATHS(t, cases);
    {
        cleanup_drop struct drop *x =
            drops_find_failed(t->drops, drop_folder_of(t, "documents"), "bad.pdf");

        assert_int_equal(drop_forget_note(t->drops, x), 0);
    }
    assert_string_equal(at(t, "/documents/bad.pdf.error.txt"), "ENOENT");
    assert_string_equal(at(t, "/.lasfs/failed/1-bad.pdf"), "failed file");
}

/* As if somebody had written it, and closed it: it is on its way. */
static void give_bytes(struct tree *t, struct drop *d)
{
    struct bytes *b = NULL;

    assert_int_equal(drop_new_bytes(t->drops, d, &b), 0);
    drop_written(t->drops, d);
}

static void what_is_on_its_way_is_pending(void **state)
{
    struct tree *t = *state;
    struct drop *d = put_here(t, "documents", "scan.pdf", DROP_FILE, NULL);
    struct drop *scratch = put_here(t, "documents", "scan.pdf.part", DROP_FILE, NULL);
    struct drop *mine = put_here(t, "documents", "x.mine", DROP_FILE, NULL);
    char name[ROUTE_NAME_MAX + 1], path[ROUTE_NAME_MAX + 32];
    struct drop **list;
    size_t n;

    assert_int_equal(resolve_spool_name(t->inodes, d, NODE_PENDING_FILE, name), -ENOENT);
    give_bytes(t, d);
    give_bytes(t, scratch);
    give_bytes(t, mine);
    assert_int_equal(resolve_spool_name(t->inodes, d, NODE_PENDING_FILE, name), 0);
    assert_non_null(strstr(name, "-scan.pdf"));
    snprintf(path, sizeof(path), "/.lasfs/pending/%s", name);
    assert_string_equal(at(t, path), "pending file");
    assert_int_equal(resolve_spool_name(t->inodes, d, NODE_FAILED_FILE, name), -ENOENT);
    /* what stays here goes nowhere */
    assert_int_equal(resolve_spool_name(t->inodes, scratch, NODE_PENDING_FILE, name), -ENOENT);
    assert_int_equal(resolve_spool_name(t->inodes, mine, NODE_PENDING_FILE, name), -ENOENT);
    assert_int_equal(resolve_spool_list(t->inodes, NODE_PENDING_FILE, &list, &n), 0);
    assert_int_equal(n, 3); /* all that may be there */
    while (n)
        drop_unref(list[--n]);
    free(list);
    drop_said(t->drops, d); /* the server has it */
    assert_string_equal(at(t, path), "ENOENT");
    drop_unref(mine);
    drop_unref(scratch);
    drop_unref(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TREE_TEST(what_the_tree_has_costs_no_request),
        A_TREE_TEST(a_name_can_be_too_long),
        A_TREE_TEST(names_and_ids_lead_to_resources),
        A_TREE_TEST(what_stands_in_a_document),
        A_TREE_TEST(what_came_once_is_a_field_as_long_as_it_is_here),
        A_TREE_TEST(nowait_resolves_only_what_is_known),
        A_TREE_TEST(a_server_that_fails_is_what_one_is_told),
        A_TREE_TEST(names_that_were_put_here),
        A_TREE_TEST(a_body_is_a_file_and_its_resource_a_directory),
        A_TREE_TEST(a_file_that_was_renamed_does_not_answer_to_its_old_name),
        A_TREE_TEST(a_name_that_others_have_given_away_is_theirs),
        A_TREE_TEST(a_name_goes_with_its_resource),
        A_TREE_TEST(a_name_that_was_moved_to_another_list_is_gone_from_this),
        A_TREE_TEST(what_is_being_written_is_there_whatever_the_server_says),
        A_TREE_TEST(what_was_sent_just_now_is_asked_for_by_itself),
        A_TREE_TEST(an_inbox_is_looked_at_without_a_question),
        A_TREE_TEST(what_the_api_never_changes_is_not_looked_up),
        A_TREE_TEST(a_look_that_fails_takes_no_name_away),
        A_TREE_TEST(a_name_that_shall_go_takes_its_body_with_it),
        A_TREE_TEST(a_name_stays_when_it_stands_for_another_by_now),
        A_TREE_TEST(a_hidden_name_is_not_there_for_five_seconds),
        A_TREE_TEST(what_failed_has_a_note_and_a_number),
        A_TREE_TEST(what_is_on_its_way_is_pending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
