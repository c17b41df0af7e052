/*
 * What numbers and names stand for, for one mount. All functions of the room but those of node.h
 * take it; resolve.h is where to begin.
 */
#ifndef LASFS_INODES_H
#define LASFS_INODES_H

struct clock;
struct drops;
struct errlog;
struct inodes;
struct nodes;
struct remote;

struct inodes_config {
    struct nodes *nodes; /* outlives it, as all here */
    struct drops *drops;
    struct remote *remote;
    struct clock *clock;
    struct errlog *errlog;
    const char *scratch; /* more patterns of scratch.h, or NULL */
};

/* 0, -ENOMEM. */
int inodes_new(const struct inodes_config *config, struct inodes **out);
void inodes_free(struct inodes *inodes); /* NULL is fine */

#endif
