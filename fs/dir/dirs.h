/* What listings and stat(2) show, for one mount. All functions of the room take it. */
#ifndef LASFS_DIRS_H
#define LASFS_DIRS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dirs;
struct drops;
struct errlog;
struct inodes;
struct nodes;
struct pseudo;
struct remote;

struct dirs_config {
    struct pseudo *pseudo; /* outlives it, as all here */
    struct inodes *inodes;
    struct nodes *nodes;
    struct remote *remote;
    struct drops *drops;
    struct errlog *errlog;
    int64_t started_ns; /* (realtime) when the mount began: the age of what has none */
    int list;           /* enum list_mode (settings.h): how what was not made here is shown */
    uid_t uid;          /* whose all is, and with which mode */
    gid_t gid;
    mode_t umask;
    bool allow_other;
};

/* 0, -ENOMEM. */
int dirs_new(const struct dirs_config *config, struct dirs **out);

/* Frees also the directories that nobody will close any more. NULL is fine. */
void dirs_free(struct dirs *dirs);

#endif
