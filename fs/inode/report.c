#include "report.h"

#include "errlog.h"
#include "inodes_context.h"
#include "node.h"
#include "types.h"

#include "banned.h"

void report_path(struct nodes *nodes, uint64_t ino, const char *name, struct buf *path)
{
    struct node *n = node_get(nodes, ino);

    if (n && name)
        node_child_path(nodes, n, name, path);
    else if (n)
        node_path(nodes, n, path);
    node_unref(nodes, n);
}

void report_rename_path(struct nodes *nodes, uint64_t ino, const char *name, uint64_t to_ino,
                        const char *to_name, struct buf *path)
{
    report_path(nodes, ino, name, path);
    buf_adds(path, " to ");
    report_path(nodes, to_ino, to_name, path);
}

void report_failure(struct inodes *inodes, const char *operation, uint64_t ino, const char *name,
                    int rc, const struct failure *err)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);

    report_path(inodes->nodes, ino, name, &path);
    errlog_add(inodes->errlog, operation, buf_str(&path), rc, err);
}

void report_rename(struct inodes *inodes, uint64_t ino, const char *name, uint64_t to_ino,
                   const char *to_name, int rc, const struct failure *err)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);

    report_rename_path(inodes->nodes, ino, name, to_ino, to_name, &path);
    errlog_add(inodes->errlog, "rename", buf_str(&path), rc, err);
}
