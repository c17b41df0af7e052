#include "digest.h"

#include <nettle/base64.h>
#include <nettle/md5.h>

#include "hex.h"

#include "banned.h"

#define CHUNK 4096

static void finish(struct md5_ctx *md5, enum digest_form form, char out[DIGEST_TEXT_MAX])
{
    uint8_t digest[MD5_DIGEST_SIZE];

    md5_digest(md5, sizeof(digest), digest);
    if (form == DIGEST_HEX) {
        hex_encode(digest, sizeof(digest), out);
        return;
    }
    base64_encode_raw(out, sizeof(digest), digest);
    out[BASE64_ENCODE_RAW_LENGTH(sizeof(digest))] = '\0';
}

void digest_bytes(enum digest_form form, const void *data, size_t len, char out[DIGEST_TEXT_MAX])
{
    struct md5_ctx md5;

    md5_init(&md5);
    md5_update(&md5, len, data);
    finish(&md5, form, out);
}

void digest_text(enum digest_form form, const char *text, size_t len, char out[DIGEST_TEXT_MAX])
{
    uint8_t bytes[BASE64_DECODE_LENGTH(CHUNK)];
    struct base64_decode_ctx ctx;
    struct md5_ctx md5;

    md5_init(&md5);
    base64_decode_init(&ctx);
    for (size_t at = 0; at < len;) {
        size_t n = len - at < CHUNK ? len - at : CHUNK, out_len = sizeof(bytes);

        if (!base64_decode_update(&ctx, &out_len, bytes, n, text + at))
            break;
        md5_update(&md5, out_len, bytes);
        at += n;
    }
    finish(&md5, form, out);
}
