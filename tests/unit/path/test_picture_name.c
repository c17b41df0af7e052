/* Which file is a picture, and what is asked for it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "picture_name.h"

#include <cmocka.h>

#include "banned.h"

static void names_become_queries(void **state)
{
    static const struct {
        const char *name, *query; /* NULL: it is no picture */
    } cases[] = {
        { ".thumbnail.jpg", "page=0&width=300" },
        { ".page-0.jpg", "page=0" },
        { ".page-17.jpg", "page=17" },
        { ".page-999999.jpg", "page=999999" },
        { ".page--1.jpg", "page=-1" },
        { ".page-0.width=600.jpg", "page=0&width=600" },
        { ".page--2.height=90.rotation=270.jpg", "page=-2&height=90&rotation=270" },
        { ".page-1.density=300.quality=low.jpg", "page=1&density=300&quality=low" },
        { ".page-1.width=0.jpg", "page=1&width=0" }, /* the API says what is wrong with it */
        { ".page-0", NULL },
        { ".page-.jpg", NULL },
        { ".page--.jpg", NULL },
        { ".page---1.jpg", NULL },
        { ".page--0.jpg", NULL },
        { ".page-00.jpg", NULL },
        { ".page-+1.jpg", NULL },
        { ".page-1000000.jpg", NULL },
        { ".page-0.jpeg", NULL },
        { ".page-0.JPG", NULL },
        { ".page-0x.jpg", NULL },
        { ".page-0..jpg", NULL },
        { ".page-0.jpg.jpg", NULL },
        { ".page-0.width.jpg", NULL },
        { ".page-0.width=.jpg", NULL },
        { ".page-0.width=6=0.jpg", NULL },
        { ".page-0.width=6&page=1.jpg", NULL },
        { ".page-0.width=6%26.jpg", NULL },
        { ".page-0.width=-6.jpg", NULL },
        { ".page-0.width=12345678901234567.jpg", NULL },
        { ".page-0.page=1.jpg", NULL },
        { ".page-0.consent=1.jpg", NULL },
        { ".page-0.widt=1.jpg", NULL },
        { ".page-0.widthh=1.jpg", NULL },
        { ".thumbnail", NULL },
        { ".thumbnail.png", NULL },
        { "page-0.jpg", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char query[PICTURE_QUERY_MAX + 1] = "";
        int rc = picture_query(resource_get(RES_DOCUMENTS), cases[i].name, query);

        print_message("%s\n", cases[i].name);
        assert_int_equal(rc, cases[i].query ? 0 : -ENOENT);
        if (cases[i].query)
            assert_string_equal(query, cases[i].query);
        assert_int_equal(picture_query(resource_get(RES_ASSETS), cases[i].name, query), -ENOENT);
    }
}

static void a_query_has_an_end(void **state)
{
    char name[512] = ".page-0", query[PICTURE_QUERY_MAX + 1];
    size_t len = strlen(name), taken = 0;
    int rc = 0;

    (void)state;
    for (unsigned n = 0; n < 40 && rc == 0; n++) {
        len += (size_t)snprintf(name + len, sizeof(name) - len, ".width=%u", n + 100);
        snprintf(name + len, sizeof(name) - len, ".jpg");
        rc = picture_query(resource_get(RES_DOCUMENTS), name, query);
        name[len] = '\0';
        taken = rc == 0 ? strlen(query) : taken;
    }
    assert_int_equal(rc, -ENOENT);
    assert_in_range(taken, PICTURE_QUERY_MAX - 10, PICTURE_QUERY_MAX);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_queries),
        cmocka_unit_test(a_query_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
