/* What is due next, whatever came, went or was put off before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "due_heap.h"

#include "banned.h"

#define COUNT 500

static uint32_t random_number(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

/* The one that has to be first, by a look at all. */
static struct due_link *first_of(struct due_link *links)
{
    struct due_link *first = NULL;

    for (int i = 0; i < COUNT; i++)
        if (links[i].place && (!first || links[i].at_ms < first->at_ms ||
                               (links[i].at_ms == first->at_ms && links[i].number < first->number)))
            first = &links[i];
    return first;
}

static void the_first_is_the_earliest_whatever_happens(void **state)
{
    struct due_link links[COUNT] = { { .place = 0 } };
    struct due_heap h = { .links = NULL };
    uint32_t seed = 1;

    (void)state;
    assert_null(due_first(&h));
    for (int i = 0; i < COUNT; i++)
        links[i].number = i + 1;
    assert_int_equal(due_reserve(&h, COUNT), 0);
    for (int i = 0; i < 20 * COUNT; i++) {
        struct due_link *l = &links[random_number(&seed) >> 8 & 0xff];

        if (random_number(&seed) >> 16 & 1)
            due_put(&h, l, random_number(&seed) >> 20);
        else
            due_remove(&h, l);
        assert_ptr_equal(due_first(&h), first_of(links));
    }
    while (due_first(&h))
        due_remove(&h, due_first(&h));
    assert_null(first_of(links));
    due_release(&h);
}

static void of_one_time_the_smallest_number_is_first(void **state)
{
    struct due_link links[COUNT] = { { .place = 0 } };
    struct due_heap h = { .links = NULL };

    (void)state;
    assert_int_equal(due_reserve(&h, COUNT), 0);
    for (int i = COUNT - 1; i >= 0; i--) {
        links[i].number = i + 1;
        due_put(&h, &links[i], 7);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_ptr_equal(due_first(&h), &links[i]);
        due_remove(&h, &links[i]);
    }
    due_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_the_earliest_whatever_happens),
        cmocka_unit_test(of_one_time_the_smallest_number_is_first),
    };

    return cmocka_run_group_tests_name("due_heap", tests, NULL, NULL);
}
