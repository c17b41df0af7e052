#include "describe.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define NAME_MAX_BYTES 128
#define PATH_MAX_BYTES 256
#define DEPTH_MAX 12
#define JSON "application/json"

/* --- Values ---------------------------------------------------------------------------------- */

static json_t *value_schema(const struct schema *s, bool answer, unsigned depth);

static void put_limits(json_t *v, const struct schema *s)
{
    static const char *const least[] = {
        [V_STRING] = "minLength", [V_INTEGER] = "minimum",      [V_NUMBER] = "minimum",
        [V_BOOLEAN] = NULL,       [V_OBJECT] = "minProperties", [V_ARRAY] = "minItems"
    };
    static const char *const most[] = {
        [V_STRING] = "maxLength", [V_INTEGER] = "maximum",      [V_NUMBER] = "maximum",
        [V_BOOLEAN] = NULL,       [V_OBJECT] = "maxProperties", [V_ARRAY] = "maxItems"
    };

    if ((s->limits & LIMIT_MIN) && least[s->type])
        json_object_set_new(v, least[s->type], json_integer(s->min));
    if ((s->limits & LIMIT_MAX) && most[s->type])
        json_object_set_new(v, most[s->type], json_integer(s->max));
    if (s->different)
        json_object_set_new(v, "uniqueItems", json_true());
}

static void put_choices(json_t *v, const struct schema *s, bool nullable)
{
    json_t *list = json_array();

    for (const char *const *e = s->enums; e && *e; e++)
        json_array_append_new(list, json_string(*e));
    for (const int *i = s->ints; i && *i != INTS_END; i++)
        json_array_append_new(list, json_integer(*i));
    if (nullable)
        json_array_append_new(list, json_null());
    json_object_set_new(v, "enum", list);
}

static void put_members(json_t *v, const struct schema *s, bool answer, unsigned depth)
{
    json_t *properties = json_object(), *required = json_array();

    for (const struct member *m = s->members; m && m->name; m++) {
        json_object_set_new(properties, m->name, value_schema(m->schema, answer, depth));
        if (m->required)
            json_array_append_new(required, json_string(m->name));
    }
    if (s->members)
        json_object_set(v, "properties", properties);
    if (json_array_size(required) > 0)
        json_object_set(v, "required", required);
    if (s->values)
        json_object_set_new(v, "additionalProperties", value_schema(s->values, answer, depth));
    else if (s->closed)
        json_object_set_new(v, "additionalProperties", json_false());
    if (s->names)
        json_object_set_new(v, "propertyNames", json_pack("{s:s}", "pattern", s->names));
    json_decref(properties);
    json_decref(required);
}

static json_t *any_schema(const struct schema *s, bool answer, unsigned depth)
{
    json_t *list = json_array();

    for (const struct schema *const *one = s->any_of; *one; one++)
        json_array_append_new(list, value_schema(*one, answer, depth));
    if (s->nullable || answer)
        json_array_append_new(list, json_pack("{s:s}", "type", "null"));
    return json_pack("{s:o}", "anyOf", list);
}

/* What an answer has may be null wherever the table says that a request's may, or deeper in it. */
static json_t *value_schema(const struct schema *s, bool answer, unsigned depth)
{
    static const char *const types[] = {
        [V_STRING] = "string",   [V_INTEGER] = "integer", [V_NUMBER] = "number",
        [V_BOOLEAN] = "boolean", [V_OBJECT] = "object",   [V_ARRAY] = "array"
    };
    bool nullable = s->nullable || (answer && depth > 0);
    json_t *v;

    if (depth == DEPTH_MAX)
        return json_object();
    if (s->any_of)
        return any_schema(s, answer, depth + 1);
    v = nullable ? json_pack("{s:[s, s]}", "type", types[s->type], "null")
                 : json_pack("{s:s}", "type", types[s->type]);
    put_limits(v, s);
    if (s->pattern)
        json_object_set_new(v, "pattern", json_string(s->pattern));
    if (s->enums || s->ints)
        put_choices(v, s, nullable);
    if (s->type == V_OBJECT)
        put_members(v, s, answer, depth + 1);
    if (s->items)
        json_object_set_new(v, "items", value_schema(s->items, answer, depth + 1));
    return v;
}

static json_t *or_null(json_t *v)
{
    json_t *type = json_object_get(v, "type"), *enums = json_object_get(v, "enum");

    if (json_is_string(type))
        json_object_set_new(v, "type", json_pack("[O, s]", type, "null"));
    if (json_is_string(type) && enums)
        json_array_append_new(enums, json_null());
    return v;
}

/* --- Bodies ---------------------------------------------------------------------------------- */

static json_t *object_of(json_t *properties, json_t *required, bool closed)
{
    json_t *v = json_pack("{s:s, s:o}", "type", "object", "properties", properties);

    if (json_array_size(required) > 0)
        json_object_set(v, "required", required);
    if (closed)
        json_object_set_new(v, "additionalProperties", json_false());
    json_decref(required);
    return v;
}

static json_t *answer_schema(const struct resource *res)
{
    json_t *properties = json_object(), *required = json_array();

    for (const struct field *f = res->fields; f->name; f++) {
        json_t *v;

        if (!(f->flags & (F_READABLE | F_BY_ID | F_ONCE)))
            continue;
        v = value_schema(f->answer ? f->answer : f->schema, true, 0);
        json_object_set_new(properties, f->name, f->flags & F_NULL ? or_null(v) : v);
        if ((f->flags & F_ANSWER) && !(f->flags & (F_BY_ID | F_ONCE)))
            json_array_append_new(required, json_string(f->name));
    }
    return object_of(properties, required, false);
}

static json_t *request_schema(const struct resource *res, bool patch)
{
    unsigned may = patch ? F_IN_PATCH : F_IN_POST, needs = patch ? F_PATCH_NEEDS : F_POST_NEEDS;
    json_t *properties = json_object(), *required = json_array();

    for (const struct field *f = res->fields; f->name; f++) {
        if (!(f->flags & may))
            continue;
        json_object_set_new(properties, f->name,
                            value_schema(patch && f->patch ? f->patch : f->schema, false, 0));
        if (f->flags & needs)
            json_array_append_new(required, json_string(f->name));
    }
    return object_of(properties, required, patch || !(res->flags & R_POST_OPEN));
}

/* --- Operations ------------------------------------------------------------------------------ */

static void add_letter(char *out, size_t *n, char c, bool large)
{
    out[(*n)++] = (char)(large ? toupper((unsigned char)c) : c);
}

/* "modelsDataBundles", of its path. */
static void component_name(const struct resource *res, char out[NAME_MAX_BYTES])
{
    size_t n = 0;
    bool inside = false;

    for (const char *p = res->path; *p && n < NAME_MAX_BYTES - 1; p++) {
        if (*p == '{' || *p == '}')
            inside = *p == '{';
        else if (!inside && *p != '/')
            add_letter(out, &n, p[0], n > 0 && p[-1] == '/');
    }
    out[n] = '\0';
}

static json_t *reference(const struct resource *res)
{
    char name[NAME_MAX_BYTES];

    component_name(res, name);
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name));
}

static json_t *content_of(json_t *schema)
{
    return json_pack("{s:{s:o}}", JSON, "schema", schema);
}

static json_t *parameter(const char *name, const char *in, bool required, json_t *schema)
{
    return json_pack("{s:s, s:s, s:b, s:o}", "name", name, "in", in, "required", required, "schema",
                     schema);
}

static json_t *filter_schema(const struct filter *f)
{
    json_t *one =
        f->schema ? value_schema(f->schema, false, 0) : json_pack("{s:s}", "type", "string");

    return f->repeats ? json_pack("{s:s, s:o}", "type", "array", "items", one) : one;
}

static json_t *list_parameters(const struct resource *res, bool of_delete)
{
    json_t *list = json_array();

    json_array_append_new(list,
                          parameter("maxResults", "query", false,
                                    json_pack("{s:s, s:i}", "type", "integer", "minimum", 1)));
    json_array_append_new(
        list, parameter("nextToken", "query", false, json_pack("{s:s}", "type", "string")));
    for (const struct filter *f = res->filters; f && f->name; f++)
        if (!of_delete || !f->list_only)
            json_array_append_new(list, parameter(f->name, "query", false, filter_schema(f)));
    if (!of_delete && (res->sorts & SORTS_BY)) {
        json_t *names = json_pack("[s]", res->made_field);

        if (res->sorts & SORTS_BY_CHANGED)
            json_array_append_new(names, json_string(res->changed_field));
        json_array_append_new(
            list, parameter("sortBy", "query", false, json_pack("{s:o}", "enum", names)));
    }
    if (!of_delete && (res->sorts & SORTS_ORDER))
        json_array_append_new(
            list, parameter("order", "query", false,
                            json_pack("{s:[s, s]}", "enum", "ascending", "descending")));
    return list;
}

static json_t *list_schema(const struct resource *res)
{
    json_t *items = json_pack("{s:s, s:o}", "type", "array", "items", reference(res));
    json_t *token = json_pack("{s:[s, s]}", "type", "string", "null");

    return json_pack("{s:s, s:{s:o, s:o}, s:[s, s]}", "type", "object", "properties", res->list_key,
                     items, "nextToken", token, "required", res->list_key, "nextToken");
}

/* answer NULL: it has none. Takes the references. */
static json_t *operation(json_t *parameters, json_t *body, json_t *answer)
{
    json_t *refused = json_pack("{s:s}", "$ref", "#/components/responses/refused");
    json_t *v = json_pack("{s:{s:o}}", "responses", "default", refused);
    json_t *responses = json_object_get(v, "responses");

    if (answer)
        json_object_set_new(
            responses, "200",
            json_pack("{s:s, s:o}", "description", "It is done.", "content", content_of(answer)));
    else
        json_object_set_new(responses, "204", json_pack("{s:s}", "description", "It is done."));
    if (parameters)
        json_object_set_new(v, "parameters", parameters);
    if (body)
        json_object_set_new(v, "requestBody", json_pack("{s:o}", "content", content_of(body)));
    return v;
}

static void add_list_operations(json_t *at, const struct resource *res)
{
    bool command = (res->flags & R_COMMAND) != 0;

    if (res->can & CAN_LIST)
        json_object_set_new(at, "get",
                            operation(list_parameters(res, false), NULL, list_schema(res)));
    if (res->can & CAN_POST)
        json_object_set_new(
            at, "post",
            operation(NULL, request_schema(res, false), command ? NULL : reference(res)));
    if (res->can & CAN_DELETE_MANY)
        json_object_set_new(at, "delete",
                            operation(list_parameters(res, true), NULL, list_schema(res)));
}

static json_t *get_parameters(const struct resource *res)
{
    json_t *days;

    if (!res->recent)
        return NULL;
    days = json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 1, "maximum",
                     (json_int_t)res->recent->most);
    return json_pack("[o]", parameter(res->recent->query, "query", false, days));
}

static void add_item_operations(json_t *at, const struct resource *res)
{
    if (res->can & CAN_GET)
        json_object_set_new(at, "get", operation(get_parameters(res), NULL, reference(res)));
    if (res->can & CAN_PATCH)
        json_object_set_new(at, "patch",
                            operation(NULL, request_schema(res, true), reference(res)));
    if (res->can & CAN_DELETE)
        json_object_set_new(at, "delete", operation(NULL, NULL, reference(res)));
}

/* --- Paths ----------------------------------------------------------------------------------- */

/* A parameter for each {name} of the path. */
static json_t *path_parameters(const char *path)
{
    json_t *list = json_array();

    for (const char *p = strchr(path, '{'); p; p = strchr(p, '{')) {
        size_t len = strcspn(++p, "}");
        char name[NAME_MAX_BYTES];

        snprintf(name, sizeof(name), "%.*s", (int)len, p);
        json_array_append_new(list,
                              parameter(name, "path", true, json_pack("{s:s}", "type", "string")));
    }
    return list;
}

static void add_path(json_t *paths, const char *path, const struct resource *res,
                     void (*add)(json_t *at, const struct resource *res))
{
    json_t *at = json_object(), *parameters;

    add(at, res);
    if (json_object_size(at) > 0) {
        parameters = path_parameters(path);
        if (json_array_size(parameters) > 0)
            json_object_set(at, "parameters", parameters);
        json_decref(parameters);
        json_object_set(paths, path, at);
    }
    json_decref(at);
}

static void add_resource(json_t *paths, json_t *schemas, const struct resource *res)
{
    char path[PATH_MAX_BYTES], name[NAME_MAX_BYTES];
    char *last;

    component_name(res, name);
    if (!(res->flags & R_COMMAND))
        json_object_set_new(schemas, name, answer_schema(res));
    snprintf(path, sizeof(path), "/%s", res->path);
    last = strrchr(path, '/');
    if (last[1] == '{') {
        add_path(paths, path, res, add_item_operations);
        *last = '\0';
    }
    add_path(paths, path, res, add_list_operations);
}

json_t *describe_api(const struct generation_table *api, const char *root)
{
    json_t *paths = json_object(), *schemas = json_object();
    json_t *message = json_pack("{s:s, s:{s:{s:s}}}", "type", "object", "properties", "message",
                                "type", "string");
    const char *version = generation_of(api) == API_2024 ? "2024" : "2021";

    for (int k = RES_NONE + 1; k < RES_COUNT; k++)
        if (generation_resource(api, (enum resource_kind)k))
            add_resource(paths, schemas, generation_resource(api, (enum resource_kind)k));
    return json_pack(
        "{s:s, s:{s:s, s:s, s:s}, s:[{s:o}], s:[{s:[]}], s:o, s:{s:o, s:{s:{s:s, s:o}}, s:{s:{s:s, "
        "s:s}}}}",
        "openapi", "3.1.0", "info", "title", "LAS API, as lasfs-sandbox speaks it", "version",
        version, "description", "Made of the sandbox's own table of resources.", "servers", "url",
        json_sprintf("%s/v1", root), "security", "token", "paths", paths, "components", "schemas",
        schemas, "responses", "refused", "description", "It is refused; the message says why.",
        "content", content_of(message), "securitySchemes", "token", "type", "http", "scheme",
        "bearer");
}
