#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "address.h"
#include "buf.h"
#include "bulk.h"
#include "clock.h"
#include "exchange.h"
#include "files.h"
#include "listen.h"
#include "login.h"
#include "number.h"
#include "rest.h"
#include "room.h"
#include "work.h"

#include "banned.h"

/* More than that is not even read before it is refused. */
#define DRAIN_MAX ((int64_t)32 << 20)
/* Far more than there are visitors: those that were told to go take a moment. */
#define CONNECTIONS_MAX (2 * (VISITORS_STRANGERS + VISITORS_KNOWN))
#define IDLE_S 120
#define STRANGERS_IDLE_S 10
#define STACK_BYTES ((size_t)1 << 20)
#define CONNECTION_BYTES ((size_t)64 << 10)
#define ARGS_MAX 2048
#define JSON_TYPE "application/json"
#define FORM_MAX 4096
#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]"

/* --- Requests -------------------------------------------------------------------------------- */

/* Who has shown who he is has more patience, and a body. */
static void recognize(struct exchange *x, struct MHD_Connection *connection)
{
    if (visitors_recognize(&x->h->visitors, x->visitor))
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)IDLE_S);
}

struct args {
    struct argument list[ARGS_MAX];
    size_t n;
};

static enum MHD_Result add_arg(void *cls, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    struct args *args = cls;

    (void)kind;
    if (args->n < ARGS_MAX)
        args->list[args->n++] = (struct argument){ name, value ? value : "" };
    return MHD_YES;
}

static enum verb verb_of(const char *method)
{
    static const char *const names[] = { [VERB_GET] = "GET",
                                         [VERB_POST] = "POST",
                                         [VERB_PATCH] = "PATCH",
                                         [VERB_DELETE] = "DELETE",
                                         [VERB_OPTIONS] = "OPTIONS" };

    for (int v = VERB_GET; v <= VERB_OPTIONS; v++)
        if (strcmp(method, names[v]) == 0)
            return (enum verb)v;
    return VERB_OTHER;
}

static bool is_json_type(const char *type)
{
    size_t len = strlen(JSON_TYPE);

    if (!type)
        return true;
    return strncasecmp(type, JSON_TYPE, len) == 0 && (!type[len] || strchr("; ", type[len]));
}

/* The field that may be long; NULL: none. */
static const char *bulk_name(const struct resource *res)
{
    for (const struct field *f = res->fields; f->name; f++)
        if (f->schema->base64)
            return f->name;
    return NULL;
}

/* An absent body is an empty object where the API lets it be one. */
static int read_body(struct exchange *x, struct request *rq, struct answer *an)
{
    const struct resource *res = rq->target.res;
    bool may_be_empty =
        rq->verb == VERB_POST ? (res->flags & R_POST_OPEN) != 0 : (res->flags & R_PATCH_EMPTY) != 0;
    struct failure why = { 0 };
    int rc;

    if (rq->verb != VERB_POST && rq->verb != VERB_PATCH)
        return 0;
    if (x->body.len == 0 && may_be_empty) {
        rq->body = json_object();
        return rq->body ? 0 : -ENOMEM;
    }
    rc = bulk_parse(buf_str(&x->body), x->body.len, bulk_name(res), &rq->body, &why);
    if (rc == -EINVAL)
        answer_message(an, MHD_HTTP_BAD_REQUEST, "message", why.text);
    return rc;
}

/* What is read is read after the latency, so that it need not be held through it. */
static void run(struct exchange *x, const struct request *rq, struct answer *an)
{
    if (rq->verb != VERB_GET) {
        rest_handle(x->h->sb, rq, an);
        return;
    }
    exchange_wait(x);
    room_begin_answer(&x->h->room);
    rest_handle(x->h->sb, rq, an);
    room_end_answer(&x->h->room, an->len);
    x->answer = an->len;
}

static void answer_api(struct exchange *x, struct MHD_Connection *connection, struct request *rq,
                       struct answer *an)
{
    const struct sandbox *sb = x->h->sb;
    const char *who, *type;
    struct args *args;

    who = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (!login_check(sb, who, rq->caller)) {
        answer_message(an, MHD_HTTP_FORBIDDEN, "message", "Forbidden");
        return;
    }
    if ((rq->verb == VERB_POST || rq->verb == VERB_PATCH) && x->body.len > 0 &&
        !is_json_type(type)) {
        answer_message(an, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "message", "Unsupported Media Type");
        return;
    }
    args = calloc(1, sizeof(*args));
    if (args && read_body(x, rq, an) == 0) {
        exchange_release_body(x);
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_arg, args);
        rq->args = args->list;
        rq->n_args = args->n;
        run(x, rq, an);
    }
    free(args);
    json_decref(rq->body);
}

static void answer_empty(struct answer *an)
{
    an->status = MHD_HTTP_OK;
    an->body = strdup("{}");
    an->len = an->body ? strlen(an->body) : 0;
}

/* "me" is the organization whose server it is. */
static void resolve_me(const struct sandbox *sb, struct address *t)
{
    for (unsigned i = 0; i < t->n_ids; i++)
        if (strcmp(t->ids[i], "me") == 0)
            memcpy(t->ids[i], t->res->kind == RES_PROFILES ? sb->profile : sb->organization,
                   sizeof(t->ids[i]));
}

/* How the client reached the server, which may be through something that stands before it. */
static void find_origin(const struct http *h, struct MHD_Connection *connection,
                        char out[ORIGIN_MAX])
{
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    const char *scheme =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Forwarded-Proto");
    bool tls = scheme && strcmp(scheme, "https") == 0;

    if (host && *host && strlen(host) < ORIGIN_MAX - sizeof("https://") &&
        host[strspn(host, HOST_CHARACTERS)] == '\0')
        snprintf(out, ORIGIN_MAX, "%s://%s", tls ? "https" : "http", host);
    else
        snprintf(out, ORIGIN_MAX, "http://127.0.0.1:%u", h->port);
}

/* Bytes that stand beside a document. */
static enum MHD_Result handle_file(struct exchange *x, struct MHD_Connection *connection,
                                   const char *path, const char *method, const char *id)
{
    const struct sandbox *sb = x->h->sb;
    char caller[ID_MAX];
    struct answer an = { 0 };
    const char *type;

    type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (!login_check(
            sb,
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
            caller)) {
        answer_message(&an, MHD_HTTP_FORBIDDEN, "message", "Forbidden");
    } else if (strcmp(method, "PUT") == 0) {
        files_put(sb, caller, id, type, x->body.data, x->body.len, &an);
    } else if (strcmp(method, "GET") == 0) {
        exchange_wait(x);
        room_begin_answer(&x->h->room);
        files_get(sb, id, &an);
        room_end_answer(&x->h->room, an.len);
        x->answer = an.len;
    } else {
        answer_message(&an, MHD_HTTP_FORBIDDEN, "message", "Missing Authentication Token");
    }
    return exchange_answer(x, connection, method, path, &an, NULL);
}

static enum MHD_Result handle_api(struct exchange *x, struct MHD_Connection *connection,
                                  const char *path, const char *method)
{
    struct request rq = { .verb = verb_of(method) };
    char allow[ADDRESS_ALLOW_MAX];
    struct answer an = { 0 };

    if (address_parse(x->h->sb->api, path, &rq.target) < 0)
        answer_message(&an, MHD_HTTP_NOT_FOUND, "message", "Not Found");
    else if (!address_can(&rq.target, rq.verb))
        answer_message(&an, MHD_HTTP_FORBIDDEN, "message", "Missing Authentication Token");
    else if (rq.verb == VERB_OPTIONS) {
        answer_empty(&an);
        address_allow(&rq.target, allow);
    } else {
        resolve_me(x->h->sb, &rq.target);
        if (x->h->sb->options->file_url)
            find_origin(x->h, connection, rq.origin);
        answer_api(x, connection, &rq, &an);
    }
    return exchange_answer(x, connection, method, path, &an,
                           rq.verb == VERB_OPTIONS && an.status == MHD_HTTP_OK ? allow : NULL);
}

/* grant_type=VALUE in a form; NULL: not there. */
static const char *form_grant_type(char *form)
{
    static const char name[] = "grant_type=";
    char *save = NULL;

    for (char *pair = strtok_r(form, "&", &save); pair; pair = strtok_r(NULL, "&", &save))
        if (strncmp(pair, name, strlen(name)) == 0)
            return pair + strlen(name);
    return NULL;
}

static enum MHD_Result handle_login(struct exchange *x, struct MHD_Connection *connection,
                                    const char *path, const char *method)
{
    struct answer an = { 0 };
    const char *grant, *who;

    who = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    grant = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "grant_type");
    if (!grant && x->body.len > 0 && x->body.len <= FORM_MAX)
        grant = form_grant_type(x->body.data);
    if (verb_of(method) != VERB_POST)
        answer_message(&an, MHD_HTTP_METHOD_NOT_ALLOWED, "error", "invalid_request");
    else
        login_answer(x->h->sb, who, grant, &an);
    if (an.status == MHD_HTTP_OK)
        recognize(x, connection);
    if (x->body.len > 0)
        explicit_bzero(x->body.data, x->body.len);
    return exchange_answer(x, connection, method, path, &an, NULL);
}

/* --- libmicrohttpd's side -------------------------------------------------------------------- */

static enum MHD_Result refuse_large(struct exchange *x, struct MHD_Connection *connection,
                                    const char *path, const char *method)
{
    struct answer an = { 0 };

    answer_message(&an, MHD_HTTP_CONTENT_TOO_LARGE, "message", "Request Too Long");
    return exchange_answer(x, connection, method, path, &an, NULL);
}

/* What --fault has for it: MHD_YES when it goes on all the same. */
static enum MHD_Result make_fault(struct exchange *x, struct MHD_Connection *connection,
                                  const char *path, const char *method, bool *answered)
{
    const struct sandbox_options *o = x->h->sb->options;
    int what = fault_find(o->faults, o->n_faults, x->h->faults_used, method, path);
    struct answer an = { 0 };

    *answered = what == FAULT_CLOSE || what > 0;
    x->lost = what == FAULT_LOSE;
    if (what <= 0)
        return what == FAULT_CLOSE ? MHD_NO : MHD_YES;
    answer_message(&an, what, "message", MHD_get_reason_phrase_for((unsigned)what));
    return exchange_answer(x, connection, method, path, &an, NULL);
}

static enum MHD_Result dispatch(struct exchange *x, struct MHD_Connection *connection,
                                const char *path, const char *method)
{
    bool answered = false;
    enum MHD_Result rc = make_fault(x, connection, path, method, &answered);
    char id[ID_MAX];

    if (answered)
        return rc;
    if (login_is_path(path))
        return handle_login(x, connection, path, method);
    if (files_path(x->h->sb, path, id))
        return handle_file(x, connection, path, method, id);
    return handle_api(x, connection, path, method);
}

/* Room for the body that is to come: of n bytes. */
static enum MHD_Result make_room(struct exchange *x, size_t n)
{
    if (n > 0)
        room_take_body(&x->h->room, n);
    x->reserved = n;
    /* the memory at once; without it add_body() would only find out later */
    if (buf_resize(&x->body, n) < 0)
        return MHD_NO;
    buf_reset(&x->body);
    return MHD_YES;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* The most that a body of this path may have. */
static size_t body_max(const struct exchange *x, const char *path)
{
    char id[ID_MAX];

    if (login_is_path(path))
        return FORM_MAX;
    return files_path(x->h->sb, path, id) ? FILES_BYTES_MAX : EXCHANGE_BODY_MAX;
}

/* The headers are there, the body is not. A stranger's is read and forgotten, whatever will be
 * answered, so that he holds nothing that others wait for. */
static enum MHD_Result begin(struct exchange *x, struct MHD_Connection *connection,
                             const char *path, const char *method)
{
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    bool expects = header(connection, MHD_HTTP_HEADER_EXPECT) != NULL;
    char caller[ID_MAX];
    int64_t n = 0;

    x->begun = true;
    x->body.max = body_max(x, path);
    if (length && number_parse(length, 0, INT64_MAX, &n) < 0)
        return MHD_NO;
    if (n > (int64_t)x->body.max) {
        x->too_large = true;
        return expects || n > DRAIN_MAX ? refuse_large(x, connection, path, method) : MHD_YES;
    }
    if (login_is_path(path)) /* a form is small, and takes its room as it comes */
        return MHD_YES;
    x->unknown = !login_check(x->h->sb, header(connection, MHD_HTTP_HEADER_AUTHORIZATION), caller);
    if (x->unknown)
        return expects ? dispatch(x, connection, path, method) : MHD_YES;
    recognize(x, connection);
    return make_room(x, header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) ? x->body.max
                                                                              : (size_t)n);
}

/* MHD_NO: it is a stranger's, and takes too long. */
static enum MHD_Result add_body(struct exchange *x, const char *data, size_t len)
{
    if (x->unknown && clock_now_ms(clock_real()) - x->began_ms > (int64_t)STRANGERS_IDLE_S * 1000)
        return MHD_NO;
    if (x->unknown || x->too_large || buf_add(&x->body, data, len) == 0)
        return MHD_YES;
    x->too_large = true;
    buf_release(&x->body);
    return MHD_YES;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *len, void **at)
{
    struct exchange *x = *at;

    (void)cls;
    (void)version;
    if (!x)
        return MHD_NO;
    if (!x->begun)
        return begin(x, connection, path, method);
    if (*len > 0) {
        enum MHD_Result rc = add_body(x, data, *len);

        *len = 0;
        return rc;
    }
    if (x->too_large)
        return refuse_large(x, connection, path, method);
    return dispatch(x, connection, path, method);
}

static void come_or_go(void *cls, struct MHD_Connection *connection, void **visitor,
                       enum MHD_ConnectionNotificationCode what)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http *h = cls;

    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *visitor = info ? visitors_enter(&h->visitors, info->connect_fd) : NULL;
    else
        visitors_leave(&h->visitors, *visitor);
}

static void silent(void *cls, const char *fmt, va_list ap)
{
    (void)cls;
    (void)fmt;
    (void)ap;
}

static struct MHD_Daemon *start_daemon(struct http *h, int fd)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG;

    return MHD_start_daemon(
        flags, 0, NULL, NULL, handle, h, MHD_OPTION_EXTERNAL_LOGGER, silent, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, exchange_new, h,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_free, h, MHD_OPTION_NOTIFY_CONNECTION, come_or_go, h,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)STRANGERS_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
        MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES, MHD_OPTION_END);
}

int http_start(const struct sandbox *sb, struct access *access, struct http **out,
               struct failure *err)
{
    const struct sandbox_options *o = sb->options;
    struct http *h = calloc(1, sizeof(*h));
    int fd = -1, rc;

    if (!h)
        return fail(err, -ENOMEM, 0, "out of memory");
    h->sb = sb;
    h->access = access;
    room_init(&h->room);
    visitors_init(&h->visitors);
    h->stopping = eventfd(0, EFD_CLOEXEC);
    rc = h->stopping < 0 ? fail(err, -errno, 0, "no eventfd") : 0;
    if (rc == 0)
        rc = listen_on(o->host, o->port, o->public, &fd, &h->port, err);
    if (rc == 0) {
        h->daemon = start_daemon(h, fd);
        if (!h->daemon) {
            close(fd);
            rc = fail(err, -EIO, 0, "the server could not be started");
        }
    }
    if (rc < 0)
        http_stop(h);
    else
        *out = h;
    return rc;
}

unsigned http_port(const struct http *h)
{
    return h->port;
}

void http_stop(struct http *h)
{
    uint64_t one = 1;

    if (!h)
        return;
    if (h->stopping >= 0 && write(h->stopping, &one, sizeof(one)) < 0)
        abort(); /* an eventfd takes a 1 */
    if (h->daemon)
        MHD_stop_daemon(h->daemon);
    if (h->stopping >= 0)
        close(h->stopping);
    room_release(&h->room);
    visitors_release(&h->visitors);
    free(h);
}
