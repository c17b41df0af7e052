/*
 * A server on loopback that answers as a test wants: what the client does is then seen byte for
 * byte. A thread for each connection; include it in one test file each.
 */
#ifndef LASFS_FAKE_SERVER_H
#define LASFS_FAKE_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FAKE_HEAD_MAX 16384
#define FAKE_THREADS_MAX 512

struct fake_request {
    char method[16];
    char path[2048]; /* with its query */
    char head[FAKE_HEAD_MAX];
    char *body;
    size_t body_len;
};

struct fake_reply {
    int status;          /* 0: the connection is closed without an answer */
    const char *headers; /* more of them, each with its CR LF; may be NULL */
    const char *body;    /* NULL: a JSON object by default */
    size_t body_len;     /* 0: strlen(body) */
    size_t hold;         /* after so many bytes of the body wait for the server's gate; 0: do not */
    size_t cut;          /* close after so many bytes of the body; 0: all of it */
    int delay_ms;        /* before the answer */
    bool gated;          /* not before the server's gate is open */
};

struct fake_server;
/* Called with the server's lock held. */
typedef void fake_handler(struct fake_server *s, const struct fake_request *rq,
                          struct fake_reply *reply);

struct fake_server {
    int fd;
    int port;
    fake_handler *handler;
    void *arg;
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_t threads[FAKE_THREADS_MAX]; /* guarded by lock, as all below */
    int fds[FAKE_THREADS_MAX];
    unsigned n_threads;
    unsigned requests; /* but those for tokens */
    unsigned tokens;
    bool stopping;
    bool gate_open;
};

static inline void fake_sleep_ms(int ms)
{
    struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

    nanosleep(&ts, NULL);
}

static inline bool fake_send(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static inline bool fake_read(int fd, struct fake_request *rq)
{
    size_t len = 0, want = 0, extra;
    char *end = NULL, *at;

    while (!end) {
        ssize_t n = recv(fd, rq->head + len, sizeof(rq->head) - 1 - len, 0);

        if (n <= 0)
            return false;
        len += (size_t)n;
        rq->head[len] = '\0';
        end = strstr(rq->head, "\r\n\r\n");
        if (!end && len == sizeof(rq->head) - 1)
            return false;
    }
    if (sscanf(rq->head, "%15s %2047s", rq->method, rq->path) != 2)
        return false;
    at = strcasestr(rq->head, "\r\nContent-Length:");
    if (at && at < end)
        want = strtoul(at + 17, NULL, 10);
    rq->body = malloc(want + 1);
    rq->body_len = want;
    extra = len - (size_t)(end + 4 - rq->head);
    memcpy(rq->body, end + 4, extra < want ? extra : want);
    for (size_t got = extra; got < want;) {
        ssize_t n = recv(fd, rq->body + got, want - got, 0);

        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    rq->body[want] = '\0';
    end[2] = '\0';
    return true;
}

static inline void fake_open_gate(struct fake_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->gate_open = true;
    pthread_mutex_unlock(&s->lock);
}

/* So long, and until the gate is open if it must be; the server's end cuts it short. */
static inline void fake_wait(struct fake_server *s, int delay_ms, bool gated)
{
    bool open = false, stopping = false;

    for (int ms = 0; !stopping && (ms < delay_ms || (gated && !open)); ms += 2) {
        fake_sleep_ms(2);
        pthread_mutex_lock(&s->lock);
        open = s->gate_open;
        stopping = s->stopping;
        pthread_mutex_unlock(&s->lock);
    }
}

static inline bool fake_answer(struct fake_server *s, int fd, const char *method,
                               const struct fake_reply *r)
{
    const char *body = r->body ? r->body : "{}";
    size_t len = r->body_len ? r->body_len : strlen(body);
    char head[4096];
    int n;

    if (!r->status)
        return false;
    n = snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n", r->status,
                 r->status == 204 ? 0 : len, r->headers ? r->headers : "");
    if (!fake_send(fd, head, (size_t)n))
        return false;
    if (r->status == 204 || strcmp(method, "HEAD") == 0)
        return true;
    if (r->hold && !fake_send(fd, body, r->hold))
        return false;
    if (r->hold)
        fake_wait(s, 0, true);
    return fake_send(fd, body + r->hold, (r->cut ? r->cut : len) - r->hold) && !r->cut;
}

struct fake_connection {
    struct fake_server *server;
    int fd;
};

static inline void *fake_serve(void *arg)
{
    struct fake_connection c = *(struct fake_connection *)arg;
    bool go_on = true;

    free(arg);
    while (go_on) {
        struct fake_request *rq = calloc(1, sizeof(*rq));
        struct fake_reply reply = { .status = 200 };

        go_on = fake_read(c.fd, rq);
        if (go_on) {
            pthread_mutex_lock(&c.server->lock);
            if (strstr(rq->path, "token?grant_type=client_credentials"))
                c.server->tokens++;
            else
                c.server->requests++;
            c.server->handler(c.server, rq, &reply);
            pthread_mutex_unlock(&c.server->lock);
            fake_wait(c.server, reply.delay_ms, reply.gated);
            go_on = fake_answer(c.server, c.fd, rq->method, &reply);
        }
        free(rq->body);
        free(rq);
    }
    shutdown(c.fd, SHUT_RDWR);
    return NULL;
}

static inline void *fake_accept(void *arg)
{
    struct fake_server *s = arg;

    for (;;) {
        struct fake_connection *c = malloc(sizeof(*c));
        int one = 1;

        c->server = s;
        c->fd = accept(s->fd, NULL, NULL);
        pthread_mutex_lock(&s->lock);
        if (c->fd < 0 || s->stopping || s->n_threads == FAKE_THREADS_MAX) {
            pthread_mutex_unlock(&s->lock);
            if (c->fd >= 0)
                close(c->fd);
            free(c);
            return NULL;
        }
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        s->fds[s->n_threads] = c->fd;
        pthread_create(&s->threads[s->n_threads++], NULL, fake_serve, c);
        pthread_mutex_unlock(&s->lock);
    }
}

static inline void fake_start(struct fake_server *s, fake_handler *handler, void *arg)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);

    *s = (struct fake_server){ .handler = handler, .arg = arg };
    pthread_mutex_init(&s->lock, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->fd, (struct sockaddr *)&at, len) < 0 || listen(s->fd, 256) < 0 ||
        getsockname(s->fd, (struct sockaddr *)&at, &len) < 0)
        abort();
    s->port = ntohs(at.sin_port);
    pthread_create(&s->acceptor, NULL, fake_accept, s);
}

static inline void fake_stop(struct fake_server *s)
{
    unsigned n;

    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    n = s->n_threads;
    pthread_mutex_unlock(&s->lock);
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->acceptor, NULL);
    close(s->fd);
    for (unsigned i = 0; i < n; i++)
        shutdown(s->fds[i], SHUT_RDWR);
    for (unsigned i = 0; i < n; i++) {
        pthread_join(s->threads[i], NULL);
        close(s->fds[i]);
    }
    pthread_mutex_destroy(&s->lock);
}

static inline unsigned fake_count(struct fake_server *s, bool tokens)
{
    unsigned n;

    pthread_mutex_lock(&s->lock);
    n = tokens ? s->tokens : s->requests;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static inline bool fake_is_token(const struct fake_request *rq)
{
    return strstr(rq->path, "token?grant_type=client_credentials") != NULL;
}

static inline int64_t fake_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#endif
