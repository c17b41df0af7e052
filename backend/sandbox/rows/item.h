/*
 * One resource inside a transaction, as JSON. Functions return 0, REFUSED (the answer says it),
 * -EIO or -ENOMEM.
 */
#ifndef SANDBOX_ITEM_H
#define SANDBOX_ITEM_H

#include <string.h>

#include "work.h"

struct item {
    const struct resource *res;
    struct row row; /* body and hidden in it are as they were read; "ended" etc. by item_save */
    json_t *body;   /* what answers show */
    json_t *before; /* what it was when a PATCH began; NULL otherwise */
    json_t *hidden; /* an object that they never show */
    json_t *shown;  /* fields that this one answer shows otherwise or besides; NULL: none */
};

void item_release(struct item *it);
#define cleanup_item CLEANUP(item_release)

/*
 * Loads one; parent NULL: under any. What is not there is refused with 404; a lenient server
 * makes it instead, where changes may be made.
 */
int item_get(struct work *w, const struct resource *res, const char *id, const char *parent,
             struct item *out);

/* Loads one that may be missing: -ENOENT, without an answer. */
int item_find(struct work *w, const struct resource *res, const char *id, struct item *out);

/*
 * Makes one from the fields of a POST, defaults and what its kind does, and stores it. id NULL:
 * a new one.
 */
int item_make(struct work *w, const struct resource *res, const char *id, const char *parent,
              json_t *fields, struct item *out);

/*
 * Makes of what another generation of the API has stored what this one answers: what this one does
 * not have is kept aside until the other is spoken again.
 */
int item_convert(struct work *w, struct item *it);

/* Stores what was changed in body and hidden. */
int item_save(struct work *w, struct item *it);

/* Deletes it, its content and what stands below it. */
int item_delete(struct work *w, struct item *it);

/* Stores the content of a request's body, if it has one. */
int item_put_content(struct work *w, const struct item *it, json_t *fields);

/* Makes it the answer. */
int item_answer(struct work *w, struct item *it);

/* Refuses with 404 ids in a POST's or PATCH's body that nothing has. */
int item_check_references(struct work *w, const struct resource *res, json_t *fields);

/* Fields of body. The string is "" when there is none, the integer 0. */
const char *item_text(const struct item *it, const char *field);
int64_t item_number(const struct item *it, const char *field);
bool item_is(const struct item *it, const char *field, const char *value);

/* Each takes the reference, as jansson's _new functions do. 0, -ENOMEM. */
int item_set(struct item *it, const char *field, json_t *value);
int item_set_text(struct item *it, const char *field, const char *value);
int item_set_number(struct item *it, const char *field, int64_t value);
int item_set_time(struct item *it, const char *field, int64_t us);
int item_show(struct item *it, const char *field, json_t *value);

#endif
