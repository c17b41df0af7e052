/* What a listing shows: each thing once, under which name and in which order. */
#include "dirs_fixture.h"

#include "doomed.h"
#include "settings.h"

#include "banned.h"

#define LISTED_AGAIN_MS (HOUR_MS + 1)

static const char three_models[] = "'fieldConfig': {}, 'width': 768, 'height': 768";

/* Two of one name, and one whose name is its own. */
static void add_models(struct shown *s)
{
    struct small_api *api = &s->m.w.api;
    char row[256];

    for (unsigned i = 1; i <= 3; i++) {
        snprintf(row, sizeof(row), "{'modelId': 'model#%u', 'name': '%s', %s}", i,
                 i == 3 ? "only" : "twice", three_models);
        api_add(api, "models", row);
    }
}

static void add_documents(struct shown *s, unsigned n)
{
    char row[256];

    for (unsigned i = 1; i <= n; i++) {
        snprintf(row, sizeof(row), "{'documentId': 'document#%u', 'contentType': 'image/png'}", i);
        api_add(&s->m.w.api, "documents", row);
    }
}

/* --- What stands in the tree alone ------------------------------------------------------------ */

static void the_root_is_the_collections_and_costs_nothing(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    expect_list(s, "/",
                "README appClients assets consents datasets documents logs models organizations "
                "predictions secrets transitions users workflows .lasfs ");
    expect_list(s, "/.lasfs", "status errors refresh control metrics pending failed ");
    expect_list(s, "/.lasfs/failed", "");
    expect_said(&s->m.w.api, "");
}

/* --- Names ------------------------------------------------------------------------------------ */

static void a_name_that_is_its_own_is_shown_and_others_are_digits(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    add_models(s);
    expect_list(s, "/models",
                "00000000000000000000000000000001 00000000000000000000000000000002 only ");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in text, sorted. */
static void sort_names(char *text, char *out, size_t size)
{
    char *names[256], *rest = text, *name;
    size_t n = 0, len = 0;

    while ((name = strsep(&rest, " ")) && n < ARRAY_LEN(names))
        if (*name)
            names[n++] = name;
    qsort(names, n, sizeof(*names), compare_names);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, size - len, "%s ", names[i]);
}

/* ls: these, whatever came first. What waits for a page may be behind what did not. */
static void expect_sorted(struct shown *s, const char *path, const char *want)
{
    static char sorted[2][8192];
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES);
    cleanup_free char *copy = strdup(want);

    assert_int_equal(list_path(s, path, &out), 0);
    sort_names(out.data, sorted[0], sizeof(sorted[0]));
    sort_names(copy, sorted[1], sizeof(sorted[1]));
    assert_string_equal(sorted[0], sorted[1]);
}

/* Only the whole list tells: two of one name stand on two pages. */
static void a_name_on_two_pages_is_nobodys_own(void **state)
{
    struct shown *s = *state;

    s->m.w.api.page_size = 1;
    start_shown(s);
    add_models(s);
    assert_int_equal(put(&s->m.w, "models", "x~", "text"), 0);
    expect_sorted(s, "/models",
                  "x~ 00000000000000000000000000000001 00000000000000000000000000000002 only ");
}

static void many_rows_wait_for_the_whole_list(void **state)
{
    char row[64], want[4096] = "";
    struct shown *s = *state;

    s->m.w.api.page_size = 50;
    start_shown(s);
    for (unsigned i = 1; i <= 130; i++) {
        size_t len = strlen(want);

        snprintf(row, sizeof(row), "{'datasetId': 'dataset#%u', 'name': 'n%u'}", i, i);
        api_add(&s->m.w.api, "datasets", row);
        snprintf(want + len, sizeof(want) - len, "n%u ", i);
    }
    expect_sorted(s, "/datasets", want);
}

static void with_list_ids_all_are_ids(void **state)
{
    struct shown *s = *state;

    s->list = LIST_IDS;
    start_shown(s);
    add_models(s);
    expect_list(s, "/models", "model#1 model#2 model#3 ");
}

static void with_list_drops_documents_are_those_that_were_put_here(void **state)
{
    struct shown *s = *state;

    s->list = LIST_DROPS;
    start_shown(s);
    add_models(s);
    api_add(&s->m.w.api, "documents", "{'documentId': 'document#77'}");
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), 0);
    expect_list(s, "/documents", "a.pdf ");
    expect_list(s, "/models",
                "00000000000000000000000000000001 00000000000000000000000000000002 only ");
}

static void what_is_no_id_is_not_shown(void **state)
{
    static const char *const ids[] = { "../../etc", "las:document:1/2", "", "las:model:1" };
    struct shown *s = *state;
    char row[256];

    s->list = LIST_IDS;
    start_shown(s);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        snprintf(row, sizeof(row), "{'documentId': '%s'}", ids[i]);
        api_add(&s->m.w.api, "documents", row);
    }
    add_documents(s, 1);
    expect_list(s, "/documents", "document#1 ");
}

/* --- What was put here ------------------------------------------------------------------------ */

static void a_dropped_file_is_shown_once_under_its_name(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(&s->m.w, "documents", "b.pdf", pdf("b")), 0);
    api_add(&s->m.w.api, "documents", "{'documentId': 'document#77'}"); /* 0x4d */
    expect_list(s, "/documents", "a.pdf b.pdf 0000000000000000000000000000004 ");
}

/* What is not (only) at the server comes first: it waits for no page. */
static void what_is_here_alone_comes_first(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    add_documents(s, 1);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf~", pdf("a")), 0);
    assert_int_equal(put(&s->m.w, "documents", ".defaults.json", "{}"), 0);
    expect_list(s, "/documents", "a.pdf~ 00000000 ");
}

static void a_file_that_failed_leaves_a_note_and_not_its_name(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    assert_int_equal(put(&s->m.w, "documents", "a.txt", "no document"), -EINVAL);
    expect_list(s, "/documents", "a.txt.error.txt ");
    expect_list(s, "/.lasfs/failed", "1-a.txt ");
}

/* A file of the note's own name is that file. */
static void a_note_does_not_hide_a_file(void **state)
{
    struct shown *s = *state;

    s->m.w.other = OTHER_LOCAL;
    start_shown(s);
    api_rule(&s->m.w.api, 1, "POST", "documents", 400, "{'message': 'no'}");
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), -EINVAL);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf.error.txt", "mine"), 0);
    expect_list(s, "/documents", "a.pdf.error.txt ");
}

static void a_folder_within_has_what_was_put_there(void **state)
{
    struct world *w = &((struct shown *)*state)->m.w;
    cleanup_drop struct drop *d = NULL;
    struct shown *s = *state;

    start_shown(s);
    api_add(&s->m.w.api, "documents", "{'documentId': 'document#77'}");
    assert_int_equal(drops_add(w->drops, folder_at(w, "documents"), "in", DROP_SUBFOLDER, &d), 0);
    assert_int_equal(put(w, "documents/in", "b.pdf", pdf("b")), 0);
    assert_int_equal(put(w, "documents/in", "c.pdf~", pdf("c")), 0);
    expect_list(s, "/documents/in", "c.pdf~ b.pdf ");
    expect_list(s, "/documents", "in 0000000000000000000000000000004 ");
}

/* An id, and a name of the API, that a file here has already. */
static void a_name_of_a_file_here_is_no_other_ones(void **state)
{
    struct shown *s = *state;

    s->m.w.other = OTHER_LOCAL;
    start_shown(s);
    add_models(s);
    assert_int_equal(put(&s->m.w, "models", "only", "text"), 0);
    expect_list(s, "/models",
                "only 00000000000000000000000000000001 00000000000000000000000000000002 "
                "00000000000000000000000000000003 ");
}

static void what_waits_to_be_sent_is_pending(void **state)
{
    struct shown *s = *state;

    s->m.w.writeback = true;
    s->m.w.settle_ms = HOUR_MS;
    start_shown(s);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), 0);
    expect_list(s, "/.lasfs/pending", "1-a.pdf ");
    expect_list(s, "/documents", "a.pdf ");
}

/* --- Changes elsewhere ------------------------------------------------------------------------ */

static void what_was_deleted_elsewhere_is_not_shown(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(&s->m.w, "documents", "b.pdf", pdf("b")), 0);
    expect_list(s, "/documents", "a.pdf b.pdf ");
    api_change(&s->m.w.api, "documents/document#1", NULL);
    expect_list(s, "/documents", "a.pdf b.pdf "); /* the list is an hour's */
    pass(&s->m.w, LISTED_AGAIN_MS);
    expect_list(s, "/documents", "b.pdf ");
    expect_file(&s->m.w, "documents", "a.pdf", NULL);
}

/* An inbox has no list of its own: what was sent from it is looked for among all documents. */
static void what_was_deleted_elsewhere_leaves_its_inbox(void **state)
{
    struct shown *s = *state;
    struct world *w = &s->m.w;

    start_shown(s);
    api_add(&w->api, "models", "{'modelId': 'model#7', 'name': 'm'}");
    api_rule(&w->api, -1, "POST", "predictions", 200,
             "{'predictionId': 'prediction#9', 'predictions': []}");
    assert_int_equal(put(w, "models/model#7/inbox", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "models/model#7/inbox", "b.pdf", pdf("b")), 0);
    expect_list(s, "/models/m/inbox",
                "a.pdf a.pdf.prediction.json a.pdf.json b.pdf b.pdf.prediction.json b.pdf.json ");
    api_change(&w->api, "documents/document#1", NULL);
    pass(w, LISTED_AGAIN_MS);
    expect_list(s, "/documents", "00000000 "); /* as another one that looks */
    expect_list(s, "/models/m/inbox",
                "a.pdf.prediction.json a.pdf.json b.pdf b.pdf.prediction.json b.pdf.json ");
    expect_file(w, "models/model#7/inbox", "a.pdf", NULL);
}

/* A list may be behind what was sent a moment ago. */
static void what_was_just_sent_is_shown_whatever_the_list_says(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    expect_list(s, "/documents", "");
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), 0);
    expect_list(s, "/documents", "a.pdf ");
}

/* Between two pages: what has its name now is further down, and that name was shown already. */
static void what_was_replaced_while_one_lists_is_shown_once(void **state)
{
    cleanup_buf struct buf first = BUF_INIT(TEXT_BYTES);
    struct shown *s = *state;
    struct dirhandle *d;

    s->list = LIST_IDS;
    s->m.w.nodelete = true; /* the old one stays, so that no page moves */
    s->m.w.api.page_size = 1;
    start_shown(s);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), 0);
    for (unsigned i = 101; i < 109; i++) {
        char row[64];

        snprintf(row, sizeof(row), "{'documentId': 'document#%u'}", i);
        api_add(&s->m.w.api, "documents", row);
    }
    d = open_dir(s, "/documents");
    lock_take(&d->lock);
    d->may_write = true;
    assert_int_equal(dir_fill(s->dirs, &s->m.w.call, d, 0, &s->m.w.err), 0);
    lock_give(&d->lock);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("b")), 0);
    assert_int_equal(read_dir(s, &s->m.w.call, d, 0, &first), 0);
    assert_non_null(strstr(buf_str(&first), "a.pdf "));
    assert_null(strstr(strstr(buf_str(&first), "a.pdf ") + 1, "a.pdf "));
    dir_free(s->dirs, d);
}

static void a_row_that_is_to_be_deleted_is_not_shown(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    add_documents(s, 2);
    drops_doom(s->m.w.drops, id_of("document", 1));
    expect_list(s, "/documents", "00000000000000000000000000000002 ");
    expect_list(s, "/documents/.by-id", "document#2 ");
}

/* --- A resource's directory ------------------------------------------------------------------- */

static void a_resource_is_its_fields_and_what_stands_under_it(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    api_add(&s->m.w.api, "datasets",
            "{'datasetId': 'dataset#1', 'name': 'd', 'description': null, 'inventedLater': 7,"
            " 'ofLater': {'a': 1}}");
    expect_list(s, "/datasets/d",
                "resource.json datasetId name description numberOfDocuments version "
                "retentionInDays storageLocation containsPersonallyIdentifiableInformation "
                "groundTruthSummary.json createdBy createdTime updatedBy updatedTime "
                "inventedLater ofLater.json documents ");
}

static void a_document_has_its_bytes_by_its_ending_too(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    add_documents(s, 1);
    expect_list(s, "/documents/document#1",
                "resource.json documentId contentType datasetId groundTruth.json retentionInDays "
                "createdBy createdTime updatedBy updatedTime content content.png predictions ");
}

/* --- Failures, and who waits ------------------------------------------------------------------ */

static void a_list_that_fails_is_an_error_and_is_asked_for_again(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    add_documents(s, 1);
    api_rule(&s->m.w.api, -1, "GET", "documents*", 403, "{'message': 'not yours'}");
    assert_int_equal(list_fails(s, "/documents"), -EACCES);
    api_forget_rules(&s->m.w.api);
    expect_list(s, "/documents", "00000000 ");
}

static void what_is_gone_cannot_be_listed(void **state)
{
    struct shown *s = *state;
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES);
    struct dirhandle *d;

    start_shown(s);
    add_documents(s, 1);
    d = open_dir(s, "/documents/document#1");
    api_change(&s->m.w.api, "documents/document#1", NULL);
    pass(&s->m.w, LISTED_AGAIN_MS);
    assert_int_equal(read_dir(s, &s->m.w.call, d, 0, &out), -ENOENT);
    dir_free(s->dirs, d);
}

/* Who must not wait is told so, and has lost nothing: the next one goes on where it was. */
static void who_must_not_wait_is_told_so(void **state)
{
    struct call now = { .nowait = true };
    struct shown *s = *state;
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES), rest = BUF_INIT(TEXT_BYTES);
    struct dirhandle *d;

    s->list = LIST_IDS;
    start_shown(s);
    add_documents(s, 3);
    d = open_dir(s, "/documents");
    assert_int_equal(read_dir(s, &now, d, 0, &out), -EWOULDBLOCK);
    assert_int_equal(out.len, 0);
    assert_int_equal(read_dir(s, &s->m.w.call, d, 0, &out), 0);
    assert_int_equal(read_dir(s, &now, d, 1, &rest), 0); /* all of it is known by now */
    assert_string_equal(buf_str(&rest), strchr(buf_str(&out), ' ') + 1);
    dir_free(s->dirs, d);
}

/* Names are given as pages come: the first is there before the last page was asked for. */
static void the_first_names_do_not_wait_for_the_last_page(void **state)
{
    struct shown *s = *state;
    struct dirhandle *d;

    s->list = LIST_IDS;
    s->m.w.api.page_size = 2;
    start_shown(s);
    add_documents(s, 9);
    api_rule(&s->m.w.api, -1, "GET", "documents*nextToken=6*", 500, "{'message': 'broken'}");
    d = open_dir(s, "/documents");
    lock_take(&d->lock);
    d->may_write = true;
    assert_int_equal(dir_fill(s->dirs, &s->m.w.call, d, 0, &s->m.w.err), 0);
    assert_int_equal(dir_fill(s->dirs, &s->m.w.call, d, 5, &s->m.w.err), 0);
    assert_int_equal(dir_fill(s->dirs, &s->m.w.call, d, 6, &s->m.w.err), -EIO);
    api_forget_rules(&s->m.w.api);
    assert_int_equal(dir_fill(s->dirs, &s->m.w.call, d, 8, &s->m.w.err), 0);
    assert_int_equal(dir_fill(s->dirs, &s->m.w.call, d, 9, &s->m.w.err), 1);
    lock_give(&d->lock);
    dir_free(s->dirs, d);
}

static void a_directory_that_is_left_open_ends_with_the_mount(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    add_documents(s, 1);
    open_dir(s, "/documents"); /* the sanitizers would tell */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_root_is_the_collections_and_costs_nothing),
        TEST(a_name_that_is_its_own_is_shown_and_others_are_digits),
        TEST(a_name_on_two_pages_is_nobodys_own),
        TEST(many_rows_wait_for_the_whole_list),
        TEST(with_list_ids_all_are_ids),
        TEST(with_list_drops_documents_are_those_that_were_put_here),
        TEST(what_is_no_id_is_not_shown),
        TEST(a_dropped_file_is_shown_once_under_its_name),
        TEST(what_is_here_alone_comes_first),
        TEST(a_file_that_failed_leaves_a_note_and_not_its_name),
        TEST(a_note_does_not_hide_a_file),
        TEST(a_folder_within_has_what_was_put_there),
        TEST(a_name_of_a_file_here_is_no_other_ones),
        TEST(what_waits_to_be_sent_is_pending),
        TEST(what_was_deleted_elsewhere_is_not_shown),
        TEST(what_was_deleted_elsewhere_leaves_its_inbox),
        TEST(what_was_just_sent_is_shown_whatever_the_list_says),
        TEST(what_was_replaced_while_one_lists_is_shown_once),
        TEST(a_row_that_is_to_be_deleted_is_not_shown),
        TEST(a_resource_is_its_fields_and_what_stands_under_it),
        TEST(a_document_has_its_bytes_by_its_ending_too),
        TEST(a_list_that_fails_is_an_error_and_is_asked_for_again),
        TEST(what_is_gone_cannot_be_listed),
        TEST(who_must_not_wait_is_told_so),
        TEST(the_first_names_do_not_wait_for_the_last_page),
        TEST(a_directory_that_is_left_open_ends_with_the_mount),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
