/* A server that gives or takes little at a time: who is waited for, and for how long. */
#include "engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fake_server.h"

#include "banned.h"

#define FOREVER 1000000
#define BODY_BYTES ((size_t)4 << 20)

/* One connection, and what it is given or takes, piece by piece. */
struct dribble {
    const char *head;  /* at once; NULL: that of an answer without a length */
    const char *piece; /* then this, so often, with a pause before each */
    int pieces, pause_ms;
    /* Instead: the body is taken, so much at a time, and then there is an answer. */
    size_t takes;
    /* A clock that goes on with each piece that has come to the other side. */
    struct fake_clock *clock;
    int64_t step_ms;
    int fd, port, kept_fd;
    atomic_bool stop;
    pthread_t thread;
};

static void give(struct dribble *d, int fd)
{
    const char *head = d->head ? d->head : "HTTP/1.1 200 X\r\n\r\n";
    size_t len = strlen(d->piece), given = 0;
    struct stat st = { .st_size = 0 };

    fake_send(fd, head, strlen(head));
    for (int i = 0; i < d->pieces && !d->stop; i++) {
        fake_sleep_ms(d->pause_ms);
        if (!fake_send(fd, d->piece, len))
            return;
        given += len;
        while (d->clock && !d->stop && fstat(d->kept_fd, &st) == 0 && (size_t)st.st_size < given)
            fake_sleep_ms(1);
        if (d->clock)
            fake_clock_advance(d->clock, d->step_ms);
    }
}

static void take(struct dribble *d, int fd)
{
    char *room = malloc(d->takes);
    size_t got = 0;

    while (got < BODY_BYTES && !d->stop) {
        ssize_t n = recv(fd, room, d->takes, 0);

        if (n <= 0)
            break;
        got += (size_t)n;
        fake_sleep_ms(d->pause_ms);
    }
    free(room);
    if (got >= BODY_BYTES)
        fake_send(fd, "HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}", 40);
}

static void *dribble_run(void *arg)
{
    struct dribble *d = arg;
    int fd = accept(d->fd, NULL, NULL);

    if (fd >= 0 && d->takes)
        take(d, fd);
    else if (fd >= 0) {
        struct fake_request *rq = calloc(1, sizeof(*rq));

        if (fake_read(fd, rq))
            give(d, fd);
        free(rq->body);
        free(rq);
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void dribble_start(struct dribble *d)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int little = 64 << 10;

    d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* else the kernel takes it all, whoever reads it */
    assert_int_equal(setsockopt(d->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)), 0);
    assert_int_equal(bind(d->fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(d->fd, 8), 0);
    assert_int_equal(getsockname(d->fd, (struct sockaddr *)&at, &len), 0);
    d->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&d->thread, NULL, dribble_run, d), 0);
}

/* What the engine makes of it: rc, the words in err, the answer's length in *len. */
static int ask(struct dribble *d, int64_t timeout_ms, struct failure *err, int64_t *len)
{
    struct clock *clock = d->clock ? &d->clock->clock : clock_real();
    struct raw_answer raw = { .fd = memfd_create("kept", MFD_CLOEXEC),
                              .max_bytes = ANSWER_MAX_BYTES };
    char *body = calloc(1, BODY_BYTES);
    struct upload up = { .head = body, .head_len = BODY_BYTES, .fd = -1 };
    struct engine *e = NULL;
    struct call call;
    char url[64];
    struct request rq = { .method = d->takes ? "PUT" : "GET",
                          .url = url,
                          .content_type = "x",
                          .idempotent = true,
                          .timeout_ms = timeout_ms,
                          .raw = &raw,
                          .body = d->takes ? &up : NULL,
                          .answer = BUF_INIT(1000) };
    int rc;

    d->kept_fd = raw.fd;
    dribble_start(d);
    assert_int_equal(call_init(&call), 0);
    assert_int_equal(engine_new(2, NULL, clock, &e, err), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", d->port);
    rq.moved_ms = clock_now_ms(clock);
    rc = request_do(e, &call, &rq);
    *err = rq.failure;
    *len = raw.size;
    print_message("%d %s\n", rc, err->text);
    engine_free(e);
    d->stop = true;
    pthread_join(d->thread, NULL);
    call_release(&call);
    buf_release(&rq.answer);
    free(body);
    close(raw.fd);
    close(d->fd);
    return rc;
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void what_moves_is_not_timed_out(void **state)
{
    struct dribble d = { .piece = X64 X64 X64 X64, .pieces = 10, .pause_ms = 150 };
    struct failure err;
    int64_t len;

    (void)state;
    assert_int_equal(ask(&d, 700, &err, &len), 0);
    assert_int_equal(len, 2560);
}

static void what_hardly_moves_is(void **state)
{
    struct dribble d = { .piece = "x", .pieces = FOREVER, .pause_ms = 20 };
    struct failure err;
    int64_t len;

    (void)state;
    assert_int_equal(ask(&d, 700, &err, &len), -ETIMEDOUT);
    assert_non_null(strstr(err.text, "hardly anything has moved for"));
}

static void an_answer_that_moves_ends_too(void **state)
{
    struct fake_clock clock;
    struct dribble d = {
        .piece = X64 X64 X64 X64, .pieces = FOREVER, .clock = &clock, .step_ms = 500
    };
    struct failure err;
    int64_t len;

    (void)state;
    fake_clock_init(&clock, 1000, 0);
    assert_int_equal(ask(&d, 1000, &err, &len), -ETIMEDOUT);
    assert_string_equal(err.text, "the answer has not ended within 40 s");
    assert_in_range(len, 79 * 256, 82 * 256);
}

static void a_head_line_by_line_is_timed_out(void **state)
{
    static const char *const heads[] = { "HTTP/1.1 200 X\r\n", "HTTP/1.1 100 X\r\n\r\n" };
    struct failure err;
    int64_t len;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct dribble d = { .head = heads[i],
                             .piece = i ? "HTTP/1.1 100 X\r\n\r\n" : "X: y\r\n",
                             .pieces = FOREVER,
                             .pause_ms = 50 };

        assert_int_equal(ask(&d, 700, &err, &len), -ETIMEDOUT);
    }
}

static void a_head_without_an_end_is_refused(void **state)
{
    static const char *const pieces[] = { "X: y\r\n", "X: " X64 X64 X64 X64 X64 X64 X64 X64 "\r\n",
                                          "HTTP/1.1 100 X\r\n\r\n" };
    struct failure err;
    int64_t len;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct dribble d = { .head = i < 2 ? "HTTP/1.1 200 X\r\n" : "",
                             .piece = pieces[i],
                             .pieces = FOREVER };

        assert_int_equal(ask(&d, 20000, &err, &len), -EIO);
        assert_non_null(strstr(err.text, "headers"));
    }
}

static void trailers_without_an_end_are_refused(void **state)
{
    struct dribble d = { .head =
                             "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
                         .piece = "X: y\r\n",
                         .pieces = FOREVER };
    struct failure err;
    int64_t len;

    (void)state;
    assert_int_equal(ask(&d, 20000, &err, &len), -EIO);
}

static void a_slow_upload_that_moves_is_not_stuck(void **state)
{
    struct dribble d = { .takes = 64 << 10, .pause_ms = 100 };
    struct failure err;
    int64_t len;

    (void)state;
    assert_int_equal(ask(&d, 1500, &err, &len), 0);
}

static void an_upload_that_hardly_moves_is(void **state)
{
    struct dribble d = { .takes = 1, .pause_ms = 20 };
    struct failure err;
    int64_t len;

    (void)state;
    assert_int_equal(ask(&d, 700, &err, &len), -ETIMEDOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_moves_is_not_timed_out),
        cmocka_unit_test(what_hardly_moves_is),
        cmocka_unit_test(an_answer_that_moves_ends_too),
        cmocka_unit_test(a_head_line_by_line_is_timed_out),
        cmocka_unit_test(a_head_without_an_end_is_refused),
        cmocka_unit_test(trailers_without_an_end_are_refused),
        cmocka_unit_test(a_slow_upload_that_moves_is_not_stuck),
        cmocka_unit_test(an_upload_that_hardly_moves_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
