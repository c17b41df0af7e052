/* The inside of a body. For body.c, body_merge.c, body_undo.c, stamp.c and answer.c alone, behind body.h. */
#ifndef LASFS_BODY_INSIDE_H
#define LASFS_BODY_INSIDE_H

#include <jansson.h>
#include <stdbool.h>

#include "cleanup.h"

struct failure;
struct field;
struct id_finder;
struct resource;

struct body {
    const struct resource *res;
    enum body_use use;
    const struct id_finder *finder; /* NULL: names stand for nothing */
    json_t *object;
    json_t *plain; /* as it was before it had a stamp; NULL: it has none */
    bool names;    /* its labels are names and values alone: labels_read() */
    bool numbers;  /* body_keep_numbers() */
};

/* -ENOMEM, in words. */
int body_no_memory(struct failure *err);

/* May the request have this field? If not, -EINVAL with words that say why. */
bool body_may_set(const struct body *b, const struct field *f);
int body_refuse(const struct body *b, const char *name, struct failure *err);

/* Is it a list of labels that the request may have? */
bool body_has_labels(const struct body *b, const struct field *f);

/* Takes v, which may be NULL: out of memory. */
int body_set_new(struct body *b, const char *name, json_t *v, struct failure *err);

/* A value as somebody writes it: names become ids, and each form of labels a list. v is copied. */
int body_set_value(struct body *b, const struct field *f, json_t *v, struct failure *err);

/* What fields say of others that nothing was said of. */
int body_set_implied(struct body *b, struct failure *err);

/* A JSON object, the caller's, whose mistakes tell no secret. -EINVAL. */
int body_parse_object(const struct body *b, const char *text, size_t len, json_t **out,
                      struct failure *err);

/* Of what may have a secret in it. */
void body_wipe(json_t **v);
#define cleanup_wiped CLEANUP(body_wipe)

#endif
