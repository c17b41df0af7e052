#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "failing_alloc.h"

#include "banned.h"

static void buf_is_an_empty_string_at_first(void **state)
{
    struct buf b = BUF_INIT(10);
    (void)state;

    assert_string_equal(buf_str(&b), "");
    assert_null(buf_take(&b));
    buf_release(&b);
}

static void buf_grows(void **state)
{
    struct buf b = BUF_INIT(SIZE_MAX);
    (void)state;

    for (int i = 0; i < 10000; i++) {
        assert_int_equal(buf_addc(&b, (char)('a' + i % 26)), 0);
        assert_int_equal(b.len, i + 1);
        assert_int_equal(b.data[b.len], '\0');
    }
    for (int i = 0; i < 10000; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    buf_release(&b);
    assert_null(b.data);
    assert_int_equal(b.max, SIZE_MAX);
}

static void buf_takes_nothing_over_its_maximum(void **state)
{
    struct buf b = BUF_INIT(5);
    (void)state;

    assert_int_equal(buf_adds(&b, "abc"), 0);
    assert_int_equal(buf_adds(&b, "def"), -EFBIG);
    assert_int_equal(buf_addf(&b, "%s", "def"), -EFBIG);
    assert_int_equal(buf_resize(&b, 6), -EFBIG);
    assert_int_equal(buf_add(&b, "x", SIZE_MAX), -EFBIG);
    assert_string_equal(buf_str(&b), "abc");
    assert_int_equal(buf_adds(&b, "de"), 0);
    assert_int_equal(buf_addc(&b, 'f'), -EFBIG);
    assert_int_equal(buf_add(&b, NULL, 0), 0);
    assert_string_equal(buf_str(&b), "abcde");
    buf_release(&b);
}

static void buf_adds_nothing_to_an_empty_one(void **state)
{
    struct buf b = BUF_INIT(0);
    (void)state;

    assert_int_equal(buf_add(&b, NULL, 0), 0);
    assert_int_equal(buf_adds(&b, ""), 0);
    assert_int_equal(buf_resize(&b, 0), 0);
    assert_int_equal(buf_addc(&b, 'x'), -EFBIG);
    assert_string_equal(buf_str(&b), "");
    buf_release(&b);
}

static void buf_takes_bytes_with_nuls(void **state)
{
    struct buf b = BUF_INIT(100);
    (void)state;

    assert_int_equal(buf_add(&b, "a\0b", 3), 0);
    assert_int_equal(buf_add(&b, "c", 1), 0);
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, "a\0bc", 5);
    buf_release(&b);
}

static void buf_formats(void **state)
{
    struct buf b = BUF_INIT(1000);
    (void)state;

    assert_int_equal(buf_addf(&b, "%d-%s", 12, "x"), 0);
    assert_int_equal(buf_addf(&b, "%0200d", 7), 0); /* more than it had */
    assert_int_equal(b.len, 204);
    assert_int_equal(strlen(b.data), 204);
    assert_int_equal(buf_addf(&b, "%s", ""), 0);
    assert_int_equal(b.len, 204);
    buf_release(&b);
}

static void buf_escapes_what_would_end_a_line(void **state)
{
    struct buf b = BUF_INIT(12);
    (void)state;

    assert_int_equal(buf_add_escaped(&b, ""), 0);
    assert_int_equal(buf_add_escaped(&b, "a\nb\x7f\xc3\xa9"), 0);
    assert_string_equal(buf_str(&b), "a%0Ab%7F\xc3\xa9");
    assert_int_equal(buf_add_escaped(&b, "c\n"), -EFBIG);
    assert_string_equal(buf_str(&b), "a%0Ab%7F\xc3\xa9"
                                     "c");
    buf_release(&b);
}

static void buf_resizes_with_zeros(void **state)
{
    static const char zeros[96];
    struct buf b = BUF_INIT(100);
    (void)state;

    assert_int_equal(buf_adds(&b, "abcdefgh"), 0);
    assert_int_equal(buf_resize(&b, 4), 0);
    assert_string_equal(buf_str(&b), "abcd");
    assert_int_equal(buf_resize(&b, 100), 0);
    assert_memory_equal(b.data, "abcd", 4);
    assert_memory_equal(b.data + 4, zeros, sizeof(zeros)); /* not the old "efgh" */
    buf_release(&b);
}

static void buf_hands_its_bytes_over(void **state)
{
    struct buf b = BUF_INIT(100);
    char *text;
    (void)state;

    assert_int_equal(buf_adds(&b, "abc"), 0);
    text = buf_take(&b);
    assert_string_equal(text, "abc");
    free(text);
    assert_int_equal(b.len, 0);
    assert_int_equal(buf_adds(&b, "x"), 0); /* it can be used on */
    buf_release(&b);
}

static void buf_reset_keeps_the_memory(void **state)
{
    struct buf b = BUF_INIT(100);
    char *before;
    (void)state;

    buf_reset(&b);
    assert_int_equal(buf_adds(&b, "abc"), 0);
    before = b.data;
    buf_reset(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(buf_str(&b), "");
    assert_int_equal(buf_adds(&b, "de"), 0);
    assert_ptr_equal(b.data, before);
    assert_string_equal(buf_str(&b), "de");
    buf_release(&b);
}

static void buf_stays_as_it_was_out_of_memory(void **state)
{
    struct buf b = BUF_INIT(10000);
    char more[5000];
    (void)state;

    memset(more, 'x', sizeof(more));
    fail_allocation(0);
    assert_int_equal(buf_adds(&b, "abc"), -ENOMEM);
    assert_string_equal(buf_str(&b), "");
    assert_int_equal(buf_adds(&b, "abc"), 0);
    fail_allocation(0);
    assert_int_equal(buf_add(&b, more, sizeof(more)), -ENOMEM);
    fail_allocation(0);
    assert_int_equal(buf_resize(&b, 5000), -ENOMEM);
    fail_allocation(0);
    assert_int_equal(buf_addf(&b, "%05000d", 1), -ENOMEM);
    assert_string_equal(buf_str(&b), "abc");
    assert_int_equal(b.len, 3);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_is_an_empty_string_at_first),
        cmocka_unit_test(buf_grows),
        cmocka_unit_test(buf_takes_nothing_over_its_maximum),
        cmocka_unit_test(buf_adds_nothing_to_an_empty_one),
        cmocka_unit_test(buf_takes_bytes_with_nuls),
        cmocka_unit_test(buf_formats),
        cmocka_unit_test(buf_escapes_what_would_end_a_line),
        cmocka_unit_test(buf_resizes_with_zeros),
        cmocka_unit_test(buf_hands_its_bytes_over),
        cmocka_unit_test(buf_reset_keeps_the_memory),
        cmocka_unit_test(buf_stays_as_it_was_out_of_memory),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
