/* A document's bytes pass through the client without being held: its memory is measured. */
#include "backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <nettle/base64.h>

#include "client_fixture.h"
#include "file.h"
#include "perform.h"

#include "banned.h"

#define BYTES 4687500 /* the largest document */
#define TEXT (BYTES / 3 * 4)
#define MAX_GROWTH_KIB (10 * 1024)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEASURED false /* their own memory is far larger */
#else
#define MEASURED true
#endif

/* --- The server, a process of its own: its memory is not the client's -------------------------- */

static char *answer;

static void serve(struct fake_server *s, const struct fake_request *rq, struct fake_reply *reply)
{
    (void)s;
    if (fake_is_token(rq))
        reply->body = "{\"access_token\": \"t\", \"expires_in\": 3600}";
    else if (strcmp(rq->method, "POST") == 0)
        reply->body = rq->body_len > TEXT ? A_DOCUMENT : "{}";
    else
        reply->body = answer;
}

static void server_run(int port_fd)
{
    static const char head[] = "{\"documentId\": \"" DOC "\", \"content\": \"", tail[] = "\"}";
    struct fake_server s;

    answer = malloc(sizeof(head) + TEXT + sizeof(tail));
    if (!answer)
        _exit(1);
    memcpy(answer, head, sizeof(head));
    memset(answer + sizeof(head) - 1, 'A', TEXT);
    memcpy(answer + sizeof(head) - 1 + TEXT, tail, sizeof(tail));
    fake_start(&s, serve, NULL);
    if (write(port_fd, &s.port, sizeof(s.port)) != sizeof(s.port))
        _exit(1);
    close(port_fd);
    for (;;)
        pause();
}

static pid_t server_start(int *port)
{
    int fds[2];
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* when a check fails, it must not be left behind */
        close(fds[0]);
        server_run(fds[1]);
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], port, sizeof(*port)), sizeof(*port));
    close(fds[0]);
    return pid;
}

/* --- Memory ---------------------------------------------------------------------------------- */

/* The most that was resident since clear_refs was written. */
static long peak_kib(void)
{
    struct buf status = BUF_INIT(65536);
    const char *line;
    long kib;

    assert_int_equal(file_read("/proc/self/status", &status), 0);
    line = strstr(status.data, "VmHWM:");
    assert_non_null(line);
    kib = strtol(line + 6, NULL, 10);
    buf_release(&status);
    return kib;
}

static void forget_peak(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "5", 1), 1);
    close(fd);
}

/* On the disk and not in memory. */
static int disk_file(off_t len)
{
    char path[] = "/tmp/test_stream.XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ftruncate(fd, len), 0);
    return fd;
}

static void get_once(struct backend *be, struct call *call, int fd)
{
    struct target t = target_of(RES_DOCUMENTS, DOC);
    struct failure err = { 0 };
    struct record *r = NULL;
    int64_t size = 0;

    assert_int_equal(backend_get(be, call, &t, fd, &r, &size, &err), 0);
    assert_int_equal(size, BYTES);
    record_unref(r);
}

static void post_once(struct backend *be, struct call *call, int fd)
{
    struct target t = target_of(RES_DOCUMENTS, NULL);
    struct content_source content = { fd, BYTES };
    struct failure err = { 0 };
    struct record *r = NULL;

    assert_int_equal(backend_create(be, call, &t, NULL, content, &r, &err), 0);
    record_unref(r);
}

static void a_document_is_never_held(void **state)
{
    int port, fd = disk_file(BYTES);
    pid_t server = server_start(&port);
    struct backend_config config = { .client_id = "i",
                                     .client_secret = "s",
                                     .max_conns = 2,
                                     .timeout_ms = 60000,
                                     .clock = clock_real() };
    char api[64], auth[64];
    struct backend *be = NULL;
    struct failure err = { 0 };
    struct call call;
    long before, after;

    (void)state;
    snprintf(api, sizeof(api), "http://127.0.0.1:%d/v1", port);
    snprintf(auth, sizeof(auth), "http://127.0.0.1:%d/oauth2", port);
    config.api_endpoint = api;
    config.auth_endpoint = auth;
    assert_int_equal(call_init(&call), 0);
    assert_int_equal(backend_new(&config, &be, &err), 0);
    assert_int_equal(perform_token(be, &call, &err), 0);
    forget_peak();
    before = peak_kib();
    get_once(be, &call, fd);
    post_once(be, &call, fd);
    after = peak_kib();
    print_message(
        "VmHWM %ld KiB before, %ld KiB after a GET and a POST of %d bytes: %ld KiB more\n", before,
        after, BYTES, after - before);
    if (MEASURED)
        assert_true(after - before < MAX_GROWTH_KIB);
    backend_free(be);
    call_release(&call);
    close(fd);
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(waitpid(server, NULL, 0), server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_never_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
