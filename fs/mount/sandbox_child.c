#include "sandbox_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "hex.h"
#include "owned.h"

#include "banned.h"

#define PROGRAM "lasfs-sandbox"
#define CLIENT_ID "sandbox"
#define SECRET_BYTES 24
#define READY_LINE_MAX 4096

static char *random_secret(void)
{
    unsigned char bytes[SECRET_BYTES];
    char *text = malloc(2 * SECRET_BYTES + 1);

    if (!text || getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
        free(text);
        return NULL;
    }
    hex_encode(bytes, sizeof(bytes), text);
    return text;
}

/* Beside this program, else wherever PATH has it. */
static char *find_program(void)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash, *beside;

    if (n <= 0)
        return strdup(PROGRAM);
    self[n] = '\0';
    slash = strrchr(self, '/');
    if (!slash)
        return strdup(PROGRAM);
    slash[1] = '\0';
    beside = path_join(self, PROGRAM);
    if (beside && access(beside, X_OK) == 0)
        return beside;
    free(beside);
    return strdup(PROGRAM);
}

/* A descriptor from which the secret can be read, and which leaves no name anywhere. */
static int secret_fd(const char *secret)
{
    int fd = memfd_create("secret", 0);
    int rc;

    if (fd < 0)
        return -errno;
    rc = file_write_all(fd, secret, strlen(secret));
    if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
        rc = -errno;
    if (rc < 0) {
        close(fd);
        return rc;
    }
    return fd;
}

struct child {
    const char *program, *dir;
    bool seed_demo;
    int secret, out;
    int words; /* where it complains: -1 our own stderr */
};

static _Noreturn void run_child(const struct child *c)
{
    char secret_path[32];
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0); /* Ctrl-C is for the mount, which ends this one last */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    snprintf(secret_path, sizeof(secret_path), "/dev/fd/%d", c->secret);
    dup2(c->out, 1);
    if (c->words >= 0)
        dup2(c->words, 2);
    execlp(c->program, PROGRAM, "--listen", "127.0.0.1:0", "--state", c->dir, "--client-id",
           CLIENT_ID, "--client-secret-file", secret_path, c->seed_demo ? "--seed-demo" : NULL,
           (char *)NULL);
    fprintf(stderr, "cannot start %s: %s\n", c->program, strerror(errno));
    _exit(127);
}

static int read_ready_line(int fd, struct buf *line)
{
    char c;

    for (;;) {
        ssize_t n = read(fd, &c, 1);
        int rc;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -EIO;
        if (c == '\n')
            return 0;
        rc = buf_addc(line, c);
        if (rc < 0)
            return rc;
    }
}

/* The line is {"apiEndpoint": "...", "authEndpoint": "..."}, from our own program. */
static char *value_of(const char *line, const char *key)
{
    const char *p = strstr(line, key);
    const char *end;

    p = p ? strchr(p + strlen(key) + 1, ':') : NULL;
    p = p ? strchr(p, '"') : NULL;
    end = p ? strchr(p + 1, '"') : NULL;
    return end ? strndup(p + 1, (size_t)(end - p - 1)) : NULL;
}

static int spawn(struct child *c, const char *secret, pid_t *pid, struct buf *line)
{
    cleanup_free char *program = find_program();
    cleanup_fd int fd = secret_fd(secret);
    cleanup_fd int in = -1, out = -1;
    int ends[2];

    if (!program)
        return -ENOMEM;
    if (fd < 0)
        return fd;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    in = ends[0];
    out = ends[1];
    c->program = program;
    c->secret = fd;
    c->out = out;
    *pid = fork();
    if (*pid < 0)
        return -errno;
    if (*pid == 0)
        run_child(c);
    close(steal_fd(&out));
    return read_ready_line(in, line);
}

/* What it said before it ended, as one line. */
static int say_why(int words, const char *dir, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(READY_LINE_MAX);

    if (words >= 0 && lseek(words, 0, SEEK_SET) == 0)
        file_read_fd(words, &text);
    return fail(err, -EIO, 0, "the sandbox did not start (its state is in %s)%s%s", dir,
                text.len ? ": " : "", buf_str(&text));
}

int sandbox_child_start(const char *dir, bool seed_demo, bool quiet, struct sandbox_child *out,
                        struct failure *err)
{
    cleanup_fd int words = quiet ? memfd_create("words", MFD_CLOEXEC) : -1;
    cleanup_buf struct buf line = BUF_INIT(READY_LINE_MAX);
    cleanup_fd int checked = -1;
    struct child c = { .dir = dir, .seed_demo = seed_demo, .words = words };
    int rc;

    *out = (struct sandbox_child){ .pid = 0 };
    rc = owned_dir_open("sandbox directory", dir, &checked, err);
    if (rc < 0)
        return rc;
    out->client_id = strdup(CLIENT_ID);
    out->client_secret = random_secret();
    if (!out->client_id || !out->client_secret)
        return fail(err, -ENOMEM, 0, "no memory to start the sandbox");
    rc = spawn(&c, out->client_secret, &out->pid, &line);
    if (rc == 0) {
        out->api_endpoint = value_of(buf_str(&line), "apiEndpoint");
        out->auth_endpoint = value_of(buf_str(&line), "authEndpoint");
    }
    if (rc < 0 || !out->api_endpoint || !out->auth_endpoint) {
        sandbox_child_stop(out);
        return say_why(words, dir, err);
    }
    return 0;
}

void sandbox_child_stop(struct sandbox_child *c)
{
    if (c->pid > 0) {
        kill(c->pid, SIGTERM);
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (c->client_secret)
        explicit_bzero(c->client_secret, strlen(c->client_secret));
    free(c->client_secret);
    free(c->client_id);
    free(c->api_endpoint);
    free(c->auth_endpoint);
    *c = (struct sandbox_child){ .pid = 0 };
}
