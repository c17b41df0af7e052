/*
 * The thread that tells the kernel to forget. Such a notice blocks behind operations in the
 * directory that it is about, so it has a thread of its own and no lock is held over it.
 */
#ifndef LASFS_NOTIFY_H
#define LASFS_NOTIFY_H

#include <fuse3/fuse_lowlevel.h>

#include "node.h"

struct notifier;

/* se and nodes outlive it. 0, -ENOMEM, -EAGAIN. */
int notifier_new(struct fuse_session *se, struct nodes *nodes, struct notifier **out);

/* The kernel shall forget every name and attribute that it knows. Any thread; returns when it has,
 * or after a second: by then it has by itself. */
void notifier_forget_all(void *notifier);

/* The kernel shall ask again for the attributes of ino. Any thread, no lock held; it takes no
 * lock of the directory, so that it may come before the reply of what changed them. */
void notifier_attr_changed(void *notifier, uint64_t ino);

/* The kernel shall look up name in parent again. Any thread; returns at once. */
void notifier_entry_changed(void *notifier, uint64_t parent, const char *name);

/* Ends the thread, frees. The session must have ended. NULL is fine. */
void notifier_free(struct notifier *n);

#endif
