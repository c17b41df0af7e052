/* What a file is, from its bytes (libmagic), never from its name. */
#ifndef LASFS_FILETYPE_H
#define LASFS_FILETYPE_H

#include <stddef.h>

struct filetype;

#define FILETYPE_MAX 128

/* 0, -ENOMEM, -EIO libmagic's database cannot be read. */
int filetype_new(struct filetype **out);
void filetype_free(struct filetype *t); /* NULL is fine */

/* The MIME type of fd's bytes, "application/octet-stream" when it is nothing known. Any thread.
 * 0, -errno of reading. */
int filetype_of(struct filetype *t, int fd, char out[FILETYPE_MAX]);

#endif
