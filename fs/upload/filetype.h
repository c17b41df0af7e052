/* What a file is, from its bytes (libmagic; a PDF also behind other bytes), never from its name. */
#ifndef LASFS_FILETYPE_H
#define LASFS_FILETYPE_H

#include <stddef.h>

struct filetype;

#define FILETYPE_MAX 128

/* So many are looked at side by side, more wait. Each costs 200 kB, from the first time on that so
 * many were; the pages of the database are mapped, and shared. */
#define FILETYPE_HANDLES 4

/* 0, -ENOMEM, -EIO libmagic's database cannot be read. */
int filetype_new(struct filetype **out);
void filetype_free(struct filetype *t); /* NULL is fine */

/* The MIME type of fd's bytes, "application/octet-stream" when it is nothing known. A PDF whose
 * header stands within the first 1,024 bytes of what is nothing else is one. Any thread. 0, -errno
 * of reading. */
int filetype_of(struct filetype *t, int fd, char out[FILETYPE_MAX]);

#endif
