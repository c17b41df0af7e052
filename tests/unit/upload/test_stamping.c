/* What a POST says of a file: whether this server hears it, and where the file is. */
#include "intents_fixture.h"

#include "body.h"
#include "drop_events.h"
#include "stamping.h"

#include "banned.h"

/* What the API of today shows of a document, and an older one does not. */
#define OF_TODAY "'name': 'theirs', 'metadata': {'k': 1}"

static void look(struct world *w, const char *row)
{
    struct target t = { .res = resource_get(RES_DOCUMENTS) };
    struct page *page = NULL;

    add_made(w, "document#9", pdf("theirs"), row);
    assert_int_equal(backend_list(w->backend, &w->call, &t, NULL, NULL, 100, &page, &w->err), 0);
    page_free(page);
    w->api.said[0] = '\0';
}

/* What is said of a.pdf, as a POST has it, "" nothing; valid until the next call. */
static const char *said_of(struct world *w, struct call *call, const char *folder,
                           char key[STAMP_KEY_CHARS + 1])
{
    static char text[4096];
    static const uint8_t sha256[DIGEST_BYTES] = { 0xab };
    cleanup_drop struct drop *d = write_drop(w, folder, "a.pdf", "1234567", 7);
    cleanup_buf struct buf out = BUF_INIT(sizeof(text));
    cleanup_free char *brief = NULL;
    cleanup_body struct body *body = NULL;
    struct stamping what = {
        .drop = d, .folder = folder_at(w, folder), .name = "a.pdf", .size = 7, .sha256 = sha256
    };

    drops_lock(w->drops);
    drop_set_mtime_locked(d, 1500000000);
    d->mode = 0640;
    drops_unlock(w->drops);
    assert_int_equal(body_new(what.folder->res, BODY_POST, &body), 0);
    assert_int_equal(stamping_put(w->uploads, call, &what, body, key, &w->err), 0);
    assert_int_equal(body_write(body, &out), 0);
    brief = api_short(buf_str(&out));
    snprintf(text, sizeof(text), "%s", brief);
    return text;
}

static void a_server_that_keeps_it_hears_what_the_file_is(void **state)
{
    static const char *const parts[] = {
        "'name': 'a.pdf'", "'size': '7'",        "'mtime': '1.500000000'", "'mode': '640'",
        "'sha256': 'ab00", "'path': 'in/a.pdf'", "'of': 'datasetId'",
    };
    struct world *w = *state;
    char key[STAMP_KEY_CHARS + 1], other[STAMP_KEY_CHARS + 1];
    const char *text;

    start(w);
    look(w, OF_TODAY);
    text = said_of(w, &w->call, IN_7 "/in", key);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (!strstr(text, parts[i]))
            assert_string_equal(text, parts[i]);
    assert_non_null(strstr(text, key));
    assert_int_equal(strlen(key), STAMP_KEY_CHARS);
    said_of(w, &w->call, IN_7 "/in", other);
    assert_string_not_equal(key, other);
    expect_said(&w->api, "");
}

static void an_older_one_hears_nothing(void **state)
{
    struct world *w = *state;
    char key[STAMP_KEY_CHARS + 1];

    start(w);
    look(w, "'consentId': 'consent#1'");
    assert_null(strstr(said_of(w, &w->call, IN_7, key), "a.pdf"));
    assert_string_equal(key, "");
}

/* What an earlier mount has left goes out first: then somebody has to ask. */
static void who_has_heard_of_no_server_asks_it(void **state)
{
    for (int asks = 0; asks < 2; asks++) {
        struct world *w = *state;
        char key[STAMP_KEY_CHARS + 1];

        print_message("%s\n", asks ? "asks" : "may not wait");
        start(w);
        api_rule(&w->api, -1, "GET", "organizations/*", 403, "{'message': 'no'}");
        add_made(w, "document#9", pdf("theirs"), OF_TODAY);
        said_of(w, asks ? &w->call : NULL, "documents", key);
        assert_int_equal(strlen(key), asks ? STAMP_KEY_CHARS : 0);
        assert_int_equal(strlen(w->api.said) > 0, asks);
        stop(w);
    }
}

/* Of a prediction nothing can be said: it has no room for it. */
static void what_keeps_no_notes_hears_nothing(void **state)
{
    struct world *w = *state;
    char key[STAMP_KEY_CHARS + 1];

    start(w);
    look(w, OF_TODAY);
    said_of(w, &w->call, "assets", key);
    assert_string_equal(key, "");
}

static void where_it_is_is_said_below_the_folder_of_all(void **state)
{
    static const struct {
        const char *key, *name, *path, *of;
    } cases[] = {
        { "documents", "a.pdf", "a.pdf", "" },
        { "documents/in/it", "a.pdf", "in/it/a.pdf", "" },
        { IN_7, "a.pdf", "a.pdf", "datasetId" },
        { IN_7 "/in", "b c.pdf", "in/b c.pdf", "datasetId" },
    };
    struct world *w = *state;

    start(w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct stamp s = STAMP_NONE;

        print_message("%s/%s\n", cases[i].key, cases[i].name);
        assert_int_equal(stamping_place(w->uploads, folder_at(w, cases[i].key), cases[i].name, &s),
                         0);
        assert_string_equal(s.path, cases[i].path);
        assert_string_equal(s.of, cases[i].of);
    }
}

/* Half a path would be another file's. */
static void a_path_that_is_too_long_is_not_said(void **state)
{
    static char key[1200] = "documents/", name[200];
    struct stamp s = STAMP_NONE;
    struct world *w = *state;

    start(w);
    memset(name, 'n', sizeof(name) - 1);
    for (size_t i = strlen(key); i + 1 < sizeof(key); i++)
        key[i] = i % 100 == 99 ? '/' : 'f';
    assert_int_equal(stamping_place(w->uploads, folder_at(w, key), name, &s), 0);
    assert_string_equal(s.path, "");
}

static void a_server_that_has_lost_it_is_told_nothing_more(void **state)
{
    static const struct {
        const char *what, *key, *answer;
        bool told; /* the next one too */
    } cases[] = {
        { "it has it", "0123456789abcdef0123456789abcdef",
          "{'documentId': 'document#1', "
          "'metadata': {'lasfs': {'key': '0123456789abcdef0123456789abcdef'}}}",
          true },
        { "it has none", "0123456789abcdef0123456789abcdef", "{'documentId': 'document#1'}",
          false },
        { "it has another one", "0123456789abcdef0123456789abcdef",
          "{'documentId': 'document#1', "
          "'metadata': {'lasfs': {'key': '00000000000000000000000000000000'}}}",
          false },
        { "nothing was said", "", "{'documentId': 'document#1'}", true },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *text = api_long(cases[i].answer);
        cleanup_record struct record *r = NULL;
        struct world *w = *state;
        char key[STAMP_KEY_CHARS + 1];

        print_message("%s\n", cases[i].what);
        start(w);
        look(w, OF_TODAY);
        assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text, strlen(text), &r), 0);
        stamping_check(w->uploads, cases[i].key, r);
        said_of(w, &w->call, "documents", key);
        assert_int_equal(key[0] != '\0', cases[i].told);
        stop(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_server_that_keeps_it_hears_what_the_file_is),
        TEST(an_older_one_hears_nothing),
        TEST(who_has_heard_of_no_server_asks_it),
        TEST(what_keeps_no_notes_hears_nothing),
        TEST(where_it_is_is_said_below_the_folder_of_all),
        TEST(a_path_that_is_too_long_is_not_said),
        TEST(a_server_that_has_lost_it_is_told_nothing_more),
    };

    return cmocka_run_group_tests_name("stamping", tests, NULL, NULL);
}
