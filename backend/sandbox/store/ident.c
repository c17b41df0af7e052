#include "ident.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hex.h"

#include "banned.h"

#define HEX 32

int ident_new(const char *word, char out[ID_MAX])
{
    unsigned char raw[HEX / 2];
    char hex[HEX + 1];

    if (getentropy(raw, sizeof(raw)) < 0)
        return -EIO;
    hex_encode(raw, sizeof(raw), hex);
    snprintf(out, ID_MAX, "las:%s:%s", word, hex);
    return 0;
}

int ident_word(char *out, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345"; /* 32: no remainder */

    if (getentropy(out, n) < 0)
        return -EIO;
    for (size_t i = 0; i < n; i++)
        out[i] = letters[(unsigned char)out[i] % (sizeof(letters) - 1)];
    out[n] = '\0';
    return 0;
}

void stamp_format(int64_t us, char out[TIME_TEXT_MAX])
{
    struct time_text t = time_text_utc(us * 1000);

    time_text_format(&t, out);
}

int stamp_parse(const char *text, int64_t *us)
{
    struct time_text t;
    int rc = time_text_parse(text, strlen(text), &t);

    if (rc == 0)
        *us = t.ns / 1000;
    return rc;
}
