/*
 * Ids and bodies as a test writes them: in all its texts ' stands for ", and TYPE#7 for the id of that
 * type with the number 7 (las:TYPE:00...07), so that a request fits on a line.
 */
#ifndef LASFS_API_TEXT_H
#define LASFS_API_TEXT_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "resources.h"

/* las:TYPE:00...N; valid until the sixteenth next call in its thread. */
static inline const char *id_of(const char *type, unsigned n)
{
    static _Thread_local char ids[16][RESOURCE_ID_MAX + 1];
    static _Thread_local unsigned next;
    char *id = ids[next++ % ARRAY_LEN(ids)];

    snprintf(id, sizeof(ids[0]), "las:%s:%032x", type, n);
    return id;
}

static inline void *api_alloc(size_t size)
{
    void *p = calloc(1, size);

    if (!p)
        abort();
    return p;
}

/* What a test writes as it goes over the line; the caller frees. */
static inline char *api_long(const char *text)
{
    size_t size = 32 * (strlen(text) + 2), len = 0, word = 0;
    char *out = api_alloc(size);

    for (; *text; text++) {
        char type[64];
        char *end;

        if (*text == '#' && word && isdigit((unsigned char)text[1])) {
            snprintf(type, sizeof(type), "%.*s", (int)word, out + len - word);
            len -= word;
            len += (size_t)snprintf(out + len, size - len, "las:%s:%032lx", type,
                                    strtoul(text + 1, &end, 10));
            text = end - 1;
            word = 0;
            continue;
        }
        word = islower((unsigned char)*text) || (*text == '-' && word) ? word + 1 : 0;
        out[len++] = *text;
        if (*text == '\'')
            out[len - 1] = '"';
    }
    return out;
}

/* The other way: what went over the line, as a test writes it. */
static inline char *api_short(const char *text)
{
    char *out = api_alloc(strlen(text) + 1);
    size_t len = 0;

    while (*text) {
        char type[64], digits[33];
        int n = 0;

        if (sscanf(text, "las:%63[a-z-]:%32[0-9a-f]%n", type, digits, &n) == 2 &&
            strspn(digits, "0") >= 16 && strlen(digits) == 32) {
            len += (size_t)snprintf(out + len, strlen(text) + 1, "%s#%lu", type,
                                    strtoul(digits, NULL, 16));
            text += n;
        } else {
            out[len++] = *text == '"' ? '\'' : *text;
            text++;
        }
    }
    return out;
}

/* With %3A and the like as what they stand for. */
static inline void api_unescape(const char *path, char *out, size_t size)
{
    size_t len = 0;

    while (*path && len + 1 < size) {
        unsigned c = (unsigned char)*path++;

        if (c == '%' && sscanf(path, "%2x", &c) == 1)
            path += 2;
        out[len++] = (char)c;
    }
    out[len] = '\0';
}

/* The bytes as the API has them in JSON; the caller frees. */
static inline char *api_base64(const char *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = api_alloc(4 * (len / 3 + 1) + 1), *to = out;

    for (size_t i = 0; i < len; i += 3) {
        unsigned v = 0;

        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < len ? (unsigned char)bytes[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *to++ = k <= len - i ? digits[v >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

#endif
