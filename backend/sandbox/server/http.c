#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "buf.h"
#include "certificate.h"
#include "clock.h"
#include "dispatch.h"
#include "exchange.h"
#include "files.h"
#include "listen.h"
#include "login.h"
#include "number.h"
#include "room.h"
#include "work.h"

#include "banned.h"

/* More than that is not even read before it is refused. */
#define DRAIN_MAX ((int64_t)96 << 20)
/* Far more than there are visitors: those that were told to go take a moment. */
#define CONNECTIONS_MAX (2 * (VISITORS_STRANGERS + VISITORS_KNOWN))
#define STRANGERS_IDLE_S 10
#define STACK_BYTES ((size_t)1 << 20)
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define CONNECTION_BYTES ((size_t)64 << 10)

/* --- libmicrohttpd's side -------------------------------------------------------------------- */

static enum MHD_Result refuse_large(struct exchange *x, struct MHD_Connection *connection,
                                    const char *path, const char *method)
{
    struct answer an = { 0 };

    answer_message(&an, MHD_HTTP_CONTENT_TOO_LARGE, "message", "Request Too Long");
    return exchange_answer(x, connection, method, path, &an, NULL);
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
        return EXCHANGE_FORM_MAX;
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
    exchange_recognize(x, connection);
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
    bool tls = h->certificate.path != NULL;

    if (tls)
        flags |= MHD_USE_TLS;

    return MHD_start_daemon(
        flags, 0, NULL, NULL, handle, h, MHD_OPTION_EXTERNAL_LOGGER, silent, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, exchange_new, h,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_free, h, MHD_OPTION_NOTIFY_CONNECTION, come_or_go, h,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)STRANGERS_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
        MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES, tls ? MHD_OPTION_HTTPS_MEM_KEY : MHD_OPTION_END,
        h->certificate.key, MHD_OPTION_HTTPS_MEM_CERT, h->certificate.text,
        MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES, MHD_OPTION_END);
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
    recent_init(&h->recent);
    visitors_init(&h->visitors);
    h->stopping = eventfd(0, EFD_CLOEXEC);
    rc = h->stopping < 0 ? fail(err, -errno, 0, "no eventfd") : 0;
    if (rc == 0 && o->tls)
        rc = certificate_open(o->state, o->host, &h->certificate, err);
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
    certificate_release(&h->certificate);
    recent_release(&h->recent);
    room_release(&h->room);
    visitors_release(&h->visitors);
    free(h);
}
