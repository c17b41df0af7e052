/*
 * One resource in the place of another, however it comes about: other bytes in place, a rename
 * over it, an editor's new file. The new one is first what the old one is on the server at that
 * moment (the table's F_KEPT), and the old one is deleted then.
 */
#ifndef LASFS_REPLACE_H
#define LASFS_REPLACE_H

#include "backend.h"

struct folder;
struct uploads;

/* What the resource is on the server now: others may have changed it since one last looked. 0 with
 * a reference, NULL: it is gone; what known_current_record() gives. */
int replace_look(struct uploads *uploads, struct call *call, const struct target *t,
                 struct record **out, struct failure *err);

/* What of old goes to the new one into its POST, unless that is set. What it does not take is one
 * line in errors about name in f. 0, -ENOMEM, -EFBIG. */
int replace_keep(struct uploads *uploads, const struct folder *f, const char *name,
                 const struct record *old, struct body *body);

/*
 * The same for one that is there already, as now: into its PATCH goes what differs; labels that it
 * has of its own stay. 0; -EXDEV the API cannot change one of them, so that another one must be
 * made; -ENOMEM, -EFBIG.
 */
int replace_patch(struct uploads *uploads, const struct folder *f, const char *name,
                  const struct record *old, const struct record *now, struct body *body);

#define REPLACED_ELSEWHERE "others have moved it: it was replaced where it is now"

/* One line about name in f that is no failure. */
void replace_warn(struct uploads *uploads, const struct folder *f, const char *name,
                  const char *text);

#endif
