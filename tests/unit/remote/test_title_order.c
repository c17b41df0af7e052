/* A list's rows in the order of their titles. */
#include "title_order.h"

#include "remote_fixture.h"

#include "banned.h"

static struct record *document(const char *title)
{
    char text[256];

    if (title)
        snprintf(text, sizeof(text), A_DOCUMENT(ONE, "%s", ""), title);
    else
        snprintf(text, sizeof(text), "{\"documentId\": \"las:document:" ONE "\"}");
    return record_of(RES_DOCUMENTS, text);
}

static void rows_are_found_by_place_and_places_by_row(void **state)
{
    struct record *rows[] = { document("c.pdf"), document("a.pdf"), NULL,        document(NULL),
                              document("b.pdf"), document("a.pdf"), document("") };
    static const int64_t order[] = { 1, 5, 4, 0 };
    static const int64_t nowhere[] = { 2, 3, 6, 7, -1 };
    struct title_order *x;

    (void)state;
    assert_int_equal(title_order_new(rows, ARRAY_LEN(rows), &x), 0);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        assert_int_equal(title_order_row(x, (int64_t)i), order[i]);
        assert_int_equal(title_order_place(x, order[i]), i);
    }
    for (size_t i = 0; i < ARRAY_LEN(nowhere); i++)
        assert_int_equal(title_order_place(x, nowhere[i]), -1);
    assert_int_equal(title_order_row(x, -1), -1);
    assert_int_equal(title_order_row(x, 4), -1);
    title_order_free(x);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        record_unref(rows[i]);
}

static void without_titles_there_is_no_order(void **state)
{
    struct record *rows[] = { document(NULL), record_of(RES_MODELS, A_MODEL(ONE, "a", "")) };
    struct title_order *x;

    (void)state;
    assert_int_equal(title_order_new(rows, ARRAY_LEN(rows), &x), 0);
    assert_int_equal(title_order_place(x, 0), -1);
    assert_int_equal(title_order_place(x, 1), -1);
    assert_int_equal(title_order_row(x, 0), -1);
    title_order_free(x);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        record_unref(rows[i]);
}

static void too_many_are_left_alone(void **state)
{
    struct record **rows = calloc(TITLE_ORDER_ROWS_MAX + 1, sizeof(*rows));
    struct title_order *x = NULL;

    (void)state;
    assert_int_equal(title_order_new(rows, TITLE_ORDER_ROWS_MAX + 1, &x), -EFBIG);
    assert_null(x);
    assert_int_equal(title_order_new(rows, TITLE_ORDER_ROWS_MAX, &x), 0);
    title_order_free(x);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_by_place_and_places_by_row),
        cmocka_unit_test(without_titles_there_is_no_order),
        cmocka_unit_test(too_many_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
