#include "base64_groups.h"

#include "banned.h"

#define IN 0x40 /* it is one of the alphabet */
#define VALUE 0x3f

/* clang-format off */
static const uint8_t alphabet[256] = {
    ['A'] = IN | 0,  ['B'] = IN | 1,  ['C'] = IN | 2,  ['D'] = IN | 3,  ['E'] = IN | 4,  ['F'] = IN | 5,
    ['G'] = IN | 6,  ['H'] = IN | 7,  ['I'] = IN | 8,  ['J'] = IN | 9,  ['K'] = IN | 10, ['L'] = IN | 11,
    ['M'] = IN | 12, ['N'] = IN | 13, ['O'] = IN | 14, ['P'] = IN | 15, ['Q'] = IN | 16, ['R'] = IN | 17,
    ['S'] = IN | 18, ['T'] = IN | 19, ['U'] = IN | 20, ['V'] = IN | 21, ['W'] = IN | 22, ['X'] = IN | 23,
    ['Y'] = IN | 24, ['Z'] = IN | 25, ['a'] = IN | 26, ['b'] = IN | 27, ['c'] = IN | 28, ['d'] = IN | 29,
    ['e'] = IN | 30, ['f'] = IN | 31, ['g'] = IN | 32, ['h'] = IN | 33, ['i'] = IN | 34, ['j'] = IN | 35,
    ['k'] = IN | 36, ['l'] = IN | 37, ['m'] = IN | 38, ['n'] = IN | 39, ['o'] = IN | 40, ['p'] = IN | 41,
    ['q'] = IN | 42, ['r'] = IN | 43, ['s'] = IN | 44, ['t'] = IN | 45, ['u'] = IN | 46, ['v'] = IN | 47,
    ['w'] = IN | 48, ['x'] = IN | 49, ['y'] = IN | 50, ['z'] = IN | 51, ['0'] = IN | 52, ['1'] = IN | 53,
    ['2'] = IN | 54, ['3'] = IN | 55, ['4'] = IN | 56, ['5'] = IN | 57, ['6'] = IN | 58, ['7'] = IN | 59,
    ['8'] = IN | 60, ['9'] = IN | 61, ['+'] = IN | 62, ['/'] = IN | 63,
};
/* clang-format on */

size_t base64_groups(const char *text, size_t len, uint8_t *out)
{
    const uint8_t *in = (const uint8_t *)text;
    size_t at = 0;

    for (; len - at >= 4; at += 4) {
        uint32_t a = alphabet[in[at]], b = alphabet[in[at + 1]];
        uint32_t c = alphabet[in[at + 2]], d = alphabet[in[at + 3]];
        uint32_t group = (a & VALUE) << 18 | (b & VALUE) << 12 | (c & VALUE) << 6 | (d & VALUE);

        if (!(a & b & c & d & IN))
            break;
        *out++ = (uint8_t)(group >> 16);
        *out++ = (uint8_t)(group >> 8);
        *out++ = (uint8_t)group;
    }
    return at;
}
