#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bytes.h"
#include "hash.h"
#include "lease.h"
#include "node_kinds.h"
#include "process.h"
#include "refuse.h"
#include "report.h"

#include "lock.h"
#include "node.h"

#include "banned.h"

void handle_stat(struct handle *h, struct stat *st)
{
    /* what grows by itself is as long as it is now */
    if (!kind_is_text(h->node->place.kind) || h->node->place.kind == NODE_LINES)
        return;
    lock_take(&h->lock);
    st->st_size = (off_t)h->text.len;
    lock_give(&h->lock);
}

/* /proc is asked once for each that writes; the kernel's own stores, pid 0, are nobody's. */
void handle_note_writer(struct handle *h, pid_t pid)
{
    bool known;
    pid_t writer;

    lock_take(&h->lock);
    known = h->writer_thread == pid;
    lock_give(&h->lock);
    if (known || pid <= 0)
        return;
    writer = process_of_thread(pid);
    lock_take(&h->lock);
    h->writer_thread = pid;
    h->writer = writer;
    lock_give(&h->lock);
}

bool handle_writer_killed(struct handle *h, bool opener, pid_t pid)
{
    bool wrote;

    lock_take(&h->lock);
    wrote = h->writer == pid;
    lock_give(&h->lock);
    return (opener || wrote) && process_was_killed(pid);
}

int handle_open_fd(struct handle *h)
{
    int fd;

    if (h->bytes)
        return h->bytes->fd;
    lock_take(&h->lock);
    fd = h->fd;
    lock_give(&h->lock);
    return fd;
}
