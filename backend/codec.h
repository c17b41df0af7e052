/*
 * The API's JSON and our structs. For the modules of this folder that know jansson's types.
 */
#ifndef LASFS_CODEC_H
#define LASFS_CODEC_H

#include <jansson.h>
#include <stddef.h>

#include "backend.h"
#include "failure.h"
#include "record.h"
#include "resources.h"

/* 0; -EIO: no object, or no id of up to RESOURCE_ID_MAX bytes in it; -ENOMEM. */
int codec_record(const struct resource *res, json_t *object, struct record **out,
                 struct failure *err);

/* The same from text. */
int codec_record_text(const struct resource *res, const char *text, size_t len, struct record **out,
                      struct failure *err);

/* A list's answer. 0, -EIO, -ENOMEM. */
int codec_page_text(const struct resource *res, const char *text, size_t len, struct page **out,
                    struct failure *err);

/* The record as a new JSON object: the table's fields in its order, then the others. */
int codec_object(const struct record *r, json_t **out);

/* One field's value, a new reference; by the table's read_at. 0, -ENOENT, -ENOMEM. */
int codec_field(const struct record *r, const struct field *f, json_t **out);

/* What stands in object at a path of member names with dots, or NULL. Borrowed. */
json_t *codec_at(json_t *object, const char *path);

/* The message of an answer that is an error: "message", "Message" or "error" of an object, else
 * the first words of a text, or the title of a page; "" when there is none. text ends with a
 * NUL. */
#define CODEC_MESSAGE_MAX 400
void codec_message(const char *text, size_t len, char out[CODEC_MESSAGE_MAX]);

#endif
