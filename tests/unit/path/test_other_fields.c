/* Fields that the table does not have, as files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "array.h"
#include "other_fields.h"

#include <cmocka.h>

#include "banned.h"

#define LONG50 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define LONG250 LONG50 LONG50 LONG50 LONG50 LONG50

static struct place dataset(void)
{
    return (struct place){ .kind = NODE_RESOURCE, .res = resource_get(RES_DATASETS) };
}

static void what_a_server_calls_a_field_is_a_name(void **state)
{
    static const struct {
        const char *name;
        bool structure;
        const char *file; /* NULL: it has none */
    } cases[] = {
        { "score", false, "score" },
        { "score", true, "score.json" },
        { "a b", false, "a b" },
        { "../up", false, "%2E.%2Fup" },
        { "..", false, "%2E." },
        { ".", true, "%2E.json" },
        { "/", false, "%2F" },
        { "a\nb", true, "a%0Ab.json" },
        { "100%", false, "100%25" },
        { "%2F", false, "%252F" },
        { "x.json", false, "x%2Ejson" },
        { "x.json", true, "x.json.json" },
        { ".json", false, "%2Ejson" },
        { LONG250, false, LONG250 },
        { LONG250, true, LONG250 ".json" },
        { LONG250 "abcdef", false, NULL },
        { LONG250 "a", true, NULL },
        /* what is ours, by its file's name */
        { "", false, NULL },
        { "documents", false, NULL },
        { "documents", true, "documents.json" },
        { "resource", true, NULL },
        { "resource.json", false, "resource%2Ejson" },
        { "name", true, NULL },
        { "name", false, NULL },
        { "4913", false, NULL },
        { "x~", false, NULL },
        { "x.error.txt", false, NULL },
        { "x.mine", false, NULL },
    };
    const struct place at = dataset();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char file[ROUTE_NAME_MAX + 1], name[ROUTE_NAME_MAX + 1];
        int rc = other_field_file(at.res, "*.mine", cases[i].name, cases[i].structure, file);
        struct place place;

        print_message("%s\n", cases[i].name);
        assert_int_equal(rc == 0, cases[i].file != NULL);
        if (rc < 0)
            continue;
        assert_string_equal(file, cases[i].file);
        assert_int_equal(other_field_at(&at, "*.mine", file, &place, name), 0);
        assert_string_equal(name, cases[i].name);
        assert_true(other_field_is(&place));
        assert_ptr_equal(place.field,
                         cases[i].structure ? &resource_other_structure : &resource_other_line);
    }
}

static void each_field_has_one_file(void **state)
{
    static const char *const files[] = { "a%2fb",  "%61",      "%",    "%2",  "a%00",
                                         ".x",     "a/b",      "name", "%G0", "x%2Ejson.json%",
                                         "x.mine", "name.json" };
    const struct place at = dataset(), top = { .kind = NODE_ROOT };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char name[ROUTE_NAME_MAX + 1];
        struct place place;

        print_message("%s\n", files[i]);
        assert_int_equal(other_field_at(&at, "*.mine", files[i], &place, name), -EINVAL);
        assert_int_equal(other_field_at(&top, NULL, "score", &place, name), -EINVAL);
    }
}

static void a_new_one_is_called_as_the_api_calls_its_fields(void **state)
{
    static const struct {
        const char *file;
        int rc;
    } cases[] = {
        { "brandNew", 0 },        { "brand_new-2.json", 0 }, { "x.pdf", -EINVAL },
        { "two words", -EINVAL }, { "1st", -EINVAL },        { "x%2Ejson", -EINVAL },
        { "-rf", -EINVAL },       { "name.json", -EINVAL },  { "resource.json", -EINVAL },
        { "documents", -EINVAL }, { "x~", -EINVAL },
    };
    const struct place at = dataset();
    const struct place role = { .kind = NODE_RESOURCE, .res = resource_get(RES_ROLES) };
    struct place place;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].file);
        assert_int_equal(other_field_new(&at, NULL, cases[i].file, &place), cases[i].rc);
        assert_int_equal(other_field_new(&role, NULL, cases[i].file, &place), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_server_calls_a_field_is_a_name),
        cmocka_unit_test(each_field_has_one_file),
        cmocka_unit_test(a_new_one_is_called_as_the_api_calls_its_fields),
    };

    return cmocka_run_group_tests_name("other fields", tests, NULL, NULL);
}
