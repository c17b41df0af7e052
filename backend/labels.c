#include "labels.h"

#include <errno.h>

#include "cleanup.h"

#include "banned.h"

/* Takes value. */
static int add_label(json_t *list, json_t *label, json_t *value)
{
    json_t *item = json_object();

    if (!item || json_object_set(item, "label", label) < 0 ||
        json_object_set(item, "value", value) < 0 || json_array_append(list, item) < 0) {
        json_decref(item);
        return -ENOMEM;
    }
    json_decref(item);
    return 0;
}

static int labels_of_prediction(json_t *guesses, json_t *list, const char *name,
                                struct failure *err)
{
    json_t *guess;
    size_t i;

    json_array_foreach(guesses, i, guess) {
        json_t *label = json_object_get(guess, "label"), *value = json_object_get(guess, "value");

        if (!json_is_string(label))
            return fail(err, -EINVAL, 0, "%s: a prediction without a label", name);
        if (add_label(list, label, value ? value : json_null()) < 0)
            return fail(err, -ENOMEM, 0, "out of memory");
    }
    return 0;
}

static int labels_of_map(json_t *map, json_t *list, struct failure *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(map, key, value) {
        json_auto_t *label = json_string(key);

        if (!label || add_label(list, label, value) < 0)
            return fail(err, -ENOMEM, 0, "out of memory");
    }
    return 0;
}

int labels_read(json_t *v, const char *name, json_t **out, struct failure *err)
{
    json_auto_t *list = NULL;
    json_t *guesses = json_object_get(v, "predictions");
    int rc;

    if (!json_is_object(v)) {
        *out = json_incref(v);
        return 0;
    }
    list = json_array();
    if (!list)
        return fail(err, -ENOMEM, 0, "out of memory");
    rc = json_is_array(guesses) ? labels_of_prediction(guesses, list, name, err)
                                : labels_of_map(v, list, err);
    if (rc == 0)
        *out = steal_pointer(&list);
    return rc;
}
