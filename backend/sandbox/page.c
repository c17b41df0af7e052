#include "page.h"

#include <errno.h>
#include <inttypes.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

#include "banned.h"

#define PLAIN_MAX 320

static int list_mark(const struct page *p)
{
    return (int)p->kind * 4 + (p->by_end ? 2 : 0) + (p->descending ? 1 : 0);
}

void page_write(const struct page *p, char out[PAGE_TOKEN_MAX])
{
    char plain[PLAIN_MAX];
    struct base64_encode_ctx ctx;
    int n = snprintf(plain, sizeof(plain), "%d|%" PRId64 "|%s", list_mark(p), p->key, p->id);
    size_t len;

    base64url_encode_init(&ctx);
    len = base64_encode_update(&ctx, out, (size_t)n, (const uint8_t *)plain);
    len += base64_encode_final(&ctx, out + len);
    while (len > 0 && out[len - 1] == '=')
        len--;
    out[len] = '\0';
}

int page_read(const char *token, struct page *p)
{
    char plain[PLAIN_MAX + 4], padded[PAGE_TOKEN_MAX + 4], *key, *id;
    struct base64_decode_ctx ctx;
    size_t len = strlen(token), out = PLAIN_MAX;
    int64_t mark;

    if (len == 0 || len > PLAIN_MAX)
        return -EINVAL;
    snprintf(padded, sizeof(padded), "%s%s", token, &"==="[len % 4 ? len % 4 - 1 : 3]);
    base64url_decode_init(&ctx);
    if (!base64_decode_update(&ctx, &out, (uint8_t *)plain, strlen(padded), padded) ||
        !base64_decode_final(&ctx))
        return -EINVAL;
    plain[out] = '\0';
    key = strchr(plain, '|');
    id = key ? strchr(key + 1, '|') : NULL;
    if (!id || strlen(plain) != out || strlen(id + 1) >= ID_MAX)
        return -EINVAL;
    *key++ = '\0';
    *id++ = '\0';
    if (number_parse(plain, 0, INT32_MAX, &mark) < 0 || mark != list_mark(p) ||
        number_parse(key, INT64_MIN, INT64_MAX, &p->key) < 0)
        return -EINVAL;
    snprintf(p->id, sizeof(p->id), "%s", id);
    return 0;
}
