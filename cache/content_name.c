#include "content_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "number.h"

#include "banned.h"

#define HEX_DIGITS (2 * CONTENT_DIGEST_BYTES)
#define SIZE_DIGITS_MAX 19

bool content_id_ok(const char *id)
{
    return *id && *id != '.' && !strchr(id, '/') && strlen(id) <= CONTENT_ID_MAX;
}

void content_name_format(const struct content_name *name, char out[CONTENT_NAME_MAX + 1])
{
    int len = snprintf(out, CONTENT_NAME_MAX + 1, "%s.%" PRId64 ".", name->id, name->size);

    hex_encode(name->sha256, CONTENT_DIGEST_BYTES, out + len);
}

int content_name_parse(const char *text, struct content_name *out)
{
    const char *hex = strrchr(text, '.');
    const char *size = hex ? memrchr(text, '.', (size_t)(hex - text)) : NULL;
    struct content_name name = { .size = 0 };
    char digits[SIZE_DIGITS_MAX + 1];
    size_t len;

    if (!size || size - text > CONTENT_ID_MAX || hex - size - 1 > SIZE_DIGITS_MAX)
        return -EINVAL;
    len = (size_t)(size - text);
    memcpy(name.id, text, len);
    len = (size_t)(hex - size - 1);
    memcpy(digits, size + 1, len);
    digits[len] = '\0';
    if (!content_id_ok(name.id) || number_parse(digits, 0, INT64_MAX, &name.size) < 0 ||
        strlen(hex + 1) != HEX_DIGITS || !hex_decode(hex + 1, CONTENT_DIGEST_BYTES, name.sha256))
        return -EINVAL;
    *out = name;
    return 0;
}
