#include "content_md5.h"

#include <string.h>
#include <strings.h>

#include <nettle/base64.h>

#include "hex.h"

#include "banned.h"

#define HEX_CHARS (2 * CONTENT_MD5_BYTES)
#define BASE64_CHARS BASE64_ENCODE_RAW_LENGTH(CONTENT_MD5_BYTES)

enum md5_form record_md5_form(const struct record *r, const uint8_t md5[CONTENT_MD5_BYTES])
{
    const char *field = record_resource(r)->digest_field;
    cleanup_buf struct buf text = BUF_INIT(HEX_CHARS + 1);
    char hex[HEX_CHARS + 1], base64[BASE64_CHARS + 1] = "";

    if (!field || record_string(r, field, &text) < 0)
        return MD5_FORM_NONE; /* or longer than one can be */
    if (text.len != HEX_CHARS && text.len != BASE64_CHARS)
        return MD5_FORM_NONE;
    hex_encode(md5, CONTENT_MD5_BYTES, hex);
    base64_encode_raw(base64, CONTENT_MD5_BYTES, md5);
    if (text.len == HEX_CHARS && strcasecmp(buf_str(&text), hex) == 0)
        return MD5_FORM_HEX;
    return strcmp(buf_str(&text), base64) == 0 ? MD5_FORM_BASE64 : MD5_FORM_OTHER;
}
