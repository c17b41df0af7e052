#include "kernel.h"

#include <errno.h>
#include <stdlib.h>

#include "lock.h"

#include "banned.h"

struct kernel {
    struct lock lock;
    struct fs_kernel calls; /* guarded by lock */
};

int kernel_new(struct kernel **out)
{
    struct kernel *k = calloc(1, sizeof(*k));

    if (!k)
        return -ENOMEM;
    lock_init(&k->lock, LOCK_KERNEL);
    *out = k;
    return 0;
}

void kernel_free(struct kernel *k)
{
    if (!k)
        return;
    lock_destroy(&k->lock);
    free(k);
}

void kernel_set(struct kernel *k, const struct fs_kernel *calls)
{
    lock_take(&k->lock);
    k->calls = calls ? *calls : (struct fs_kernel){ .arg = NULL };
    lock_give(&k->lock);
}

static struct fs_kernel calls_of(struct kernel *k)
{
    struct fs_kernel calls;

    lock_take(&k->lock);
    calls = k->calls;
    lock_give(&k->lock);
    return calls;
}

void kernel_forget_all(struct kernel *k)
{
    struct fs_kernel calls = calls_of(k);

    if (calls.forget_all)
        calls.forget_all(calls.arg);
}

void kernel_attr_changed(struct kernel *k, uint64_t ino)
{
    struct fs_kernel calls = calls_of(k);

    if (calls.attr_changed)
        calls.attr_changed(calls.arg, ino);
}

void kernel_entry_changed(struct kernel *k, uint64_t parent, const char *name)
{
    struct fs_kernel calls = calls_of(k);

    if (calls.entry_changed)
        calls.entry_changed(calls.arg, parent, name);
}
