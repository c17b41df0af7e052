/* The MD5 that answers tell of contents. Pure. */
#ifndef SANDBOX_DIGEST_H
#define SANDBOX_DIGEST_H

#include <stddef.h>

#define DIGEST_TEXT_MAX 33

/* How it is written: as lower-case hex digits, or as base64. */
enum digest_form { DIGEST_HEX, DIGEST_BASE64 };

/* Of bytes. */
void digest_bytes(enum digest_form form, const void *data, size_t len, char out[DIGEST_TEXT_MAX]);

/* Of the bytes that base64 stands for; what is none has the digest of nothing. */
void digest_text(enum digest_form form, const char *text, size_t len, char out[DIGEST_TEXT_MAX]);

#endif
