/* Pictures of a document's pages, by what their files are called. Pure. */
#ifndef LASFS_PICTURE_NAME_H
#define LASFS_PICTURE_NAME_H

#include "resources.h"

#define PICTURE_QUERY_MAX 160

/*
 * What the address of a content is asked for a file called name: "page=0&width=600" for
 * .page-0.width=600.jpg; words and their order are the API's (the table's pictures). .thumbnail.jpg is a
 * small picture of the first page. 0; -ENOENT: no picture is called so.
 */
int picture_query(const struct resource *res, const char *name, char out[PICTURE_QUERY_MAX + 1]);

#endif
