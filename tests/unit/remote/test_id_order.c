/* A list's rows in the order of their ids. */
#include "id_order.h"

#include "remote_fixture.h"

#include "banned.h"

static struct record *document(const char *hex)
{
    char text[128];

    snprintf(text, sizeof(text), "{\"documentId\": \"las:document:%s\"}", hex);
    return record_of(RES_DOCUMENTS, text);
}

static void rows_are_found_by_place_and_places_by_id(void **state)
{
    struct record *rows[] = { document(THREE), document(ONE), NULL, document(FOUR), document(TWO) };
    static const int64_t order[] = { 1, 4, 0, 3 };
    struct id_order *x;

    (void)state;
    assert_int_equal(id_order_new(rows, ARRAY_LEN(rows), &x), 0);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        char id[RESOURCE_ID_MAX + 1];

        assert_int_equal(id_order_row(x, (int64_t)i), order[i]);
        assert_int_equal(record_id(rows[order[i]], id), 0);
        assert_int_equal(id_order_place(x, id), i);
    }
    assert_int_equal(id_order_row(x, -1), -1);
    assert_int_equal(id_order_row(x, 4), -1);
    assert_int_equal(id_order_place(x, "las:document:55555555555555555555555555555555"), -1);
    assert_int_equal(id_order_place(x, "something"), -1);
    id_order_free(x);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        record_unref(rows[i]);
}

static void too_many_are_left_alone(void **state)
{
    struct record **rows = calloc(ID_ORDER_ROWS_MAX + 1, sizeof(*rows));
    struct id_order *x = NULL;

    (void)state;
    assert_int_equal(id_order_new(rows, ID_ORDER_ROWS_MAX + 1, &x), -EFBIG);
    assert_null(x);
    assert_int_equal(id_order_new(rows, ID_ORDER_ROWS_MAX, &x), 0);
    assert_int_equal(id_order_row(x, 0), -1);
    id_order_free(x);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_by_place_and_places_by_id),
        cmocka_unit_test(too_many_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
