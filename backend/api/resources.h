/*
 * The table of the API: what collections and endpoints there are, which verbs they have, what
 * their resources look like and what requests may say. Everything else in the project asks this
 * table; an exception of the API is a column here. Source: the API's OpenAPI descriptions of
 * 2021-09-23 and of 2024-11-29, mended where the service is known to differ.
 *
 * A row has both of these generations: what its columns say holds for both of them, but for the
 * bits that stand in since too, which 2024 alone has, and those in until, which 2021 alone has;
 * what differed in 2021 is in a column that ends in "was". Who looks at the rows as they are here
 * knows whatever one of them knows: so does the client, which asks what a server says. For one
 * generation by itself: generation.h.
 * All of it is constant: any thread, nothing to free.
 */
#ifndef LASFS_RESOURCES_H
#define LASFS_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ids.h"
#include "table.h"

/* kind's row; NULL for RES_NONE. */
const struct resource *resource_get(enum resource_kind kind);

/* Has no API but today's such a thing? */
bool resource_is_new(const struct resource *res);

/* Of its can what every generation that has it at all can do: what a client may count on. */
unsigned resource_can(const struct resource *res);

/* The collection called name under parent (RES_NONE: at the top), or NULL. */
const struct resource *resource_by_name(enum resource_kind parent, const char *name);

/* The row whose ids look like this one ("las:model:..."), or NULL. */
const struct resource *resource_by_id(const char *id);

const struct field *resource_field(const struct resource *res, const char *name);
const struct filter *resource_filter(const struct resource *res, const char *name);

/*
 * What the table does not have, and a later API's answers may: a field of one line, and one that
 * is a structure, any JSON. They have no name (NULL); who meets one gives it to a copy.
 */
extern const struct field resource_other_line, resource_other_structure;

/* Is one made by a file NAME.json, whatever else makes one? */
bool resource_takes_json(const struct resource *res);

/* Does a request for one carry what must never reach a disk of ours? */
bool resource_takes_secrets(const struct resource *res);

/* The field that holds the id of one of these, or NULL. */
const struct field *resource_field_of(const struct resource *res, enum resource_kind refers);

/* The largest content in bytes before base64; 0 when the resource has none. A url_field's is
 * another way, which a server may have or not. */
int64_t resource_content_max(const struct resource *res);

/*
 * May this id be used for this resource? The word must be the resource's; what follows is
 * looser than the description, as later ids are: id_ok(). The resource's own_id is one. res NULL:
 * any id.
 */
bool resource_id_ok(const struct resource *res, const char *id);

/* Is it one as the description has them, "las:WORD:" and 32 hex digits in most cases, so that it
 * cannot be meant for a name? The resource's own_id is one. */
bool resource_id_is_whole(const struct resource *res, const char *id);

/* Can this be the id of one, by what an answer says? Any well-formed one, and own_id. */
bool resource_id_answered(const struct resource *res, const char *id, size_t len);

/* las:consent:<32 hex>: callers make these up, there is no collection of them. */
bool consent_id_ok(const char *id);

/* Does text match a POSIX extended regular expression of this table? Any thread. */
bool schema_pattern_ok(const char *pattern, const char *text);

/* Is the value one line of text (string, number, boolean), and not a structure? */
bool schema_is_scalar(const struct schema *s);

/* Rows of a list's page: the API's own default, which every server gives, and what is asked for of a long
 * list; what a server's largest is nobody says. */
#define RESOURCE_PAGE_SIZE 100
#define RESOURCE_PAGE_LARGE 1000

/* Quotas are counted and told by these names in an organization: "Documents" in
 * monthlyNumberOfDocumentsAllowed. */
struct quota {
    enum resource_kind kind; /* RES_NONE: of something that is gone from the API */
    const char *allowed, *created;
    bool monthly;
};
extern const struct quota resource_quotas[]; /* allowed NULL at the end */

#endif
