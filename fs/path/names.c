#include "names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "utf8.h"

#include "banned.h"

#define ENDING_BYTES 16 /* of a name that is cut, its dot counted: more is none */

static bool must_be_encoded(unsigned char c)
{
    return c == '/' || c == '%' || c < 0x20 || c == 0x7f;
}

/* Adds the character at *p, or one byte of it as %XX, to out, which has room for that many bytes;
 * *p is behind it then. How long it is there, 0: it has no room. */
static size_t encode_next(const unsigned char **p, bool encode, char *out, size_t room)
{
    size_t n = utf8_length((const char *)*p, SIZE_MAX);
    size_t need;

    encode = encode || n == 0 || must_be_encoded(**p);
    need = encode ? 3 : n;
    if (need > room)
        return 0;
    if (encode)
        snprintf(out, 4, "%%%02X", **p);
    else
        memcpy(out, *p, n);
    *p += encode ? 1 : n;
    return need;
}

int names_encode(const char *name, char out[NAMES_MAX + 1])
{
    const unsigned char *p = (const unsigned char *)name;
    size_t used = 0;

    if (!*p)
        return -EINVAL;
    while (*p) {
        size_t n = encode_next(&p, used == 0 && *p == '.', out + used, NAMES_MAX - used);

        if (n == 0)
            return -ENAMETOOLONG;
        used += n;
    }
    out[used] = '\0';
    return 0;
}

/* The byte that %XX at p stands for; 0: none, or a NUL. */
static char encoded_byte(const char *p)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *high = p[1] ? strchr(digits, p[1]) : NULL;
    const char *low = high && p[2] ? strchr(digits, p[2]) : NULL;

    return low ? (char)((high - digits) << 4 | (low - digits)) : '\0';
}

int names_decode(const char *file, char out[NAMES_MAX + 1])
{
    char again[NAMES_MAX + 1];
    size_t used = 0;

    if (strlen(file) > NAMES_MAX)
        return -EINVAL;
    for (const char *p = file; *p; used++) {
        bool encoded = *p == '%';

        out[used] = encoded ? encoded_byte(p) : *p;
        if (!out[used])
            return -EINVAL;
        p += encoded ? 3 : 1;
    }
    out[used] = '\0';
    return names_encode(out, again) == 0 && strcmp(again, file) == 0 ? 0 : -EINVAL;
}

/* As much of the bytes up to end as there is room for; the rest at *p. A blank at the very end of
 * a name is encoded: who reads the name off a line would lose it. */
static size_t encode_some(const char **p, const char *end, char *out, size_t room)
{
    const unsigned char *at = (const unsigned char *)*p;
    size_t used = 0, n = 1;

    while (n && (const char *)at < end) {
        n = encode_next(&at, *at == ' ' && !at[1], out + used, room - used);
        used += n;
    }
    *p = (const char *)at;
    return used;
}

void names_numbered(int64_t number, const char *name, char out[NAMES_MAX + 1])
{
    const char *dot = strrchr(name, '.'), *end = name + strlen(name), *rest = name;
    char ending[3 * ENDING_BYTES + 1] = "";
    size_t used = (size_t)snprintf(out, NAMES_MAX + 1, "%" PRId64 "-", number), kept = 0, stem;

    stem = encode_some(&rest, end, out + used, NAMES_MAX - used);
    if (*rest && dot && end - dot <= ENDING_BYTES) {
        rest = dot;
        kept = encode_some(&rest, end, ending, sizeof(ending) - 1);
        rest = name;
        stem = encode_some(&rest, dot, out + used, NAMES_MAX - used - kept);
    }
    used += stem;
    while (!kept && *rest && out[used - 1] == ' ') /* one that the cut has left at the end */
        used--;
    memcpy(out + used, ending, kept);
    out[used + kept] = '\0';
}

int names_check(const char *name)
{
    while (*name) {
        size_t n = utf8_length(name, SIZE_MAX);

        if (n == 0)
            return -EINVAL;
        name += n;
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

static bool is_ascii(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] >= 0x80)
            return false;
    return true;
}

int names_normal(const char *name, size_t len, char out[NAMES_NORMAL_MAX + 1])
{
    utf8proc_uint8_t *normal = NULL;
    utf8proc_ssize_t n = UTF8PROC_ERROR_INVALIDUTF8;

    if (!is_ascii(name, len))
        n = utf8proc_map((const utf8proc_uint8_t *)name, (utf8proc_ssize_t)len, &normal,
                         UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (n == UTF8PROC_ERROR_NOMEM)
        return -ENOMEM;
    if (n < 0 || n > NAMES_NORMAL_MAX) {
        memcpy(out, name, len);
        out[len] = '\0';
    } else {
        memcpy(out, normal, (size_t)n);
        out[n] = '\0';
    }
    free(normal);
    return 0;
}

size_t names_stem(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && dot[1] ? (size_t)(dot - name) : 0;
}
