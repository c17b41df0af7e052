/* Endpoints' names: each is one series of the metrics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "endpoint_times.h"

#include "banned.h"

#define NAMES_MAX 2000

static void no_two_endpoints_are_called_alike(void **state)
{
    static char names[NAMES_MAX][ENDPOINT_PATH_MAX + 10];
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        char path[ENDPOINT_PATH_MAX];
        const char *method;

        if (!endpoint_name(i, &method, path))
            continue;
        assert_true(n < NAMES_MAX);
        snprintf(names[n], sizeof(names[n]), "%s %s", method, path);
        for (size_t k = 0; k < n; k++)
            if (path[0] != '{') /* where it stands at an address of its own, it is that */
                assert_string_not_equal(names[k], names[n]);
        n++;
    }
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_endpoints_are_called_alike),
    };

    return cmocka_run_group_tests_name("endpoint times", tests, NULL, NULL);
}
