/* What a resource takes over from the one whose place it gets by a rename (replace.h): one PATCH of its
 * own, or, of one that was sent, whether it was carried out. */
#ifndef LASFS_CARRY_H
#define LASFS_CARRY_H

#include "backend.h"
#include "body.h"

struct folder;
struct uploads;

/* What has to change of own, as it was at most max_age_ms ago, for it to be what old is, called name in
 * f; the caller frees; and what own is now, with a reference (now may be NULL). 0, -EXDEV the API cannot change it so, what backend_get() gives. */
int carry_differences(struct uploads *uploads, struct call *call, const struct target *own,
                      const struct folder *f, const char *name, const struct record *old,
                      int64_t max_age_ms, struct body **out, struct record **now,
                      struct failure *err);

/* Is own what the resource old is by now? 1; 0, also when own is gone; -ENOENT old is gone; -errno: it
 * cannot be asked. */
int carry_is_done(struct uploads *uploads, struct call *call, const struct target *own,
                  const struct folder *f, const char *name, const struct target *old,
                  struct failure *err);

#endif
