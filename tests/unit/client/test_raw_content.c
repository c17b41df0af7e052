/* Contents at an address of their own: who is asked for them, with what, and what comes of it. */
#include "backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "array.h"
#include "client_fixture.h"
#include "file.h"

#include "banned.h"

#define MIB ((size_t)1 << 20)

/* A document whose content is at url, as an answer gave it. */
static struct record *document_at(const char *url)
{
    struct buf text = BUF_INIT(8192);
    struct record *r = NULL;

    assert_int_equal(buf_addf(&text, "{\"documentId\": \"" DOC "\", \"fileUrl\": \"%s\"}", url), 0);
    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text.data, text.len, &r), 0);
    buf_release(&text);
    return r;
}

static struct record *document_of(const struct fake_server *s)
{
    char url[64];

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/files/1?part=a/b", s->port);
    return document_at(url);
}

static char *some_bytes(size_t len)
{
    char *bytes = malloc(len + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((i * 2654435761u) >> 11);
    return bytes;
}

/* Into a file that has more in it than it should. */
static int get_from(struct fixture *x, struct record *r, struct buf *got, int64_t *size)
{
    int fd = memfd_create("test", MFD_CLOEXEC), rc;

    assert_int_equal(file_pwrite_all(fd, "what was there before", 21, 0), 0);
    rc = backend_get_raw(x->be, &x->call, r, &(struct content_sink){ .fd = fd }, size, &x->err);
    assert_int_equal(file_read_fd(fd, got), 0);
    close(fd);
    return rc;
}

static void expect_bearer(const struct fixture *x, bool there)
{
    assert_int_equal(strcasestr(x->script.head, "\r\nAuthorization:") != NULL, there);
}

static void get_raw_streams_the_bytes(void **state)
{
    static const size_t sizes[] = { 1, 4097, 5 * MIB, 64 * MIB };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *bytes = some_bytes(sizes[i]);
        struct fake_reply reply = { .status = 200, .body = bytes, .body_len = sizes[i] };
        struct buf got = BUF_INIT(65 * MIB);
        struct fixture x = { 0 };
        struct record *r;
        int64_t size = -7;

        print_message("%zu\n", sizes[i]);
        begin_with(&x, &reply, 1);
        r = document_of(&x.server);
        assert_int_equal(get_from(&x, r, &got, &size), 0);
        assert_int_equal(size, sizes[i]);
        assert_int_equal(got.len, sizes[i]);
        assert_memory_equal(got.data, bytes, sizes[i]);
        assert_string_equal(x.script.method, "GET");
        assert_string_equal(x.script.path, "/files/1?part=a/b");
        expect_bearer(&x, true);
        assert_int_equal(fake_count(&x.server, false), 1);
        record_unref(r);
        end(&x);
        buf_release(&got);
        free(bytes);
    }
}

/* What is asked for stands behind the address's own query, or begins one. */
static void get_picture_says_what_is_asked_for(void **state)
{
    static const struct {
        const char *address, *path;
    } cases[] = {
        { "files/1", "/files/1?page=0&width=300" },
        { "files/1?part=a/b", "/files/1?part=a/b&page=0&width=300" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake_reply reply = { .status = 200, .body = "a picture" };
        struct buf got = BUF_INIT(MIB);
        struct fixture x = { 0 };
        int fd = memfd_create("test", MFD_CLOEXEC);
        struct record *r;
        int64_t size = -7;
        char url[64];

        print_message("%s\n", cases[i].address);
        begin_with(&x, &reply, 1);
        snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", x.server.port, cases[i].address);
        r = document_at(url);
        assert_int_equal(
            backend_get_picture(x.be, &x.call, r, "page=0&width=300", fd, &size, &x.err), 0);
        assert_string_equal(x.script.path, cases[i].path);
        assert_int_equal(size, 9);
        assert_int_equal(file_read_fd(fd, &got), 0);
        assert_string_equal(buf_str(&got), "a picture");
        record_unref(r);
        end(&x);
        buf_release(&got);
        close(fd);
    }
}

/* What a sink is told. */
struct told {
    int64_t expected, arrived;
};

static int expect_size(void *arg, int64_t size)
{
    ((struct told *)arg)->expected = size;
    return 0;
}

static void note_arrived(void *arg, int64_t size)
{
    struct told *told = arg;

    assert_true(size > told->arrived);
    told->arrived = size;
}

/* An answer's head tells how long the content is, unless that is the length of something else. */
static void get_raw_tells_how_long_it_will_be(void **state)
{
    static const char zipped[] =
        "\037\213\010\000\000\000\000\000\002\003\053\311\110\125\110\252\054\111\055"
        "\126\310\117\123\110\124\110\311\117\056\315\115\315\053\001\000\336\256\230"
        "\262\027\000\000\000";
    static const struct {
        struct fake_reply reply;
        int64_t expected, size;
    } cases[] = {
        { { .status = 200, .body = "plain bytes" }, 11, 11 },
        { { .status = 200,
            .headers = "Content-Encoding: gzip\r\n",
            .body = zipped,
            .body_len = sizeof(zipped) - 1 },
          -1,
          23 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct told told = { -1, 0 };
        struct content_sink to = { .expect = expect_size, .arrived = note_arrived, .arg = &told };
        struct fixture x = { 0 };
        struct record *r;
        int64_t size = -7;

        begin_with(&x, &cases[i].reply, 1);
        r = document_of(&x.server);
        to.fd = memfd_create("test", MFD_CLOEXEC);
        assert_int_equal(backend_get_raw(x.be, &x.call, r, &to, &size, &x.err), 0);
        assert_int_equal(size, cases[i].size);
        assert_int_equal(told.expected, cases[i].expected);
        assert_int_equal(told.arrived, cases[i].size);
        close(to.fd);
        record_unref(r);
        end(&x);
    }
}

static void a_head_tells_the_size(void **state)
{
    static const struct {
        struct fake_reply reply;
        int rc;
        int64_t size;
    } cases[] = {
        { { .status = 200, .body = "plain bytes" }, 0, 11 },
        { { .status = 200, .body = "" }, -EOPNOTSUPP, -7 },
        { { .status = 200, .headers = "Content-Encoding: gzip\r\n", .body = "?" },
          -EOPNOTSUPP,
          -7 },
        { { .status = 404 }, -EOPNOTSUPP, -7 },
        { { .status = 405 }, -EOPNOTSUPP, -7 },
        { { .status = 415 }, -EOPNOTSUPP, -7 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture x = { 0 };
        struct record *r;
        int64_t size = -7;

        print_message("%zu\n", i);
        begin_with(&x, &cases[i].reply, 1);
        r = document_of(&x.server);
        assert_int_equal(backend_get_raw_size(x.be, &x.call, r, &size, &x.err), cases[i].rc);
        assert_int_equal(size, cases[i].size);
        assert_string_equal(x.script.method, "HEAD");
        expect_bearer(&x, true);
        assert_int_equal(fake_count(&x.server, false), 1);
        record_unref(r);
        end(&x);
    }
}

static void get_raw_takes_no_more_than_the_table_says(void **state)
{
    char *bytes = some_bytes(64 * MIB + 1);
    struct fake_reply reply = { .status = 200, .body = bytes, .body_len = 64 * MIB + 1 };
    struct buf got = BUF_INIT(65 * MIB);
    struct fixture x = { 0 };
    struct record *r;
    int64_t size = -7;

    (void)state;
    begin_with(&x, &reply, 1);
    r = document_of(&x.server);
    assert_int_equal(get_from(&x, r, &got, &size), -EIO);
    assert_non_null(strstr(x.err.text, "larger than 64 MiB"));
    assert_int_equal(size, -7);
    record_unref(r);
    end(&x);
    buf_release(&got);
    free(bytes);
}

static void get_raw_is_tried_again_from_the_start(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = "another content", .cut = 9 },
        { .status = 503, .body = "{\"message\": \"wait a little, please\"}" },
        { .status = 200, .body = "bytes" },
    };
    struct buf got = BUF_INIT(100);
    struct fixture x = { .clock = clock_real() };
    struct record *r;
    int64_t size = -7;

    (void)state;
    begin_with(&x, replies, 3);
    r = document_of(&x.server);
    assert_int_equal(get_from(&x, r, &got, &size), 0);
    assert_int_equal(size, 5);
    assert_int_equal(got.len, 5);
    assert_memory_equal(got.data, "bytes", 5);
    assert_int_equal(fake_count(&x.server, false), 3);
    record_unref(r);
    buf_release(&got);
    end(&x);
}

static void what_the_place_says_is_the_failure(void **state)
{
    static const struct {
        int status, rc;
    } cases[] = { { 404, -ENOENT }, { 400, -EINVAL }, { 413, -EFBIG }, { 403, -EACCES } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake_reply reply = { .status = cases[i].status,
                                    .body = "{\"message\": \"those words\"}" };
        struct content_source content = { memfd_create("test", MFD_CLOEXEC), 0 };
        struct buf got = BUF_INIT(100);
        struct fixture x = { 0 };
        struct record *r;
        int64_t size = -7;

        print_message("%d\n", cases[i].status);
        begin_with(&x, &reply, 1);
        r = document_of(&x.server);
        assert_int_equal(get_from(&x, r, &got, &size), cases[i].rc);
        assert_string_equal(x.err.text, "those words");
        assert_int_equal(x.err.status, cases[i].status);
        assert_int_equal(size, -7);
        assert_int_equal(got.len, 21);
        assert_int_equal(backend_put_raw(x.be, &x.call, r, "image/png", content, &x.err),
                         cases[i].rc);
        assert_string_equal(x.err.text, "those words");
        close(content.fd);
        record_unref(r);
        buf_release(&got);
        end(&x);
    }
}

static void put_raw_sends_the_bytes_as_they_are(void **state)
{
    static const size_t sizes[] = { 1, 4097, 5 * MIB };
    static const struct fake_reply replies[] = { { .status = 200 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct content_source content = { memfd_create("test", MFD_CLOEXEC), (int64_t)sizes[i] };
        char *bytes = some_bytes(sizes[i]);
        char length[64];
        struct fixture x = { 0 };
        struct record *r;

        for (size_t at = 0; at < sizes[i]; at++)
            bytes[at] |= 1; /* no NUL: the script keeps text */
        bytes[sizes[i]] = '\0';
        assert_int_equal(file_pwrite_all(content.fd, bytes, sizes[i], 0), 0);
        begin_with(&x, replies, 1);
        r = document_of(&x.server);
        assert_int_equal(backend_put_raw(x.be, &x.call, r, "image/png", content, &x.err), 0);
        assert_string_equal(x.script.method, "PUT");
        assert_string_equal(x.script.path, "/files/1?part=a/b");
        assert_non_null(strcasestr(x.script.head, "\r\nContent-Type: image/png\r\n"));
        snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", sizes[i]);
        assert_non_null(strcasestr(x.script.head, length));
        assert_string_equal(x.script.body, bytes);
        expect_bearer(&x, true);
        record_unref(r);
        end(&x);
        close(content.fd);
        free(bytes);
    }
}

static void put_raw_is_tried_again(void **state)
{
    static const struct fake_reply replies[] = { { .status = 0 },
                                                 { .status = 502 },
                                                 { .status = 200 } };
    struct content_source content = { memfd_create("test", MFD_CLOEXEC), 5 };
    struct fixture x = { .clock = clock_real() };
    struct record *r;

    (void)state;
    assert_int_equal(file_pwrite_all(content.fd, "bytes", 5, 0), 0);
    begin_with(&x, replies, 3);
    r = document_of(&x.server);
    assert_int_equal(backend_put_raw(x.be, &x.call, r, "image/png", content, &x.err), 0);
    assert_string_equal(x.script.body, "bytes");
    assert_int_equal(fake_count(&x.server, false), 3);
    record_unref(r);
    end(&x);
    close(content.fd);
}

static void a_fresh_token_is_got_for_the_apis_own_host(void **state)
{
    static const struct fake_reply replies[] = { { .status = 401 },
                                                 { .status = 200, .body = "bytes" } };
    struct buf got = BUF_INIT(100);
    struct fixture x = { 0 };
    struct record *r;
    int64_t size;

    (void)state;
    begin_with(&x, replies, 2);
    r = document_of(&x.server);
    assert_int_equal(get_from(&x, r, &got, &size), 0);
    assert_int_equal(fake_count(&x.server, true), 2);
    assert_non_null(strstr(x.script.head, "Bearer tok-2"));
    record_unref(r);
    buf_release(&got);
    end(&x);
}

static void another_host_gets_no_token(void **state)
{
    static const struct fake_reply good = { .status = 200, .body = "bytes" };
    static const struct fake_reply bad = { .status = 401, .body = "{\"message\": \"who?\"}" };
    struct fixture x = { 0 }, other = { 0 };
    struct buf got = BUF_INIT(100);
    struct record *r;
    int64_t size;

    (void)state;
    begin(&x);
    begin_with(&other, &good, 1);
    r = document_of(&other.server);
    assert_int_equal(get_from(&x, r, &got, &size), 0);
    assert_int_equal(size, 5);
    expect_bearer(&other, false);
    other.script.replies = &bad;
    assert_int_equal(get_from(&x, r, &got, &size), -EACCES);
    expect_bearer(&other, false);
    assert_int_equal(fake_count(&other.server, false), 2);
    assert_int_equal(fake_count(&x.server, true), 0);
    record_unref(r);
    buf_release(&got);
    end(&other);
    end(&x);
}

/* It says nothing of the API. */
static void another_host_does_not_open_the_breaker(void **state)
{
    static const struct fake_reply bad = { .status = 500 };
    struct fixture x = { .clock = clock_real() }, other = { 0 };
    struct buf got = BUF_INIT(100);
    struct backend_stats stats;
    struct record *r;
    int64_t size;

    (void)state;
    begin(&x);
    begin_with(&other, &bad, 1);
    r = document_of(&other.server);
    for (int i = 0; i < 6; i++) {
        buf_reset(&got);
        assert_int_equal(get_from(&x, r, &got, &size), -EIO);
    }
    backend_get_stats(x.be, &stats);
    assert_false(stats.down);
    record_unref(r);
    buf_release(&got);
    end(&other);
    end(&x);
}

static void an_address_that_will_not_do_is_not_asked(void **state)
{
    static const char *const urls[] = {
        "http://192.0.2.1/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "/files/1",
        "https://user@127.0.0.1/x",
        "http://127.0.0.1 /x",
        "",
    };
    struct buf got = BUF_INIT(100);
    struct fixture x = { 0 };
    int64_t size;

    (void)state;
    begin(&x);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct record *r = document_at(urls[i]);

        print_message("%s\n", urls[i]);
        buf_reset(&got);
        assert_int_equal(get_from(&x, r, &got, &size), -EIO);
        assert_non_null(strstr(x.err.text, "fileUrl"));
        record_unref(r);
    }
    assert_int_equal(fake_count(&x.server, false), 0);
    buf_release(&got);
    end(&x);
}

static void a_record_without_an_address_is_an_error(void **state)
{
    static const char text[] = "{\"documentId\": \"" DOC "\", \"fileUrl\": null}";
    struct buf got = BUF_INIT(100);
    struct record *r = NULL;
    struct fixture x = { 0 };
    int64_t size;

    (void)state;
    begin(&x);
    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text, strlen(text), &r), 0);
    assert_false(record_has_url(r));
    assert_int_equal(get_from(&x, r, &got, &size), -EIO);
    record_unref(r);
    buf_release(&got);
    end(&x);
}

/* --- How large it may be --------------------------------------------------------------------- */

#define INLINE_MAX 4687500
#define URL_MAX (64 * 1024 * 1024)
#define WITH_URL "{\"documentId\": \"" DOC "\", \"fileUrl\": \"http://127.0.0.1/x\"}"
#define LIST(rows) "{\"documents\": [" rows "], \"nextToken\": null}"

static void expect_max(struct fixture *x, int64_t max, bool sure)
{
    int64_t got = -1;

    assert_int_equal(backend_content_max(x->be, resource_get(RES_DOCUMENTS), &got), sure);
    assert_int_equal(got, max);
}

static void an_answer_tells_how_large_a_content_may_be(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = A_DOCUMENT },
        { .status = 200, .body = WITH_URL },
        { .status = 200, .body = A_DOCUMENT },
    };
    struct fixture x = { 0 };
    int64_t max;

    (void)state;
    begin_with(&x, replies, ARRAY_LEN(replies));
    expect_max(&x, INLINE_MAX, false);
    assert_int_equal(get_document(&x), 0);
    expect_max(&x, INLINE_MAX, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get_document(&x), 0);
        expect_max(&x, URL_MAX, true);
    }
    assert_true(backend_content_max(x.be, resource_get(RES_ASSETS), &max));
    assert_int_equal(max, INLINE_MAX);
    end(&x);
}

static void the_server_is_asked_how_large_a_content_may_be(void **state)
{
    static const struct {
        struct fake_reply replies[2];
        unsigned requests;
        int64_t max;
        bool sure;
    } cases[] = {
        { { { .status = 200, .body = LIST("") } }, 1, INLINE_MAX, false },
        { { { .status = 200, .body = LIST(WITH_URL) } }, 1, URL_MAX, true },
        { { { .status = 200, .body = LIST(A_DOCUMENT) }, { .status = 200, .body = A_DOCUMENT } },
          2,
          INLINE_MAX,
          true },
        { { { .status = 200, .body = LIST(A_DOCUMENT) }, { .status = 200, .body = WITH_URL } },
          2,
          URL_MAX,
          true },
        { { { .status = 200, .body = LIST(A_DOCUMENT) }, { .status = 404 } },
          2,
          INLINE_MAX,
          false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture x = { 0 };
        int64_t max = -1;

        print_message("%zu\n", i);
        begin_with(&x, cases[i].replies, cases[i].requests);
        assert_int_equal(
            backend_ask_content_max(x.be, &x.call, resource_get(RES_DOCUMENTS), &max, &x.err), 0);
        assert_int_equal(max, cases[i].max);
        assert_int_equal(fake_count(&x.server, false), cases[i].requests);
        expect_max(&x, cases[i].max, cases[i].sure);
        end(&x);
    }
}

static void a_server_that_cannot_say_is_a_failure(void **state)
{
    static const struct fake_reply replies[] = { { .status = 400 } };
    struct fixture x = { 0 };
    int64_t max = -1;

    (void)state;
    begin_with(&x, replies, 1);
    assert_int_equal(
        backend_ask_content_max(x.be, &x.call, resource_get(RES_DOCUMENTS), &max, &x.err), -EINVAL);
    assert_int_equal(max, -1);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_raw_streams_the_bytes),
        cmocka_unit_test(get_picture_says_what_is_asked_for),
        cmocka_unit_test(get_raw_tells_how_long_it_will_be),
        cmocka_unit_test(a_head_tells_the_size),
        cmocka_unit_test(get_raw_takes_no_more_than_the_table_says),
        cmocka_unit_test(get_raw_is_tried_again_from_the_start),
        cmocka_unit_test(what_the_place_says_is_the_failure),
        cmocka_unit_test(put_raw_sends_the_bytes_as_they_are),
        cmocka_unit_test(put_raw_is_tried_again),
        cmocka_unit_test(a_fresh_token_is_got_for_the_apis_own_host),
        cmocka_unit_test(another_host_gets_no_token),
        cmocka_unit_test(another_host_does_not_open_the_breaker),
        cmocka_unit_test(an_address_that_will_not_do_is_not_asked),
        cmocka_unit_test(a_record_without_an_address_is_an_error),
        cmocka_unit_test(an_answer_tells_how_large_a_content_may_be),
        cmocka_unit_test(the_server_is_asked_how_large_a_content_may_be),
        cmocka_unit_test(a_server_that_cannot_say_is_a_failure),
    };

    return cmocka_run_group_tests_name("raw_content", tests, NULL, NULL);
}
