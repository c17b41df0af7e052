/* The MD5 that answers tell of contents. Pure. */
#ifndef SANDBOX_DIGEST_H
#define SANDBOX_DIGEST_H

#include <stddef.h>

#define DIGEST_TEXT_MAX 33

/* Of bytes, as lower-case hex digits. */
void digest_bytes(const void *data, size_t len, char out[DIGEST_TEXT_MAX]);

/* Of the bytes that base64 stands for; what is none has the digest of nothing. */
void digest_text(const char *text, size_t len, char out[DIGEST_TEXT_MAX]);

#endif
