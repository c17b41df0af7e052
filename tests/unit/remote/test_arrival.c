/* Contents that are read while they are on their way. */
#include "arrival.h"

#include "fetch.h"
#include "known.h"

#include "remote_fixture.h"
#include "writer_fd.h"

#include "banned.h"

#define DOC "las:document:" ONE
#define GET_FILE "GET /files/1"
#define LARGE (2 * (size_t)ARRIVAL_WHOLE_BYTES)

/* The document's record says where its bytes are. */
static struct record *document_at(struct fixture *x)
{
    char text[256];

    snprintf(text, sizeof(text),
             A_DOCUMENT(ONE, "d", ", \"fileUrl\": \"http://127.0.0.1:%d/v1/files/1\""),
             x->server.port);
    return record_of(RES_DOCUMENTS, text);
}

/* The server has len bytes there, which reply tells how to give; the caller frees. */
static char *serve(struct fixture *x, size_t len, struct fake_reply reply)
{
    char *bytes = malloc(len + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)('a' + (i * 2654435761u >> 11) % 26);
    bytes[len] = '\0';
    reply.status = 200;
    reply.body = bytes;
    answer_with(x, GET_FILE, reply);
    return bytes;
}

static int open_it(struct fixture *x, struct arrival **a, int64_t *size)
{
    struct record *r = document_at(x);
    int rc = arrival_open(x->remote, &x->call, DOC, r, a, size, &x->err);

    record_unref(r);
    return rc;
}

/* That the first len bytes are there, and are those of bytes. */
static void expect_bytes(struct fixture *x, struct arrival *a, const char *bytes, size_t len)
{
    struct watermark_state at;
    char *got = malloc(len);

    assert_non_null(got);
    assert_int_equal(arrival_wait(a, &x->call, (int64_t)len, &at, &x->err), 0);
    assert_int_equal(pread(at.fd, got, len, 0), len);
    assert_memory_equal(got, bytes, len);
    free(got);
}

static int wait_now(struct fixture *x, struct arrival *a, int64_t upto)
{
    struct call now = { .nowait = true };
    struct watermark_state at;

    return arrival_wait(a, &now, upto, &at, &x->err);
}

static bool is_cached(struct fixture *x)
{
    int64_t size;

    return content_size(x->content, DOC, &size) == 0;
}

static void until_cached(struct fixture *x)
{
    while (!is_cached(x))
        fake_sleep_ms(1);
}

/* What broke off is asked for again, a moment later. */
static void until_asked_again(struct fixture *x)
{
    while (requests(x) < 2) {
        fake_sleep_ms(1);
        pass(x, 10);
    }
}

static void the_first_bytes_are_read_before_the_last_have_come(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ .hold = 1000 });
    struct arrival *a;
    int64_t size = -1;

    assert_int_equal(open_it(x, &a, &size), 0);
    assert_int_equal(size, LARGE);
    expect_bytes(x, a, bytes, 1000);
    assert_int_equal(wait_now(x, a, 1001), -EWOULDBLOCK);
    assert_false(is_cached(x));
    fake_open_gate(&x->server);
    expect_bytes(x, a, bytes, LARGE);
    until_cached(x);
    arrival_leave(a);
    assert_int_equal(requests(x), 1);
    free(bytes);
}

static void what_is_small_is_whole_when_it_is_open(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, 5000, (struct fake_reply){ 0 });
    struct arrival *a;
    int64_t size = -1;

    assert_int_equal(open_it(x, &a, &size), 0);
    assert_int_equal(size, 5000);
    assert_int_equal(wait_now(x, a, INT64_MAX), 0);
    assert_true(is_cached(x));
    arrival_leave(a);
    free(bytes);
}

/* It ended after its caller had looked for it there. */
static void what_the_cache_has_is_not_fetched(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, 5000, (struct fake_reply){ 0 });
    struct arrival *a;
    int64_t size = -1;

    int rc;

    assert_int_equal(open_it(x, &a, &size), 0);
    arrival_leave(a);
    while ((rc = open_it(x, &a, &size)) == 0) /* its thread is about to end it: one joins it */
        arrival_leave(a);
    assert_int_equal(rc, -EALREADY);
    assert_int_equal(requests(x), 1);
    free(bytes);
}

static void who_comes_later_joins(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ .hold = 1000 });
    struct arrival *a, *b;
    int64_t size = -1;
    int fd = -1;

    assert_int_equal(open_it(x, &a, &size), 0);
    assert_int_equal(open_it(x, &b, &size), 0);
    assert_ptr_equal(a, b);
    arrival_leave(b);
    expect_bytes(x, a, bytes, 1000); /* one is still there */
    fake_open_gate(&x->server);
    assert_int_equal(arrival_finish(a, &x->call, &fd, &size, &x->err), 0);
    assert_int_equal(size, LARGE);
    close(fd);
    assert_true(is_cached(x));
    assert_int_equal(requests(x), 1);
    free(bytes);
}

static void who_may_not_wait_joins_too(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ .hold = 1000 });
    struct call now = { .nowait = true };
    struct record *r = document_at(x);
    struct arrival *a, *b;
    int64_t size = -1;

    assert_int_equal(arrival_open(x->remote, &now, DOC, r, &b, &size, &x->err), -EWOULDBLOCK);
    assert_int_equal(requests(x), 0);
    assert_int_equal(open_it(x, &a, &size), 0);
    assert_int_equal(arrival_open(x->remote, &now, DOC, r, &b, &size, &x->err), 0);
    arrival_leave(b);
    arrival_leave(a);
    record_unref(r);
    free(bytes);
}

static void when_all_have_left_it_is_given_up(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ .hold = 1000 });
    struct arrival *a;
    int64_t size = -1;

    assert_int_equal(open_it(x, &a, &size), 0);
    arrival_leave(a);
    fake_open_gate(&x->server);
    assert_int_equal(open_it(x, &a, &size), 0); /* it begins anew */
    expect_bytes(x, a, bytes, LARGE);
    arrival_leave(a);
    assert_int_equal(requests(x), 2);
    free(bytes);
}

static void what_is_half_here_comes_to_its_end(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ .hold = LARGE / 2 + 1 });
    struct arrival *a;
    int64_t size = -1;

    assert_int_equal(open_it(x, &a, &size), 0);
    expect_bytes(x, a, bytes, LARGE / 2);
    arrival_leave(a);
    fake_open_gate(&x->server);
    until_cached(x);
    assert_int_equal(requests(x), 1);
    free(bytes);
}

static void the_end_of_the_mount_gives_up_what_nobody_reads(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ .hold = LARGE / 2 + 1 });
    struct arrival *a;
    int64_t size = -1;

    assert_int_equal(open_it(x, &a, &size), 0);
    expect_bytes(x, a, bytes, LARGE / 2);
    arrivals_stop(x->remote);
    assert_int_equal(wait_now(x, a, LARGE), -EWOULDBLOCK); /* somebody does */
    arrival_leave(a);
    reopen_remote(x);
    assert_false(is_cached(x));
    free(bytes);
}

/* A try that breaks off in the middle is followed by one that has the same bytes. */
static void another_try_goes_on_where_it_was(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ 0 });
    struct arrival *a;
    int64_t size = -1;

    answer_once(x, GET_FILE, (struct fake_reply){ .status = 200, .body = bytes, .cut = LARGE / 2 });
    assert_int_equal(open_it(x, &a, &size), 0);
    expect_bytes(x, a, bytes, LARGE / 2);
    until_asked_again(x);
    expect_bytes(x, a, bytes, LARGE);
    arrival_leave(a);
    assert_int_equal(requests(x), 2);
    free(bytes);
}

/* With other bytes, or of another length, it is another content: no reader gets some of each. */
static void another_content_is_no_other_try(void **state)
{
    for (int longer = 0; longer <= 1; longer++) {
        struct fixture *x;
        void *own = NULL;
        struct arrival *a;
        int64_t size = -1;
        struct watermark_state at;
        char *bytes, *first;

        setup(&own);
        x = own;
        bytes = serve(x, LARGE + (size_t)longer, (struct fake_reply){ 0 });
        first = strdup(bytes);
        assert_non_null(first);
        first[LARGE] = '\0';
        first[100] ^= !longer;
        answer_once(x, GET_FILE,
                    (struct fake_reply){ .status = 200, .body = first, .cut = LARGE / 2 });
        assert_int_equal(open_it(x, &a, &size), 0);
        if (wait_now(x, a, LARGE / 2) == 0) /* the other try may have been as fast */
            expect_bytes(x, a, first, LARGE / 2);
        until_asked_again(x);
        assert_int_equal(arrival_wait(a, &x->call, LARGE, &at, &x->err), -EIO);
        assert_non_null(strstr(x->err.text, "not what it was"));
        assert_false(is_cached(x));
        arrival_leave(a);
        free(first);
        free(bytes);
        teardown(&own);
    }
    (void)state;
}

/* To a reader it is the middle of a file, whatever its address is by now. */
static void an_address_that_is_gone_in_the_middle_is_an_error_of_the_file(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ 0 });
    struct watermark_state at;
    struct arrival *a;
    int64_t size = -1;

    answer_status(x, GET_FILE, 404);
    answer_once(x, GET_FILE, (struct fake_reply){ .status = 200, .body = bytes, .cut = LARGE / 2 });
    assert_int_equal(open_it(x, &a, &size), 0);
    expect_bytes(x, a, bytes, 1000);
    until_asked_again(x);
    assert_int_equal(arrival_wait(a, &x->call, LARGE, &at, &x->err), -EIO);
    assert_int_equal(x->err.status, 404);
    arrival_leave(a);
    free(bytes);
}

static void a_disk_that_is_full_costs_a_second_get(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ 0 });
    struct arrival *a;
    int full = open("/dev/full", O_RDWR | O_CLOEXEC);
    int64_t size = -1;

    assert_true(full >= 0);
    next_writer_fd = full;
    assert_int_equal(open_it(x, &a, &size), 0);
    assert_int_equal(size, LARGE);
    expect_bytes(x, a, bytes, LARGE);
    arrival_leave(a);
    assert_int_equal(requests(x), 2);
    assert_false(is_cached(x)); /* it was in memory, for its reader */
    close(full);
    free(bytes);
}

static void what_is_larger_than_the_cache_is_read_all_the_same(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ 0 });
    struct arrival *a;
    int64_t size = -1;

    x->content_bytes = 0;
    reopen_remote(x);
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(open_it(x, &a, &size), 0);
        expect_bytes(x, a, bytes, LARGE);
        assert_int_equal(
            arrival_wait(a, &x->call, INT64_MAX, &(struct watermark_state){ 0 }, &x->err), 0);
        arrival_leave(a);
        assert_false(is_cached(x));
    }
    free(bytes);
}

static void a_refresh_begins_anew(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ .hold = 1000 });
    struct arrival *a, *b;
    int64_t size = -1;

    assert_int_equal(open_it(x, &a, &size), 0);
    known_forget_all(x->remote);
    assert_int_equal(open_it(x, &b, &size), 0);
    assert_ptr_not_equal(a, b);
    fake_open_gate(&x->server);
    expect_bytes(x, a, bytes, LARGE);
    expect_bytes(x, b, bytes, LARGE);
    arrival_leave(a);
    arrival_leave(b);
    assert_int_equal(requests(x), 2);
    free(bytes);
}

/* Its size is known from its head on, to stat(2) too. */
static void a_size_is_known_while_it_is_on_its_way(void **state)
{
    struct fixture *x = *state;
    char *bytes = serve(x, LARGE, (struct fake_reply){ .hold = 1000 });
    struct target t = target_of(RES_DOCUMENTS, DOC);
    struct arrival *a;
    int64_t size = -1;

    assert_int_equal(open_it(x, &a, &size), 0);
    size = -1;
    assert_int_equal(known_content_size(x->remote, &x->call, &t, &size, &x->err), 0);
    assert_int_equal(size, LARGE);
    assert_int_equal(requests(x), 1);
    arrival_leave(a);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(the_first_bytes_are_read_before_the_last_have_come),
        A_TEST(what_is_small_is_whole_when_it_is_open),
        A_TEST(what_the_cache_has_is_not_fetched),
        A_TEST(who_comes_later_joins),
        A_TEST(who_may_not_wait_joins_too),
        A_TEST(when_all_have_left_it_is_given_up),
        A_TEST(what_is_half_here_comes_to_its_end),
        A_TEST(the_end_of_the_mount_gives_up_what_nobody_reads),
        A_TEST(another_try_goes_on_where_it_was),
        cmocka_unit_test(another_content_is_no_other_try),
        A_TEST(an_address_that_is_gone_in_the_middle_is_an_error_of_the_file),
        A_TEST(a_disk_that_is_full_costs_a_second_get),
        A_TEST(what_is_larger_than_the_cache_is_read_all_the_same),
        A_TEST(a_refresh_begins_anew),
        A_TEST(a_size_is_known_while_it_is_on_its_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
