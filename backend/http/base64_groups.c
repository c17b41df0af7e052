#include "base64_groups.h"

#include <endian.h>
#include <string.h>

#include "banned.h"

#define ALL 0xf /* each of the four is of the alphabet */

/* Of each character of a group its six bits, where they stand in 32 of which the first 24 are the group's
 * bytes, and a bit that says that it is one. */
#define PUT(k, c, v) [c] = (uint32_t)(v) << (26 - 6 * (k)) | 1u << (k),
/* clang-format off */
#define ALPHABET(X, k) \
    X(k, 'A', 0) X(k, 'B', 1) X(k, 'C', 2) X(k, 'D', 3) \
    X(k, 'E', 4) X(k, 'F', 5) X(k, 'G', 6) X(k, 'H', 7) \
    X(k, 'I', 8) X(k, 'J', 9) X(k, 'K', 10) X(k, 'L', 11) \
    X(k, 'M', 12) X(k, 'N', 13) X(k, 'O', 14) X(k, 'P', 15) \
    X(k, 'Q', 16) X(k, 'R', 17) X(k, 'S', 18) X(k, 'T', 19) \
    X(k, 'U', 20) X(k, 'V', 21) X(k, 'W', 22) X(k, 'X', 23) \
    X(k, 'Y', 24) X(k, 'Z', 25) X(k, 'a', 26) X(k, 'b', 27) \
    X(k, 'c', 28) X(k, 'd', 29) X(k, 'e', 30) X(k, 'f', 31) \
    X(k, 'g', 32) X(k, 'h', 33) X(k, 'i', 34) X(k, 'j', 35) \
    X(k, 'k', 36) X(k, 'l', 37) X(k, 'm', 38) X(k, 'n', 39) \
    X(k, 'o', 40) X(k, 'p', 41) X(k, 'q', 42) X(k, 'r', 43) \
    X(k, 's', 44) X(k, 't', 45) X(k, 'u', 46) X(k, 'v', 47) \
    X(k, 'w', 48) X(k, 'x', 49) X(k, 'y', 50) X(k, 'z', 51) \
    X(k, '0', 52) X(k, '1', 53) X(k, '2', 54) X(k, '3', 55) \
    X(k, '4', 56) X(k, '5', 57) X(k, '6', 58) X(k, '7', 59) \
    X(k, '8', 60) X(k, '9', 61) X(k, '+', 62) X(k, '/', 63)

static const uint32_t alphabet[4][256] = {
    { ALPHABET(PUT, 0) }, { ALPHABET(PUT, 1) }, { ALPHABET(PUT, 2) }, { ALPHABET(PUT, 3) },
};
/* clang-format on */

static uint32_t group_of(const uint8_t *in)
{
    return alphabet[0][in[0]] | alphabet[1][in[1]] | alphabet[2][in[2]] | alphabet[3][in[3]];
}

size_t base64_groups(const char *text, size_t len, uint8_t *out)
{
    const uint8_t *in = (const uint8_t *)text;
    size_t at = 0;
    uint32_t group;

    /* four bytes in one go: the next group's first goes over the last */
    for (; len - at >= 8; at += 4, out += 3) {
        group = group_of(in + at);
        if ((group & ALL) != ALL)
            return at;
        group = htobe32(group);
        memcpy(out, &group, sizeof(group));
    }
    for (; len - at >= 4; at += 4) {
        group = group_of(in + at);
        if ((group & ALL) != ALL)
            break;
        *out++ = (uint8_t)(group >> 24);
        *out++ = (uint8_t)(group >> 16);
        *out++ = (uint8_t)(group >> 8);
    }
    return at;
}
