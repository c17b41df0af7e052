/*
 * What a document's bytes are, and where they stand beside it (--file-url).
 */
#ifndef SANDBOX_FILE_URL_H
#define SANDBOX_FILE_URL_H

#include "buf.h"
#include "work.h"

/* The path of such an address, behind the server's name; the version may be left out. */
#define FILE_URL_VERSION "/v1"
#define FILE_URL_PATH "/files/"

/* Have resources of this kind a fileUrl in this answer? */
bool files_has_url(const struct work *w, const struct resource *res);

/* Has it its content inside the answer to GET, as it was sent? */
bool files_is_inside(const struct work *w, const struct row *row);

/* Adds the member "fileUrl" with a comma before it. 0, -EFBIG, -ENOMEM. */
int files_add_url(const struct work *w, const char *id, struct buf *out);

/* The type of a document with these bytes at its start; NULL: of none. Pure. */
const char *files_type(const void *data, size_t len);

#endif
