#include "node_kinds.h"

#include <sys/stat.h>

#include "banned.h"

mode_t kind_mode(enum node_kind kind)
{
    if (tree_is_dir(kind))
        return S_IFDIR;
    return kind == NODE_CONTENT_LINK || kind == NODE_LINK ? S_IFLNK : S_IFREG;
}

bool kind_is_text(enum node_kind kind)
{
    return kind == NODE_FIELD || kind == NODE_WHOLE || kind == NODE_README || kind == NODE_STATUS ||
           kind == NODE_REFRESH || kind == NODE_ERROR_NOTE || kind == NODE_LINES ||
           kind == NODE_HEARTBEAT || kind == NODE_CONTROL || kind == NODE_METRICS ||
           kind == NODE_RECENT || tree_is_delivered(kind);
}

bool kind_is_command(const struct place *p)
{
    return p->kind == NODE_REFRESH || p->kind == NODE_CONTROL;
}

/* What it is in each generation of the API that has it. */
static unsigned flags_of_each(const struct field *f)
{
    return f->since == F_ALL ? f->flags : f->flags & ~f->since;
}

bool kind_is_readable(const struct place *p)
{
    if (p->kind == NODE_FIELD) /* a command has no value, and is empty */
        return flags_of_each(p->field) & (F_READABLE | F_AT_ONCE);
    return p->kind != NODE_REFRESH && p->kind != NODE_CONTROL && p->kind != NODE_HEARTBEAT;
}

bool kind_is_writable(const struct place *p)
{
    if (p->kind == NODE_FIELD)
        return (p->field->flags & F_IN_PATCH) && (resource_can(p->res) & CAN_PATCH);
    if (p->kind == NODE_WHOLE)
        return resource_can(p->res) & CAN_PATCH;
    return p->kind == NODE_HEARTBEAT || kind_is_command(p);
}

int64_t kind_max_bytes(const struct place *p)
{
    const struct schema *s = p->kind == NODE_FIELD && p->field->ending ? p->field->schema : NULL;

    return s && (s->limits & LIMIT_MAX) ? s->max / 4 * 3 : TEXT_MAX_BYTES;
}

bool kind_is_at_once(const struct place *p)
{
    return kind_is_command(p) || (p->kind == NODE_FIELD && (p->field->flags & F_AT_ONCE));
}
