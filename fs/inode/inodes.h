/*
 * What numbers and names stand for, for one mount. All functions of the room but those of node.h
 * take it; resolve.h is where to begin.
 */
#ifndef LASFS_INODES_H
#define LASFS_INODES_H

#include <stdbool.h>

struct clock;
struct drops;
struct errlog;
struct inodes;
struct kernel;
struct log;
struct nodes;
struct remote;

struct inodes_config {
    struct nodes *nodes; /* outlives it, as all here */
    struct drops *drops;
    struct remote *remote;
    struct clock *clock;
    struct errlog *errlog;
    struct kernel *kernel; /* hears of names that others have changed; NULL: nobody does */
    struct log *log;       /* NULL: none */
    const char *scratch;   /* more patterns of scratch.h, or NULL */
    /* Is what has this key in its stamp on its way from here, or not known to be there? NULL: never. */
    bool (*is_sending)(void *arg, const char *key);
    /* Is the server still to hear of what the resource of this id is called here? NULL: never. */
    bool (*owes_name)(void *arg, const char *id);
    void *arg;
};

/* 0, -ENOMEM. */
int inodes_new(const struct inodes_config *config, struct inodes **out);
void inodes_free(struct inodes *inodes); /* NULL is fine */

#endif
