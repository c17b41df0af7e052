/* Bytes that were put into a folder become a resource there, once; test_replace.c has what takes the
 * place of one. */
#include "drop_failed.h"
#include "drops.h"
#include "moving.h"
#include "uploads_fixture.h"

#include "banned.h"

#define JPEG "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
#define PNG "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x8\6\0\0\0"
#define TIFF "II*\0\x8\0\0\0\0\0\0\0"
#define BYTES(literal) (literal), sizeof(literal) - 1

/* --- One POST --------------------------------------------------------------------------------- */

static void a_closed_file_becomes_one_post_of_its_bytes(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n");
    expect_content(&w->api, "documents/document#1", pdf("a"), strlen(pdf("a")));
    expect_file(w, "documents", "a.pdf", "document#1");
    expect_failed(w, "documents", "a.pdf", NULL, NULL);
    expect_lines(w, 0, "");
}

static void the_next_mount_knows_what_was_sent(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    remount(w);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n");
    expect_file(w, "documents", "a.pdf", "document#1");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "GET documents\n");
}

static const struct becomes {
    const char *what, *folder, *name;
    const char *bytes;
    size_t len;
    const char *said; /* "": it stays here */
} becomes[] = {
    /* clang-format off */
    { "a PDF", "documents", "a", BYTES("%PDF-1.4\n1 0 obj"),
      "POST documents {'contentType':'application/pdf'}\n" },
    { "a JPEG, whatever its name", "documents", "a.pdf", BYTES(JPEG),
      "POST documents {'contentType':'image/jpeg'}\n" },
    { "a PNG", "documents", "a.png", BYTES(PNG),
      "POST documents {'contentType':'image/png'}\n" },
    { "a TIFF", "documents", "a.tif", BYTES(TIFF),
      "POST documents {'contentType':'image/tiff'}\n" },
    { "in a folder within", "documents/2026-11/b", "a.png", BYTES(PNG),
      "POST documents {'contentType':'image/png'}\n" },
    { "in a dataset", "datasets/dataset#7/documents", "a.png", BYTES(PNG),
      "POST documents {'contentType':'image/png','datasetId':'dataset#7'}\n" },
    { "in a folder of a dataset", "datasets/dataset#7/documents/b", "a.png", BYTES(PNG),
      "POST documents {'contentType':'image/png','datasetId':'dataset#7'}\n" },
    { "of a consent", "consents/consent#7/documents", "a.png", BYTES(PNG),
      "POST documents {'consentId':'consent#7','contentType':'image/png'}\n" },
    { "an asset", "assets", "a.js", BYTES("any\0bytes"),
      "POST assets {'name':'a.js'}\n" },
    { "nothing yet", "documents", "a.png", "", 0, "" },
    { "a scratch file", "documents", "a.png.part", BYTES(PNG), "" },
    { "a pattern of the mount's", "documents", "a.mine", BYTES(PNG), "" },
    { "in a scratch folder", "documents/.~tmp~", "a.png", BYTES(PNG), "" },
    { "in a document's own directory", "documents/document#7", "a.png", BYTES(PNG), "" },
    { "no JSON where a body is expected", "models", "a.png", BYTES(PNG), "" },
    /* clang-format on */
};

static void what_becomes_of_a_file_follows_from_its_folder_its_name_and_its_bytes(void **state)
{
    struct world *w = *state;

    w->complete = COMPLETE_OFF;
    w->scratch = "*.mine";
    start(w);
    for (size_t i = 0; i < ARRAY_LEN(becomes); i++) {
        const struct becomes *c = &becomes[i];
        cleanup_drop struct drop *d = NULL;

        print_message("%s\n", c->what);
        assert_int_equal(put_bytes(w, c->folder, c->name, c->bytes, c->len), 0);
        expect_said(&w->api, c->said);
        d = find_file(w, c->folder, c->name);
        assert_int_equal(d->id != NULL, c->said[0] != '\0');
        assert_true(d->id || d->state == DROP_STAYING || d->state == DROP_CLEAN);
        assert_int_equal(drops_remove(w->drops, d, false), 0);
    }
    expect_lines(w, 0, "");
}

static void what_is_closed_unchanged_sends_nothing(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n");
    d = find_file(w, "documents", "a.pdf");
    assert_int_equal(commit(w, d), 0);
    drop_forget_bytes(w->drops, d);
    assert_int_equal(deliver_drop(w->uploads, &w->call, d, d->folder, "a.pdf", &w->err), 0);
    expect_said(&w->api, "");
}

static void what_was_removed_before_its_close_is_not_sent(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    start(w);
    d = write_drop(w, "documents", "a.pdf", pdf("a"), strlen(pdf("a")));
    assert_int_equal(drops_remove(w->drops, d, false), 0);
    assert_int_equal(commit(w, d), 0);
    expect_said(&w->api, "");
}

/* --- Equal bytes ------------------------------------------------------------------------------ */

static void equal_bytes_are_not_sent_twice(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n");
    pass(w, HOUR_MS);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "GET documents\n"); /* is it still there? */
    expect_there(&w->api, "documents", "document#1 ");
    expect_file(w, "documents", "a.pdf", "document#1");
}

static void equal_bytes_are_sent_again_when_others_have_deleted_them(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    api_change(&w->api, "documents/document#1", NULL);
    pass(w, HOUR_MS);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n"
                         "GET documents\n"
                         "POST documents {'contentType':'application/pdf'}\n");
    expect_file(w, "documents", "a.pdf", "document#2");
}

static void whether_equal_bytes_are_there_must_be_known(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    pass(w, HOUR_MS);
    api_rule(&w->api, -1, "GET", "documents*", 403, "{'message': 'not for you'}");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), -EACCES);
    assert_string_equal(w->err.text, "not for you");
    expect_there(&w->api, "documents", "document#1 ");
}

/* --- What is refused -------------------------------------------------------------------------- */

static const struct refused {
    const char *what, *folder, *name;
    const char *bytes;
    size_t len;
    int status; /* what the API answers; 0: it is not asked */
    const char *answer;
    int rc;
    const char *words;
} refused[] = {
    /* clang-format off */
    { "no document", "documents", "a.txt", BYTES("hello"), 0, NULL, -EINVAL,
      "its bytes are text/plain, which the API does not take as documents" },
    { "an answer of the API's", "documents", "a.png", BYTES(PNG), 400,
      "{'message': 'there is something wrong with it'}", -EINVAL, "there is something wrong with it" },
    { "over the quota", "documents", "a.png", BYTES(PNG), 429, "{'message': 'Limit Exceeded'}",
      -EDQUOT, "Limit Exceeded" },
    { "not allowed", "assets", "a.png", BYTES(PNG), 403, "{'message': 'Forbidden'}", -EACCES,
      "Forbidden" },
    { "no name of the API's", "assets", "\xff.png", BYTES(PNG), 0, NULL, -EILSEQ,
      "its name is not UTF-8, as a name of the API must be" },
    { "an answer without an id", "documents", "a.png", BYTES(PNG), 200, "{}", -EIO,
      "malformed answer: no documentId" },
    /* clang-format on */
};

static void what_is_refused_is_kept_apart_with_the_words_for_it(void **state)
{
    struct world *w = *state;

    w->complete = COMPLETE_OFF;
    start(w);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const struct refused *c = &refused[i];
        cleanup_drop struct drop *x = NULL;

        print_message("%s\n", c->what);
        if (c->status)
            api_rule(&w->api, -1, "POST", "*", c->status, c->answer);
        assert_int_equal(put_bytes(w, c->folder, c->name, c->bytes, c->len), c->rc);
        assert_string_equal(w->err.text, c->words);
        assert_true(w->err.at_ns > 0);
        expect_file(w, c->folder, c->name, NULL); /* there is nothing at the server */
        x = drops_find_failed(w->drops, folder_at(w, c->folder), c->name);
        assert_non_null(x);
        assert_string_equal(x->error, c->words);
        assert_int_equal(x->failed_ns, w->err.at_ns);
        assert_int_equal(drop_size(w->drops, x), (int64_t)c->len);
        assert_int_equal(drops_supersede(w->drops, folder_at(w, c->folder), c->name), 0);
        api_forget_rules(&w->api);
    }
    expect_there(&w->api, "documents", "");
}

static void what_was_never_answered_is_looked_for_and_kept_apart(void **state)
{
    struct world *w = *state;

    start(w);
    api_rule(&w->api, -1, "POST", "documents", 0, NULL);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), -EIO);
    assert_null(strstr(w->err.text, "outcome unknown"));
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\nGET documents\n");
    expect_file(w, "documents", "a.pdf", NULL);
    expect_failed(w, "documents", "a.pdf", pdf("a"), w->err.text);
    remount(w);
    expect_failed(w, "documents", "a.pdf", pdf("a"), w->err.text);
    expect_said(&w->api, "");
}

static void what_is_refused_leaves_the_version_before(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    api_rule(&w->api, 1, "POST", "documents", 415, "{'message': 'no'}");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("b")), -EINVAL);
    expect_file(w, "documents", "a.pdf", "document#1");
    expect_failed(w, "documents", "a.pdf", pdf("b"), "no");
    expect_there(&w->api, "documents", "document#1 ");
}

static void what_is_sent_at_last_takes_the_failed_one_away(void **state)
{
    struct world *w = *state;

    start(w);
    api_rule(&w->api, 1, "POST", "documents", 415, "{'message': 'no'}");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), -EINVAL);
    expect_failed(w, "documents", "a.pdf", pdf("a"), "no");
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_failed(w, "documents", "a.pdf", NULL, NULL);
    expect_file(w, "documents", "a.pdf", "document#1");
}

static void a_read_only_mount_sends_nothing(void **state)
{
    struct world *w = *state;

    w->ro = true;
    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), -EROFS);
    assert_non_null(strstr(w->err.text, "mount it without ro"));
    expect_said(&w->api, "");
    expect_failed(w, "documents", "a.pdf", pdf("a"), w->err.text);
}

static void with_other_local_what_is_no_document_stays(void **state)
{
    struct world *w = *state;

    w->other = OTHER_LOCAL;
    start(w);
    assert_int_equal(put(w, "documents", "a.txt", "hello"), 0);
    expect_said(&w->api, "");
    expect_file(w, "documents", "a.txt", "");
    remount(w);
    expect_local(w, "documents", "a.txt", "hello");
}

/* Holes cost nothing. */
static int put_sparse(struct world *w, const char *name, int64_t size)
{
    cleanup_drop struct drop *d = write_drop(w, "documents", name, BYTES("%PDF-1.4\n1 0 obj"));
    struct bytes *b = drop_bytes(w->drops, d);

    assert_int_equal(ftruncate(b->fd, size), 0);
    bytes_unref(b);
    return commit(w, d);
}

static void what_is_too_large_is_not_sent(void **state)
{
    int64_t max = resource_content_max(resource_get(RES_DOCUMENTS));
    struct world *w = *state;

    w->complete = COMPLETE_OFF;
    start(w);
    assert_int_equal(put_sparse(w, "huge.pdf", resource_get(RES_DOCUMENTS)->url_max + 1), -EFBIG);
    expect_said(&w->api, "");
    api_add(&w->api, "documents",
            "{'documentId': 'document#7'}"); /* its content is in the answer */
    assert_int_equal(put_sparse(w, "large.pdf", max + 1), -EFBIG);
    assert_string_equal(w->err.text, "more than the 4687500 bytes that the API takes");
    expect_there(&w->api, "documents", "document#7 ");
}

/* --- Cut off ---------------------------------------------------------------------------------- */

static void what_looks_cut_off_is_sent_with_a_warning_or_refused_or_sent(void **state)
{
    static const struct {
        int mode, rc;
        uint64_t lines;
        const char *words;
    } cases[] = {
        { COMPLETE_WARN, 0, 1, "close /documents/a.pdf: sent, but it looks cut off: " },
        { COMPLETE_REFUSE, -EINVAL, 0, "it looks cut off: " },
        { COMPLETE_OFF, 0, 0, "" },
    };
    static const char cut[] = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\n";

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;

        print_message("complete=%d\n", cases[i].mode);
        w->complete = cases[i].mode;
        start(w);
        assert_int_equal(put(w, "documents", "a.pdf", cut), cases[i].rc);
        expect_lines(w, cases[i].lines, cases[i].words);
        if (cases[i].rc < 0)
            assert_non_null(strstr(w->err.text, cases[i].words));
        expect_there(&w->api, "documents", cases[i].rc < 0 ? "" : "document#1 ");
        assert_int_equal(put(w, "documents", "b.pdf", pdf("whole")), 0);
        assert_int_equal(put(w, "assets", "c.pdf", cut), 0); /* what it is, nobody asks */
        expect_lines(w, cases[i].lines, cases[i].words);
        stop(w);
    }
}

/* --- Assets ----------------------------------------------------------------------------------- */

static void writing_over_an_asset_is_one_patch_of_its_content(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "assets", "a.js", "one"), 0);
    assert_int_equal(put(w, "assets", "a.js", "two"), 0);
    expect_said(&w->api, "POST assets {'name':'a.js'}\n"
                         "PATCH assets/asset#1 {}\n");
    expect_content(&w->api, "assets/asset#1", "two", 3);
    expect_file(w, "assets", "a.js", "asset#1");
}

static void an_asset_that_others_have_changed_is_written_again(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "assets", "a.js", "one"), 0);
    pass(w, HOUR_MS);
    assert_int_equal(put(w, "assets", "a.js", "one"), 0);
    expect_said(&w->api, "POST assets {'name':'a.js'}\n"
                         "GET assets\n"); /* its content is here */
    pass(w, HOUR_MS);
    api_change(&w->api, "assets/asset#1", "{'content': 'b3RoZXI='}");
    assert_int_equal(put(w, "assets", "a.js", "one"), 0);
    expect_said(&w->api, "GET assets\n"
                         "GET assets/asset#1\n"
                         "PATCH assets/asset#1 {}\n");
    expect_content(&w->api, "assets/asset#1", "one", 3);
}

static void an_asset_that_others_have_deleted_is_made_anew(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "assets", "a.js", "one"), 0);
    api_change(&w->api, "assets/asset#1", NULL);
    assert_int_equal(put(w, "assets", "a.js", "two"), 0);
    expect_said(&w->api, "POST assets {'name':'a.js'}\n"
                         "PATCH assets/asset#1 {}\n"
                         "POST assets {'name':'a.js'}\n");
    expect_file(w, "assets", "a.js", "asset#2");
}

/* --- Under another name ----------------------------------------------------------------------- */

static int deliver_under(struct world *w, struct drop *d, const char *key, const char *name)
{
    int rc;

    w->err = (struct failure){ .text = "" };
    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    rc = deliver_as(&(struct moving){ .uploads = w->uploads,
                                      .call = &w->call,
                                      .drop = d,
                                      .name = d->name,
                                      .to = folder_at(w, key),
                                      .to_name = name },
                    &w->err);
    drop_unlock_exclusive(w->drops, d);
    return rc;
}

static void a_scratch_file_is_sent_when_it_gets_a_real_name(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    start(w);
    assert_int_equal(put(w, "documents", ".a.pdf.Xy12Zz", pdf("a")), 0);
    expect_said(&w->api, "");
    d = find_file(w, "documents", ".a.pdf.Xy12Zz");
    assert_int_equal(deliver_under(w, d, "documents", "a.pdf"), 0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n");
    assert_string_equal(d->id, id_of("document", 1));
}

static void what_a_rename_cannot_send_fails_under_the_new_name_and_keeps_the_old(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    start(w);
    assert_int_equal(put(w, "documents", ".a.txt.Xy12Zz", "hello"), 0);
    d = find_file(w, "documents", ".a.txt.Xy12Zz");
    assert_int_equal(deliver_under(w, d, "documents", "a.txt"), -EINVAL);
    expect_failed(w, "documents", "a.txt", "hello", w->err.text);
    expect_local(w, "documents", ".a.txt.Xy12Zz", "hello");
}

static void what_changes_while_it_moves_is_in_the_list_that_it_moves_to(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;

    start(w);
    assert_int_equal(put(w, "datasets/dataset#7/documents", "a.pdf", pdf("a")), 0);
    pass(w, 1);
    d = write_drop(w, "datasets/dataset#7/documents", "a.pdf", pdf("b"), strlen(pdf("b")));
    assert_int_equal(deliver_under(w, d, "datasets/dataset#8/documents", "a.pdf"), 0);
    expect_said(&w->api,
                "POST documents {'contentType':'application/pdf','datasetId':'dataset#7'}\n"
                "GET documents/document#1\n"
                "POST documents {'contentType':'application/pdf','datasetId':'dataset#8'}\n");
    /* what it was goes once its name is there: moving_finish() */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_closed_file_becomes_one_post_of_its_bytes),
        TEST(the_next_mount_knows_what_was_sent),
        TEST(what_becomes_of_a_file_follows_from_its_folder_its_name_and_its_bytes),
        TEST(what_is_closed_unchanged_sends_nothing),
        TEST(what_was_removed_before_its_close_is_not_sent),
        TEST(equal_bytes_are_not_sent_twice),
        TEST(equal_bytes_are_sent_again_when_others_have_deleted_them),
        TEST(whether_equal_bytes_are_there_must_be_known),
        TEST(what_is_refused_is_kept_apart_with_the_words_for_it),
        TEST(what_was_never_answered_is_looked_for_and_kept_apart),
        TEST(what_is_refused_leaves_the_version_before),
        TEST(what_is_sent_at_last_takes_the_failed_one_away),
        TEST(a_read_only_mount_sends_nothing),
        TEST(with_other_local_what_is_no_document_stays),
        TEST(what_is_too_large_is_not_sent),
        TEST(what_looks_cut_off_is_sent_with_a_warning_or_refused_or_sent),
        TEST(writing_over_an_asset_is_one_patch_of_its_content),
        TEST(an_asset_that_others_have_changed_is_written_again),
        TEST(an_asset_that_others_have_deleted_is_made_anew),
        TEST(a_scratch_file_is_sent_when_it_gets_a_real_name),
        TEST(what_a_rename_cannot_send_fails_under_the_new_name_and_keeps_the_old),
        TEST(what_changes_while_it_moves_is_in_the_list_that_it_moves_to),
    };

    return cmocka_run_group_tests_name("deliver", tests, NULL, NULL);
}
