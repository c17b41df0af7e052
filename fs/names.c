#include "names.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

/* How long the UTF-8 character at p is; 0: it is none. */
static size_t utf8_length(const unsigned char *p)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static bool must_be_encoded(unsigned char c, bool first)
{
    return c == '/' || c == '%' || c < 0x20 || c == 0x7f || (first && c == '.');
}

int names_encode(const char *name, char out[NAMES_MAX + 1])
{
    const unsigned char *p = (const unsigned char *)name;
    size_t used = 0;

    if (!*p)
        return -EINVAL;
    while (*p) {
        size_t n = utf8_length(p);
        bool encode = n == 0 || must_be_encoded(*p, p == (const unsigned char *)name);
        size_t need = encode ? 3 : n;

        if (used + need > NAMES_MAX)
            return -ENAMETOOLONG;
        if (encode)
            snprintf(out + used, 4, "%%%02X", *p);
        else
            memcpy(out + used, p, n);
        used += need;
        p += encode ? 1 : n;
    }
    out[used] = '\0';
    return 0;
}

int names_check(const char *name)
{
    const unsigned char *p = (const unsigned char *)name;

    while (*p) {
        size_t n = utf8_length(p);

        if (n == 0)
            return -EINVAL;
        p += n;
    }
    return 0;
}

int names_json_base(const char *name, char out[NAMES_MAX + 1])
{
    size_t len = strlen(name), ending = strlen(NAMES_JSON_ENDING);

    if (len <= ending || len > NAMES_MAX || name[0] == '.' ||
        strcmp(name + len - ending, NAMES_JSON_ENDING) != 0)
        return -EINVAL;
    snprintf(out, NAMES_MAX + 1, "%.*s", (int)(len - ending), name);
    return 0;
}

bool names_portable(const char *name)
{
    size_t len = strlen(name);

    return len && !strpbrk(name, "\\:*?\"<>|") && name[len - 1] != '.' && name[len - 1] != ' ';
}
