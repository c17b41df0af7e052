#include "failed_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "bytes.h"
#include "clock.h"
#include "drop.h"
#include "drop_failed.h"
#include "drops.h"
#include "field.h"
#include "node.h"
#include "node_kinds.h"
#include "pseudo_context.h"

#include "banned.h"

/* Where n's texts lie; create: if there is none yet. */
static int find_folder(struct pseudo *pseudo, struct call *call, struct node *n, bool create,
                       struct folder **f, char **name)
{
    struct node *parent = node_parent(pseudo->nodes, n);
    int rc = parent && (n->place.kind == NODE_FIELD || n->place.kind == NODE_WHOLE)
                 ? bind_folder(pseudo->inodes, call, parent, create, f)
                 : -ENOENT;

    node_unref(pseudo->nodes, parent);
    if (rc < 0)
        return rc;
    *name = node_name(pseudo->nodes, n);
    return *name ? 0 : -ENOMEM;
}

static int keep(struct pseudo *pseudo, struct call *call, struct node *n, const char *text,
                size_t len, const char *why, int64_t at_ns)
{
    cleanup_free char *name = NULL;
    struct folder *f;
    int rc = find_folder(pseudo, call, n, true, &f, &name);

    return rc < 0 || f->memory || !len
               ? rc
               : drops_add_failed(pseudo->drops, f, name, text, len, why, at_ns);
}

static void supersede(struct pseudo *pseudo, struct call *call, struct node *n)
{
    cleanup_free char *name = NULL;
    struct folder *f;

    if (find_folder(pseudo, call, n, false, &f, &name) == 0)
        drops_supersede(pseudo->drops, f, name);
}

int failed_text_commit(struct pseudo *pseudo, struct call *call, struct node *n, const char *text,
                       size_t len, struct failure *err)
{
    int rc = field_commit(pseudo, call, n, text, len, err);

    if (rc == 0) {
        supersede(pseudo, call, n);
        return 0;
    }
    err->at_ns = clock_realtime_ns(pseudo->clock);
    /* lost if it cannot be kept: the program has seen the error all the same */
    keep(pseudo, call, n, text, len, err->text[0] ? err->text : strerror(-rc), err->at_ns);
    return rc;
}

int failed_text_retry(struct pseudo *pseudo, struct call *call, struct node *n, struct drop *d,
                      struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct bytes *b = drop_bytes(pseudo->drops, d);
    int rc = b ? bytes_read(b, &text) : -ENOENT;

    bytes_unref(b);
    if (rc == 0)
        rc = field_commit(pseudo, call, n, buf_str(&text), text.len, err);
    return rc < 0 ? rc : drops_remove(pseudo->drops, d, true);
}
