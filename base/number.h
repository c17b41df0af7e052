/* The one strict parser of numbers: the whole string, no blanks, no sign where none belongs. */
#ifndef LASFS_NUMBER_H
#define LASFS_NUMBER_H

#include <stdint.h>

/* Decimal between min and max. 0, -EINVAL, -ERANGE; *out untouched on failure. */
int number_parse(const char *text, int64_t min, int64_t max, int64_t *out);

/* A size: decimal with an optional K, M, G or T (powers of 1024), optional "iB" behind it. */
int number_parse_size(const char *text, int64_t *out);

/* An octal mode such as 022. */
int number_parse_octal(const char *text, uint32_t max, uint32_t *out);

#endif
