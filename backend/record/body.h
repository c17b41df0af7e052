/*
 * The body of a POST or PATCH while it is put together. For one thread.
 */
#ifndef LASFS_BODY_H
#define LASFS_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "failure.h"
#include "id_finder.h"
#include "record_ref.h"
#include "resources.h"

struct body;

enum body_use { BODY_POST, BODY_PATCH };

/* 0, -ENOMEM. */
int body_new(const struct resource *res, enum body_use use, struct body **out);
void body_free(struct body *b); /* NULL is fine; wipes what it held */
#define cleanup_body CLEANUP(body_free_p)
static inline void body_free_p(struct body **b)
{
    body_free(*b);
}

/* From now on a name may stand wherever an id belongs (what is not "las:..." is one), in all but
 * body_set_string(). It is called by those functions; it must outlive b. */
void body_find_ids(struct body *b, const struct id_finder *finder);

/* The server takes numbers as labels' values: from now on those in the API's list of labels stay numbers whose
 * letters a number keeps (12.5, not 12.50). */
void body_keep_numbers(struct body *b);

/* The whole body as JSON in one line, added to out; it may hold secrets. 0, -EFBIG, -ENOMEM. */
int body_write(const struct body *b, struct buf *out);

/* A field of what body_write() gave, if it is a string, cut at size. 0, -ENOENT, -EIO it
 * is no such text, -ENOMEM. */
int body_text_string(const char *text, const char *name, char *out, size_t size);

/* What the API said when it refused b: without its words, if they have a secret of b in them. */
void body_hush(const struct body *b, struct failure *err);

bool body_empty(const struct body *b);
bool body_has(const struct body *b, const char *name);
void body_drop(struct body *b, const char *name); /* it is not said, with a stamp or without */

/* Sets a string as it is. -EINVAL when the table does not have the field for this use, with
 * words in err; what the server checks (limits, patterns) is left to it. -ENOMEM. */
int body_set_string(struct body *b, const char *name, const char *value, struct failure *err);

/*
 * Sets a field from the text of its file, the reverse of record_field_text(): one trailing
 * newline (or CR LF) is not part of a scalar; an empty text is null where the field takes null;
 * numbers and booleans are parsed by the schema; a structure is parsed as JSON (NaN and
 * duplicate keys refused); of a field with an ending the text is its bytes. F_LABELS fields also
 * take {label: value}, a prediction as the API returns it (its labels and values), and an object
 * with one of these under "labels"; a label's number is the text that stands there, but for
 * body_keep_numbers(). What the field implies is set too.
 * -EINVAL with words that name the field; -ENOMEM.
 */
int body_set_text(struct body *b, const struct field *f, const char *text, size_t len,
                  struct failure *err);

/* What r has of f goes into b: labels as the server has them, all else as its file's text. 0; -ENOENT: r
 * has none; what body_set_text() gives. */
int body_keep_field(struct body *b, const struct field *f, const struct record *r,
                    struct failure *err);

/* The labels in the PATCH b are said over those that now has (labels_merge.h): of {label: value}, or a
 * prediction, what now has besides of a label stays, as do its numbers. Labels that b does not name go.
 * 0, -ENOMEM. */
int body_merge_labels(struct body *b, const struct record *now, struct failure *err);

/* The same for a field that the table does not have: a line is the text that it is where the server
 * has a text (now), and else a number, true or false where it looks so. */
int body_set_other(struct body *b, const struct field *f, const struct record *now,
                   const char *text, size_t len, struct failure *err);

/* Sets every field of a JSON object, which may be bare in a POST. What the table does not know is
 * sent as it is: a later API may take it. */
int body_set_json(struct body *b, const char *text, size_t len, struct failure *err);

/* Sets every field of a JSON object that is not set yet; what the table does not know as it is.
 * -EINVAL with words: it has a field that cannot be set, or is no object. */
int body_set_defaults(struct body *b, const char *text, size_t len, struct failure *err);

/*
 * The merge of resource.json: the fields in text that differ from now's go into the PATCH b;
 * absent ones stay. One that cannot be changed is -EINVAL by name; equal ones are no error, nor
 * is null for one that now does not have. Fields with a read_at are understood in both places.
 */
int body_set_difference(struct body *b, const struct record *now, const char *text, size_t len,
                        struct failure *err);

/*
 * The same for a POST's whole body that is written again: sent (NULL: not known) is what made the
 * resource, so that what the API never gives back, or cannot change, is no difference while it is
 * as it was.
 */
int body_set_overwrite(struct body *b, const struct record *now, const char *sent, const char *text,
                       size_t len, struct failure *err);

/* What the PATCH b says of what is kept by a replacement, and what before had, as a text for body_set_undo(): but
 * for names and lists. "": nothing. 0, -ENOMEM, -EFBIG. */
int body_undo_text(const struct body *b, const struct record *before, struct buf *out);

/* Takes that back in the PATCH b, where now is as was said then: what somebody has written since stays. 0,
 * -EINVAL, -ENOMEM. */
int body_set_undo(struct body *b, const char *undo, const struct record *now, struct failure *err);

#endif
