/*
 * base64 where it is plain: whole groups of four characters of the alphabet, three bytes each. What is
 * not (padding, white space, an end within a group) is nettle's. A table instead of a library: those that
 * Debian 12 has take all of a text at once, or are as slow as nettle's own.
 */
#ifndef LASFS_BASE64_GROUPS_H
#define LASFS_BASE64_GROUPS_H

#include <stddef.h>
#include <stdint.h>

/* Decodes groups from text's start, to the first that is not plain. How many characters that were; out has
 * three bytes for every four of them, and room for so many of all of len. */
size_t base64_groups(const char *text, size_t len, uint8_t *out);

#endif
