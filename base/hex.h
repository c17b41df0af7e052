/* Bytes as lower-case hexadecimal digits. */
#ifndef LASFS_HEX_H
#define LASFS_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* 2n digits of n bytes, and a NUL, to out, which has room for them. */
void hex_encode(const void *bytes, size_t n, char *out);

/* n bytes, to out, of the 2n digits at hex. false: something else is among them. */
bool hex_decode(const char *hex, size_t n, void *out);

#endif
