#include "dispatch.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "address.h"
#include "array.h"
#include "bulk.h"
#include "files.h"
#include "form.h"
#include "front.h"
#include "login.h"
#include "rest.h"
#include "work.h"

#include "banned.h"

#define ARGS_MAX 2048
#define JSON_TYPE "application/json"
#define FORM_TYPE "application/x-www-form-urlencoded"
#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]"

/* --- Requests -------------------------------------------------------------------------------- */

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
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

    who = header(connection, MHD_HTTP_HEADER_AUTHORIZATION);
    type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
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

/* "me" is the organization whose server it is, and what is that one's may have it before its id. */
static void resolve_own(const struct sandbox *sb, struct address *t)
{
    const struct resource *above = generation_resource(sb->api, t->res->parent);

    for (unsigned i = 0; i < t->n_ids; i++) {
        const char *own = address_own(sb, above && i == 0 ? above : t->res, t->ids[i]);

        if (strcmp(t->ids[i], "me") == 0)
            memcpy(t->ids[i], t->res->kind == RES_PROFILES ? sb->profile : sb->organization,
                   sizeof(t->ids[i]));
        else
            memmove(t->ids[i], own, strlen(own) + 1);
    }
}

/* How the client reached the server, which may be through something that stands before it. */
static void find_origin(const struct http *h, struct MHD_Connection *connection,
                        char out[ORIGIN_MAX])
{
    const char *host = header(connection, MHD_HTTP_HEADER_HOST);
    const char *scheme = header(connection, "X-Forwarded-Proto");
    bool tls = http_ca_file(h) || (scheme && strcmp(scheme, "https") == 0);

    if (host && *host && strlen(host) < ORIGIN_MAX - sizeof("https://") &&
        host[strspn(host, HOST_CHARACTERS)] == '\0')
        snprintf(out, ORIGIN_MAX, "%s://%s", tls ? "https" : "http", host);
    else
        http_root(h, out);
}

/* What is made of the bytes takes a place among those that other programs work for. */
static void get_file(struct exchange *x, struct MHD_Connection *connection, const char *id,
                     struct answer *an)
{
    struct args *args = calloc(1, sizeof(*args));

    if (!args)
        return;
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_arg, args);
    exchange_wait(x);
    if (args->n > 0)
        room_begin_render(&x->h->room);
    room_begin_answer(&x->h->room);
    files_get(x->h->sb, id, args->list, args->n, x->h->stopping, an);
    room_end_answer(&x->h->room, an->len);
    if (args->n > 0)
        room_end_render(&x->h->room);
    x->answer = an->len;
    free(args);
}

/* Bytes that stand beside a document. */
static enum MHD_Result handle_file(struct exchange *x, struct MHD_Connection *connection,
                                   const char *path, const char *method, const char *id)
{
    const struct sandbox *sb = x->h->sb;
    char caller[ID_MAX];
    struct answer an = { 0 };
    const char *type;

    type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (!login_check(sb, header(connection, MHD_HTTP_HEADER_AUTHORIZATION), caller)) {
        answer_message(&an, MHD_HTTP_FORBIDDEN, "message", "Forbidden");
    } else if (strcmp(method, "PUT") == 0) {
        files_put(sb, caller, id, type, x->body.data, x->body.len, &an);
    } else if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        get_file(x, connection, id, &an);
    } else {
        answer_message(&an, MHD_HTTP_FORBIDDEN, "message", "Missing Authentication Token");
    }
    return exchange_answer(x, connection, method, path, &an, NULL);
}

/* The path as it came; the caller frees. NULL: no memory. */
static char *path_of(const struct exchange *x, const char *decoded)
{
    return x->uri && x->uri[0] == '/' ? strndup(x->uri, strcspn(x->uri, "?")) : strdup(decoded);
}

static enum MHD_Result handle_api(struct exchange *x, struct MHD_Connection *connection,
                                  const char *path, const char *method)
{
    cleanup_free char *came = path_of(x, path);
    struct request rq = { .verb = verb_of(method) };
    char allow[ADDRESS_ALLOW_MAX];
    struct answer an = { 0 };

    if (address_parse(x->h->sb->api, came ? came : path, &rq.target) < 0)
        answer_message(&an, MHD_HTTP_NOT_FOUND, "message", "Not Found");
    else if (!address_can(&rq.target, rq.verb))
        answer_message(&an, MHD_HTTP_FORBIDDEN, "message", "Missing Authentication Token");
    else if (rq.verb == VERB_OPTIONS) {
        answer_empty(&an);
        address_allow(&rq.target, allow);
    } else {
        resolve_own(x->h->sb, &rq.target);
        if (x->h->sb->options->file_url)
            find_origin(x->h, connection, rq.origin);
        answer_api(x, connection, &rq, &an);
    }
    return exchange_answer(x, connection, method, path, &an,
                           rq.verb == VERB_OPTIONS && an.status == MHD_HTTP_OK ? allow : NULL);
}

static bool is_form(const char *type)
{
    size_t len = strlen(FORM_TYPE);

    return !type ||
           (strncasecmp(type, FORM_TYPE, len) == 0 && (!type[len] || strchr("; ", type[len])));
}

/* What it is said by: the query has the kind of grant at most, so that no secret is in an address. */
static void read_login(struct exchange *x, struct MHD_Connection *connection,
                       struct login_request *rq)
{
    struct form_field fields[] = { { "grant_type", NULL },
                                   { "client_id", NULL },
                                   { "client_secret", NULL } };

    rq->authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION);
    rq->grant_type = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "grant_type");
    if (x->body.len > 0 && is_form(header(connection, MHD_HTTP_HEADER_CONTENT_TYPE)))
        rq->malformed = strlen(x->body.data) != x->body.len ||
                        form_parse(x->body.data, fields, ARRAY_LEN(fields)) < 0;
    rq->malformed = rq->malformed || (rq->grant_type && fields[0].value);
    if (!rq->grant_type)
        rq->grant_type = fields[0].value;
    rq->client_id = fields[1].value;
    rq->client_secret = fields[2].value;
}

static enum MHD_Result handle_login(struct exchange *x, struct MHD_Connection *connection,
                                    const char *path, const char *method)
{
    struct login_request rq = { 0 };
    struct answer an = { 0 };

    read_login(x, connection, &rq);
    if (verb_of(method) != VERB_POST)
        answer_message(&an, MHD_HTTP_METHOD_NOT_ALLOWED, "error", "invalid_request");
    else
        login_answer(x->h->sb, &rq, &an);
    if (an.status == MHD_HTTP_OK)
        exchange_recognize(x, connection);
    if (x->body.len > 0)
        explicit_bzero(x->body.data, x->body.len);
    return exchange_answer(x, connection, method, path, &an, NULL);
}

static enum MHD_Result handle_front(struct exchange *x, struct MHD_Connection *connection,
                                    const char *path, const char *method)
{
    struct answer an = { 0 };

    exchange_wait(x);
    front_answer(x->h, path, header(connection, MHD_HTTP_HEADER_HOST),
                 header(connection, MHD_HTTP_HEADER_AUTHORIZATION), &an);
    return exchange_answer(x, connection, method, path, &an, NULL);
}

/* --- Who answers ----------------------------------------------------------------------------- */

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

enum MHD_Result dispatch(struct exchange *x, struct MHD_Connection *connection, const char *path,
                         const char *method)
{
    bool answered = false;
    enum MHD_Result rc = make_fault(x, connection, path, method, &answered);
    char id[ID_MAX];

    if (answered)
        return rc;
    if (login_is_path(path))
        return handle_login(x, connection, path, method);
    if (exchange_is_front(path) && (verb_of(method) == VERB_GET || strcmp(method, "HEAD") == 0))
        return handle_front(x, connection, path, method);
    if (files_path(x->h->sb, path, id))
        return handle_file(x, connection, path, method, id);
    return handle_api(x, connection, path, method);
}
