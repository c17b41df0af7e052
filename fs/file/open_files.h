/* Open files, for one mount. All functions of the room take it. */
#ifndef LASFS_OPEN_FILES_H
#define LASFS_OPEN_FILES_H

#include <stdbool.h>

struct clock;
struct drops;
struct errlog;
struct files;
struct inodes;
struct kernel;
struct nodes;
struct pseudo;
struct remote;
struct spool;
struct uploads;

struct files_config {
    struct pseudo *pseudo; /* outlives it, as all here */
    struct inodes *inodes;
    struct nodes *nodes;
    struct uploads *uploads;
    struct remote *remote;
    struct drops *drops;
    struct spool *spool;
    struct clock *clock;
    struct errlog *errlog;
    struct kernel *kernel;
    const char *scratch; /* more patterns of scratch.h, or NULL */
    bool ro;             /* nothing is written */
};

/* 0, -ENOMEM. */
int files_new(const struct files_config *config, struct files **out);

/* Frees also the files that nobody will close any more. NULL is fine. */
void files_free(struct files *files);

#endif
