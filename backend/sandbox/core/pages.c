#include "pages.h"

#include <ctype.h>
#include <nettle/base64.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#include "banned.h"

#define KIND "/Type"
#define PAGE "/Page"

/* "/Type /Page", and not "/Type /Pages". */
static bool is_page(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    if ((size_t)(end - at) <= strlen(PAGE) || memcmp(at, PAGE, strlen(PAGE)) != 0)
        return false;
    return !isalnum((unsigned char)at[strlen(PAGE)]);
}

static int64_t count(const char *at, const char *end)
{
    int64_t n = 0;

    while ((at = memmem(at, (size_t)(end - at), KIND, strlen(KIND)))) {
        at += strlen(KIND);
        n += is_page(at, end);
    }
    return n;
}

int64_t pages_of(const char *text, size_t len)
{
    size_t size = BASE64_DECODE_LENGTH(len);
    cleanup_free char *bytes = malloc(size + 1);
    struct base64_decode_ctx ctx;
    int64_t n;

    base64_decode_init(&ctx);
    if (!bytes || !base64_decode_update(&ctx, &size, (uint8_t *)bytes, len, text))
        return 1;
    n = count(bytes, bytes + size);
    return n ? n : 1;
}
