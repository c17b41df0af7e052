#include "transfer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "array.h"
#include "endpoint.h"
#include "file.h"
#include "wire.h"

#include "banned.h"

#define CONNECT_MS 15000
/* What goes over a connection that the server is about to close may be lost; what may not arrive
 * twice is then in doubt, so it takes no connection that idled for longer. */
#define FRESH_IDLE_S 20
#define ERROR_ANSWER_MAX (64u << 10)
#define HEADER_MAX (32u << 10)
/* How much is read of a body at once: as much as goes out in a moment. And how much of it waits in the
 * kernel before more is given to it. */
#define PIECE_BYTES 16384
#define PIECE_MAX_BYTES ((size_t)8 * PIECE_BYTES)
#define MOMENT_MS 20
#define UNSENT_BYTES 32768
/* How much of an answer is taken from the kernel at once. */
#define TAKE_BYTES (64 << 10)

/* --- Bytes ----------------------------------------------------------------------------------- */

/* Twice as much as last time if that has gone out quickly. */
static size_t next_piece(struct request *rq)
{
    int64_t now = clock_now_ms(rq->clock);
    bool quick = rq->piece && now - rq->piece_ms <= MOMENT_MS;

    rq->piece = quick ? 2 * rq->piece : PIECE_BYTES;
    if (rq->piece > PIECE_MAX_BYTES)
        rq->piece = PIECE_MAX_BYTES;
    rq->piece_ms = now;
    return rq->piece;
}

static ssize_t read_piece(struct request *rq, char *out, size_t len)
{
    size_t piece = next_piece(rq), got = 0;
    ssize_t n = 1;

    while (n > 0 && got < len && got < piece) {
        n = upload_read(rq->body, out + got, (piece < len ? piece : len) - got);
        got += n > 0 ? (size_t)n : 0;
    }
    return n < 0 ? n : (ssize_t)got;
}

static size_t on_send(char *out, size_t size, size_t n, void *arg)
{
    struct request *rq = arg;
    ssize_t got = read_piece(rq, out, size * n);

    if (got < 0) {
        rq->rc = (int)got;
        failure_set(&rq->failure, 0, "the content cannot be read: %s", strerror((int)-got));
        return CURL_READFUNC_ABORT;
    }
    if (rq->body->at == upload_size(rq->body))
        rq->arrived = true;
    return (size_t)got;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct request *rq = arg;

    if (origin != SEEK_SET || offset < 0 || offset > upload_size(rq->body))
        return CURL_SEEKFUNC_FAIL;
    rq->body->at = offset;
    return CURL_SEEKFUNC_OK;
}

/* curl sends a request again by itself when a connection that it kept turns out to be dead. */
static int on_connected(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct request *rq = arg;

    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    if (rq->arrived && !rq->idempotent) {
        rq->rc = fail(&rq->failure, -ECONNRESET, 0, "the connection broke");
        return CURL_PREREQFUNC_ABORT;
    }
    rq->sent++;
    if (!rq->body)
        rq->arrived = true; /* its head is all of it */
    return CURL_PREREQFUNC_OK;
}

static int64_t answer_max(const struct request *rq)
{
    return rq->raw ? rq->raw->max_bytes : (int64_t)rq->answer.max;
}

static int refuse_answer(struct request *rq, int rc)
{
    if (rc == -EFBIG)
        return fail(&rq->failure, -EIO, rq->status, "the answer is larger than %lld %s",
                    (long long)answer_max(rq) >> (answer_max(rq) < 1 << 20 ? 10 : 20),
                    answer_max(rq) < 1 << 20 ? "KiB" : "MiB");
    if (rc == -EIO && !rq->raw)
        return fail(&rq->failure, rc, rq->status, "the content in the answer is malformed");
    if (rc == -ESTALE && rq->raw)
        return fail(&rq->failure, -EIO, rq->status,
                    "the content is not what it was when it broke off");
    return fail(&rq->failure, rc, rq->status, "the answer cannot be kept: %s", strerror(-rc));
}

/* How long the answer will be, as far as its head says so of what curl gives. */
static int64_t expected_size(CURL *easy)
{
    struct curl_header *encoding;
    curl_off_t size = -1;

    if (curl_easy_header(easy, "Content-Encoding", 0, CURLH_HEADER, -1, &encoding) == CURLHE_OK)
        return -1;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    return size;
}

static bool is_head(const struct request *rq)
{
    return strcmp(rq->method, "HEAD") == 0;
}

static int expect_raw(struct request *rq)
{
    int64_t size = expected_size(rq->easy);

    if (size > rq->raw->max_bytes)
        return -EFBIG;
    return rq->raw->expect && size >= 0 ? rq->raw->expect(rq->raw->arg, size) : 0;
}

static int keep_raw(struct request *rq, const char *data, size_t len)
{
    struct raw_answer *raw = rq->raw;
    int rc = raw->size ? 0 : expect_raw(rq);

    /* who has read a try before goes on in this one */
    if (rc == 0 && raw->size < raw->most)
        rc = file_compare(raw->fd, data,
                          (int64_t)len < raw->most - raw->size ? len
                                                               : (size_t)(raw->most - raw->size),
                          (off_t)raw->size);
    if (rc == 0)
        rc = file_pwrite_all(raw->fd, data, len, (off_t)raw->size);
    if (rc < 0)
        return rc;
    raw->size += (int64_t)len;
    if (raw->arrived && raw->size > raw->most) {
        raw->most = raw->size;
        raw->arrived(raw->arg, raw->size);
    }
    return 0;
}

static int keep_good(struct request *rq, const char *data, size_t len)
{
    if (rq->raw)
        return keep_raw(rq, data, len);
    return rq->scan ? scan_feed(rq->scan, data, len) : buf_add(&rq->answer, data, len);
}

static int keep_answer(struct request *rq, const char *data, size_t len)
{
    bool good = rq->status >= 200 && rq->status < 300;
    int rc;

    rq->answer_bytes += (int64_t)len;
    if (rq->answer_bytes > answer_max(rq))
        return refuse_answer(rq, -EFBIG);
    if (!good && rq->answer.len + len > ERROR_ANSWER_MAX)
        return 0;
    rc = good ? keep_good(rq, data, len) : buf_add(&rq->answer, data, len);
    return rc < 0 ? refuse_answer(rq, rc) : 0;
}

static size_t on_answer(char *data, size_t size, size_t n, void *arg)
{
    struct request *rq = arg;
    long status = 0;

    if (!rq->status) {
        curl_easy_getinfo(rq->easy, CURLINFO_RESPONSE_CODE, &status);
        rq->status = (int)status;
    }
    rq->rc = keep_answer(rq, data, size * n);
    return rq->rc < 0 ? 0 : size * n;
}

static bool is_last_of_head(struct request *rq, const char *line, size_t len)
{
    long status = 0;

    curl_easy_getinfo(rq->easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && len <= 2 && (line[0] == '\r' || line[0] == '\n');
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    int64_t now = clock_now_ms(((struct request *)arg)->clock);
    struct request *rq = arg;
    bool first;

    if (!headway_head_line(&rq->headway, size * n, now, &first)) {
        rq->rc =
            fail(&rq->failure, -EIO, 0, "the answer has more than %d headers, or %zu KiB of them",
                 HEAD_LINES_MAX, HEAD_BYTES_MAX >> 10);
        return 0;
    }
    if (first || is_last_of_head(rq, data, size * n))
        rq->moved_ms = now;
    return size * n;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct request *rq = arg;
    bool all = rq->body && up != rq->sent_bytes && up == upload_size(rq->body);

    (void)down_total;
    (void)up_total;
    rq->sending = rq->sending || up != rq->sent_bytes;
    rq->sent_bytes = up;
    rq->received_bytes = down;
    if (all)
        headway_restart(&rq->headway, up + down);
    else if (!headway_moved(&rq->headway, up + down))
        return 0;
    rq->moved_ms = clock_now_ms(rq->clock);
    if (rq->sending)
        rq->sent_ms = rq->moved_ms;
    rq->sending = false;
    return 0;
}

/* A kernel's buffers take megabytes of a slow upload at once, and then for minutes nothing: with less
 * in them that is not sent, what has gone to the kernel is what moves. */
static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    int bytes = UNSENT_BYTES;

    (void)arg;
    (void)purpose;
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
    return CURL_SOCKOPT_OK;
}

/* --- Set-up ---------------------------------------------------------------------------------- */

static int add_header(struct request *rq, const char *name, const char *value)
{
    struct buf line = BUF_INIT(HEADER_MAX);
    struct curl_slist *longer = NULL;

    if (buf_addf(&line, "%s%s", name, value) == 0)
        longer = curl_slist_append(rq->headers, line.data);
    if (line.data)
        explicit_bzero(line.data, line.cap);
    buf_release(&line);
    if (!longer)
        return -ENOMEM;
    rq->headers = longer;
    return 0;
}

static int add_headers(struct request *rq)
{
    int rc = add_header(rq, "Content-Type: ", rq->content_type);

    if (rc == 0 && rq->bearer)
        rc = add_header(rq, "Authorization: Bearer ", rq->bearer);
    /* a server that does not answer to this would cost a second for each document */
    return rc < 0 ? rc : add_header(rq, "Expect:", "");
}

static void set_method(CURL *easy, struct request *rq)
{
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, rq->method);
    if (is_head(rq))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (!rq->body) {
        if (strcmp(rq->method, "POST") == 0) {
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
        }
        return;
    }
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)upload_size(rq->body));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_READDATA, rq);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, rq);
}

static void set_transport(CURL *easy, const struct request *rq, const char *cacert)
{
    bool plain = endpoint_is_plain(rq->url);

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     plain ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, plain ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "lasfs/" LASFS_VERSION);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(rq->timeout_ms < CONNECT_MS ? rq->timeout_ms : CONNECT_MS));
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)TAKE_BYTES);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)PIECE_MAX_BYTES);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    if (cacert) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, cacert);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    /* plain http stays on this machine: no proxy may see it */
    if (plain)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (!rq->idempotent)
        curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)FRESH_IDLE_S);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* else the end of a request waits for the end of its look-up of a name */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void set_callbacks(CURL *easy, struct request *rq)
{
    _Static_assert(sizeof(rq->curl_says) >= CURL_ERROR_SIZE, "curl's words must fit");
    rq->curl_says[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, rq->curl_says);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, rq);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, rq);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, rq);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, rq);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, rq);
}

/* A stream of HTTP/2 that is given up leaves its connection open, dead as it may be. */
static void distrust_old(CURL *easy, const struct request *rq, int64_t stuck_ms)
{
    if (stuck_ms != INT64_MIN)
        curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
                         (long)((clock_now_ms(rq->clock) - stuck_ms) / 1000 + 1));
}

int transfer_begin(CURL *easy, struct request *rq, const char *cacert, struct clock *clock,
                   int64_t stuck_ms)
{
    int rc;

    rq->easy = easy;
    rq->clock = clock;
    headway_begin(&rq->headway, rq->timeout_ms, answer_max(rq));
    rc = wire_check(rq->method, rq->url, rq->api, &rq->failure);
    if (rc < 0)
        return rc;
    rc = add_headers(rq);
    if (rc < 0)
        return rc;
    set_transport(easy, rq, cacert);
    distrust_old(easy, rq, stuck_ms);
    set_callbacks(easy, rq);
    set_method(easy, rq);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, rq->headers);
    if (rq->user) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        if (curl_easy_setopt(easy, CURLOPT_USERNAME, rq->user) != CURLE_OK ||
            curl_easy_setopt(easy, CURLOPT_PASSWORD, rq->password) != CURLE_OK)
            return -ENOMEM;
    }
    /* what was looked at is what goes out */
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    if (curl_easy_setopt(easy, CURLOPT_URL, rq->url) != CURLE_OK)
        return -ENOMEM;
    return 0;
}

/* --- The end --------------------------------------------------------------------------------- */

static int errno_of(CURLcode code)
{
    static const struct {
        CURLcode code;
        int rc;
    } rows[] = {
        { CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
        { CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH },
        { CURLE_COULDNT_CONNECT, -EHOSTUNREACH },
        { CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
        { CURLE_OUT_OF_MEMORY, -ENOMEM },
        { CURLE_PEER_FAILED_VERIFICATION, -EIO },
        { CURLE_SSL_CACERT_BADFILE, -EIO },
        { CURLE_SSL_CERTPROBLEM, -EIO },
        { CURLE_BAD_CONTENT_ENCODING, -EIO },
        { CURLE_UNSUPPORTED_PROTOCOL, -EIO },
        { CURLE_URL_MALFORMAT, -EIO },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].code == code)
            return rows[i].rc;
    return -ECONNRESET;
}

static int64_t date_of(CURL *easy)
{
    struct curl_header *date;
    time_t at = -1;

    if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK)
        at = curl_getdate(date->value, NULL);
    return at > 0 ? at : 0;
}

static void end_well(CURL *easy, struct request *rq)
{
    curl_off_t after = 0;
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);
    rq->status = (int)status;
    rq->retry_after_s = after;
    rq->date_s = date_of(easy);
    rq->length = is_head(rq) ? expected_size(easy) : -1;
    rq->rc = rq->scan ? scan_end(rq->scan) : 0;
    if (rq->rc < 0)
        refuse_answer(rq, rq->rc);
}

void transfer_end(CURL *easy, struct request *rq, CURLcode code)
{
    if (code == CURLE_OK) {
        end_well(easy, rq);
        return;
    }
    rq->status = 0;
    if (rq->rc < 0)
        return; /* one of the functions above has told why */
    rq->rc = errno_of(code);
    failure_set(&rq->failure, 0, "%s", rq->curl_says[0] ? rq->curl_says : curl_easy_strerror(code));
}

void transfer_drop(CURL *easy, struct request *rq)
{
    struct curl_slist *headers = rq->headers;

    curl_easy_reset(easy);
    for (struct curl_slist *h = headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(headers);
    rq->headers = NULL;
    rq->easy = NULL;
}
