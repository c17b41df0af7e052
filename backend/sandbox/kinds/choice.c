#include "choice.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define DEPTH_MAX 32
#define KEY_MAX 256

/* --- Paths ----------------------------------------------------------------------------------- */

static json_t *find_index(json_t *at, const char **path)
{
    char *end;
    unsigned long i;

    if (!isdigit((unsigned char)**path))
        return NULL;
    i = strtoul(*path, &end, 10);
    if (*end != ']')
        return NULL;
    *path = end + 1;
    return json_array_get(at, i);
}

static json_t *find_key(json_t *at, const char **path)
{
    size_t len = strcspn(*path, ".[");
    char key[KEY_MAX];

    if (len == 0 || len >= sizeof(key))
        return NULL;
    memcpy(key, *path, len);
    key[len] = '\0';
    *path += len;
    return json_object_get(at, key);
}

json_t *choice_find(json_t *data, const char *path)
{
    if (!path || *path++ != '$')
        return NULL;
    while (data && *path) {
        char c = *path++;

        data = c == '[' ? find_index(data, &path) : c == '.' ? find_key(data, &path) : NULL;
    }
    return data;
}

/* --- Comparisons ----------------------------------------------------------------------------- */

enum wants { WANTS_BOOLEAN, WANTS_NUMBER, WANTS_STRING };

enum way { EQUAL, LESS, GREATER, LESS_EQUAL, GREATER_EQUAL, IS_THERE, IS_NULL, IS_TYPE };

struct comparison {
    const char *name;
    enum wants wants; /* the type of what it is compared with */
    enum way way;
    enum wants type; /* IS_TYPE: the type of the variable */
};

/* clang-format off */
static const struct comparison comparisons[] = {
    { "BooleanEquals",            WANTS_BOOLEAN, EQUAL,         0 },
    { "StringEquals",             WANTS_STRING,  EQUAL,         0 },
    { "StringLessThan",           WANTS_STRING,  LESS,          0 },
    { "StringGreaterThan",        WANTS_STRING,  GREATER,       0 },
    { "StringLessThanEquals",     WANTS_STRING,  LESS_EQUAL,    0 },
    { "StringGreaterThanEquals",  WANTS_STRING,  GREATER_EQUAL, 0 },
    { "NumericEquals",            WANTS_NUMBER,  EQUAL,         0 },
    { "NumericLessThan",          WANTS_NUMBER,  LESS,          0 },
    { "NumericGreaterThan",       WANTS_NUMBER,  GREATER,       0 },
    { "NumericLessThanEquals",    WANTS_NUMBER,  LESS_EQUAL,    0 },
    { "NumericGreaterThanEquals", WANTS_NUMBER,  GREATER_EQUAL, 0 },
    { "IsPresent",                WANTS_BOOLEAN, IS_THERE,      0 },
    { "IsNull",                   WANTS_BOOLEAN, IS_NULL,       0 },
    { "IsBoolean",                WANTS_BOOLEAN, IS_TYPE,       WANTS_BOOLEAN },
    { "IsNumeric",                WANTS_BOOLEAN, IS_TYPE,       WANTS_NUMBER },
    { "IsString",                 WANTS_BOOLEAN, IS_TYPE,       WANTS_STRING },
};
/* clang-format on */

static bool is_of(json_t *v, enum wants wants)
{
    switch (wants) {
    case WANTS_BOOLEAN:
        return json_is_boolean(v);
    case WANTS_NUMBER:
        return json_is_number(v);
    case WANTS_STRING:
        return json_is_string(v);
    }
    return false;
}

/* Of two of one type: less than, equal to, greater than 0. */
static int compare(json_t *a, json_t *b)
{
    double x, y;

    if (json_is_string(a))
        return strcmp(json_string_value(a), json_string_value(b));
    if (json_is_boolean(a))
        return json_is_true(a) - json_is_true(b);
    x = json_number_value(a);
    y = json_number_value(b);
    return x < y ? -1 : x > y;
}

static bool comparison_holds(const struct comparison *c, json_t *with, json_t *v)
{
    int way;

    if (c->way == IS_THERE)
        return json_is_true(with) == (v != NULL);
    if (c->way == IS_NULL)
        return v && json_is_true(with) == json_is_null(v);
    if (c->way == IS_TYPE)
        return v && json_is_true(with) == is_of(v, c->type);
    if (!v || !is_of(v, c->wants) || !is_of(with, c->wants))
        return false;
    way = compare(v, with);
    switch (c->way) {
    case EQUAL:
        return way == 0;
    case LESS:
        return way < 0;
    case GREATER:
        return way > 0;
    case LESS_EQUAL:
        return way <= 0;
    case GREATER_EQUAL:
        return way >= 0;
    case IS_THERE:
    case IS_NULL:
    case IS_TYPE:
        break;
    }
    return false;
}

static const struct comparison *comparison_of(json_t *rule)
{
    for (size_t i = 0; i < ARRAY_LEN(comparisons); i++)
        if (json_object_get(rule, comparisons[i].name))
            return &comparisons[i];
    return NULL;
}

/* --- Rules ----------------------------------------------------------------------------------- */

static int check_at(json_t *rule, int depth, struct failure *err);

static int check_all(json_t *rules, int depth, struct failure *err)
{
    json_t *rule;
    size_t i;
    int rc = 0;

    if (json_array_size(rules) == 0)
        return fail(err, -EINVAL, 400, "And and Or take a list of rules");
    json_array_foreach(rules, i, rule)
        if (rc == 0)
            rc = check_at(rule, depth, err);
    return rc;
}

static int check_at(json_t *rule, int depth, struct failure *err)
{
    const struct comparison *c = comparison_of(rule);
    const char *variable = json_string_value(json_object_get(rule, "Variable"));

    if (depth > DEPTH_MAX)
        return fail(err, -EINVAL, 400, "rules stand too deep in each other");
    if (json_object_get(rule, "And"))
        return check_all(json_object_get(rule, "And"), depth + 1, err);
    if (json_object_get(rule, "Or"))
        return check_all(json_object_get(rule, "Or"), depth + 1, err);
    if (json_object_get(rule, "Not"))
        return check_at(json_object_get(rule, "Not"), depth + 1, err);
    if (!c)
        return fail(err, -EINVAL, 400, "has no comparison that is known");
    if (!is_of(json_object_get(rule, c->name), c->wants))
        return fail(err, -EINVAL, 400, "%s is of another type", c->name);
    if (!variable || variable[0] != '$')
        return fail(err, -EINVAL, 400, "Variable is no path such as $.a");
    return 0;
}

int choice_check(json_t *rule, struct failure *err)
{
    return check_at(rule, 0, err);
}

bool choice_holds(json_t *rule, json_t *data)
{
    json_t *all = json_object_get(rule, "And"), *any = json_object_get(rule, "Or"), *part;
    const struct comparison *c;
    size_t i;

    if (json_object_get(rule, "Not"))
        return !choice_holds(json_object_get(rule, "Not"), data);
    json_array_foreach(all, i, part)
        if (!choice_holds(part, data))
            return false;
    json_array_foreach(any, i, part)
        if (choice_holds(part, data))
            return true;
    if (all || any)
        return all != NULL;
    c = comparison_of(rule);
    return c && comparison_holds(
                    c, json_object_get(rule, c->name),
                    choice_find(data, json_string_value(json_object_get(rule, "Variable"))));
}
