/*
 * A record (record.h) to hold and pass on: counted, immutable. Any thread.
 */
#ifndef LASFS_RECORD_REF_H
#define LASFS_RECORD_REF_H

#include <stddef.h>

#include "cleanup.h"
#include "resources.h"

struct record;

struct record *record_ref(struct record *r); /* NULL is fine, gives NULL */
void record_unref(struct record *r);         /* NULL is fine */
#define cleanup_record CLEANUP(record_unref_p)
static inline void record_unref_p(struct record **r)
{
    record_unref(*r);
}

const struct resource *record_resource(const struct record *r);
size_t record_bytes(const struct record *r); /* of memory */

#endif
