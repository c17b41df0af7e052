/*
 * Is a request's body what the table says? The rules hold the table's patterns compiled, for any
 * thread.
 */
#ifndef SANDBOX_RULES_H
#define SANDBOX_RULES_H

#include <jansson.h>
#include <stdbool.h>

#include "failure.h"
#include "resources.h"

struct rules;

/*
 * lenient: content is not looked at, times may have a negative offset; late_content: a document's
 * bytes, and with them their type, may come after it. 0, -ENOMEM.
 */
int rules_new(bool lenient, bool late_content, struct rules **out);
void rules_free(struct rules *r);

/*
 * Checks a value that stands at `at` ("groundTruth[0].label").
 * 0; -EINVAL with words in err that name the place; -ENOMEM.
 */
int rules_check(struct rules *r, const struct schema *s, json_t *v, const char *at,
                struct failure *err);

/* The same for the text of a query parameter. */
int rules_check_text(struct rules *r, const struct schema *s, const char *text, const char *at,
                     struct failure *err);

/* Checks the body of a POST or a PATCH: its fields, those that must be there, unknown ones. */
int rules_check_body(struct rules *r, const struct resource *res, bool patch, json_t *body,
                     struct failure *err);

/*
 * Calls each for every id of a resource in v, until it returns not 0, which is the result.
 */
int rules_each_reference(struct rules *r, const struct schema *s, json_t *v, const char *at,
                         int (*each)(void *arg, enum resource_kind kind, const char *id,
                                     const char *at),
                         void *arg);

/* Is it base64 without white space? */
bool base64_is_tidy(const char *text, size_t len);

/* Makes base64 without white space of text, in place; the new length, or -EINVAL. */
int64_t base64_tidy(char *text, size_t len);

#endif
