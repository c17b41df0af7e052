#include "picture_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

#define THUMBNAIL ".thumbnail.jpg"
#define PAGE_PREFIX ".page-"
#define ENDING ".jpg"
#define DIGITS_MAX 6
#define VALUE_MAX 16

/* "0", "-1": one spelling of each number. */
static bool is_page(const char *text, size_t len)
{
    size_t sign = len && text[0] == '-', digits = len - sign;

    return digits && digits <= DIGITS_MAX && strspn(text + sign, "0123456789") >= digits &&
           (text[sign] != '0' || (digits == 1 && !sign));
}

/* WORD=VALUE, whose value is the address's to judge; nothing in it leads out of the query. */
static bool is_known(const struct picturing *p, const char *text, size_t len)
{
    for (const char *const *word = p->more; *word; word++) {
        size_t n = strlen(*word);

        if (len > n + 1 && len <= n + 1 + VALUE_MAX && strncmp(text, *word, n) == 0 &&
            text[n] == '=' &&
            strspn(text + n + 1, "0123456789abcdefghijklmnopqrstuvwxyz") >= len - n - 1)
            return true;
    }
    return false;
}

/* text: what stands between the name's start and its ending. */
static int add_words(const struct picturing *p, const char *text, const char *end,
                     char out[PICTURE_QUERY_MAX + 1])
{
    size_t len = strcspn(text, "."), at;

    if (!is_page(text, len))
        return -ENOENT;
    at = (size_t)snprintf(out, PICTURE_QUERY_MAX + 1, "%s=%.*s", p->page, (int)len, text);
    for (text += len; text < end; text += len) {
        text++; /* the dot */
        len = strcspn(text, ".");
        if (!is_known(p, text, len) || at + 1 + len > PICTURE_QUERY_MAX)
            return -ENOENT;
        at += (size_t)snprintf(out + at, PICTURE_QUERY_MAX + 1 - at, "&%.*s", (int)len, text);
    }
    return 0;
}

int picture_query(const struct resource *res, const char *name, char out[PICTURE_QUERY_MAX + 1])
{
    const struct picturing *p = res->pictures;
    size_t len = strlen(name), start = strlen(PAGE_PREFIX), ending = strlen(ENDING);

    if (!p)
        return -ENOENT;
    if (strcmp(name, THUMBNAIL) == 0) {
        snprintf(out, PICTURE_QUERY_MAX + 1, "%s", p->small);
        return 0;
    }
    if (len <= start + ending || strncmp(name, PAGE_PREFIX, start) != 0 ||
        strcmp(name + len - ending, ENDING) != 0)
        return -ENOENT;
    return add_words(p, name + start, name + len - ending, out);
}
