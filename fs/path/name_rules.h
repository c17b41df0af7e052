/*
 * What a name means where it stands: what becomes a resource, what stays here, what belongs to
 * another file. Pure. scratch: the mount's own patterns (scratch.h), or NULL.
 */
#ifndef LASFS_NAME_RULES_H
#define LASFS_NAME_RULES_H

#include <stdbool.h>

#include "folder.h"
#include "route.h"

/* Does a file of this name become a resource in this folder? */
bool rule_delivers(const struct folder *f, const char *name);

/* Is it the name of what stays here: a temporary file, or the folder's defaults? */
bool rule_scratch(const char *scratch, const char *name);

/* Does a file of this name stay local in this folder? */
bool rule_stays_here(const char *scratch, const struct folder *f, const char *name);

/* Have the documents of f sidecars, and is a file of this name in f one? */
bool rule_takes_sidecars(const struct folder *f);
bool rule_sidecar(const struct folder *f, const char *name);

/* The field that a sidecar holds; NULL: the resource has none. */
const struct field *rule_sidecar_field(const struct resource *res);

/* Is it a folder's defaults (defaults.h)? */
bool rule_defaults(const char *name);

/* Is it the note of a failure? */
#define ERROR_NOTE_ENDING ".error.txt"
bool rule_error_note(const char *name);

/* Is a file of this name in the resource at that place the text of one of its fields? */
bool rule_field_text(const struct place *at, const char *name);

#endif
