#include "labels_merge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "json_text.h"

#include "banned.h"

#define NUMBER_MAX 64

/* Lists nest: the functions below call each other, as deep as the parser goes. */
static json_t *merge_value(json_t *old, json_t *fresh, bool plain);

static bool has_letters(json_t *number, const char *text)
{
    cleanup_buf struct buf letters = BUF_INIT(NUMBER_MAX);

    return json_text_write(number, false, &letters) == 0 && strcmp(buf_str(&letters), text) == 0;
}

/* Is it what there was, as a text? */
static bool means(json_t *old, json_t *fresh)
{
    if (json_is_number(old) && json_is_string(fresh))
        return has_letters(old, json_string_value(fresh));
    return json_equal(old, fresh);
}

static bool is_of(json_t *entry, json_t *label)
{
    return json_is_object(entry) && json_is_string(label) &&
           json_equal(json_object_get(entry, "label"), label);
}

#define NO_ENTRY SIZE_MAX

/* The first of old's entries with entry's name that is not used yet; equal: and with its value. */
static size_t find_entry(json_t *old, const bool *used, json_t *entry, bool equal)
{
    json_t *label = json_object_get(entry, "label"), *other;
    size_t i;

    json_array_foreach(old, i, other)
        if (!used[i] && is_of(other, label) &&
            (!equal || means(json_object_get(other, "value"), json_object_get(entry, "value"))))
            return i;
    return NO_ENTRY;
}

/* Which of old's entries each of fresh is: first those of which nothing has changed, so that no other takes
 * their place, then the rest by their order. */
static void match_entries(json_t *old, json_t *fresh, bool *used, size_t *match)
{
    json_t *entry;
    size_t i;

    json_array_foreach(fresh, i, entry) {
        match[i] = find_entry(old, used, entry, true);
        if (match[i] != NO_ENTRY)
            used[match[i]] = true;
    }
    json_array_foreach(fresh, i, entry) {
        if (match[i] != NO_ENTRY)
            continue;
        match[i] = find_entry(old, used, entry, false);
        if (match[i] != NO_ENTRY)
            used[match[i]] = true;
    }
}

static json_t *merge_entry(json_t *old, json_t *fresh, bool plain)
{
    json_t *value = json_object_get(fresh, "value");
    json_auto_t *merged = json_copy(plain ? old : fresh);

    if (!merged || (value && json_object_set_new(
                                 merged, "value",
                                 merge_value(json_object_get(old, "value"), value, plain)) < 0))
        return NULL;
    return steal_pointer(&merged);
}

json_t *labels_merge(json_t *old, json_t *fresh, bool plain)
{
    json_auto_t *list = json_array();
    cleanup_free bool *used = calloc(json_array_size(old) + 1, sizeof(*used));
    cleanup_free size_t *match = calloc(json_array_size(fresh) + 1, sizeof(*match));
    json_t *entry;
    size_t i;

    if (!used || !match)
        return NULL;
    match_entries(old, fresh, used, match);
    json_array_foreach(fresh, i, entry)
        if (json_array_append_new(
                list, match[i] == NO_ENTRY
                          ? json_incref(entry)
                          : merge_entry(json_array_get(old, match[i]), entry, plain)) < 0)
            return NULL;
    return steal_pointer(&list);
}

/* A table: each line over the one in its place. */
static json_t *merge_lines(json_t *old, json_t *fresh, bool plain)
{
    json_auto_t *lines = json_array();
    json_t *line;
    size_t i;

    json_array_foreach(fresh, i, line)
        if (json_array_append_new(lines, merge_value(json_array_get(old, i), line, plain)) < 0)
            return NULL;
    return steal_pointer(&lines);
}

static json_t *merge_value(json_t *old, json_t *fresh, bool plain)
{
    if (json_is_array(old) && json_is_array(fresh))
        return json_is_object(json_array_get(fresh, 0)) ? labels_merge(old, fresh, plain)
                                                        : merge_lines(old, fresh, plain);
    return json_incref(means(old, fresh) ? old : fresh);
}
