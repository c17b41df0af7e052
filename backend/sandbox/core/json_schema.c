#include "json_schema.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

#define AT_MAX 256
#define DEPTH_MAX 64

static bool is_whole(json_t *v)
{
    double n = json_number_value(v);

    return json_is_integer(v) ||
           (json_is_real(v) && n > -1e15 && n < 1e15 && n == (double)(long long)n);
}

/* A type that is not known forbids nothing. */
static bool is_type(const char *type, json_t *v)
{
    if (strcmp(type, "integer") == 0)
        return is_whole(v);
    if (strcmp(type, "number") == 0)
        return json_is_number(v);
    if (strcmp(type, "string") == 0)
        return json_is_string(v);
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(v);
    if (strcmp(type, "object") == 0)
        return json_is_object(v);
    if (strcmp(type, "array") == 0)
        return json_is_array(v);
    return strcmp(type, "null") != 0 || json_is_null(v);
}

static bool type_ok(json_t *types, json_t *v)
{
    json_t *type;
    size_t i;

    if (json_is_string(types))
        return is_type(json_string_value(types), v);
    json_array_foreach(types, i, type)
        if (!json_is_string(type) || is_type(json_string_value(type), v))
            return true;
    return json_array_size(types) == 0;
}

static bool is_equal(json_t *a, json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

static bool one_of(json_t *values, json_t *v)
{
    json_t *value;
    size_t i;

    json_array_foreach(values, i, value)
        if (is_equal(value, v))
            return true;
    return false;
}

static int check(json_t *s, json_t *v, const char *at, int depth, struct failure *err);

static int check_members(json_t *s, json_t *v, const char *at, int depth, struct failure *err)
{
    json_t *properties = json_object_get(s, "properties");
    json_t *others = json_object_get(s, "additionalProperties"), *member, *name;
    const char *key;
    size_t i;

    json_array_foreach(json_object_get(s, "required"), i, name)
        if (json_is_string(name) && !json_object_get(v, json_string_value(name)))
            return fail(err, -EINVAL, 400, "%s.%s: is missing", at, json_string_value(name));
    json_object_foreach(v, key, member) {
        json_t *of = json_object_get(properties, key);
        char below[AT_MAX];
        int rc;

        snprintf(below, sizeof(below), "%s.%s", at, key);
        if (!of && json_is_false(others))
            return fail(err, -EINVAL, 400, "%s: is unknown", below);
        rc = check(of ? of : others, member, below, depth + 1, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_items(json_t *s, json_t *v, const char *at, int depth, struct failure *err)
{
    json_t *of = json_object_get(s, "items"), *item;
    size_t i;

    json_array_foreach(v, i, item) {
        char below[AT_MAX];
        int rc;

        snprintf(below, sizeof(below), "%s[%zu]", at, i);
        rc = check(of, item, below, depth + 1, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check(json_t *s, json_t *v, const char *at, int depth, struct failure *err)
{
    json_t *values = json_object_get(s, "enum"), *only = json_object_get(s, "const");

    if (!json_is_object(s) || depth > DEPTH_MAX)
        return 0;
    if (!type_ok(json_object_get(s, "type"), v))
        return fail(err, -EINVAL, 400, "%s: is not of the schema's type", at);
    if (json_is_array(values) && !one_of(values, v))
        return fail(err, -EINVAL, 400, "%s: is not one of the schema's values", at);
    if (only && !is_equal(only, v))
        return fail(err, -EINVAL, 400, "%s: is not the schema's value", at);
    if (json_is_object(v))
        return check_members(s, v, at, depth, err);
    return check_items(s, v, at, depth, err);
}

int json_schema_check(json_t *schema, json_t *v, const char *at, struct failure *err)
{
    return check(schema, v, at, 0, err);
}
