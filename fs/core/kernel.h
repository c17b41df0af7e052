/* The way to the kernel: what has changed behind its back it is told here. */
#ifndef LASFS_KERNEL_H
#define LASFS_KERNEL_H

#include <stdint.h>

#include "types.h"

struct kernel;

/* Nobody is told yet. 0, -ENOMEM. */
int kernel_new(struct kernel **out);
void kernel_free(struct kernel *k); /* NULL is fine */

/* The one that is told from now on; NULL: there is none any more. Any thread. */
void kernel_set(struct kernel *k, const struct fs_kernel *calls);

/* Tell it, with no lock held; nothing when there is none. What they mean: struct fs_kernel. */
void kernel_forget_all(struct kernel *k);
void kernel_attr_changed(struct kernel *k, uint64_t ino);
void kernel_entry_changed(struct kernel *k, uint64_t parent, const char *name);

#endif
