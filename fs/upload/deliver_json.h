/* From a file NAME.json to a resource: its text is the body. For deliver.c. */
#ifndef LASFS_DELIVER_JSON_H
#define LASFS_DELIVER_JSON_H

#include "backend.h"

struct folder;
struct uploads;

/*
 * Sends size bytes of fd as what the file called name in f becomes. Without old_id, or when that
 * is gone, one POST; its name is the file's where the API takes one and the body has none. Else
 * one PATCH with the fields that differ, none when none does; a resource that cannot be changed
 * is made anew. 0 with the answer's reference; -EINVAL it is no JSON, or the API refuses it.
 */
int deliver_json(struct uploads *uploads, struct call *call, const struct folder *f,
                 const char *name, int fd, int64_t size, const char *old_id, struct record **now,
                 struct failure *err);

/* The API's name follows its file's when that is where it came from. 0, what a PATCH gives. */
int deliver_json_renamed(struct uploads *uploads, struct call *call, const struct target *t,
                         const char *name, const char *to_name, struct failure *err);

#endif
