#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "lock.h"
#include "number.h"
#include "progress.h"
#include "status_page.h"
#include "thread.h"

#include "banned.h"

#define CHUNK_BYTES 65536
#define LINE_MAX_BYTES 8192
#define FOLLOW_NS 300000000
#define LOOK_EVERY_MS 100

struct at {
    const char *mountpoint;
    int dir; /* its .lasfs */
    bool follow;
};

static int complain(const char *what, int rc)
{
    fprintf(stderr, "lasfs: %s: %s\n", what, strerror(-rc));
    return rc;
}

static int complain_file(const struct at *at, const char *file, int rc)
{
    fprintf(stderr, "lasfs: %s/.lasfs/%s: %s\n", at->mountpoint, file, strerror(-rc));
    return rc;
}

static int open_dir(struct at *at)
{
    int rc = status_page_open(at->mountpoint);

    if (rc == -ENOENT || rc == -ENOTDIR)
        fprintf(stderr, "lasfs: %s is not a mount of lasfs\n", at->mountpoint);
    else if (rc < 0)
        complain(at->mountpoint, rc);
    at->dir = rc;
    return rc < 0 ? rc : 0;
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* From where fd is to its end, as it is now. */
static int copy_out(int fd)
{
    char data[CHUNK_BYTES];
    ssize_t n;

    while ((n = read(fd, data, sizeof(data))) != 0) {
        int rc = n < 0 ? -errno : file_write_all(STDOUT_FILENO, data, (size_t)n);

        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Is fd's mount still at its place? Who holds a file open there shall not keep it from its end. */
static bool is_mounted(const struct at *at, int fd)
{
    cleanup_free char *path = path_join(at->mountpoint, ".lasfs");
    struct stat here, there;

    return path && fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_dev == there.st_dev;
}

/* As tail -f: a page that is shorter than what was read has begun again. */
static int follow(const struct at *at, int fd)
{
    struct timespec pause = { .tv_nsec = FOLLOW_NS };

    while (is_mounted(at, fd)) {
        struct stat st;
        int rc;

        if (fstat(fd, &st) == 0 && st.st_size < lseek(fd, 0, SEEK_CUR))
            lseek(fd, 0, SEEK_SET);
        rc = copy_out(fd);
        if (rc < 0)
            return rc;
        nanosleep(&pause, NULL);
    }
    return 0;
}

static int show(const struct at *at, const char *file)
{
    cleanup_fd int fd = openat(at->dir, file, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : copy_out(fd);

    if (rc == 0 && at->follow)
        rc = follow(at, fd);
    return rc < 0 ? complain_file(at, file, rc) : 0;
}

static int run_status(const struct at *at, char *const *rest)
{
    (void)rest;
    return show(at, "status");
}

static int run_errors(const struct at *at, char *const *rest)
{
    (void)rest;
    return show(at, "errors");
}

/* --- Writing ---------------------------------------------------------------------------------- */

/* Says how far a command is, from a thread of its own: the other one is in write(2). */
struct watch {
    const struct at *at;
    const char *line;
    struct progress progress;
    struct status_page first;
    pthread_t thread;
    bool started;
    struct lock lock;
    pthread_cond_t cond;
    bool done; /* guarded by lock */
};

/* Until it is done, or it is time for another look: is it done? */
static bool wait_a_moment(struct watch *w)
{
    struct clock *clock = clock_real();
    int64_t until = clock_now_ms(clock) + LOOK_EVERY_MS;
    bool done;

    lock_take(&w->lock);
    while (!w->done && lock_wait_until(&w->lock, &w->cond, clock, until) == 0)
        ;
    done = w->done;
    lock_give(&w->lock);
    return done;
}

static void *watch_thread(void *arg)
{
    struct watch *w = arg;
    char words[STATUS_WORDS_MAX];

    while (!wait_a_moment(w)) {
        struct status_page now;

        if (!progress_is_long(&w->progress) || status_page_read(w->at->dir, &now) < 0)
            continue;
        status_page_words(&now, &w->first, words);
        progress_show(&w->progress, "lasfs: %s: %s", w->line, *words ? words : "at work");
    }
    progress_end(&w->progress);
    return NULL;
}

/* Where there is no terminal, or no memory, it goes on without words. */
static void watch_start(struct watch *w, const struct at *at, const char *line)
{
    *w = (struct watch){ .at = at, .line = line };
    progress_begin(&w->progress, STDERR_FILENO, clock_real());
    if (!progress_is_on(&w->progress) || status_page_read(at->dir, &w->first) < 0 ||
        cond_init_monotonic(&w->cond) < 0)
        return;
    lock_init(&w->lock, LOCK_MOUNT);
    w->started = thread_start(&w->thread, 0, watch_thread, w) == 0;
}

static void watch_stop(struct watch *w)
{
    if (!w->started)
        return;
    lock_take(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->cond);
    lock_give(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->cond);
    lock_destroy(&w->lock);
}

/* A command is carried out in the write(2) that has it all, and that says how it went. */
static int send_line(const struct at *at, const struct buf *line)
{
    cleanup_fd int fd = openat(at->dir, "control", O_WRONLY | O_CLOEXEC);
    struct watch watch;
    int rc;

    if (fd < 0)
        return complain_file(at, "control", -errno);
    watch_start(&watch, at, line->data);
    rc = write(fd, line->data, line->len) < 0 ? -errno : 0;
    watch_stop(&watch);
    if (rc < 0)
        fprintf(stderr, "lasfs: %s: %s (see: lasfs errors %s)\n", line->data, strerror(-rc),
                at->mountpoint);
    return rc;
}

static int send_command(const struct at *at, const char *word, const char *argument)
{
    cleanup_buf struct buf line = BUF_INIT(LINE_MAX_BYTES);
    int rc = buf_addf(&line, "%s%s%s", word, *argument ? " " : "", argument);

    if (strchr(argument, '\n'))
        rc = -EINVAL; /* the next line would be another command */
    return rc < 0 ? complain(word, rc) : send_line(at, &line);
}

static int run_flush(const struct at *at, char *const *rest)
{
    (void)rest;
    return send_command(at, "flush", "");
}

static int run_retry(const struct at *at, char *const *rest)
{
    int first = 0;

    for (; *rest; rest++) {
        int rc = send_command(at, "retry", *rest);

        if (!first)
            first = rc;
    }
    return first;
}

/* A path that ends in a number has a name there, which control would take for how many. */
static int run_purge(const struct at *at, char *const *rest)
{
    cleanup_buf struct buf argument = BUF_INIT(LINE_MAX_BYTES);
    const char *max = rest[1];
    int64_t n;
    int rc;

    if (max && (rest[2] || number_parse(max, 1, INT64_MAX, &n) < 0)) {
        fprintf(stderr, "lasfs: purge: how many is one number, 1 or more: %s\n",
                rest[2] ? rest[2] : max);
        return -EINVAL;
    }
    rc = buf_addf(&argument, "%s/%s%s", rest[0], max ? " " : "", max ? max : "");
    return rc < 0 ? complain("purge", rc) : send_command(at, "purge", buf_str(&argument));
}

/* --- All of them ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct command {
    const char *name, *arguments, *help;
    bool may_follow; /* takes -f */
    bool takes_more; /* than the mount point: one at least */
    int (*run)(const struct at *at, char *const *rest);
} commands[] = {
    { "status", "MOUNTPOINT",      "how things are",                          false, false, run_status },
    { "errors", "MOUNTPOINT [-f]", "what went wrong; -f: and what does yet",  true,  false, run_errors },
    { "retry",  "MOUNTPOINT all|NAME|PATTERN...",
                                   "deliver what had failed once more",       false, true,  run_retry },
    { "flush",  "MOUNTPOINT",      "wait until all that was closed is sent",  false, false, run_flush },
    { "purge",  "MOUNTPOINT PATH [N]",
                                   "delete the documents of a dataset or a consent, or N of them",
                                                                              false, true,  run_purge },
};
/* clang-format on */

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int usage(const struct command *c, FILE *to)
{
    fprintf(to, "Usage: lasfs %s %s (to mount on a folder of that name: lasfs ./%s)\n", c->name,
            c->arguments, c->name);
    return to == stdout ? 0 : 2;
}

static int run(const struct command *c, int argc, char **argv)
{
    struct at at = { .dir = -1 };
    int key, rc;

    opterr = 0;
    while ((key = getopt(argc, argv, c->may_follow ? "fh" : "h")) != -1) {
        if (key == 'h')
            return usage(c, stdout);
        if (key != 'f')
            return usage(c, stderr);
        at.follow = true;
    }
    argc -= optind;
    argv += optind;
    if (c->takes_more ? argc < 2 : argc != 1)
        return usage(c, stderr);
    at.mountpoint = argv[0];
    rc = open_dir(&at);
    if (rc == 0)
        rc = c->run(&at, argv + 1);
    if (at.dir >= 0)
        close(at.dir);
    return rc < 0 ? 1 : 0;
}

bool command_run(int argc, char **argv, int *status)
{
    const struct command *c = argc > 1 ? find(argv[1]) : NULL;

    if (c)
        *status = run(c, argc - 1, argv + 1);
    return c != NULL;
}

bool command_form(size_t i, struct command_form *out)
{
    if (i >= ARRAY_LEN(commands))
        return false;
    *out = (struct command_form){ commands[i].name, commands[i].arguments, commands[i].help };
    return true;
}

void command_help(void)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("    lasfs %s %s\n%-29s%s\n", commands[i].name, commands[i].arguments, "",
               commands[i].help);
}
