/* When a list does not go on. */
#include "paging.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

static struct failure err;

/* A page with a token that never was. */
static int next(struct paging *p, unsigned number, size_t fresh, size_t spare)
{
    char token[16];

    snprintf(token, sizeof(token), "t%u", number);
    return paging_next(p, resource_get(RES_DOCUMENTS), token, fresh, spare, &err);
}

static void what_brings_something_goes_on(void **state)
{
    struct paging p = { 0 };

    (void)state;
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(next(&p, i, 1, 0), 0);
}

static void some_pages_may_bring_nothing(void **state)
{
    struct paging p = { 0 };
    unsigned number = 0;

    (void)state;
    for (int times = 0; times < 3; times++) {
        for (unsigned i = 1; i < PAGING_BARREN_MAX; i++)
            assert_int_equal(next(&p, number++, 0, 0), 0);
        assert_int_equal(next(&p, number++, 1, 0), 0);
    }
    for (unsigned i = 1; i < PAGING_BARREN_MAX; i++)
        assert_int_equal(next(&p, number++, 0, 0), 0);
    assert_int_equal(next(&p, number++, 0, 0), -EIO);
    assert_string_equal(err.text, "the list of documents does not go on: 100 pages in a row had "
                                  "nothing new");
    /* asked once more it is no more patient, but for what is new, or the end */
    assert_int_equal(next(&p, number++, 0, 0), -EIO);
    assert_int_equal(paging_next(&p, resource_get(RES_DOCUMENTS), NULL, 0, 0, &err), 0);
    assert_int_equal(next(&p, number++, 1, 0), 0);
}

static void what_is_known_from_elsewhere_is_no_harm(void **state)
{
    struct paging p = { 0 };

    (void)state;
    for (unsigned i = 1; i < PAGING_BARREN_MAX + 50; i++)
        assert_int_equal(next(&p, i, 0, 50), 0);
    assert_int_equal(next(&p, 0, 0, 50), -EIO);
}

static void a_token_that_comes_again_ends_it(void **state)
{
    struct paging p = { 0 };
    int rc = 0, n = 0;

    (void)state;
    while (rc == 0 && n < 10)
        rc = next(&p, (unsigned)n++ % 2, 1, 0);
    assert_int_equal(rc, -EIO);
    assert_string_equal(err.text, "the list of documents does not go on: a page comes again");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_brings_something_goes_on),
        cmocka_unit_test(some_pages_may_bring_nothing),
        cmocka_unit_test(what_is_known_from_elsewhere_is_no_harm),
        cmocka_unit_test(a_token_that_comes_again_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
