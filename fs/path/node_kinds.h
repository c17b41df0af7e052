/* What a node of the tree is, by its kind and its place alone. Pure. */
#ifndef LASFS_NODE_KINDS_H
#define LASFS_NODE_KINDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "route.h"

/* S_IFDIR, S_IFLNK or S_IFREG. */
mode_t kind_mode(enum node_kind kind);

/* --- Files whose text is made up: a field, resource.json, README, the pages of .lasfs -------- */

#define TEXT_MAX_BYTES (32 * 1024 * 1024)

/* Is it such a file? */
bool kind_is_text(enum node_kind kind);

/* Is what is written to it a command to the daemon? Those are taken by a read-only mount too. */
bool kind_is_command(const struct place *p);

/* Is it given back, may it be written? What the API of 2021 never gives back reads as empty, so that
 * tar and cp -r go through, and a later API's answer that has it as what that says. */
bool kind_is_readable(const struct place *p);
bool kind_is_writable(const struct place *p);

/* How long it may be. */
int64_t kind_max_bytes(const struct place *p);

/* Is it sent inside write(2)? */
bool kind_is_at_once(const struct place *p);

#endif
