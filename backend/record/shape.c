#include "shape.h"

#include <errno.h>
#include <string.h>

#include "banned.h"

#define PART_MAX 64

/* --- A part in the place of the whole --------------------------------------------------------- */

static const struct member *member_of(const struct schema *s, const char *name)
{
    for (const struct member *m = s->members; m && m->name; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

static bool is_post_field(const struct resource *res, const char *name)
{
    const struct field *f = resource_field(res, name);

    return f && (f->flags & F_IN_POST);
}

static size_t count_post_fields(const struct resource *res, json_t *object)
{
    const char *name;
    json_t *v;
    size_t n = 0;

    json_object_foreach(object, name, v)
        n += is_post_field(res, name);
    return n;
}

/* What is not said and can be one word only. */
static int fill_in(const struct schema *s, json_t *object)
{
    for (const struct member *m = s->members; m && m->name; m++) {
        const char *const *words = m->schema->enums;

        if (m->required || !words || !words[0] || words[1] || json_object_get(object, m->name))
            continue;
        if (json_object_set_new(object, m->name, json_string(words[0])) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* The members of object that belong into the field go there; the others stay. */
static int gather(json_t *object, const struct field *f)
{
    json_auto_t *part = json_object();
    const char *name;
    void *next;
    json_t *v;

    if (!part)
        return -ENOMEM;
    json_object_foreach_safe(object, next, name, v)
    {
        if (!member_of(f->schema, name))
            continue;
        if (json_object_set(part, name, v) < 0)
            return -ENOMEM;
        json_object_del(object, name);
    }
    if (fill_in(f->schema, part) < 0)
        return -ENOMEM;
    return json_object_set(object, f->name, part) < 0 ? -ENOMEM : 0;
}

/* The whole object becomes the member called name of a new one. */
static int put_inside(json_t **object, const char *name)
{
    json_t *outer = json_object();

    if (!outer || json_object_set(outer, name, *object) < 0) {
        json_decref(outer);
        return -ENOMEM;
    }
    json_decref(*object);
    *object = outer;
    return 0;
}

int shape_bare(const struct resource *res, json_t **object)
{
    const char *inner = res->bare ? strchr(res->bare, '.') : NULL;
    size_t known = count_post_fields(res, *object);
    char outer[PART_MAX];
    const struct field *f;
    int rc;

    if (!res->bare)
        return 0;
    snprintf(outer, sizeof(outer), "%.*s", (int)strcspn(res->bare, "."), res->bare);
    f = resource_field(res, outer);
    if (json_object_get(*object, outer) && (inner || known == json_object_size(*object)))
        return 0;
    if (!inner)
        return put_inside(object, outer);
    if (json_object_get(*object, inner + 1))
        return gather(*object, f);
    if (known)
        return 0;
    rc = put_inside(object, inner + 1);
    return rc < 0 ? rc : gather(*object, f);
}

/* --- Names in the place of ids ---------------------------------------------------------------- */

static int find_id(const struct schema *s, json_t **v, const struct id_finder *finder,
                   struct failure *err)
{
    const char *name = json_string_value(*v);
    char id[RESOURCE_ID_MAX + 1];
    json_t *found;
    int rc;

    if (!name || !*name || id_begins(name))
        return 0;
    rc = finder->id_of(finder->arg, resource_get(s->refers), name, id, err);
    if (rc < 0)
        return rc;
    found = json_string(id);
    if (!found)
        return -ENOMEM;
    json_decref(*v);
    *v = found;
    return 0;
}

static int ids_in_array(const struct schema *s, json_t *array, const struct id_finder *finder,
                        struct failure *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < json_array_size(array); i++) {
        json_t *item = json_incref(json_array_get(array, i));

        rc = shape_ids(s->items, &item, finder, err);
        if (rc == 0)
            rc = json_array_set(array, i, item) < 0 ? -ENOMEM : 0;
        json_decref(item);
    }
    return rc;
}

static int ids_in_object(const struct schema *s, json_t *object, const struct id_finder *finder,
                         struct failure *err)
{
    const char *name;
    json_t *v;
    int rc = 0;

    json_object_foreach(object, name, v) {
        const struct member *m = member_of(s, name);
        const struct schema *of = m ? m->schema : s->values;
        json_t *value = json_incref(v);

        rc = of ? shape_ids(of, &value, finder, err) : 0;
        if (rc == 0 && value != v) /* of a key that is there: the walk may go on */
            rc = json_object_set(object, name, value) < 0 ? -ENOMEM : 0;
        json_decref(value);
        if (rc < 0)
            return rc;
    }
    return rc;
}

int shape_ids(const struct schema *s, json_t **v, const struct id_finder *finder,
              struct failure *err)
{
    int rc = 0;

    for (const struct schema *const *any = s->any_of; any && *any && rc == 0; any++)
        rc = shape_ids(*any, v, finder, err);
    if (rc < 0 || s->any_of)
        return rc;
    if (s->refers != RES_NONE && json_is_string(*v))
        return find_id(s, v, finder, err);
    if (s->items && json_is_array(*v))
        return ids_in_array(s, *v, finder, err);
    if (s->type == V_OBJECT && json_is_object(*v))
        return ids_in_object(s, *v, finder, err);
    return 0;
}
