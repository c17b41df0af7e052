/*
 * Documents' bytes at an address of their own, beside the resource: the API's file server.
 * A document carries its fileUrl, where GET gives and PUT takes the bytes as they are; a GET with a
 * query gives pictures of them (render.h).
 */
#ifndef SANDBOX_FILES_H
#define SANDBOX_FILES_H

#include "sandbox.h"

#define FILES_BYTES_MAX ((size_t)64 << 20)

/* Is it such an address, on a server that has them? Then id is the document's. */
bool files_path(const struct sandbox *sb, const char *path, char id[ID_MAX]);

/*
 * Answer a GET, with an->type the type of the bytes. stop: a descriptor that is readable when the
 * server ends. Any thread; blocks on the store, and for who renders.
 */
void files_get(const struct sandbox *sb, const char *id, const struct argument *args, size_t n_args,
               int stop, struct answer *an);

/*
 * Answer a PUT by caller. type is what it says the bytes are, or NULL: today's API does not look at
 * it. Any thread; blocks on the store.
 */
void files_put(const struct sandbox *sb, const char *caller, const char *id, const char *type,
               const void *data, size_t len, struct answer *an);

#endif
