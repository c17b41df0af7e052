/* Bytes as hexadecimal digits. */
#include "hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"

#include "banned.h"

static void every_byte_comes_back(void **state)
{
    unsigned char bytes[256], again[256];
    char hex[2 * sizeof(bytes) + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    hex_encode(bytes, sizeof(bytes), hex);
    assert_int_equal(strlen(hex), 2 * sizeof(bytes));
    assert_memory_equal(hex, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_string_equal(hex + 2 * 254, "feff");
    assert_true(hex_decode(hex, sizeof(bytes), again));
    assert_memory_equal(again, bytes, sizeof(bytes));
}

static void no_bytes_are_no_digits(void **state)
{
    char hex[1] = "x";

    (void)state;
    hex_encode(NULL, 0, hex);
    assert_string_equal(hex, "");
    assert_true(hex_decode("zz", 0, NULL));
}

static void other_digits_are_refused(void **state)
{
    static const char *const rows[] = { "0g", "g0", "AB", "0", "", "0 ", " 0", "0x", "-1" };
    unsigned char out;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("%s\n", rows[i]);
        assert_false(hex_decode(rows[i], 1, &out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(no_bytes_are_no_digits),
        cmocka_unit_test(other_digits_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
