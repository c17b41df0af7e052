/* Contents that are known: where they come from, how long they are, and what a full disk costs. */
#include "fetch.h"
#include "known.h"
#include "types.h"

#include "remote_fixture.h"
#include "writer_fd.h"

#include "banned.h"

#define DOC "las:document:" ONE
#define GET_DOC "GET /documents/" DOC
#define ASSET "las:asset:" ONE
#define GET_ASSET "GET /assets/" ASSET
#define HELLO ", \"content\": \"aGVsbG8=\""
#define WORLD ", \"content\": \"d29ybGQh\""

/* The bytes, or the name of the errno. */
static const char *content_by(struct fixture *x, struct call *call, const struct target *t)
{
    static char text[64];
    int64_t size = -5;
    int fd = -5;
    int rc = known_content(x->remote, call, t, &fd, &size, &x->err);
    ssize_t n;

    if (rc < 0) {
        assert_int_equal(fd, -5);
        assert_int_equal(size, -5);
        return strerrorname_np(-rc);
    }
    n = pread(fd, text, sizeof(text) - 1, 0);
    close(fd);
    assert_int_equal(n, size);
    text[n] = '\0';
    return text;
}

static const char *content_of(struct fixture *x, const struct target *t)
{
    return content_by(x, &x->call, t);
}

static int64_t size_of(struct fixture *x, const struct target *t)
{
    int64_t size = -5;
    int rc = known_content_size(x->remote, &x->call, t, &size, &x->err);

    return rc < 0 ? rc : size;
}

/* --- Documents: their bytes never change ------------------------------------------------------ */

static void a_content_costs_one_get_for_good(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer(x, GET_DOC, A_DOCUMENT(ONE, "d", HELLO));
    assert_string_equal(content_of(x, &t), "hello");
    assert_string_equal(content_of(x, &t), "hello");
    pass(x, 10 * META_TTL_MS);
    assert_string_equal(content_of(x, &t), "hello");
    reopen_remote(x);
    assert_string_equal(content_of(x, &t), "hello");
    known_forget_all(x->remote);
    assert_string_equal(content_of(x, &t), "hello");
    assert_int_equal(size_of(x, &t), 5);
    assert_int_equal(requests(x), 1);
}

static void a_get_of_the_record_brings_the_content_too(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);
    struct call now = { .nowait = true };

    answer(x, GET_DOC, A_DOCUMENT(ONE, "d", HELLO));
    assert_string_equal(says(x, known_record, &t), "d");
    assert_string_equal(content_by(x, &now, &t), "hello");
    assert_int_equal(requests(x), 1);
}

/* All that a GET of it would bring is here already, but that it is still there: a list says so. */
static void what_is_kept_is_looked_for_in_the_list(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer(x, GET_DOC, A_DOCUMENT(ONE, "got", HELLO));
    answer(x, "GET /documents", "{\"documents\": [" A_DOCUMENT(ONE, "listed", "") "]}");
    assert_string_equal(says(x, known_record, &t), "got");
    reopen_remote(x);
    assert_string_equal(says_now(x, known_record, &t), "EAGAIN");
    assert_string_equal(says(x, known_record, &t), "listed");
    assert_string_equal(content_of(x, &t), "hello");
    assert_int_equal(asked(x, GET_DOC), 1);
    assert_int_equal(asked(x, "GET /documents"), 1);
}

static void what_a_list_does_not_have_is_asked_for(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer(x, GET_DOC, A_DOCUMENT(ONE, "got", HELLO));
    assert_string_equal(says(x, known_record, &t), "got");
    reopen_remote(x);
    answer(x, "GET /documents", "{\"documents\": []}"); /* it may be too new */
    assert_string_equal(says(x, known_record, &t), "got");
    reopen_remote(x);
    answer_status(x, "GET /documents", 400);
    assert_string_equal(says(x, known_record, &t), "got");
    assert_int_equal(asked(x, GET_DOC), 3);
}

static void nowait_fetches_no_content(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC), asset = target_of(RES_ASSETS, ASSET);
    struct call now = { .nowait = true };
    int64_t size = -5;

    assert_string_equal(content_by(x, &now, &t), "EAGAIN");
    assert_string_equal(content_by(x, &now, &asset), "EAGAIN");
    assert_int_equal(known_content_size(x->remote, &now, &t, &size, &x->err), -EWOULDBLOCK);
    assert_int_equal(known_content_fits(x->remote, &now, t.res, 30 << 20, &x->err), -EWOULDBLOCK);
    assert_int_equal(requests(x), 0);
}

static void a_content_that_cannot_be_had_says_why(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC), asset = target_of(RES_ASSETS, ASSET);

    assert_string_equal(content_of(x, &t), "ENOENT");
    assert_int_equal(size_of(x, &t), -ENOENT);
    assert_string_equal(content_of(x, &asset), "ENOENT");
    assert_int_equal(size_of(x, &asset), -ENOENT);
    answer(x, GET_DOC, A_DOCUMENT(ONE, "d", ""));
    assert_string_equal(content_of(x, &t), "EIO");
    assert_string_equal(x->err.text, "the answer had no content");
}

struct reader {
    pthread_t thread;
    struct fixture *x;
    char text[64];
};

static void *read_once(void *arg)
{
    struct reader *r = arg;
    struct target t = target_of(RES_DOCUMENTS, DOC);
    struct call call;
    int64_t size;
    int fd;

    if (call_init(&call) < 0)
        abort();
    if (known_content(r->x->remote, &call, &t, &fd, &size, NULL) == 0) {
        if (pread(fd, r->text, sizeof(r->text) - 1, 0) != size)
            r->text[0] = '\0';
        close(fd);
    }
    call_release(&call);
    return NULL;
}

static void many_who_read_cost_one_get(void **state)
{
    struct fixture *x = *state;
    struct reader readers[8] = { 0 };

    answer_with(
        x, GET_DOC,
        (struct fake_reply){ .status = 200, .body = A_DOCUMENT(ONE, "d", HELLO), .gated = true });
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        readers[i].x = x;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_once, &readers[i]), 0);
    }
    while (asked(x, GET_DOC) == 0)
        fake_sleep_ms(1);
    fake_open_gate(&x->server);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        pthread_join(readers[i].thread, NULL);
        assert_string_equal(readers[i].text, "hello");
    }
    assert_int_equal(requests(x), 1);
}

/* --- A disk that is full ---------------------------------------------------------------------- */

static void a_cache_without_a_disk_costs_the_cache_alone(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer(x, GET_DOC, A_DOCUMENT(ONE, "d", HELLO));
    assert_int_equal(rmdir(in_dir(&x->dir, "contents")), 0);
    assert_string_equal(content_of(x, &t), "hello");
    assert_string_equal(content_of(x, &t), "hello");
    assert_int_equal(requests(x), 2);
}

static void a_disk_that_fills_up_on_the_way_costs_a_second_get(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);
    int full = open("/dev/full", O_RDWR | O_CLOEXEC);

    assert_true(full >= 0);
    answer(x, GET_DOC, A_DOCUMENT(ONE, "d", HELLO));
    next_writer_fd = full;
    assert_string_equal(content_of(x, &t), "hello");
    assert_int_equal(requests(x), 2);
    assert_string_equal(content_of(x, &t), "hello"); /* it was not kept */
    assert_int_equal(requests(x), 3);
    assert_string_equal(content_of(x, &t), "hello"); /* now there is room */
    assert_int_equal(requests(x), 3);
    close(full);
}

static void what_is_larger_than_the_cache_is_read_all_the_same(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    x->content_bytes = 0;
    reopen_remote(x);
    answer(x, GET_DOC, A_DOCUMENT(ONE, "d", HELLO));
    assert_string_equal(content_of(x, &t), "hello");
    assert_int_equal(size_of(x, &t), 5); /* that is known without its bytes */
    assert_int_equal(requests(x), 1);
}

/* --- Sizes ------------------------------------------------------------------------------------ */

static void a_size_is_known_longer_than_the_content(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer(x, GET_DOC, A_DOCUMENT(ONE, "d", HELLO));
    assert_int_equal(size_of(x, &t), 5); /* nobody knew */
    assert_int_equal(requests(x), 1);
    content_remove(x->content, DOC);
    assert_int_equal(size_of(x, &t), 5);
    reopen_remote(x);
    assert_int_equal(size_of(x, &t), 5);
    assert_int_equal(requests(x), 1);
}

static void what_fits_depends_on_the_server(void **state)
{
    static const int64_t mib = 1 << 20;
    static const struct {
        const char *list, *get;
        int64_t size;
        int rc;
        unsigned requests;
    } cases[] = {
        { "{\"documents\": []}", NULL, 4 << 20, 0, 0 },
        { "{\"documents\": []}", NULL, 5 << 20, -EFBIG, 1 },
        { "{\"documents\": []}", NULL, 65 << 20, -EFBIG, 0 }, /* on no server */
        { "{\"documents\": [" A_DOCUMENT(ONE, "d", "") "]}", A_DOCUMENT(ONE, "d", ""), 5 << 20,
          -EFBIG, 2 },
        { "{\"documents\": [" A_DOCUMENT(ONE, "d", "") "]}",
          A_DOCUMENT(ONE, "d", ", \"fileUrl\": \"https://x.example/1\""), 5 << 20, 0, 2 },
        { "{\"documents\": [" A_DOCUMENT(ONE, "d", ", \"fileUrl\": \"https://x.example/1\"") "]}",
          NULL, 64 << 20, 0, 1 },
    };
    const struct resource *res = resource_get(RES_DOCUMENTS);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *x;
        void *own = NULL;

        setup(&own);
        x = own;
        print_message("%zu MiB\n", (size_t)(cases[i].size / mib));
        answer(x, "GET /documents", cases[i].list);
        if (cases[i].get)
            answer(x, GET_DOC, cases[i].get);
        assert_int_equal(known_content_fits(x->remote, &x->call, res, cases[i].size, &x->err),
                         cases[i].rc);
        assert_int_equal(requests(x), cases[i].requests);
        if (cases[i].rc)
            assert_non_null(strstr(x->err.text, "bytes that the API takes"));
        teardown(&own);
    }
    (void)state;
}

static void a_question_about_what_fits_may_fail(void **state)
{
    struct fixture *x = *state;

    answer_status(x, "GET /documents", 400);
    assert_int_equal(
        known_content_fits(x->remote, &x->call, resource_get(RES_DOCUMENTS), 5 << 20, &x->err),
        -EINVAL);
}

/* --- Bytes that are here already -------------------------------------------------------------- */

static void bytes_that_were_sent_are_not_fetched(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC), asset = target_of(RES_ASSETS, ASSET);
    const char *path = in_dir(&x->dir, "sent");

    write_file(path, "sent", 4);
    known_content_adopt(x->remote, &asset, NULL, path,
                        NULL); /* goes with a time that is not said */
    assert_int_equal(access(path, F_OK), 0);
    known_content_adopt(x->remote, &t, NULL, path, NULL);
    assert_int_equal(access(path, F_OK), -1);
    assert_string_equal(content_of(x, &t), "sent");
    assert_int_equal(size_of(x, &t), 4);
    assert_int_equal(requests(x), 0);
}

static void the_content_of_what_was_removed_is_gone(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer(x, GET_DOC, A_DOCUMENT(ONE, "d", HELLO));
    assert_string_equal(content_of(x, &t), "hello");
    answer_status(x, GET_DOC, 404);
    known_removed(x->remote, &t);
    assert_string_equal(content_of(x, &t), "ENOENT");
}

/* --- Contents that change --------------------------------------------------------------------- */

static void a_content_that_can_change_goes_with_its_time(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_ASSETS, ASSET);

    answer(x, GET_ASSET, AN_ASSET(ONE, "a", HELLO CHANGED_AT("01")));
    assert_string_equal(content_of(x, &t), "hello");
    assert_string_equal(content_of(x, &t), "hello");
    assert_int_equal(requests(x), 1);
    answer(x, GET_ASSET, AN_ASSET(ONE, "a", WORLD CHANGED_AT("02")));
    assert_string_equal(content_of(x, &t), "hello"); /* as long as the record is believed */
    pass(x, META_TTL_MS + 1);
    assert_string_equal(content_of(x, &t), "world!");
    assert_int_equal(size_of(x, &t), 6);
    assert_int_equal(requests(x), 2);
}

static void patched(struct fixture *x, const char *second)
{
    struct target t = target_of(RES_ASSETS, ASSET);
    char text[256];
    struct record *now;

    snprintf(text, sizeof(text), AN_ASSET(ONE, "patched", CHANGED_AT("%s")), second);
    now = record_of(RES_ASSETS, text);
    known_changed(x->remote, &t, now);
    record_unref(now);
}

static void a_change_of_a_field_leaves_the_size(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_ASSETS, ASSET);

    answer(x, GET_ASSET, AN_ASSET(ONE, "a", HELLO CHANGED_AT("01")));
    assert_int_equal(size_of(x, &t), 5);
    patched(x, "02");
    assert_int_equal(size_of(x, &t), 5);
    assert_int_equal(requests(x), 1);
    assert_string_equal(says(x, known_record, &t), "patched");
}

static void while_a_content_is_sent_nobody_knows_its_size(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_ASSETS, ASSET);

    answer(x, GET_ASSET, AN_ASSET(ONE, "a", HELLO CHANGED_AT("01")));
    assert_int_equal(size_of(x, &t), 5);
    known_content_changes(x->remote, &t);
    patched(x, "02"); /* of a field, by somebody else */
    answer(x, GET_ASSET, AN_ASSET(ONE, "a", WORLD CHANGED_AT("02")));
    assert_int_equal(size_of(x, &t), 6);
    assert_int_equal(requests(x), 2);
    known_content_changed(x->remote, &t);
    patched(x, "03");
    assert_int_equal(size_of(x, &t), 6);
    assert_int_equal(requests(x), 2);
}

static void a_content_is_kept_by_id_and_perhaps_time(void **state)
{
    struct target document = target_of(RES_DOCUMENTS, DOC), asset = target_of(RES_ASSETS, ASSET);
    struct record *r = record_of(RES_ASSETS, AN_ASSET(ONE, "a", CHANGED_AT("01")));
    char id[CONTENT_ID_MAX + 1];

    (void)state;
    assert_false(fetch_content_changes(document.res));
    assert_true(fetch_content_changes(asset.res));
    assert_false(fetch_content_changes(resource_get(RES_MODELS)));
    assert_int_equal(fetch_content_id(&document, NULL, id), 0);
    assert_string_equal(id, DOC);
    assert_int_equal(fetch_content_id(&asset, NULL, id), -EINVAL);
    assert_int_equal(fetch_content_id(&asset, r, id), 0);
    assert_string_equal(id, ASSET "@1767225601000000000");
    record_unref(r);
}

/* --- At an address of its own ----------------------------------------------------------------- */

static void answer_at(struct fixture *x, const char *file)
{
    char text[512];

    snprintf(text, sizeof(text),
             A_DOCUMENT(ONE, "d", ", \"fileUrl\": \"http://127.0.0.1:%d/v1/%s\""), x->server.port,
             file);
    answer(x, GET_DOC, text);
}

static void a_content_may_stand_elsewhere(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer_at(x, "files/1");
    answer(x, "GET /files/1", "bytes as they are");
    assert_string_equal(content_of(x, &t), "bytes as they are");
    assert_int_equal(requests(x), 2);
    assert_string_equal(content_of(x, &t), "bytes as they are");
    assert_int_equal(requests(x), 2);
    content_remove(x->content, DOC);
    known_forget_all(x->remote);
    assert_string_equal(says(x, known_record, &t), "d");
    assert_string_equal(content_of(x, &t), "bytes as they are");
    assert_int_equal(asked(x, GET_DOC), 2); /* what is known says where: no GET of it again */
    assert_int_equal(asked(x, "GET /files/1"), 2);
}

static void an_address_that_has_moved_is_asked_anew(void **state)
{
    static const int gone[] = { 403, 404 };
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
        known_forget_all(x->remote);
        content_remove(x->content, DOC);
        answer_at(x, "files/old");
        answer_status(x, "GET /files/old", gone[i]);
        assert_string_equal(says(x, known_record, &t), "d");
        answer_at(x, "files/new");
        answer(x, "GET /files/new", "moved");
        assert_string_equal(content_of(x, &t), "moved");
    }
}

static void an_address_that_fails_is_the_failure(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer_at(x, "files/1");
    answer_status(x, "GET /files/1", 400);
    assert_string_equal(content_of(x, &t), "EINVAL");
}

static void a_size_is_asked_of_its_address(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_DOCUMENTS, DOC);

    answer_at(x, "files/1");
    answer(x, "HEAD /files/1", "bytes as they are");
    assert_int_equal(size_of(x, &t), 17);
    reopen_remote(x);
    assert_int_equal(size_of(x, &t), 17);
    assert_int_equal(asked(x, "HEAD /files/1"), 1);
    assert_int_equal(asked(x, "GET /files/1"), 0);
}

/* An address may give its bytes to a GET alone; then no other is asked by HEAD. */
static void where_a_head_is_refused_the_bytes_tell(void **state)
{
    static const int refused[] = { 403, 404, 405 };

    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct target t = target_of(RES_DOCUMENTS, DOC);
        unsigned heads;
        struct fixture *x;
        void *own = NULL;

        setup(&own);
        x = own;
        answer_at(x, "files/1");
        answer(x, "GET /files/1", "bytes as they are");
        answer_status(x, "HEAD /files/1", refused[i]);
        assert_int_equal(size_of(x, &t), 17);
        heads = asked(x, "HEAD /files/1");
        known_removed(x->remote, &t);
        pass(x, TTL_REMOVED_MS + 1);
        assert_int_equal(size_of(x, &t), 17);
        assert_true(heads > 0);
        assert_int_equal(asked(x, "HEAD /files/1"), heads);
        assert_int_equal(asked(x, "GET /files/1"), 2);
        teardown(&own);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_content_costs_one_get_for_good),
        A_TEST(a_get_of_the_record_brings_the_content_too),
        A_TEST(what_is_kept_is_looked_for_in_the_list),
        A_TEST(what_a_list_does_not_have_is_asked_for),
        A_TEST(nowait_fetches_no_content),
        A_TEST(a_content_that_cannot_be_had_says_why),
        A_TEST(many_who_read_cost_one_get),
        A_TEST(a_cache_without_a_disk_costs_the_cache_alone),
        A_TEST(a_disk_that_fills_up_on_the_way_costs_a_second_get),
        A_TEST(what_is_larger_than_the_cache_is_read_all_the_same),
        A_TEST(a_size_is_known_longer_than_the_content),
        cmocka_unit_test(what_fits_depends_on_the_server),
        A_TEST(a_question_about_what_fits_may_fail),
        A_TEST(bytes_that_were_sent_are_not_fetched),
        A_TEST(the_content_of_what_was_removed_is_gone),
        A_TEST(a_content_that_can_change_goes_with_its_time),
        A_TEST(a_change_of_a_field_leaves_the_size),
        A_TEST(while_a_content_is_sent_nobody_knows_its_size),
        A_TEST(a_content_is_kept_by_id_and_perhaps_time),
        A_TEST(a_content_may_stand_elsewhere),
        A_TEST(an_address_that_has_moved_is_asked_anew),
        A_TEST(an_address_that_fails_is_the_failure),
        A_TEST(a_size_is_asked_of_its_address),
        cmocka_unit_test(where_a_head_is_refused_the_bytes_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
