#include "page.h"

#include <errno.h>
#include <inttypes.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "number.h"

#include "banned.h"

#define PLAIN_MAX 320
#define MARK_HEX 8

static int list_mark(const struct page *p)
{
    return (int)p->kind * 4 + (p->by_end ? 2 : 0) + (p->descending ? 1 : 0);
}

/* By this a token is told from other text; not a secret, there is nothing to gain by forging. */
static void mark_of(const char *plain, char hex[MARK_HEX + 1])
{
    struct sha256_ctx ctx;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&ctx);
    sha256_update(&ctx, strlen(plain), (const uint8_t *)plain);
    sha256_digest(&ctx, sizeof(digest), digest);
    hex_encode(digest, MARK_HEX / 2, hex);
}

void page_write(const struct page *p, char out[PAGE_TOKEN_MAX])
{
    char place[PLAIN_MAX], plain[PLAIN_MAX + MARK_HEX + 1], mark[MARK_HEX + 1];
    struct base64_encode_ctx ctx;
    size_t len;
    int n;

    snprintf(place, sizeof(place), "%d|%" PRId64 "|%s", list_mark(p), p->key, p->id);
    mark_of(place, mark);
    n = snprintf(plain, sizeof(plain), "%s%s", mark, place);
    base64url_encode_init(&ctx);
    len = base64_encode_update(&ctx, out, (size_t)n, (const uint8_t *)plain);
    len += base64_encode_final(&ctx, out + len);
    while (len > 0 && out[len - 1] == '=')
        len--;
    out[len] = '\0';
}

/* The text inside a token, its mark taken off. 0, -EINVAL. */
static int unwrap(const char *token, char plain[PAGE_TOKEN_MAX])
{
    char padded[PAGE_TOKEN_MAX + 4], text[PAGE_TOKEN_MAX + 4], mark[MARK_HEX + 1];
    struct base64_decode_ctx ctx;
    size_t len = strlen(token), out = sizeof(text) - 1;

    if (len == 0 || len >= PAGE_TOKEN_MAX)
        return -EINVAL;
    snprintf(padded, sizeof(padded), "%s%s", token, &"==="[len % 4 ? len % 4 - 1 : 3]);
    base64url_decode_init(&ctx);
    if (!base64_decode_update(&ctx, &out, (uint8_t *)text, strlen(padded), padded) ||
        !base64_decode_final(&ctx))
        return -EINVAL;
    text[out] = '\0';
    if (strlen(text) != out || out <= MARK_HEX)
        return -EINVAL;
    mark_of(text + MARK_HEX, mark);
    if (memcmp(mark, text, MARK_HEX) != 0)
        return -EINVAL;
    snprintf(plain, PAGE_TOKEN_MAX, "%s", text + MARK_HEX);
    return 0;
}

int page_read(const char *token, struct page *p)
{
    char plain[PAGE_TOKEN_MAX], *key, *id;
    int64_t mark;

    if (unwrap(token, plain) < 0)
        return -EINVAL;
    key = strchr(plain, '|');
    id = key ? strchr(key + 1, '|') : NULL;
    if (!id || strlen(id + 1) >= ID_MAX)
        return -EINVAL;
    *key++ = '\0';
    *id++ = '\0';
    if (number_parse(plain, 0, INT32_MAX, &mark) < 0 || mark != list_mark(p) ||
        number_parse(key, INT64_MIN, INT64_MAX, &p->key) < 0)
        return -EINVAL;
    snprintf(p->id, sizeof(p->id), "%s", id);
    return 0;
}
