/* A document's bytes on their way: into a request as base64, and out of an answer. */
#include "base64_groups.h"
#include "scan.h"
#include "upload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "array.h"
#include "file.h"

#include "banned.h"

/* --- Upload ---------------------------------------------------------------------------------- */

static int file_of(const void *data, size_t len)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(file_pwrite_all(fd, data, len, 0), 0);
    return fd;
}

/* Reads all of u in pieces of at most chunk bytes. */
static void read_all(struct upload *u, size_t chunk, struct buf *out)
{
    char *piece = malloc(chunk);
    ssize_t n;

    while ((n = upload_read(u, piece, chunk)) > 0) {
        assert_true((size_t)n <= chunk);
        assert_int_equal(buf_add(out, piece, (size_t)n), 0);
    }
    assert_int_equal(n, 0);
    free(piece);
}

static void upload_is_head_base64_and_tail(void **state)
{
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t len = strlen(rows[i].bytes);
        int fd = file_of(rows[i].bytes, len);
        char whole[64];

        snprintf(whole, sizeof(whole), "<head>%s<tail>", rows[i].text);
        for (size_t chunk = 1; chunk < 20; chunk++) {
            struct upload u = { .head = "<head>",
                                .head_len = 6,
                                .tail = "<tail>",
                                .tail_len = 6,
                                .fd = fd,
                                .fd_len = (int64_t)len };
            struct buf out = BUF_INIT(1000);

            print_message("%s by %zu\n", rows[i].bytes, chunk);
            assert_int_equal(upload_size(&u), strlen(whole));
            read_all(&u, chunk, &out);
            assert_string_equal(out.data, whole);
            buf_release(&out);
        }
        close(fd);
    }
}

static void upload_can_go_on_from_anywhere(void **state)
{
    unsigned char bytes[1000];
    struct upload u = {
        .head = "{", .head_len = 1, .tail = "}", .tail_len = 1, .fd_len = sizeof(bytes)
    };
    struct buf whole = BUF_INIT(4000);

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 7);
    u.fd = file_of(bytes, sizeof(bytes));
    read_all(&u, 4096, &whole);
    for (size_t from = 0; from <= whole.len; from++) {
        struct buf rest = BUF_INIT(4000);

        u.at = (int64_t)from;
        read_all(&u, 333, &rest);
        assert_string_equal(buf_str(&rest), whole.data + from);
        buf_release(&rest);
    }
    buf_release(&whole);
    close(u.fd);
}

static void upload_without_a_file_is_its_text(void **state)
{
    struct upload u = { .head = "{}", .head_len = 2, .fd = -1 };
    struct buf out = BUF_INIT(100);

    (void)state;
    assert_int_equal(upload_size(&u), 2);
    read_all(&u, 1, &out);
    assert_string_equal(out.data, "{}");
    buf_release(&out);
}

static void upload_of_a_file_that_shrank_fails(void **state)
{
    struct upload u = { .head = "", .fd_len = 100000 };
    char piece[4096];
    ssize_t n;

    (void)state;
    u.fd = file_of("short", 5);
    do
        n = upload_read(&u, piece, sizeof(piece));
    while (n > 0);
    assert_int_equal(n, -EIO);
    close(u.fd);
}

/* --- Scan ------------------------------------------------------------------------------------ */

/* Feeds text in pieces of at most chunk bytes; 0 or what went wrong. */
static int scan_all(struct scan *s, const char *text, size_t len, size_t chunk)
{
    for (size_t at = 0; at < len; at += chunk) {
        int rc = scan_feed(s, text + at, len - at < chunk ? len - at : chunk);

        if (rc < 0)
            return rc;
    }
    return scan_end(s);
}

static void content_is_taken_out(void **state)
{
    static const struct {
        const char *answer, *rest, *content; /* content NULL: none */
    } rows[] = {
        { "{\"content\": \"Zm9v\"}", "{\"content\": \"\"}", "foo" },
        { "{\"a\":1,\"content\":\"Zm9vYg==\",\"b\":2}", "{\"a\":1,\"content\":\"\",\"b\":2}",
          "foob" },
        { "{\"a\":1,\n \"content\" :\t\"Zm9vYmE=\"\n}", "{\"a\":1,\n \"content\" :\t\"\"\n}",
          "fooba" },
        { "{\"content\": \"\"}", "{\"content\": \"\"}", "" },
        { "{\"content\": null}", "{\"content\": null}", NULL },
        { "{\"content\": [\"Zm9v\"]}", "{\"content\": [\"Zm9v\"]}", NULL },
        { "{\"content\": {\"content\": \"Zm9v\"}}", "{\"content\": {\"content\": \"Zm9v\"}}",
          NULL },
        { "{\"a\": {\"content\": \"Zm9v\"}}", "{\"a\": {\"content\": \"Zm9v\"}}", NULL },
        { "{\"a\": [\"content\", \"Zm9v\"]}", "{\"a\": [\"content\", \"Zm9v\"]}", NULL },
        { "{\"a\": \"content\", \"b\": \"Zm9v\"}", "{\"a\": \"content\", \"b\": \"Zm9v\"}", NULL },
        { "[{\"content\": \"Zm9v\"}]", "[{\"content\": \"Zm9v\"}]", NULL },
        { "[\"content\", \"Zm9v\"]", "[\"content\", \"Zm9v\"]", NULL },
        { "{\"contentType\": \"x\", \"content\": \"Zm9v\"}",
          "{\"contentType\": \"x\", \"content\": \"\"}", "foo" },
        { "{\"xcontent\": \"x\", \"conten\": \"y\"}", "{\"xcontent\": \"x\", \"conten\": \"y\"}",
          NULL },
        { "{\"a\": \"}\\\"{\", \"content\": \"Zm9v\"}", "{\"a\": \"}\\\"{\", \"content\": \"\"}",
          "foo" },
        { "{\"a\\\\\": {}, \"content\": \"Zm9v\"}", "{\"a\\\\\": {}, \"content\": \"\"}", "foo" },
        { "{\"\\u0063on\\u0074ent\": \"Zm9v\"}", "{\"\\u0063on\\u0074ent\": \"\"}", "foo" },
        { "{\"\\u0064ontent\": \"Zm9v\"}", "{\"\\u0064ontent\": \"Zm9v\"}", NULL },
        { "{\"\\ncontent\": \"Zm9v\"}", "{\"\\ncontent\": \"Zm9v\"}", NULL },
        { "{\"content\": \"\\/\\/\\/\\/\"}", "{\"content\": \"\"}", "\xff\xff\xff" },
        { "{\"content\": \"\\u005am\\u0039v\"}", "{\"content\": \"\"}", "foo" },
        { "{\"content\": \"Zm9v\\nYm\\r\\nFy\\t\"}", "{\"content\": \"\"}", "foobar" },
        { "{\"content\": \"Zm 9v\"}", "{\"content\": \"\"}", "foo" },
        { "{\"x\": {\"y\": [{}, [1, {\"z\": 2}]]}, \"content\": \"Zm9v\"}",
          "{\"x\": {\"y\": [{}, [1, {\"z\": 2}]]}, \"content\": \"\"}", "foo" },
        { "", "", NULL },
        { "not json", "not json", NULL },
        { "}}}{\"content\": \"Zm9v\"", "}}}{\"content\": \"\"", "foo" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t len = strlen(rows[i].answer);

        print_message("%s\n", rows[i].answer);
        for (size_t chunk = 1; chunk <= len + 1; chunk++) {
            int fd = memfd_create("test", MFD_CLOEXEC);
            struct buf rest = BUF_INIT(1000), content = BUF_INIT(1000);
            struct scan s;

            scan_init(&s, fd, &rest);
            assert_int_equal(scan_all(&s, rows[i].answer, len, chunk), 0);
            assert_string_equal(buf_str(&rest), rows[i].rest);
            assert_int_equal(file_read_fd(fd, &content), 0);
            assert_string_equal(buf_str(&content), rows[i].content ? rows[i].content : "");
            assert_int_equal(s.size, rows[i].content ? (int64_t)strlen(rows[i].content) : -1);
            scan_release(&s);
            buf_release(&rest);
            buf_release(&content);
            close(fd);
        }
    }
}

static void malformed_content_is_refused(void **state)
{
    static const char *const rows[] = {
        "{\"content\": \"Zm9\"}",
        "{\"content\": \"Z\"}",
        "{\"content\": \"Zm9v=\"}",
        "{\"content\": \"Zg==Zg==\"}",
        "{\"content\": \"Zm-_\"}",
        "{\"content\": \"\\b\"}",
        "{\"content\": \"\\u00e9\"}",
        "{\"content\": \"\\u00zz\"}",
        "{\"content\": \"\\\"\"}",
        "{\"content\": \"Zm9v",
        "{\"content\": \"Zm9v\\",
        "{\"content\": \"Zm9v\\u00",
        "{\"content\": \"Zm9v\", \"content\": \"Zm9v\"}",
        "{\"content\": \"\xc3\xa9\"}",
        "{\"content\": \"====\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t len = strlen(rows[i]);

        print_message("%s\n", rows[i]);
        for (size_t chunk = 1; chunk <= len; chunk++) {
            struct buf rest = BUF_INIT(1000);
            struct scan s;

            scan_init(&s, -1, &rest);
            assert_int_equal(scan_all(&s, rows[i], len, chunk), -EIO);
            scan_release(&s);
            buf_release(&rest);
        }
    }
}

static void what_is_kept_has_a_maximum(void **state)
{
    static const char answer[] = "{\"a\": \"0123456789\", \"content\": \"Zm9v\"}";
    struct buf rest = BUF_INIT(10);
    struct scan s;

    (void)state;
    scan_init(&s, -1, &rest);
    assert_int_equal(scan_all(&s, answer, strlen(answer), 5), -EFBIG);
    scan_release(&s);
    buf_release(&rest);
}

static void a_disk_that_refuses_is_told(void **state)
{
    static const char answer[] = "{\"content\": \"Zm9v\"}";
    struct buf rest = BUF_INIT(100);
    int fds[2];
    struct scan s;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    scan_init(&s, fds[1], &rest);
    assert_int_equal(scan_all(&s, answer, strlen(answer), 100), -ESPIPE);
    scan_release(&s);
    buf_release(&rest);
    close(fds[0]);
    close(fds[1]);
}

/* Whatever else stands between them, and wherever it is cut, all bytes come, and each once. */
static void blocks_join_whatever_stands_between(void **state)
{
    static const char *const between[] = { "", "\\n", " ", "\\u005a", "\\/" };
    unsigned char bytes[300];

    (void)state;
    for (size_t k = 0; k < sizeof(bytes); k++)
        bytes[k] = (unsigned char)(k * 11);
    for (size_t i = 0; i < ARRAY_LEN(between); i++) {
        struct buf text = BUF_INIT(4 << 20), rest = BUF_INIT(100), back = BUF_INIT(4 << 20);
        char group[BASE64_ENCODE_RAW_LENGTH(sizeof(bytes)) + 1] = "";
        bool counts = i >= 3; /* four of them are a group */
        size_t length = 0;
        int fd = memfd_create("test", MFD_CLOEXEC);
        struct scan s;

        print_message("'%s'\n", between[i]);
        base64_encode_raw(group, sizeof(bytes), bytes);
        assert_int_equal(buf_adds(&text, "{\"content\": \""), 0);
        for (size_t n = 0; n < 3000; n++) {
            assert_int_equal(buf_addf(&text, "%.*s", (int)sizeof(group) - 1, group), 0);
            for (size_t k = 0; k < (counts ? 4 : 1); k++)
                assert_int_equal(buf_adds(&text, between[i]), 0);
            length += sizeof(bytes) + (counts ? 3 : 0);
        }
        assert_int_equal(buf_adds(&text, "\"}"), 0);
        scan_init(&s, fd, &rest);
        assert_int_equal(scan_all(&s, text.data, text.len, 16384 + i), 0);
        assert_int_equal(s.size, length);
        assert_int_equal(file_read_fd(fd, &back), 0);
        assert_int_equal(back.len, length);
        for (size_t at = 0; at < length; at += sizeof(bytes) + (counts ? 3 : 0))
            assert_memory_equal(back.data + at, bytes, sizeof(bytes));
        scan_release(&s);
        buf_release(&text);
        buf_release(&rest);
        buf_release(&back);
        close(fd);
    }
}

static void what_was_sent_comes_back(void **state)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 4095, 4096, 4097, 12287, 12288, 12289, 1 << 20 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        unsigned char *bytes = malloc(sizes[i] + 1);
        struct upload u = { .head = "{\"content\": \"",
                            .head_len = 13,
                            .tail = "\"}",
                            .tail_len = 2,
                            .fd_len = (int64_t)sizes[i] };
        struct buf text = BUF_INIT(4 << 20), rest = BUF_INIT(100), back = BUF_INIT(4 << 20);
        int fd = memfd_create("test", MFD_CLOEXEC);
        struct scan s;

        print_message("%zu\n", sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            bytes[k] = (unsigned char)((k * 2654435761u) >> 13);
        u.fd = file_of(bytes, sizes[i]);
        read_all(&u, 65536, &text);
        scan_init(&s, fd, &rest);
        assert_int_equal(scan_all(&s, text.data, text.len, 16384), 0);
        assert_int_equal(s.size, sizes[i]);
        assert_int_equal(file_read_fd(fd, &back), 0);
        assert_int_equal(back.len, sizes[i]);
        if (sizes[i])
            assert_memory_equal(back.data, bytes, sizes[i]);
        scan_release(&s);
        buf_release(&text);
        buf_release(&rest);
        buf_release(&back);
        close(u.fd);
        close(fd);
        free(bytes);
    }
}

/* Each character at each place of a text of three groups, beside what nettle makes of it. */
static void plain_groups_are_as_nettle_has_them(void **state)
{
    static const char plain[] = "QUJDREVGZ2hpamts/+09";

    (void)state;
    for (size_t len = 0; len < sizeof(plain); len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 0; c < 256; c++) {
                char text[sizeof(plain)];
                uint8_t got[sizeof(plain)] = { 0 }, wanted[sizeof(plain)] = { 0 };
                struct base64_decode_ctx ctx;
                size_t n, whole, bytes = sizeof(wanted);

                memcpy(text, plain, sizeof(plain));
                text[at] = (char)c;
                whole = isalnum(c) || c == '+' || c == '/' ? len : at;
                n = base64_groups(text, len, got);
                assert_int_equal(n, whole / 4 * 4);
                base64_decode_init(&ctx);
                assert_true(base64_decode_update(&ctx, &bytes, wanted, n, text));
                assert_int_equal(bytes, n / 4 * 3);
                assert_memory_equal(got, wanted, bytes);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_groups_are_as_nettle_has_them),
        cmocka_unit_test(upload_is_head_base64_and_tail),
        cmocka_unit_test(upload_can_go_on_from_anywhere),
        cmocka_unit_test(upload_without_a_file_is_its_text),
        cmocka_unit_test(upload_of_a_file_that_shrank_fails),
        cmocka_unit_test(content_is_taken_out),
        cmocka_unit_test(malformed_content_is_refused),
        cmocka_unit_test(what_is_kept_has_a_maximum),
        cmocka_unit_test(a_disk_that_refuses_is_told),
        cmocka_unit_test(blocks_join_whatever_stands_between),
        cmocka_unit_test(what_was_sent_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
