#include "exchange.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "login.h"
#include "work.h"

#include "banned.h"

#define IDLE_S 120
/* The page has a style of its own, and nothing else. */
#define FRONT_POLICY                                                                               \
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
#define JSON_TYPE "application/json"

/* --- The server ----------------------------------------------------------------------------- */

void http_root(const struct http *h, char out[ORIGIN_MAX])
{
    const char *host = h->sb->options->host;
    bool v6 = strchr(host, ':') != NULL;

    snprintf(out, ORIGIN_MAX, "%s://%s%.200s%s:%u", h->certificate.path ? "https" : "http",
             v6 ? "[" : "", host, v6 ? "]" : "", h->port);
}

const char *http_ca_file(const struct http *h)
{
    return h->certificate.path;
}

/* --- Bodies ---------------------------------------------------------------------------------- */

void exchange_release_body(struct exchange *x)
{
    buf_release(&x->body);
    if (x->reserved > 0)
        room_give_body(&x->h->room, x->reserved);
    x->reserved = 0;
}

static void release_answer(struct exchange *x)
{
    if (x->answer > 0)
        room_give_answer(&x->h->room, x->answer);
    x->answer = 0;
}

void *exchange_new(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *x = calloc(1, sizeof(*x));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    if (!x)
        return NULL;
    x->h = cls;
    x->visitor = info ? info->socket_context : NULL;
    visitors_begin(&x->h->visitors, x->visitor);
    x->began_ms = clock_now_ms(clock_real());
    buf_init(&x->body, EXCHANGE_BODY_MAX);
    x->uri = strdup(uri);
    return x;
}

void exchange_free(void *cls, struct MHD_Connection *connection, void **at,
                   enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *at;

    (void)cls;
    (void)connection;
    (void)why;
    if (!x)
        return;
    exchange_release_body(x);
    release_answer(x);
    visitors_end(&x->h->visitors, x->visitor);
    free(x->uri);
    free(x);
    *at = NULL;
}

void exchange_recognize(struct exchange *x, struct MHD_Connection *connection)
{
    if (visitors_recognize(&x->h->visitors, x->visitor))
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)IDLE_S);
}

bool exchange_is_front(const char *path)
{
    return strcmp(path, "/") == 0 || strcmp(path, "/openapi.json") == 0;
}

/* --- Answers --------------------------------------------------------------------------------- */

void exchange_wait(struct exchange *x)
{
    struct pollfd stop = { .fd = x->h->stopping, .events = POLLIN };
    int64_t ms = x->h->sb->options->latency_ms;

    if (ms > 0 && !x->delayed)
        poll(&stop, 1, (int)ms);
    x->delayed = true;
}

/* What stands in the log: never what somebody put into a query for a secret's sake. */
static const char *logged_uri(const struct exchange *x, const char *path)
{
    if (!x->uri)
        return path;
    if (login_is_path(path) && !strstr(x->uri, "?grant_type=client_credentials"))
        return path;
    if (login_is_path(path) && strchr(x->uri, '&'))
        return path;
    return x->uri;
}

static void add_headers(struct MHD_Response *r, const struct answer *an, const char *path,
                        const char *allow)
{
    if (login_is_path(path) || exchange_is_front(path)) {
        MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        MHD_add_response_header(r, MHD_HTTP_HEADER_PRAGMA, "no-cache");
    }
    if (exchange_is_front(path)) {
        MHD_add_response_header(r, "Content-Security-Policy", FRONT_POLICY);
        MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
        MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
    }
    if (an->len > 0)
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, an->type ? an->type : JSON_TYPE);
    if (an->status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                "Basic realm=\"lasfs-sandbox\"");
    if (!allow)
        return;
    MHD_add_response_header(r, "Access-Control-Allow-Origin", "*");
    MHD_add_response_header(r, "Access-Control-Allow-Headers",
                            "Authorization,Content-Type,X-Api-Key");
    MHD_add_response_header(r, "Access-Control-Allow-Methods", allow);
}

enum MHD_Result exchange_answer(struct exchange *x, struct MHD_Connection *connection,
                                const char *verb, const char *path, struct answer *an,
                                const char *allow)
{
    enum MHD_Result sent = MHD_NO;
    struct MHD_Response *r;
    int64_t took_ms;

    exchange_release_body(x);
    if (an->status == 0)
        an->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    r = MHD_create_response_from_buffer(an->len, an->body,
                                        an->body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!r) {
        free(an->body);
        return MHD_NO;
    }
    add_headers(r, an, path, allow);
    exchange_wait(x);
    took_ms = clock_now_ms(clock_real()) - x->began_ms;
    access_line(x->h->access, verb, logged_uri(x, path), an->status, took_ms, an->len);
    if (!exchange_is_front(path)) /* who looks again does not push out what he looks for */
        recent_add(&x->h->recent, verb, path, an->status, took_ms, an->len);
    if (!x->lost)
        sent = MHD_queue_response(connection, (unsigned)an->status, r);
    MHD_destroy_response(r);
    return sent;
}
