/* Names that are hidden for a while, although the API still has what they show. */
#include "hide.h"

#include "clock.h"
#include "inodes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "banned.h"

static struct fake_clock fake;
static struct inodes *inodes;

static int setup(void **state)
{
    struct inodes_config config = { .clock = &fake.clock };

    (void)state;
    fake_clock_init(&fake, 1000, 0);
    return inodes_new(&config, &inodes);
}

static int teardown(void **state)
{
    (void)state;
    inodes_free(inodes); /* with what is still hidden */
    return 0;
}

static void a_hidden_name_comes_back_by_itself(void **state)
{
    (void)state;
    assert_false(hide_is_hidden(inodes, 7, "name"));
    assert_int_equal(hide_name(inodes, 7, "name"), 0);
    assert_true(hide_is_hidden(inodes, 7, "name"));
    fake_clock_advance(&fake, 4999);
    assert_true(hide_is_hidden(inodes, 7, "name"));
    fake_clock_advance(&fake, 1);
    assert_false(hide_is_hidden(inodes, 7, "name"));
}

static void it_is_hidden_where_it_was_alone(void **state)
{
    (void)state;
    assert_int_equal(hide_name(inodes, 7, "name"), 0);
    assert_false(hide_is_hidden(inodes, 8, "name"));
    assert_false(hide_is_hidden(inodes, 7, "nam"));
    assert_false(hide_is_hidden(inodes, 7, "names"));
}

static void a_name_that_is_made_again_is_shown_at_once(void **state)
{
    (void)state;
    assert_int_equal(hide_name(inodes, 7, "a"), 0);
    assert_int_equal(hide_name(inodes, 7, "b"), 0);
    assert_int_equal(hide_name(inodes, 7, "c"), 0);
    hide_show(inodes, 7, "b");
    hide_show(inodes, 7, "never hidden");
    assert_true(hide_is_hidden(inodes, 7, "a"));
    assert_false(hide_is_hidden(inodes, 7, "b"));
    assert_true(hide_is_hidden(inodes, 7, "c"));
}

static void who_hides_again_hides_for_longer(void **state)
{
    (void)state;
    assert_int_equal(hide_name(inodes, 7, "name"), 0);
    fake_clock_advance(&fake, 3000);
    assert_int_equal(hide_name(inodes, 7, "name"), 0);
    fake_clock_advance(&fake, 3000);
    assert_true(hide_is_hidden(inodes, 7, "name"));
    hide_show(inodes, 7, "name"); /* there is one, not two */
    assert_false(hide_is_hidden(inodes, 7, "name"));
}

static void a_directory_that_is_gone_hides_nothing(void **state)
{
    (void)state;
    assert_int_equal(hide_name(inodes, 7, "a"), 0);
    assert_int_equal(hide_name(inodes, 8, "a"), 0);
    assert_int_equal(hide_name(inodes, 7, "b"), 0);
    hide_forget(inodes, 7);
    assert_false(hide_is_hidden(inodes, 7, "a"));
    assert_false(hide_is_hidden(inodes, 7, "b"));
    assert_true(hide_is_hidden(inodes, 8, "a"));
    inodes_free(NULL);
}

#define A_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_hidden_name_comes_back_by_itself),
        A_TEST(it_is_hidden_where_it_was_alone),
        A_TEST(a_name_that_is_made_again_is_shown_at_once),
        A_TEST(who_hides_again_hides_for_longer),
        A_TEST(a_directory_that_is_gone_hides_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
