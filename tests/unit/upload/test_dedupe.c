/* With dedupe=content bytes that a folder has are not sent under another name, whoever has put them there. */
#include "uploads_fixture.h"

#include "hex.h"
#include "known.h"

#include "banned.h"

#define IN_7 "datasets/dataset#7/documents"
#define HAS(name) "the folder has these bytes already, as " name " (dedupe=content)"

static void start_dedupe(struct world *w)
{
    w->dedupe = true;
    w->complete = COMPLETE_OFF;
    start(w);
}

/* It is refused, in these words, and what the folder had stays. */
static void expect_there_already(struct world *w, const char *key, const char *name,
                                 const char *text, const char *words)
{
    assert_int_equal(put(w, key, name, text), -EEXIST);
    assert_string_equal(w->err.text, words);
    expect_file(w, key, name, NULL);
    expect_failed(w, key, name, text, words);
}

/* --- What was put here ------------------------------------------------------------------------ */

static void the_same_bytes_under_another_name_are_refused(void **state)
{
    struct world *w = *state;

    start_dedupe(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_there_already(w, "documents", "b.pdf", pdf("a"), HAS("a.pdf"));
    assert_int_equal(put(w, "documents", "c.pdf", pdf("c")), 0);
    expect_there(&w->api, "documents", "document#1 document#2 ");
    expect_lines(w, 0, ""); /* the operation writes the line */
}

static void without_it_they_are_sent(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "b.pdf", pdf("a")), 0);
    expect_there(&w->api, "documents", "document#1 document#2 ");
}

/* Folders within are of the same list; a dataset's has one of its own. */
static void a_folder_is_all_of_its_list(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start_dedupe(w);
    assert_int_equal(drops_add(w->drops, folder_at(w, "documents"), "in", DROP_SUBFOLDER, &d), 0);
    assert_int_equal(put(w, "documents/in", "a.pdf", pdf("a")), 0);
    expect_there_already(w, "documents", "b.pdf", pdf("a"), HAS("in/a.pdf"));
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("a")), 0);
    expect_there(&w->api, "documents", "document#1 document#2 ");
}

static void the_same_file_again_is_no_other_one(void **state)
{
    struct world *w = *state;

    start_dedupe(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("b")), 0);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0); /* its first bytes have gone */
    expect_there(&w->api, "documents", "document#3 ");
    remount(w);
    expect_there_already(w, "documents", "b.pdf", pdf("a"), HAS("a.pdf"));
}

/* It was deleted elsewhere: nobody has these bytes any more. */
static void what_has_gone_is_not_had(void **state)
{
    struct world *w = *state;

    start_dedupe(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    api_change(&w->api, "documents/document#1", NULL);
    assert_int_equal(put(w, "documents", "b.pdf", pdf("a")), 0);
    expect_there(&w->api, "documents", "document#2 ");
}

/* Other kinds of resources may be alike. */
static void it_is_about_documents_alone(void **state)
{
    struct world *w = *state;

    start_dedupe(w);
    assert_int_equal(put(w, "assets", "a.js", "text"), 0);
    assert_int_equal(put(w, "assets", "b.js", "text"), 0);
    expect_there(&w->api, "assets", "asset#1 asset#2 ");
}

/* --- What others have put there --------------------------------------------------------------- */

static void digest_of(struct world *w, const char *text, char hex[2 * DIGEST_BYTES + 1])
{
    uint8_t digest[DIGEST_BYTES];
    void *dir = w->dir;
    int fd;

    write_file(in_dir(&dir, "bytes"), text, strlen(text));
    fd = open(in_dir(&dir, "bytes"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(content_digest(fd, digest), 0);
    close(fd);
    hex_encode(digest, sizeof(digest), hex);
}

/* By an API of today: another client has uploaded text, and notes its SHA-256; more may be its path. */
static void add_theirs(struct world *w, unsigned id, const char *text, const char *title,
                       const char *more)
{
    cleanup_free char *base64 = api_base64(text, strlen(text));
    char hex[2 * DIGEST_BYTES + 1], row[2048];

    digest_of(w, text, hex);
    snprintf(row, sizeof(row),
             "{'documentId': 'document#%u', 'name': '%s', 'contentType': 'application/pdf',"
             " 'createdTime': '2023-11-14T22:13:2%u.000000+00:00', 'content': '%s',"
             " 'metadata': {'lasfs': {'sha256': '%s'%s}}}",
             id, title, id % 10, base64, hex, more);
    api_add(&w->api, "documents", row);
}

/* An answer has shown what server this is. */
static void know_today(struct world *w)
{
    struct target t = { .res = resource_get(RES_DOCUMENTS), .id = id_of("document", 101) };
    struct record *r = NULL;

    api_add(&w->api, "documents",
            "{'documentId': 'document#101', 'name': 'first', 'metadata': {}}");
    assert_int_equal(known_record(w->remote, &w->call, &t, &r, &w->err), 0);
    record_unref(r);
    assert_true(known_today(w->remote));
}

static void what_another_machine_has_named_is_refused(void **state)
{
    struct world *w = *state;

    start_dedupe(w);
    know_today(w);
    add_theirs(w, 102, pdf("a"), "scan.pdf", ", 'path': 'in/scan.pdf'");
    expect_there_already(w, "documents", "b.pdf", pdf("a"), HAS("in/scan.pdf"));
    add_theirs(w, 103, pdf("c"), "other.pdf", "");
    pass(w, HOUR_MS + 1);
    expect_there_already(w, "documents", "d.pdf", pdf("c"), HAS("other.pdf"));
    expect_there(&w->api, "documents", "document#101 document#102 document#103 ");
}

/* What nobody has named otherwise gets the name, and is not sent again. */
static void what_is_called_so_there_is_taken(void **state)
{
    struct world *w = *state;

    start_dedupe(w);
    know_today(w);
    add_theirs(w, 102, pdf("a"), "a.pdf", "");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_file(w, "documents", "a.pdf", "document#102");
    expect_there(&w->api, "documents", "document#101 document#102 ");
}

/* Anybody can have noted a digest: the bytes are looked at. */
static void a_digest_alone_is_not_believed(void **state)
{
    struct world *w = *state;
    cleanup_free char *base64 = api_base64(pdf("b"), strlen(pdf("b")));
    char hex[2 * DIGEST_BYTES + 1], row[1024];

    start_dedupe(w);
    know_today(w);
    digest_of(w, pdf("a"), hex);
    snprintf(row, sizeof(row),
             "{'documentId': 'document#102', 'name': 'a.pdf', 'content': '%s',"
             " 'metadata': {'lasfs': {'sha256': '%s'}}}",
             base64, hex);
    api_add(&w->api, "documents", row);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_there(&w->api, "documents", "document#101 document#102 document#1 ");
}

/* What stands in a dataset's folder is not this one's, though its list has it too. */
static void what_is_of_a_dataset_is_elsewhere(void **state)
{
    struct world *w = *state;

    start_dedupe(w);
    know_today(w);
    add_theirs(w, 102, pdf("a"), "a.pdf", ", 'path': 'a.pdf', 'of': 'datasetId'");
    assert_int_equal(put(w, "documents", "b.pdf", pdf("a")), 0);
    expect_there(&w->api, "documents", "document#101 document#102 document#1 ");
}

static void a_list_that_fails_fails_the_close(void **state)
{
    struct world *w = *state;

    start_dedupe(w);
    know_today(w);
    api_rule(&w->api, -1, "GET", "documents*", 403, "{'message': 'not yours'}");
    assert_int_equal(put(w, "documents", "b.pdf", pdf("a")), -EACCES);
    assert_string_equal(w->err.text, "not yours");
    expect_there(&w->api, "documents", "document#101 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_bytes_under_another_name_are_refused),
        TEST(without_it_they_are_sent),
        TEST(a_folder_is_all_of_its_list),
        TEST(the_same_file_again_is_no_other_one),
        TEST(what_has_gone_is_not_had),
        TEST(it_is_about_documents_alone),
        TEST(what_another_machine_has_named_is_refused),
        TEST(what_is_called_so_there_is_taken),
        TEST(a_digest_alone_is_not_believed),
        TEST(what_is_of_a_dataset_is_elsewhere),
        TEST(a_list_that_fails_fails_the_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
