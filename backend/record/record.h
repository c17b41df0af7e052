/*
 * One resource as the API answered it: immutable, counted, packed into one allocation (a
 * document without ground truth takes under 200 bytes). Fields of the table and fields that it
 * does not know are kept alike; content is not. Any thread may read and ref.
 */
#ifndef LASFS_RECORD_H
#define LASFS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "record_ref.h"
#include "resources.h"

/* The resource's own id into out; 0; -EIO: what it has there cannot be one, and names nothing. */
int record_id(const struct record *r, char out[RESOURCE_ID_MAX + 1]);

/* The times by the table's made_field and changed_field in nanoseconds since the epoch. The one
 * stands in for the other where it is null or absent; 0 when both are. */
int64_t record_made_ns(const struct record *r);
int64_t record_changed_ns(const struct record *r);

/* Is the field there (it may be null)? By the table's read_at. */
bool record_has(const struct record *r, const struct field *f);

/*
 * The text of a field's file, added to out: a scalar and a newline; where a field can be null,
 * null is empty and "" a lone newline; a structure is pretty-printed JSON and a newline; of a
 * field with an ending its bytes.
 * 0, -ENOENT when the record has no such field, -EFBIG, -ENOMEM.
 */
int record_field_text(const struct record *r, const struct field *f, struct buf *out);

/* A F_LINES field's events, a line each: its time in UTC and its message, added to out. 0,
 * -ENOENT, -EFBIG, -ENOMEM. */
int record_field_lines(const struct record *r, const struct field *f, struct buf *out);

/* Its fields that the table does not have, one after the other: *pos begins with 0; false at the
 * end. name is empty when it has a NUL, or no room. */
bool record_next_other(const struct record *r, size_t *pos, char *name, size_t size,
                       bool *structure);

/* Has it a field of this name that the table does not have? */
bool record_has_other(const struct record *r, const char *name, bool structure);

/* Has it a field that the API of 2021 has not? The address of its bytes is none: servers may have
 * that and be old otherwise. */
bool record_is_of_today(const struct record *r);

/* Has it a field that the API of 2021 alone has? */
bool record_is_of_2021(const struct record *r);

/* Which of the two holds, of one record or of several. */
#define SEEN_2021 1u
#define SEEN_2024 2u

/* Does it say where its content stands (the table's url_field)? */
bool record_has_url(const struct record *r);

/* Says it where its content will stand, and that there is none yet? */
bool record_is_handle(const struct record *r);

/* Does the table say that it will change by itself, soon? */
bool record_is_passing(const struct record *r);

/* A string field's bare value, added to out: no newline. 0, -ENOENT (absent, null, or not a
 * string), -EFBIG, -ENOMEM. */
int record_string(const struct record *r, const char *name, struct buf *out);

/* Stands text in what it has there, a string or a structure, as it was sent? A look that costs little. */
bool record_mentions(const struct record *r, const char *name, const char *text);

/* An integer field. 0, -ENOENT. */
int record_integer(const struct record *r, const char *name, int64_t *out);

/* Its F_LABELS field as one object {label: value}, pretty-printed, added to out; of a label that
 * occurs twice the surer value. 0, -ENOENT it has none, -EFBIG, -ENOMEM. */
int record_labels(const struct record *r, struct buf *out);

/* The whole resource, pretty-printed (resource.json) or in one line, and a newline. */
int record_json(const struct record *r, bool pretty, struct buf *out);

/* The reverse of record_json(). 0, -EIO it is no such resource, -ENOMEM. */
int record_parse(const struct resource *res, const char *text, size_t len, struct record **out);

/* A new record without the fields of the table that have one of these flags. 0, -ENOMEM. */
int record_without(const struct record *r, unsigned flags, struct record **out);

#endif
