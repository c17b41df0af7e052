/*
 * The API's JSON and our structs. For the modules of this folder that know jansson's types.
 */
#ifndef LASFS_CODEC_H
#define LASFS_CODEC_H

#include <jansson.h>
#include <stddef.h>

#include "failure.h"
#include "list_page.h"
#include "record_ref.h"
#include "resources.h"

/* 0; -EIO: no object, or without an id; -EBADMSG: an id that cannot be one; -ENOMEM. */
int codec_record_text(const struct resource *res, const char *text, size_t len, struct record **out,
                      struct failure *err);

/* A list's answer. Its rows may have ids that cannot be one: record_id() tells. 0, -EIO, -ENOMEM. */
int codec_page_text(const struct resource *res, const char *text, size_t len, struct page **out,
                    struct failure *err);

/* The record as a new JSON object: the table's fields in its order, then the others. */
int codec_object(const struct record *r, json_t **out);

/* One field's value, a new reference; by the table's read_at. 0, -ENOENT, -ENOMEM. */
int codec_field(const struct record *r, const struct field *f, json_t **out);

/* What stands in object at a path of member names with dots, or NULL. Borrowed. */
json_t *codec_at(json_t *object, const char *path);

#endif
