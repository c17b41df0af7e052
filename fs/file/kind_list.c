/* .list.jsonl: the whole list as the pages come, a resource a line. Only the part that is being
 * read is kept in memory, so that a million resources are read in that of a few pages' text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "doomed.h"
#include "file_kinds.h"
#include "known.h"
#include "known_lists.h"
#include "listing.h"
#include "node_kinds.h"
#include "refuse.h"
#include "text.h"

#include "files_context.h"
#include "lock.h"
#include "node.h"

#include "banned.h"

struct list_reader {
    struct lock lock;        /* one reads a handle at a time */
    struct listing *listing; /* set once */
    struct buf text;         /* guarded by lock, as all below */
    int64_t text_off;        /* where text begins in the file */
    size_t next_row;
    bool done;
};

void list_reader_free(struct list_reader *r)
{
    if (!r)
        return;
    listing_unref(r->listing);
    buf_release(&r->text);
    lock_destroy(&r->lock);
    free(r);
}

static int open_list(struct files *files, struct call *call, struct handle *h, struct failure *err)
{
    struct node *collection;
    struct folder *f;
    int rc;

    if (h->can_write)
        return refuse_write(&h->node->place, err);
    collection = node_parent(files->nodes, h->node);
    rc = bind_folder(files->inodes, call, collection, true, &f);
    node_unref(files->nodes, collection);
    if (rc < 0)
        return rc;
    h->list = calloc(1, sizeof(*h->list));
    if (!h->list)
        return -ENOMEM;
    lock_init(&h->list->lock, LOCK_LIST_FILE);
    buf_init(&h->list->text, TEXT_MAX_BYTES);
    h->direct_io = true;
    return known_folder_listing(files->remote, f, &h->list->listing);
}

/* What was read is not kept; who seeks back begins again. */
static void forget_before(struct list_reader *r, int64_t off)
{
    if (off < r->text_off) {
        buf_resize(&r->text, 0);
        r->text_off = 0;
        r->next_row = 0;
        r->done = false;
    } else if (off > r->text_off) {
        size_t gone =
            off - r->text_off < (int64_t)r->text.len ? (size_t)(off - r->text_off) : r->text.len;

        if (gone)
            memmove(r->text.data, r->text.data + gone, r->text.len - gone);
        buf_resize(&r->text, r->text.len - gone);
        r->text_off += (int64_t)gone;
    }
}

/* Is it told that it goes? */
static bool is_doomed(struct files *files, const struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];

    return record_id(r, id) == 0 && drops_is_doomed(files->drops, id);
}

static int fill(struct files *files, struct list_reader *r, struct call *call, int64_t off,
                size_t size, struct failure *err)
{
    int rc = 0;

    forget_before(r, off);
    while (rc == 0 && !r->done && r->text_off + (int64_t)r->text.len < off + (int64_t)size) {
        cleanup_record struct record *record = NULL;

        rc = listing_row(r->listing, call, r->next_row, &record, err);
        if (rc == 1) {
            r->done = true;
            return 0;
        }
        if (rc == 0 && record && !is_doomed(files, record))
            rc = record_json(record, false, &r->text);
        if (rc == 0)
            r->next_row++;
        if (r->text_off + (int64_t)r->text.len < off)
            forget_before(r, off);
    }
    return rc;
}

static int read_list(struct files *files, struct call *call, struct handle *h, int64_t off,
                     size_t size, struct chunk *out, struct failure *err)
{
    struct list_reader *r = h->list;
    int rc;

    *out = (struct chunk){ .fd = -1 };
    if (!lock_take_unless(&r->lock, call->nowait))
        return -EWOULDBLOCK;
    rc = fill(files, r, call, off, size, err);
    if (rc == 0 && off < r->text_off + (int64_t)r->text.len) {
        size_t skip = (size_t)(off - r->text_off);

        out->len = r->text.len - skip < size ? r->text.len - skip : size;
        out->owned = malloc(out->len);
        if (out->owned)
            memcpy(out->owned, r->text.data + skip, out->len);
        else
            rc = -ENOMEM;
        out->data = out->owned;
    }
    lock_give(&r->lock);
    return rc;
}

/* Nothing is written here: the others are never called. */
const struct handle_ops list_ops = {
    .open = open_list,
    .read = read_list,
};
