/*
 * Preloaded into lasfs by steps.py: counts what it does to its files, and ends it just before one of
 * these. What is counted, and where, both sides see in the file that LASFS_STEPS names.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NAMES 4096
#define NAME_MAX_BYTES 64

/* steps.py has the same. */
static struct steps {
    atomic_uint armed, kill_at, count, died;
    char names[NAMES][NAME_MAX_BYTES];
} * steps;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("LASFS_STEPS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map = MAP_FAILED;

    if (fd >= 0) {
        map = mmap(NULL, sizeof(*steps), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    }
    steps = map == MAP_FAILED ? NULL : map;
}

static void count(const char *call, const char *path)
{
    const char *slash = strrchr(path, '/');
    unsigned number = atomic_fetch_add(&steps->count, 1) + 1;

    if (number <= NAMES)
        snprintf(steps->names[number - 1], NAME_MAX_BYTES, "%s %.40s", call,
                 slash ? slash + 1 : path);
    if (number != atomic_load(&steps->kill_at))
        return;
    atomic_store(&steps->died, 1);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void step(const char *call, const char *path)
{
    if (steps && atomic_load(&steps->armed))
        count(call, path);
}

/* Of files and directories: not what it says to the kernel, and to its own threads. */
static void step_fd(const char *call, int fd)
{
    char link[64], path[4096] = "";
    struct stat st;

    if (!steps || !atomic_load(&steps->armed) || fd <= STDERR_FILENO || fstat(fd, &st) < 0 ||
        !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
        return;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof(path) - 1) < 0)
        path[0] = '\0';
    count(call, path);
}

/* clang-format off */
#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define OF_FD(type, name, parameters, fd, ...) \
    type name parameters { REAL(name); step_fd(#name, fd); return real(__VA_ARGS__); }
#define OF_PATH(name, parameters, path, ...) \
    int name parameters { REAL(name); step(#name, path); return real(__VA_ARGS__); }

OF_FD(ssize_t, write, (int fd, const void *b, size_t n), fd, fd, b, n)
OF_FD(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t at), fd, fd, b, n, at)
OF_FD(ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t at), fd, fd, b, n, at)
OF_FD(ssize_t, pwritev64v2, (int fd, const struct iovec *v, int n, off64_t at, int how), fd, fd, v, n, at, how)
OF_FD(ssize_t, copy_file_range, (int in, off64_t *from, int out, off64_t *to, size_t n, unsigned how), out, in, from, out, to, n, how)
OF_FD(int, fsync, (int fd), fd, fd)
OF_FD(int, fdatasync, (int fd), fd, fd)
OF_FD(int, ftruncate, (int fd, off_t n), fd, fd, n)
OF_FD(int, ftruncate64, (int fd, off64_t n), fd, fd, n)
OF_FD(int, fallocate64, (int fd, int how, off64_t at, off64_t n), fd, fd, how, at, n)
OF_PATH(rename, (const char *from, const char *to), from, from, to)
OF_PATH(renameat, (int in, const char *from, int there, const char *to), from, in, from, there, to)
OF_PATH(renameat2, (int in, const char *from, int there, const char *to, unsigned how), from, in, from, there, to, how)
OF_PATH(unlink, (const char *path), path, path)
OF_PATH(unlinkat, (int in, const char *path, int how), path, in, path, how)
