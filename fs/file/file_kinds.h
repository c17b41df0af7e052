/* The kinds of files, and the open files of any kind. */
#ifndef LASFS_FILE_KINDS_H
#define LASFS_FILE_KINDS_H

#include "handle.h"

struct files;

extern const struct handle_ops text_ops;      /* kind_text.c */
extern const struct handle_ops drop_ops;      /* kind_drop.c */
extern const struct handle_ops heartbeat_ops; /* kind_heartbeat.c */
extern const struct handle_ops content_ops;   /* kind_content.c */
extern const struct handle_ops errors_ops;    /* kind_errors.c */
extern const struct handle_ops list_ops;      /* kind_list.c */
extern const struct handle_ops picture_ops;   /* kind_picture.c */

void list_reader_free(struct list_reader *r); /* NULL is fine */

/* chmod, chown and utimens of a dropped file or a subfolder. 0, -EIO. */
int drop_set_attributes(struct files *files, struct node *n, unsigned what, const struct stat *to);

/* What n's kind of file does; NULL: it is no file. */
const struct handle_ops *file_ops(const struct node *n);

/* Opens n for flags as fs_open() does. 0, -ENOMEM, -EISDIR, -ELOOP, what its kind says. */
int file_open(struct files *files, struct call *call, struct node *n, int flags, pid_t pid,
              struct handle **out, struct failure *err);

/* Frees an open file, and commits nothing. */
void file_free(struct files *files, struct handle *h);

/* At the end of the mount: all that nobody will release any more. */
void handles_free(struct files *files);

#endif
