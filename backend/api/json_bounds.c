#include "json_bounds.h"

#include <errno.h>

#include "banned.h"

/* Of what jansson allocates: an object with its first buckets, an array with its first slots, each
 * with a number in it; a string or a name with its place; one more number with its place. */
#define OBJECT_BYTES 272
#define ARRAY_BYTES 176
#define STRING_BYTES 96
#define ITEM_BYTES 48

/* The length of a string with its quotes, at most left. */
static size_t string_length(const char *text, size_t left)
{
    size_t i = 1;

    while (i < left && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
    return i < left ? i + 1 : left;
}

int json_bounds_check(const char *text, size_t len, struct failure *err)
{
    size_t depth = 0, bytes = 0;

    for (size_t i = 0, n; i < len; i += n) {
        n = 1;
        switch (text[i]) {
        case '{':
            depth++;
            bytes += OBJECT_BYTES;
            break;
        case '[':
            depth++;
            bytes += ARRAY_BYTES;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
            bytes += ITEM_BYTES;
            break;
        case '"':
            n = string_length(text + i, len - i);
            bytes += STRING_BYTES + n;
            break;
        default:
            break;
        }
        if (depth > JSON_DEPTH_MAX)
            return fail(err, -EINVAL, 0, "nested deeper than %d", JSON_DEPTH_MAX);
        if (bytes > JSON_TREE_MAX_BYTES)
            return fail(err, -EINVAL, 0, "it would take more than %zu MiB of memory",
                        JSON_TREE_MAX_BYTES >> 20);
    }
    return 0;
}
