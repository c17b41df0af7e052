/* Pictures of a document's pages: what its address makes, how often it is asked, and what is none. */
#include "picture.h"

#include "known.h"
#include "remote_fixture.h"

#include "banned.h"

#define DOC "las:document:" ONE
#define GET_DOC "GET /documents/" DOC
#define PAGE "width=100&page=1"
#define OTHER_PAGE "width=100&page=2"
#define JPEG "\xff\xd8\xff\xe0 a picture"

/* The document says that its bytes are there: "files/1"; NULL: it has no address. */
static void point_at(struct fixture *x, const char *path)
{
    char text[256] = A_DOCUMENT(ONE, "d", "");

    if (path)
        snprintf(text, sizeof(text),
                 A_DOCUMENT(ONE, "d", ", \"fileUrl\": \"http://127.0.0.1:%d/v1/%s\""),
                 x->server.port, path);
    answer(x, GET_DOC, text);
}

/* The bytes of the picture of a page, or the name of the errno; valid until the next call. */
static const char *picture_by(struct fixture *x, struct call *call, const char *query)
{
    static char text[256];
    struct target t = target_of(RES_DOCUMENTS, DOC);
    cleanup_picture struct picture *p = NULL;
    const char *bytes;
    size_t len;
    int rc = picture_get(x->remote, call, &t, query, &p, &x->err);

    if (rc < 0) {
        assert_null(p);
        return strerrorname_np(-rc);
    }
    bytes = picture_bytes(p, &len);
    snprintf(text, sizeof(text), "%.*s", (int)len, bytes);
    return text;
}

static const char *picture_of(struct fixture *x, const char *query)
{
    return picture_by(x, &x->call, query);
}

static void a_page_is_fetched_once(void **state)
{
    struct call now = { .nowait = true };
    struct fixture *x = *state;

    point_at(x, "files/1");
    answer(x, "GET /files/1", JPEG);
    assert_string_equal(picture_by(x, &now, PAGE), "EAGAIN");
    assert_int_equal(requests(x), 0);
    assert_string_equal(picture_of(x, PAGE), JPEG);
    assert_string_equal(picture_of(x, PAGE), JPEG);
    assert_string_equal(picture_by(x, &now, PAGE), JPEG);
    assert_int_equal(asked(x, "GET /files/1?" PAGE), 1);
    assert_string_equal(picture_of(x, OTHER_PAGE), JPEG);
    assert_int_equal(asked(x, "GET /files/1"), 2);
}

/* And is on no disk. */
static void the_next_mount_fetches_it_anew(void **state)
{
    struct fixture *x = *state;

    point_at(x, "files/1");
    answer(x, "GET /files/1", JPEG);
    assert_string_equal(picture_of(x, PAGE), JPEG);
    assert_int_equal(count_files(in_dir(&x->dir, "contents")), 0);
    reopen_remote(x);
    assert_string_equal(picture_of(x, PAGE), JPEG);
    assert_int_equal(asked(x, "GET /files/1"), 2);
}

static void what_has_no_such_page_says_so_and_is_not_asked_at_once_again(void **state)
{
    static const struct {
        const char *what;
        int status; /* of the address's answer; 0: there is no address */
        const char *told;
        bool remembered;
    } cases[] = {
        { "no address", 0, "ENOENT", true },
        { "no such page", 404, "ENOENT", true },
        { "it cannot make one", 400, "EINVAL", false },
        { "it is ill", 500, "EIO", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        void *own = NULL;
        struct fixture *x;
        unsigned n;

        print_message("%s\n", cases[i].what);
        setup(&own);
        x = own;
        point_at(x, cases[i].status ? "files/1" : NULL);
        answer_status(x, "GET /files/1", cases[i].status);
        assert_string_equal(picture_of(x, PAGE), cases[i].told);
        if (strcmp(cases[i].told, "ENOENT") == 0)
            assert_string_equal(x->err.text, ""); /* it is no failure */
        n = requests(x);
        assert_string_equal(picture_of(x, PAGE), cases[i].told);
        assert_int_equal(requests(x) == n, cases[i].remembered);
        teardown(&own);
    }
    (void)state;
}

/* A server that knows no pictures gives the document itself: it is asked for none any more. */
static void what_is_no_picture_is_not_shown_as_one(void **state)
{
    static const char *const bytes[] = { "%PDF-1.7 the document", "\xff\xd8", "x" };

    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        void *own = NULL;
        struct fixture *x;

        setup(&own);
        x = own;
        point_at(x, "files/1");
        answer(x, "GET /files/1", bytes[i]);
        assert_string_equal(picture_of(x, PAGE), "ENOENT");
        assert_string_equal(picture_of(x, OTHER_PAGE), "ENOENT");
        assert_int_equal(asked(x, "GET /files/1"), 1);
        teardown(&own);
    }
    (void)state;
}

/* An address is signed for a while: the document knows a new one. */
static void an_address_that_is_out_of_date_is_asked_for_anew(void **state)
{
    static const struct {
        const char *what, *now, *told;
        unsigned there; /* requests at the new one */
    } cases[] = {
        { "another one", "files/2", JPEG, 1 },
        { "the same", "files/1", "EACCES", 0 },
        { "none any more", NULL, "EACCES", 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct target t = target_of(RES_DOCUMENTS, DOC);
        void *own = NULL;
        struct fixture *x;

        print_message("%s\n", cases[i].what);
        setup(&own);
        x = own;
        answer(x, "GET /files/2", JPEG);
        answer_status(x, "GET /files/1", 403);
        point_at(x, "files/1");
        assert_string_equal(says(x, known_record, &t), "d");
        pass(x, KNOWN_JUST_NOW_MS + 1);
        point_at(x, cases[i].now);
        assert_string_equal(picture_of(x, PAGE), cases[i].told);
        assert_int_equal(asked(x, "GET /files/2"), cases[i].there);
        assert_int_equal(asked(x, GET_DOC), 2);
        teardown(&own);
    }
    (void)state;
}

static void a_document_that_is_gone_has_none(void **state)
{
    struct fixture *x = *state;

    assert_string_equal(picture_of(x, PAGE), "ENOENT"); /* 404 */
    assert_int_equal(asked(x, GET_DOC), 1);
}

static void what_has_no_end_is_no_question(void **state)
{
    static char query[2048];
    struct fixture *x = *state;

    memset(query, 'w', sizeof(query) - 1);
    assert_string_equal(picture_of(x, query), "ENAMETOOLONG");
    assert_int_equal(requests(x), 0);
    picture_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_page_is_fetched_once),
        A_TEST(the_next_mount_fetches_it_anew),
        cmocka_unit_test(what_has_no_such_page_says_so_and_is_not_asked_at_once_again),
        cmocka_unit_test(what_is_no_picture_is_not_shown_as_one),
        cmocka_unit_test(an_address_that_is_out_of_date_is_asked_for_anew),
        A_TEST(a_document_that_is_gone_has_none),
        A_TEST(what_has_no_end_is_no_question),
    };

    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
