/*
 * A document and its sidecar in a folder, by their names: NAME and NAME.json, else the same in
 * another normal form of Unicode, else the only document of a stem and STEM.json. Whichever is
 * asked for need not be called so yet: a rename is on its way.
 */
#ifndef LASFS_PAIR_H
#define LASFS_PAIR_H

#include "backend.h"

struct folder;
struct uploads;

/* The document that sidecar, called name in f, stands beside: with a reference. NULL: none, and
 * why says what it waits for. */
struct drop *pair_document(struct uploads *uploads, struct folder *f, const char *name,
                           const struct drop *sidecar, struct failure *why);

/* What stands beside document, called name in f: with a reference, or NULL. */
struct drop *pair_sidecar(struct uploads *uploads, struct folder *f, const char *name,
                          const struct drop *document);

#endif
