/* Who keeps a mount from its end, as fuser(1) finds them: by /proc, without asking the mount. */
#ifndef LASFS_HOLDERS_H
#define LASFS_HOLDERS_H

#include <stddef.h>
#include <sys/types.h>

#define HOLDER_PROGRAM_MAX 32

struct holder {
    pid_t pid;
    char program[HOLDER_PROGRAM_MAX]; /* as ps(1) calls it */
    char *path;                       /* one of what it has: open, mapped, or its directory */
};

struct holders {
    struct holder *list; /* by pid */
    size_t n;
};

/* The device of what is mounted there, without asking it. 0, -errno. */
int holders_device(const char *path, dev_t *out);

/*
 * The processes that have something of that device, but this one and `but`: of those that this user
 * may look into, which are his own, or all for root. mountpoint: absolute; where the mount is or
 * was, for the paths. The caller releases out. 0, -ENOMEM, -errno of /proc.
 */
int holders_find(dev_t device, const char *mountpoint, pid_t but, struct holders *out);
void holders_release(struct holders *h);

#endif
