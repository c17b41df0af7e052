#include "ids.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define WORDS_MIN 2 /* after the start */
#define OWNER "organization:"

static const char *const starts[] = { "las:", "cradl:" };

/* What is behind the start, or NULL. */
static const char *after_start(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (strncmp(text, starts[i], strlen(starts[i])) == 0)
            return text + strlen(starts[i]);
    return NULL;
}

bool id_begins(const char *text)
{
    return after_start(text) != NULL;
}

/* RFC 3986's pchar, without what is escaped. */
static bool is_path_letter(char c)
{
    if (!c || !isascii((unsigned char)c))
        return false;
    return isalnum((unsigned char)c) || strchr("-._~!$&'()*+,;=@", c);
}

static bool word_ok(const char *word, size_t len)
{
    if (len == 0 || (len == 1 && word[0] == '.') || (len == 2 && word[0] == '.' && word[1] == '.'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_path_letter(word[i]))
            return false;
    return true;
}

/* One id, up to the end or a '/'. */
static bool part_ok(const char *id)
{
    const char *at = after_start(id);
    size_t words = 0;

    if (!at)
        return false;
    for (;; at++) {
        size_t len = strcspn(at, ":/");

        if (!word_ok(at, len))
            return false;
        words++;
        at += len;
        if (*at != ':')
            return words >= WORDS_MIN;
    }
}

const char *id_own(const char *id)
{
    const char *slash = strchr(id, '/');

    return slash ? slash + 1 : id;
}

/* Is what stands before id_own() an organization? */
static bool owner_ok(const char *id)
{
    const char *at = after_start(id);

    return part_ok(id) && strncmp(at, OWNER, strlen(OWNER)) == 0 && !strchr(id_own(id), '/');
}

bool id_ok(const char *id)
{
    if (strnlen(id, RESOURCE_ID_MAX + 1) > RESOURCE_ID_MAX)
        return false;
    return part_ok(id_own(id)) && (id_own(id) == id || owner_ok(id));
}

bool id_ok_n(const char *id, size_t len)
{
    return strlen(id) == len && id_ok(id);
}

const char *id_after_word(const char *id, const char *word)
{
    const char *at = after_start(id_own(id));
    size_t len = strlen(word);

    if (!at || strncmp(at, word, len) != 0 || at[len] != ':' || !at[len + 1])
        return NULL;
    return at + len + 1;
}

void id_show(const char *text, size_t len, char out[ID_SHOWN_MAX])
{
    static const char more[] = "...";
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        bool plain = text[i] > ' ' && text[i] < 0x7f && text[i] != '\\';
        size_t width = plain ? 1 : 4;

        if (n + width + sizeof(more) > ID_SHOWN_MAX) {
            memcpy(out + n, more, sizeof(more));
            return;
        }
        if (plain)
            out[n] = text[i];
        else
            snprintf(out + n, width + 1, "\\x%02x", (unsigned char)text[i]);
        n += width;
    }
    out[n] = '\0';
}
