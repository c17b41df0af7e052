#include "holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"
#include "file.h"

#include "banned.h"

#define PATH_BYTES_MAX 8192
#define MAPS_MAX_BYTES (64 * 1024 * 1024)

struct search {
    dev_t device;
    const char *mountpoint;
    struct holders *found;
};

/* With nothing asked for, the kernel says the device by itself, also to who may not look in. */
static int device_at(int dir, const char *path, dev_t *out)
{
    struct statx st;

    if (statx(dir, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &st) < 0)
        return -errno;
    *out = makedev(st.stx_dev_major, st.stx_dev_minor);
    return 0;
}

int holders_device(const char *path, dev_t *out)
{
    return device_at(AT_FDCWD, path, out);
}

static bool is_in(const struct search *s, int dir, const char *name)
{
    dev_t device;

    return device_at(dir, name, &device) == 0 && device == s->device;
}

/* Once the mount is away from its place, the kernel's paths begin at its root. */
static char *full_path(const struct search *s, const char *path)
{
    size_t len = strlen(s->mountpoint);

    if (strncmp(path, s->mountpoint, len) == 0 && (path[len] == '/' || !path[len]))
        return strdup(path);
    if (strcmp(path, "/") == 0)
        return strdup(s->mountpoint);
    return path_join(s->mountpoint, path[0] == '/' ? path + 1 : path);
}

static char *path_of_link(const struct search *s, int dir, const char *name)
{
    char path[PATH_BYTES_MAX];
    ssize_t n = readlinkat(dir, name, path, sizeof(path) - 1);

    path[n > 0 ? n : 0] = '\0';
    return full_path(s, path);
}

/* --- One process ------------------------------------------------------------------------------ */

/* Something that it has open, or NULL. */
static char *find_open(const struct search *s, int process)
{
    int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    char *path = NULL;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    while (!path && (e = readdir(d)))
        if (isdigit((unsigned char)e->d_name[0]) && is_in(s, fd, e->d_name))
            path = path_of_link(s, fd, e->d_name);
    closedir(d);
    return path;
}

/* "7f..-7f.. r--s 00000000 00:2b 17   /path", or NULL. */
static char *find_mapped(const struct search *s, int process)
{
    cleanup_buf struct buf text = BUF_INIT(MAPS_MAX_BYTES);
    cleanup_fd int fd = openat(process, "maps", O_RDONLY | O_CLOEXEC);
    char *rest, *line;

    if (fd < 0 || file_read_fd(fd, &text) < 0 || !text.data)
        return NULL;
    rest = text.data;
    while ((line = strsep(&rest, "\n"))) {
        unsigned major, minor;
        int at = 0;

        if (sscanf(line, "%*s %*s %*s %x:%x %*s %n", &major, &minor, &at) == 2 && at &&
            makedev(major, minor) == s->device)
            return full_path(s, line + at);
    }
    return NULL;
}

static char *find_in(const struct search *s, int process)
{
    static const char *const links[] = { "cwd", "root" };
    char *path = find_open(s, process);

    for (size_t i = 0; !path && i < ARRAY_LEN(links); i++)
        if (is_in(s, process, links[i]))
            path = path_of_link(s, process, links[i]);
    return path ? path : find_mapped(s, process);
}

static void read_program(int process, char out[HOLDER_PROGRAM_MAX])
{
    cleanup_fd int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, out, HOLDER_PROGRAM_MAX - 1);

    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static int add(struct search *s, int process, pid_t pid, char *path)
{
    struct holders *h = s->found;
    struct holder *list = reallocarray(h->list, h->n + 1, sizeof(*list));

    if (!list) {
        free(path);
        return -ENOMEM;
    }
    h->list = list;
    list[h->n] = (struct holder){ .pid = pid, .path = path };
    read_program(process, list[h->n].program);
    h->n++;
    return 0;
}

/* --- All of them ------------------------------------------------------------------------------ */

static int look_into(struct search *s, int proc, const char *name)
{
    cleanup_fd int process = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *path = process < 0 ? NULL : find_in(s, process);

    return path ? add(s, process, (pid_t)strtol(name, NULL, 10), path) : 0;
}

static int compare_pids(const void *a, const void *b)
{
    const struct holder *x = a, *y = b;

    return (x->pid > y->pid) - (x->pid < y->pid);
}

int holders_find(dev_t device, const char *mountpoint, pid_t but, struct holders *out)
{
    struct search s = { device, mountpoint, out };
    DIR *proc = opendir("/proc");
    const struct dirent *e;
    int rc = 0;

    *out = (struct holders){ .n = 0 };
    if (!proc)
        return -errno;
    while (rc == 0 && (e = readdir(proc))) {
        long pid = strtol(e->d_name, NULL, 10);

        if (pid > 0 && pid != getpid() && pid != but)
            rc = look_into(&s, dirfd(proc), e->d_name);
    }
    closedir(proc);
    if (rc < 0) {
        holders_release(out);
        return rc;
    }
    if (out->n)
        qsort(out->list, out->n, sizeof(*out->list), compare_pids);
    return 0;
}

void holders_release(struct holders *h)
{
    for (size_t i = 0; i < h->n; i++)
        free(h->list[i].path);
    free(h->list);
    *h = (struct holders){ .n = 0 };
}
