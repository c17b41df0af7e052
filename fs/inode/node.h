/*
 * The nodes that the kernel knows: a number for each path that was looked up, never used twice
 * within a mount. A node lives while the kernel holds look-ups of it, somebody holds a reference
 * or a child of it lives. Two spellings of one folder are two nodes over one resource.
 */
#ifndef LASFS_NODE_H
#define LASFS_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cleanup.h"
#include "hash.h"
#include "route.h"

struct drop;
struct nodes;

#define NODE_ROOT_INO 1

struct node {
    uint64_t ino;       /* set once: the number that the kernel uses */
    struct place place; /* set once */
    char *id;           /* set once: of a resource, consent, link or NODE_BY_VALUE; a NODE_PICTURE's
                            query, a NODE_RECENT's days; else NULL */
    struct drop *drop;  /* set once: of a file or subfolder here, one reference; else NULL */
    struct node *parent; /* guarded by the table's lock, as all below */
    char *name;
    uint64_t lookups;       /* that the kernel will forget */
    unsigned refs;          /* ours, and one for each child in the table */
    bool attached;          /* found under (parent, name) */
    UT_hash_handle hh;      /* by ino */
    UT_hash_handle hh_name; /* by (parent, name), while attached */
    struct {
        uint64_t parent;
        uint64_t name_hash;
    } key;
    struct node *next_same_key; /* names whose hashes are the same: rare */
};

/* 0, -ENOMEM. The root is there from the start. */
int nodes_new(struct nodes **out);
void nodes_free(struct nodes *t);

/* The node of that number with a reference, or NULL. */
struct node *node_get(struct nodes *t, uint64_t ino);
struct node *node_ref(struct nodes *t, struct node *n);
void node_unref(struct nodes *t, struct node *n); /* NULL is fine */

/* The parent with a reference, NULL for the root. */
struct node *node_parent(struct nodes *t, struct node *n);

/*
 * The node called name in parent which stands for exactly this (place, id, drop): the one that
 * is there, or a new one in the place of whatever was there. With a reference, and count more
 * look-ups by the kernel. id may be NULL; a drop gets a reference of its own through drop_ref.
 * 0, -ENOMEM.
 */
int node_make(struct nodes *t, struct node *parent, const char *name, const struct place *place,
              const char *id, struct drop *drop, unsigned count, struct node **out);

/* The node now called name in parent, with a reference, or NULL: it was never looked up. */
struct node *node_find(struct nodes *t, struct node *parent, const char *name);

/* The kernel forgets count look-ups of it. */
void node_forget(struct nodes *t, uint64_t ino, uint64_t count);

/* It is no longer called so: removed, or something else stands there. */
void node_detach(struct nodes *t, struct node *parent, const char *name);

/* What was called name in parent is now called to_name in to_parent. 0, -ENOMEM. */
int node_move(struct nodes *t, struct node *parent, const char *name, struct node *to_parent,
              const char *to_name);

/* Its path from the mount point, with '/' first, added to out. 0, -ENOMEM, -EFBIG. */
int node_path(struct nodes *t, struct node *n, struct buf *out);

/* Its parent's path, '/', and name. */
int node_child_path(struct nodes *t, struct node *n, const char *name, struct buf *out);

/* A number for st_ino, the same for the same path over remounts. */
uint64_t node_stat_ino(struct nodes *t, struct node *n);
uint64_t node_child_stat_ino(uint64_t parent_stat_ino, const char *name);

/* A copy of its name; the caller frees. NULL: no memory. */
char *node_name(struct nodes *t, struct node *n);

/* Calls fn for (parent number, name) of every attached node; fn must not call back here. */
void nodes_each(struct nodes *t,
                void (*fn)(void *arg, uint64_t ino, uint64_t parent, const char *name), void *arg);

/* The numbers of all nodes that stand for d, whatever their path; the caller frees. 0, -ENOMEM. */
int nodes_of_drop(struct nodes *t, const struct drop *d, uint64_t **out, size_t *n);

size_t nodes_count(struct nodes *t);

#endif
