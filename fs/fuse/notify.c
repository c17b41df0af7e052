#include "notify.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lock.h"
#include "thread.h"

#include "banned.h"

#define FORGET_WAIT_MS 1000

struct notice {
    struct notice *next;
    uint64_t ino, parent;
    char name[];
};

struct notifier {
    struct fuse_session *se; /* set once */
    struct nodes *nodes;     /* set once */
    pthread_t thread;
    struct lock lock;
    pthread_cond_t cond;
    pthread_cond_t told;
    struct notice *queue; /* guarded by lock, as all below */
    uint64_t asked, done; /* how often to forget all */
    bool stop;
};

static void add_notice(void *arg, uint64_t ino, uint64_t parent, const char *name)
{
    struct notice **list = arg;
    struct notice *notice = malloc(sizeof(*notice) + strlen(name) + 1);

    if (!notice)
        return; /* the kernel forgets it by itself within its timeout */
    notice->ino = ino;
    notice->parent = parent;
    memcpy(notice->name, name, strlen(name) + 1);
    notice->next = *list;
    *list = notice;
}

/* The next use of the name asks again. To take it away, as invalidating does, would take the
 * working directory from whoever is in there. */
static void expire(struct notifier *n, const struct notice *notice)
{
    size_t len = strlen(notice->name);

    if (fuse_lowlevel_notify_expire_entry(n->se, notice->parent, notice->name, len,
                                          FUSE_LL_EXPIRE_ONLY) == -ENOSYS)
        fuse_lowlevel_notify_inval_entry(n->se, notice->parent, notice->name, len);
}

/* Tells the kernel, and frees the list. */
static void tell(struct notifier *n, struct notice *list)
{
    while (list) {
        struct notice *next = list->next;

        if (list->ino) {
            fuse_lowlevel_notify_inval_inode(n->se, list->ino, 0, 0);
            expire(n, list);
        } else {
            fuse_lowlevel_notify_inval_entry(n->se, list->parent, list->name, strlen(list->name));
        }
        free(list);
        list = next;
    }
}

static void *notifier_thread(void *arg)
{
    struct notifier *n = arg;

    lock_take(&n->lock);
    while (!n->stop) {
        struct notice *list = steal_pointer(&n->queue);
        uint64_t asked = n->asked;
        bool all = asked > n->done;

        if (!list && !all) {
            lock_wait(&n->lock, &n->cond);
            continue;
        }
        lock_give(&n->lock);
        if (all)
            nodes_each(n->nodes, add_notice, &list);
        tell(n, list);
        lock_take(&n->lock);
        n->done = asked;
        pthread_cond_broadcast(&n->told);
    }
    lock_give(&n->lock);
    return NULL;
}

int notifier_new(struct fuse_session *se, struct nodes *nodes, struct notifier **out)
{
    struct notifier *n = calloc(1, sizeof(*n));
    int rc;

    if (!n)
        return -ENOMEM;
    n->se = se;
    n->nodes = nodes;
    lock_init(&n->lock, LOCK_NOTIFIER);
    pthread_cond_init(&n->cond, NULL);
    rc = cond_init_monotonic(&n->told);
    if (rc == 0)
        rc = thread_start(&n->thread, 0, notifier_thread, n);
    if (rc < 0) {
        free(n);
        return rc;
    }
    *out = n;
    return 0;
}

void notifier_forget_all(void *notifier)
{
    struct notifier *n = notifier;
    struct clock *clock = clock_real();
    int64_t end = clock_now_ms(clock) + FORGET_WAIT_MS;
    uint64_t mine;

    lock_take(&n->lock);
    mine = ++n->asked;
    pthread_cond_signal(&n->cond);
    while (n->done < mine && !n->stop)
        if (lock_wait_until(&n->lock, &n->told, clock, end) < 0)
            break;
    lock_give(&n->lock);
}

void notifier_attr_changed(void *notifier, uint64_t ino)
{
    struct notifier *n = notifier;

    fuse_lowlevel_notify_inval_inode(n->se, ino, -1, 0);
}

void notifier_entry_changed(void *notifier, uint64_t parent, const char *name)
{
    struct notifier *n = notifier;

    lock_take(&n->lock);
    add_notice(&n->queue, 0, parent, name);
    pthread_cond_signal(&n->cond);
    lock_give(&n->lock);
}

void notifier_free(struct notifier *n)
{
    if (!n)
        return;
    lock_take(&n->lock);
    n->stop = true;
    pthread_cond_signal(&n->cond);
    pthread_cond_broadcast(&n->told);
    lock_give(&n->lock);
    pthread_join(n->thread, NULL);
    while (n->queue) {
        struct notice *next = n->queue->next;

        free(n->queue);
        n->queue = next;
    }
    pthread_cond_destroy(&n->told);
    pthread_cond_destroy(&n->cond);
    lock_destroy(&n->lock);
    free(n);
}
