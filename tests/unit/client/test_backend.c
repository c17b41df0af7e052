/* The client's verbs against a server on loopback: what they send, and what they make of it. */
#include "backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <nettle/base64.h>
#include <sys/mman.h>

#include "array.h"
#include "client_fixture.h"
#include "file.h"

#include "banned.h"

#define DATASET "las:dataset:" HEX
#define TRANSITION "las:transition:" HEX
#define EXECUTION "las:transition-execution:" HEX

static void expect_head(const struct fixture *x, const char *line)
{
    if (!strcasestr(x->script.head, line))
        print_message("no %s in\n%s\n", line, x->script.head);
    assert_non_null(strcasestr(x->script.head, line));
}

/* --- What is sent ---------------------------------------------------------------------------- */

static void get_sends_what_the_api_wants(void **state)
{
    static const struct fake_reply replies[] = { { .status = 200, .body = A_DOCUMENT } };
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, replies, 1);
    assert_int_equal(get_document(&x), 0);
    assert_string_equal(x.script.method, "GET");
    assert_string_equal(x.script.path, "/v1/documents/" DOC);
    expect_head(&x, "\r\nAuthorization: Bearer tok-1\r\n");
    expect_head(&x, "\r\nContent-Type: application/json\r\n");
    expect_head(&x, "\r\nAccept-Encoding: ");
    end(&x);
}

static void list_follows_the_table(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = "{\"documents\": [" A_DOCUMENT "], \"nextToken\": \"a/b\"}" },
        { .status = 200, .body = "{\"documents\": [], \"nextToken\": null}" },
    };
    static const struct query query[] = { { "datasetId", DATASET }, { NULL, NULL } };
    struct target t = target_of(RES_DOCUMENTS, NULL);
    struct page *first = NULL, *second = NULL;
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, replies, 2);
    assert_int_equal(backend_list(x.be, &x.call, &t, query, NULL, 100, &first, &x.err), 0);
    assert_string_equal(x.script.path,
                        "/v1/documents?maxResults=100&datasetId=las%3Adataset%3A" HEX);
    assert_int_equal(first->n, 1);
    assert_string_equal(first->next_token, "a/b");
    assert_int_equal(
        backend_list(x.be, &x.call, &t, query, first->next_token, 100, &second, &x.err), 0);
    assert_non_null(strstr(x.script.path, "&nextToken=a%2Fb"));
    assert_int_equal(second->n, 0);
    assert_null(second->next_token);
    page_free(first);
    page_free(second);
    end(&x);
}

/* A file of len bytes that are not all alike. */
static int some_file(size_t len)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    char *bytes = malloc(len);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((i * 2654435761u) >> 11);
    assert_int_equal(file_pwrite_all(fd, bytes, len, 0), 0);
    free(bytes);
    return fd;
}

static void expect_same(const char *text, int fd, size_t len)
{
    struct base64_decode_ctx base64;
    size_t text_len = strlen(text), n = BASE64_DECODE_LENGTH(text_len);
    uint8_t *raw = malloc(n);
    struct buf bytes = BUF_INIT(8 << 20);

    base64_decode_init(&base64);
    assert_true(base64_decode_update(&base64, &n, raw, text_len, text));
    assert_true(base64_decode_final(&base64));
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(file_read_fd(fd, &bytes), 0);
    assert_int_equal(n, len);
    assert_memory_equal(raw, bytes.data, len);
    buf_release(&bytes);
    free(raw);
}

static void create_streams_the_content(void **state)
{
    static const size_t sizes[] = { 1, 2, 3, 4095, 4096, 4097, 1 << 20, 4687500 };
    static const struct fake_reply replies[] = { { .status = 200, .body = A_DOCUMENT } };
    struct target t = target_of(RES_DOCUMENTS, NULL);
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, replies, 1);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct content_source content = { some_file(sizes[i]), (int64_t)sizes[i] };
        struct record *r = NULL;
        struct body *body = NULL;
        json_t *sent;

        print_message("%zu\n", sizes[i]);
        assert_int_equal(body_new(t.res, BODY_POST, &body), 0);
        assert_int_equal(body_set_string(body, "contentType", "image/png", NULL), 0);
        assert_int_equal(backend_create(x.be, &x.call, &t, body, content, &r, &x.err), 0);
        assert_string_equal(x.script.method, "POST");
        assert_string_equal(x.script.path, "/v1/documents");
        sent = json_loads(x.script.body, JSON_REJECT_DUPLICATES, NULL);
        assert_int_equal(json_object_size(sent), 2);
        assert_string_equal(json_string_value(json_object_get(sent, "contentType")), "image/png");
        expect_same(json_string_value(json_object_get(sent, "content")), content.fd, sizes[i]);
        json_decref(sent);
        record_unref(r);
        body_free(body);
        close(content.fd);
    }
    end(&x);
}

static void content_alone_is_a_body(void **state)
{
    static const struct fake_reply replies[] = { { .status = 200,
                                                   .body = "{\"assetId\": \"las:asset:a\"}" } };
    struct target t = target_of(RES_ASSETS, "las:asset:" HEX);
    struct content_source content = { some_file(3), 3 };
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, replies, 1);
    assert_int_equal(backend_update(x.be, &x.call, &t, NULL, content, NULL, &x.err), 0);
    assert_string_equal(x.script.method, "PATCH");
    assert_memory_equal(x.script.body, "{\"content\": \"", 13);
    assert_int_equal(strlen(x.script.body), 13 + 4 + 2);
    close(content.fd);
    end(&x);
}

static void a_file_that_shrank_is_not_sent(void **state)
{
    struct target t = target_of(RES_ASSETS, NULL);
    struct content_source content = { some_file(1000), 2000000 };
    struct record *r = NULL;
    struct fixture x = { 0 };

    (void)state;
    begin(&x);
    assert_int_equal(backend_create(x.be, &x.call, &t, NULL, content, &r, &x.err), -EIO);
    assert_int_equal(x.err.outcome, OUTCOME_NONE);
    assert_int_equal(fake_count(&x.server, false), 0);
    close(content.fd);
    end(&x);
}

static void get_writes_the_content(void **state)
{
    static const size_t sizes[] = { 0, 1, 4096, 1 << 20, 4687500 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        size_t n = BASE64_ENCODE_RAW_LENGTH(sizes[i]);
        int in = some_file(sizes[i] + 1), out = memfd_create("out", MFD_CLOEXEC);
        struct fake_reply reply = { .status = 200 };
        struct target t = target_of(RES_DOCUMENTS, DOC);
        struct buf bytes = BUF_INIT(8 << 20), text = BUF_INIT(16 << 20), got = BUF_INIT(8 << 20);
        struct record *r = NULL;
        struct fixture x = { 0 };
        int64_t size = -7;

        print_message("%zu\n", sizes[i]);
        assert_int_equal(file_read_fd(in, &bytes), 0);
        assert_int_equal(buf_adds(&text, "{\"documentId\": \"" DOC "\", \"content\": \""), 0);
        assert_int_equal(buf_resize(&text, text.len + n), 0);
        base64_encode_raw(text.data + text.len - n, sizes[i], (uint8_t *)bytes.data);
        assert_int_equal(buf_adds(&text, "\", \"retentionInDays\": 7}"), 0);
        reply.body = text.data;
        begin_with(&x, &reply, 1);
        assert_int_equal(backend_get(x.be, &x.call, &t, out, &r, &size, &x.err), 0);
        assert_int_equal(size, sizes[i]);
        assert_int_equal(file_read_fd(out, &got), 0);
        assert_int_equal(got.len, sizes[i]);
        if (sizes[i])
            assert_memory_equal(got.data, bytes.data, sizes[i]);
        assert_int_equal(record_integer(r, "retentionInDays", &size), 0);
        record_unref(r);
        end(&x);
        buf_release(&bytes);
        buf_release(&text);
        buf_release(&got);
        close(in);
        close(out);
    }
}

static void get_without_content_says_so(void **state)
{
    static const struct fake_reply replies[] = { { .status = 200, .body = A_DOCUMENT } };
    struct target t = target_of(RES_DOCUMENTS, DOC);
    struct record *r = NULL;
    struct fixture x = { 0 };
    int64_t size = 7;

    (void)state;
    begin_with(&x, replies, 1);
    assert_int_equal(backend_get(x.be, &x.call, &t, -1, &r, &size, &x.err), 0);
    assert_int_equal(size, -1);
    record_unref(r);
    end(&x);
}

static void the_other_verbs_are_sent(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = A_DOCUMENT },
        { .status = 204 },
        { .status = 200, .body = "{\"documents\": [" A_DOCUMENT "], \"nextToken\": null}" },
    };
    static const struct query query[] = { { "consentId", "las:consent:" HEX }, { NULL, NULL } };
    struct target execution = { resource_get(RES_TRANSITION_EXECUTIONS), TRANSITION, EXECUTION };
    struct target documents = target_of(RES_DOCUMENTS, NULL);
    struct page *page = NULL;
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, replies, 3);
    assert_int_equal(delete_document(&x), 0);
    assert_string_equal(x.script.method, "DELETE");
    assert_string_equal(x.script.path, "/v1/documents/" DOC);
    assert_int_equal(backend_heartbeat(x.be, &x.call, &execution, &x.err), 0);
    assert_string_equal(x.script.method, "POST");
    assert_string_equal(x.script.path,
                        "/v1/transitions/" TRANSITION "/executions/" EXECUTION "/heartbeats");
    assert_string_equal(x.script.body, "{}");
    assert_int_equal(
        backend_delete_many(x.be, &x.call, &documents, query, NULL, 1000, true, &page, &x.err), 0);
    assert_string_equal(x.script.method, "DELETE");
    assert_string_equal(x.script.path,
                        "/v1/documents?maxResults=1000&consentId=las%3Aconsent%3A" HEX);
    assert_int_equal(page->n, 1);
    page_free(page);
    end(&x);
}

static void what_must_not_be_sent_is_not(void **state)
{
    static const struct query none[] = { { NULL, NULL } },
                              empty[] = { { "datasetId", "" }, { NULL, NULL } };
    static const struct query unknown[] = { { "foo", "x" }, { NULL, NULL } };
    static const struct query *const queries[] = { NULL, none, empty, unknown };
    struct target documents = target_of(RES_DOCUMENTS, NULL), logs = target_of(RES_LOGS, NULL);
    struct target secret = target_of(RES_SECRETS, "las:secret:" HEX);
    struct target workflow = target_of(RES_WORKFLOWS, NULL);
    struct record *r = NULL;
    struct page *page = NULL;
    struct fixture x = { 0 };

    (void)state;
    begin(&x);
    for (size_t i = 0; i < ARRAY_LEN(queries); i++)
        assert_int_equal(backend_delete_many(x.be, &x.call, &documents, queries[i], NULL, 100,
                                             false, &page, &x.err),
                         -EPERM);
    assert_int_equal(
        backend_delete_many(x.be, &x.call, &workflow, none, NULL, 100, false, &page, &x.err),
        -EPERM);
    assert_int_equal(backend_delete(x.be, &x.call, &documents, NULL, &x.err), -EPERM);
    assert_int_equal(backend_get(x.be, &x.call, &documents, -1, &r, NULL, &x.err), -EPERM);
    assert_int_equal(backend_get(x.be, &x.call, &secret, -1, &r, NULL, &x.err), -EPERM);
    assert_int_equal(backend_create(x.be, &x.call, &logs, NULL, NO_CONTENT, &r, &x.err), -EPERM);
    assert_int_equal(backend_update(x.be, &x.call, &logs, NULL, NO_CONTENT, NULL, &x.err), -EPERM);
    assert_int_equal(fake_count(&x.server, false), 0);
    assert_int_equal(fake_count(&x.server, true), 0);
    end(&x);
}

/* --- What becomes of it ---------------------------------------------------------------------- */

enum verb { GET, POST, PATCH, DELETE, DELETE_ALL, DELETE_SOME };

static int delete_documents(struct fixture *x, bool all)
{
    static const struct query query[] = { { "consentId", "las:consent:" HEX }, { NULL, NULL } };
    struct target t = target_of(RES_DOCUMENTS, NULL);
    struct page *page = NULL;
    int rc = backend_delete_many(x->be, &x->call, &t, query, NULL, 7, all, &page, &x->err);

    page_free(page);
    return rc;
}

static int do_verb(struct fixture *x, enum verb verb)
{
    switch (verb) {
    case GET:
        return get_document(x);
    case POST:
        return post_dataset(x);
    case PATCH:
        return patch_document(x);
    case DELETE:
        return delete_document(x);
    case DELETE_ALL:
    case DELETE_SOME:
        break;
    }
    return delete_documents(x, verb == DELETE_ALL);
}

#define A_DATASET "{\"datasetId\": \"" DATASET "\"}"
#define A_PAGE "{\"documents\": [" A_DOCUMENT "], \"nextToken\": null}"
#define BUSY                                                                                       \
    {                                                                                              \
        .status = 429, .body = "{\"message\": \"Too Many Requests\"}"                              \
    }
#define BROKEN                                                                                     \
    {                                                                                              \
        .status = 503, .body = "{\"message\": \"down\"}"                                           \
    }
#define CUT                                                                                        \
    {                                                                                              \
        .status = 0                                                                                \
    }

static enum outcome says_unknown(const char *says)
{
    return says && strstr(says, "outcome unknown") ? OUTCOME_UNKNOWN : OUTCOME_NONE;
}

static void answers_are_retried_and_told(void **state)
{
    static const struct {
        const char *what;
        enum verb verb;
        struct fake_reply replies[5];
        size_t n;
        int rc;
        unsigned requests; /* that the server sees */
        int status;
        const char *says; /* part of the text; NULL: anything */
        unsigned curls;   /* of the requests: curl's own, when its kept connection was dead */
    } rows[] = {
        { "GET 404",
          GET,
          { { .status = 404, .body = "{\"message\": \"gone\"}" } },
          1,
          -ENOENT,
          1,
          404,
          "gone" },
        { "GET 400",
          GET,
          { { .status = 400, .body = "{\"message\": \"x\\ny\"}" } },
          1,
          -EINVAL,
          1,
          400,
          "x y" },
        { "GET 400 no JSON",
          GET,
          { { .status = 400, .body = "<html>" } },
          1,
          -EINVAL,
          1,
          400,
          "HTTP 400" },
        { "GET 500", GET, { BROKEN }, 1, -EIO, 3, 503, "down" },
        { "GET 500 once", GET, { BROKEN, { .status = 200, .body = A_DOCUMENT } }, 2, 0, 2 },
        { "GET 429", GET, { BUSY }, 1, -EAGAIN, 4, 429, "Too Many Requests" },
        { "GET 429 thrice",
          GET,
          { BUSY, BUSY, BUSY, { .status = 200, .body = A_DOCUMENT } },
          4,
          0,
          4 },
        { "GET quota",
          GET,
          { { .status = 429, .body = "{\"message\": \"Limit Exceeded\"}" } },
          1,
          -EDQUOT,
          1,
          429,
          "Limit Exceeded" },
        { "GET cut", GET, { CUT }, 1, -EIO, 4, 0, NULL, 1 },
        { "GET cut within",
          GET,
          { { .status = 200, .body = A_DOCUMENT, .cut = 9 } },
          1,
          -EIO,
          3,
          0,
          NULL },
        { "GET cut once",
          GET,
          { CUT, { .status = 200, .body = A_DOCUMENT } },
          2,
          0,
          2,
          .curls = 1 },
        { "GET no JSON",
          GET,
          { { .status = 200, .body = "rubbish" } },
          1,
          -EIO,
          1,
          200,
          "malformed answer" },
        { "GET no object",
          GET,
          { { .status = 200, .body = "[]" } },
          1,
          -EIO,
          1,
          200,
          "malformed answer" },
        { "GET bad content",
          GET,
          { { .status = 200, .body = "{\"documentId\": \"x\", \"content\": \"!\"}" } },
          1,
          -EIO,
          1,
          200,
          "content" },
        { "GET content cut off",
          GET,
          { { .status = 200, .body = "{\"documentId\": \"x\", \"content\": \"Zm9v" } },
          1,
          -EIO,
          1,
          200,
          "content" },
        { "GET empty", GET, { { .status = 204 } }, 1, -EIO, 1, 204, "malformed" },
        { "POST 200", POST, { { .status = 200, .body = A_DATASET } }, 1, 0, 1 },
        { "POST 429 once", POST, { BUSY, { .status = 200, .body = A_DATASET } }, 2, 0, 2 },
        { "POST 503", POST, { BROKEN }, 1, -EIO, 1, 503, "outcome unknown: down" },
        { "POST cut", POST, { CUT }, 1, -EIO, 1, 0, "outcome unknown" },
        { "POST cut within",
          POST,
          { { .status = 200, .body = A_DATASET, .cut = 9 } },
          1,
          -EIO,
          1,
          0,
          "outcome unknown" },
        { "POST no JSON",
          POST,
          { { .status = 200, .body = "rubbish" } },
          1,
          -EIO,
          1,
          200,
          "outcome unknown" },
        { "POST 400 in use",
          POST,
          { { .status = 400, .body = "{\"message\": \"in use\"}" } },
          1,
          -EBUSY,
          1,
          400,
          "in use" },
        { "POST 409", POST, { { .status = 409 } }, 1, -EEXIST, 1, 409, "HTTP 409" },
        { "POST 413", POST, { { .status = 413 } }, 1, -EFBIG, 1, 413, NULL },
        { "PATCH 503 once", PATCH, { BROKEN, { .status = 200 } }, 2, 0, 2 },
        { "PATCH cut once", PATCH, { CUT, { .status = 200 } }, 2, 0, 2, .curls = 1 },
        { "PATCH cut twice", PATCH, { CUT, CUT, { .status = 200 } }, 3, 0, 3, .curls = 1 },
        { "DELETE 404", DELETE, { { .status = 404 } }, 1, -ENOENT, 1, 404, NULL },
        { "DELETE cut, then 404", DELETE, { CUT, { .status = 404 } }, 2, 0, 2, .curls = 1 },
        { "DELETE cut twice, then 404",
          DELETE,
          { CUT, CUT, { .status = 404 } },
          3,
          0,
          3,
          .curls = 1 },
        { "DELETE 504, then 404", DELETE, { { .status = 504 }, { .status = 404 } }, 2, 0, 2 },
        { "DELETE 429, then 404", DELETE, { BUSY, { .status = 404 } }, 2, -ENOENT, 2, 404, NULL },
        { "DELETE not empty",
          DELETE,
          { { .status = 400, .body = "{\"message\": \"Not empty\"}" } },
          1,
          -ENOTEMPTY,
          1,
          400,
          NULL },
        { "DELETE all 503 once",
          DELETE_ALL,
          { BROKEN, { .status = 200, .body = A_PAGE } },
          2,
          0,
          2 },
        { "DELETE all cut once",
          DELETE_ALL,
          { CUT, { .status = 200, .body = A_PAGE } },
          2,
          0,
          2,
          .curls = 1 },
        { "DELETE some 429 once",
          DELETE_SOME,
          { BUSY, { .status = 200, .body = A_PAGE } },
          2,
          0,
          2 },
        { "DELETE some 503", DELETE_SOME, { BROKEN }, 1, -EIO, 1, 503, "outcome unknown: down" },
        { "DELETE some 504",
          DELETE_SOME,
          { { .status = 504 } },
          1,
          -EIO,
          1,
          504,
          "outcome unknown" },
        { "DELETE some cut", DELETE_SOME, { CUT }, 1, -EIO, 1, 0, "outcome unknown" },
        { "DELETE some cut within",
          DELETE_SOME,
          { { .status = 200, .body = A_PAGE, .cut = 9 } },
          1,
          -EIO,
          1,
          0,
          "outcome unknown" },
        { "redirect",
          GET,
          { { .status = 302, .headers = "Location: http://127.0.0.1:1/\r\n" } },
          1,
          -EIO,
          1,
          302,
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture x = { 0 };
        struct backend_stats stats;

        print_message("%s\n", rows[i].what);
        begin_with(&x, rows[i].replies, rows[i].n);
        assert_int_equal(do_verb(&x, rows[i].verb), rows[i].rc);
        assert_int_equal(fake_count(&x.server, false), rows[i].requests);
        if (rows[i].rc < 0) {
            assert_int_equal(x.err.status, rows[i].status);
            assert_true(x.err.text[0]);
            if (rows[i].says)
                assert_non_null(strstr(x.err.text, rows[i].says));
            assert_int_equal(x.err.outcome, says_unknown(rows[i].says));
        }
        backend_get_stats(x.be, &stats);
        assert_int_equal(stats.retries, rows[i].requests - rows[i].curls - 1);
        assert_int_equal(stats.requests, rows[i].requests - rows[i].curls + 1);
        assert_int_equal(stats.in_flight, 0);
        assert_true(stats.bytes_sent > 0 && stats.bytes_received > 0);
        end(&x);
    }
}

static void a_claim_that_finds_nothing_is_told(void **state)
{
    static const struct fake_reply rows[] = {
        { .status = 204 },
        { .status = 404 },
        { .status = 200, .body = "{\"executionId\": null}" },
        { .status = 200, .body = "{}" },
    };
    struct target t = { resource_get(RES_TRANSITION_EXECUTIONS), TRANSITION, NULL };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct record *r = NULL;
        struct fixture x = { 0 };

        print_message("%d %s\n", rows[i].status, rows[i].body ? rows[i].body : "");
        begin_with(&x, &rows[i], 1);
        assert_int_equal(backend_create(x.be, &x.call, &t, NULL, NO_CONTENT, &r, &x.err), -ENOENT);
        end(&x);
    }
}

/* A dead connection that was kept: curl would send the POST again by itself. */
static void a_post_on_a_dying_connection_is_sent_once(void **state)
{
    static const struct fake_reply replies[] = { { .status = 200, .body = A_DATASET }, CUT };
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, replies, 2);
    assert_int_equal(post_dataset(&x), 0);
    assert_int_equal(post_dataset(&x), -EIO);
    assert_int_equal(x.err.outcome, OUTCOME_UNKNOWN);
    assert_int_equal(fake_count(&x.server, false), 2);
    end(&x);
}

static void retry_after_holds_everybody(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 429, .headers = "Retry-After: 20\r\n" },
        { .status = 200, .body = A_DOCUMENT },
    };
    struct fixture x = { .timeout_ms = 60000 };

    (void)state;
    begin_with(&x, replies, 2);
    assert_int_equal(get_document(&x), 0);
    assert_int_equal(fake_count(&x.server, false), 2);
    assert_in_range(clock_now_ms(&x.fake.clock), 21000, 22000);
    end(&x);
}

/* Nor is it believed: after a minute the server is asked again. */
static void a_long_retry_after_is_not_waited_for(void **state)
{
    static const char *const wishes[] = { "Retry-After: 3600\r\n", "Retry-After: 1000000000\r\n",
                                          "Retry-After: 9223372036854775807\r\n",
                                          "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
        const struct fake_reply replies[] = {
            { .status = 503, .headers = wishes[i] },
            { .status = 503, .headers = wishes[i] },
            { .status = 200, .body = A_DOCUMENT },
        };
        struct fixture x = { 0 };

        print_message("%s", wishes[i]);
        begin_with(&x, replies, 3);
        for (unsigned tries = 1; tries <= 2; tries++) {
            assert_int_equal(get_document(&x), -EAGAIN);
            assert_int_equal(get_document(&x), -EAGAIN);
            assert_int_equal(fake_count(&x.server, false), tries);
            assert_non_null(strstr(x.err.text, "the server asks to wait for 6"));
            fake_clock_advance(&x.fake, 60000);
        }
        assert_int_equal(get_document(&x), 0);
        assert_int_equal(get_document(&x), 0);
        end(&x);
    }
}

/* It would be let go when its time is over. */
static void one_as_long_as_the_patience_is_not_waited_for(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 429, .headers = "Retry-After: 20\r\n" },
        { .status = 200, .body = A_DOCUMENT },
    };
    struct fixture x = { .timeout_ms = 20000 };

    (void)state;
    begin_with(&x, replies, 2);
    assert_int_equal(get_document(&x), -EAGAIN);
    assert_int_equal(fake_count(&x.server, false), 1);
    assert_non_null(strstr(x.err.text, "the server asks to wait for 20 s"));
    end(&x);
}

static void requests_are_paced(void **state)
{
    static const struct fake_reply replies[] = { { .status = 200, .body = A_DOCUMENT } };
    struct fixture x = { .max_rps = 2 };

    (void)state;
    begin_with(&x, replies, 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(get_document(&x), 0);
    /* the token's was the first of 21 */
    assert_in_range(clock_now_ms(&x.fake.clock), 1000 + 20 * 500, 1000 + 20 * 500 + 500);
    end(&x);
}

static void an_unreachable_host_is_tried_thrice(void **state)
{
    struct fixture x = { 0 };
    struct backend_stats stats;

    (void)state;
    begin(&x);
    fake_stop(&x.server);
    assert_int_equal(get_document(&x), -EHOSTUNREACH);
    backend_get_stats(x.be, &stats);
    assert_int_equal(stats.requests, 3);
    assert_int_equal(stats.failures, 1);
    backend_free(x.be);
    call_release(&x.call);
}

static void secrets_stay_out_of_errors(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 400, .body = "{\"message\": \"Bearer tok-1 of the-secret is odd\"}" }
    };
    struct fixture x = { 0 };

    (void)state;
    assert_int_equal(log_new("t", LOG_LEVEL_ERROR, &x.log), 0);
    begin_with(&x, replies, 1);
    assert_int_equal(get_document(&x), -EINVAL);
    assert_null(strstr(x.err.text, "tok-1"));
    assert_null(strstr(x.err.text, "the-secret"));
    assert_non_null(strstr(x.err.text, "is odd"));
    end(&x);
    log_free(x.log);
}

static void bad_configurations_are_refused(void **state)
{
    static const struct {
        const char *api, *auth, *cacert, *says;
    } rows[] = {
        { "http://api.example.com/v1", "auth.example.com", NULL, "api_endpoint" },
        { "https://api.example.com/v1", "http://auth.example.com", NULL, "auth_endpoint" },
        { "", "auth.example.com", NULL, "api_endpoint" },
        { "https://api.example.com/v1", "auth.example.com", "/nonexistent/ca.pem",
          "/nonexistent/ca.pem" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backend_config config = {
            .api_endpoint = rows[i].api,
            .auth_endpoint = rows[i].auth,
            .client_id = "i",
            .client_secret = "s",
            .cacert = rows[i].cacert,
            .max_conns = 1,
            .timeout_ms = 1000,
            .clock = clock_real(),
        };
        struct failure err = { 0 };
        struct backend *be = NULL;

        print_message("%s %s\n", rows[i].api, rows[i].auth);
        assert_int_equal(backend_new(&config, &be, &err), -EINVAL);
        assert_null(be);
        assert_non_null(strstr(err.text, rows[i].says));
    }
    backend_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_sends_what_the_api_wants),
        cmocka_unit_test(list_follows_the_table),
        cmocka_unit_test(create_streams_the_content),
        cmocka_unit_test(content_alone_is_a_body),
        cmocka_unit_test(a_file_that_shrank_is_not_sent),
        cmocka_unit_test(get_writes_the_content),
        cmocka_unit_test(get_without_content_says_so),
        cmocka_unit_test(the_other_verbs_are_sent),
        cmocka_unit_test(what_must_not_be_sent_is_not),
        cmocka_unit_test(answers_are_retried_and_told),
        cmocka_unit_test(a_claim_that_finds_nothing_is_told),
        cmocka_unit_test(a_post_on_a_dying_connection_is_sent_once),
        cmocka_unit_test(retry_after_holds_everybody),
        cmocka_unit_test(a_long_retry_after_is_not_waited_for),
        cmocka_unit_test(one_as_long_as_the_patience_is_not_waited_for),
        cmocka_unit_test(requests_are_paced),
        cmocka_unit_test(an_unreachable_host_is_tried_thrice),
        cmocka_unit_test(secrets_stay_out_of_errors),
        cmocka_unit_test(bad_configurations_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
