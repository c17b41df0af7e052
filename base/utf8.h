/* UTF-8, strictly as RFC 3629 has it. */
#ifndef LASFS_UTF8_H
#define LASFS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* How long the UTF-8 character at text is, of which left bytes are there (SIZE_MAX: they end with a
 * NUL). 0: it is none (overlong, a surrogate, beyond U+10FFFF, cut off), or NUL. */
size_t utf8_length(const char *text, size_t left);

#endif
