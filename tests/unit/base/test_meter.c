/* How long things took, and how many there were lately. */
#include "meter.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "array.h"

#include "banned.h"

static void each_is_counted_at_its_bound(void **state)
{
    struct meter m = { .us = 0 };
    struct meter_sum sum;

    (void)state;
    meter_read(&m, &sum);
    assert_int_equal(sum.count, 0);
    meter_add(&m, -5);
    meter_add(&m, 0);
    for (unsigned i = 0; i < METER_BOUNDS; i++) {
        assert_true(i == 0 || meter_bounds_us[i - 1] < meter_bounds_us[i]);
        meter_add(&m, meter_bounds_us[i]);
        meter_add(&m, meter_bounds_us[i] + 1);
    }
    meter_read(&m, &sum);
    for (unsigned i = 0; i < METER_BOUNDS; i++)
        assert_int_equal(sum.upto[i], 3 + 2 * i);
    assert_int_equal(sum.count, 2 + 2 * METER_BOUNDS);
}

static void times_add_up(void **state)
{
    struct meter m = { .us = 0 };
    struct meter_sum sum;

    (void)state;
    meter_add(&m, 1500);
    meter_add(&m, 2500000);
    meter_add(&m, -7);
    meter_read(&m, &sum);
    assert_int_equal(sum.us, 2501500);
    assert_int_equal(sum.count, 3);
}

static void the_last_minute_moves_on(void **state)
{
    struct lately l = { .slots = { 0 } };

    (void)state;
    assert_int_equal(lately_sum(&l, 0), 0);
    lately_add(&l, 0, 5);
    lately_add(&l, 999, 1);
    lately_add(&l, 1000, 10);
    assert_int_equal(lately_sum(&l, 1000), 16);
    assert_int_equal(lately_sum(&l, 60999), 16);
    assert_int_equal(lately_sum(&l, 61000), 10);
    assert_int_equal(lately_sum(&l, 62000), 0);
    lately_add(&l, 64000, 3); /* in the first one's slot */
    assert_int_equal(lately_sum(&l, 64000), 3);
    assert_int_equal(lately_sum(&l, INT64_C(1000) * 1000 * 3600), 0);
}

static void as_much_as_a_network_brings_fits_into_a_second(void **state)
{
    struct lately l = { .slots = { 0 } };

    (void)state;
    for (int i = 0; i < 12; i++)
        lately_add(&l, 5000, INT64_C(5) << 30);
    assert_int_equal(lately_sum(&l, 5000), INT64_C(60) << 30);
}

#define THREADS 4
#define EACH 20000

struct both {
    struct meter meter;
    struct lately lately;
};

static void *add_many(void *arg)
{
    struct both *both = arg;

    for (int i = 0; i < EACH; i++) {
        meter_add(&both->meter, 1 + i % 2 * 300);
        lately_add(&both->lately, i / 1000 * 1000, 2); /* slots begin while others add to them */
    }
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    struct both both = { .meter.us = 0 };
    pthread_t threads[THREADS];
    struct meter_sum sum;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &both), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    meter_read(&both.meter, &sum);
    assert_int_equal(sum.count, THREADS * EACH);
    assert_int_equal(sum.upto[0], THREADS * EACH / 2);
    assert_int_equal(sum.us, THREADS * EACH / 2 * 302);
    assert_int_equal(lately_sum(&both.lately, EACH / 1000 * 1000), 2 * THREADS * EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_counted_at_its_bound),
        cmocka_unit_test(times_add_up),
        cmocka_unit_test(the_last_minute_moves_on),
        cmocka_unit_test(as_much_as_a_network_brings_fits_into_a_second),
        cmocka_unit_test(threads_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
