#include "tokens.h"

#include <errno.h>
#include <inttypes.h>
#include <nettle/base16.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"

#include "banned.h"

#define KEY_LEN SHA256_DIGEST_SIZE
#define HEX_LEN (2 * SHA256_DIGEST_SIZE)
#define SALT_LEN 16

struct tokens {
    struct clock *clock;
    int64_t ttl_s;
    uint8_t key[KEY_LEN];
};

static void sign(const void *key, size_t key_len, const char *text, char hex[HEX_LEN + 1])
{
    struct hmac_sha256_ctx ctx;
    uint8_t digest[SHA256_DIGEST_SIZE];

    hmac_sha256_set_key(&ctx, key_len, key);
    hmac_sha256_update(&ctx, strlen(text), (const uint8_t *)text);
    hmac_sha256_digest(&ctx, sizeof(digest), digest);
    base16_encode_update(hex, sizeof(digest), digest);
    hex[HEX_LEN] = '\0';
}

bool tokens_same(const char *a, const char *b)
{
    char x[HEX_LEN + 1], y[HEX_LEN + 1];

    /* of equal length, whatever the texts are */
    sign("same", 4, a, x);
    sign("same", 4, b, y);
    return memeql_sec(x, y, HEX_LEN);
}

int tokens_new(const char *secret, struct clock *clock, int64_t ttl_s, struct tokens **out)
{
    struct tokens *t = calloc(1, sizeof(*t));
    char hex[HEX_LEN + 1];

    if (!t)
        return -ENOMEM;
    t->clock = clock;
    t->ttl_s = ttl_s;
    if (secret) {
        sign(secret, strlen(secret), "access tokens", hex);
        memcpy(t->key, hex, sizeof(t->key));
    } else if (getentropy(t->key, sizeof(t->key)) < 0) {
        free(t);
        return -EIO;
    }
    *out = t;
    return 0;
}

void tokens_free(struct tokens *t)
{
    if (t)
        explicit_bzero(t, sizeof(*t));
    free(t);
}

int64_t tokens_ttl_s(const struct tokens *t)
{
    return t->ttl_s;
}

/* CLIENT.EXPIRY.SIGNATURE, with the word's colons as they are. */
void tokens_give(const struct tokens *t, const char *client, char out[TOKEN_MAX])
{
    int64_t until_ms = clock_realtime_ns(t->clock) / 1000000 + t->ttl_s * 1000;
    char hex[HEX_LEN + 1];
    size_t len;

    snprintf(out, TOKEN_MAX, "%s.%" PRId64, client, until_ms);
    sign(t->key, sizeof(t->key), out, hex);
    len = strlen(out);
    snprintf(out + len, TOKEN_MAX - len, ".%s", hex);
}

bool tokens_check(const struct tokens *t, const char *token, char out[ID_MAX])
{
    char copy[TOKEN_MAX], hex[HEX_LEN + 1], *signature, *expiry;
    int64_t until_ms;

    if (strlen(token) >= sizeof(copy))
        return false;
    snprintf(copy, sizeof(copy), "%s", token);
    signature = strrchr(copy, '.');
    if (!signature || strlen(signature + 1) != HEX_LEN)
        return false;
    *signature++ = '\0';
    sign(t->key, sizeof(t->key), copy, hex);
    if (!memeql_sec(hex, signature, HEX_LEN))
        return false;
    expiry = strrchr(copy, '.');
    if (!expiry)
        return false;
    *expiry++ = '\0';
    if (strlen(copy) >= ID_MAX || number_parse(expiry, 0, INT64_MAX, &until_ms) < 0 ||
        clock_realtime_ns(t->clock) / 1000000 >= until_ms)
        return false;
    snprintf(out, ID_MAX, "%s", copy);
    return true;
}

int tokens_prove(const char *secret, const char *salt, char out[TOKENS_PROOF_MAX])
{
    char fresh[SALT_LEN + 1], hex[HEX_LEN + 1];

    if (!salt && ident_word(fresh, SALT_LEN) < 0)
        return -EIO;
    if (!salt)
        salt = fresh;
    sign(salt, SALT_LEN, secret, hex);
    snprintf(out, TOKENS_PROOF_MAX, "%.*s%s", SALT_LEN, salt, hex);
    return 0;
}

bool tokens_proven(const char *secret, const char *proof)
{
    char again[TOKENS_PROOF_MAX];

    return strlen(proof) == SALT_LEN + HEX_LEN && tokens_prove(secret, proof, again) == 0 &&
           memeql_sec(again, proof, SALT_LEN + HEX_LEN);
}
