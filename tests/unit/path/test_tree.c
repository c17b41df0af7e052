/* The tree's table: what it promises to those that walk it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"
#include "tree.h"

#include "banned.h"

static void the_root_has_every_collection_of_the_api(void **state)
{
    (void)state;
    for (int kind = RES_NONE + 1; kind < RES_COUNT; kind++) {
        const struct resource *res = resource_get((enum resource_kind)kind);
        const struct tree_row *row;

        if (res->parent != RES_NONE || (res->flags & R_COMMAND))
            continue;
        print_message("%s\n", res->name);
        row = tree_find(NODE_ROOT, RES_NONE, res->name);
        assert_non_null(row);
        assert_int_equal(row->kind, NODE_COLLECTION);
        assert_int_equal(row->res, kind);
    }
}

/* A list under something else is that thing's own, or is asked for by a filter that the API has. */
static void a_list_within_is_one_that_the_api_has(void **state)
{
    (void)state;
    for (int under = RES_NONE + 1; under < RES_COUNT; under++) {
        const struct tree_row *row;

        for (unsigned i = 0; (row = tree_child(NODE_RESOURCE, (enum resource_kind)under, i)); i++) {
            const struct resource *res = resource_get(row->res);

            print_message("%s\n", row->name);
            if (row->kind != NODE_COLLECTION || row->use != ROW_LIST)
                continue;
            if (row->filter)
                assert_non_null(resource_filter(res, row->filter));
            else
                assert_int_equal(res->parent, under);
        }
    }
}

/* Every row is found by its name, and no name means two things at one place. */
static void names_are_found_where_they_stand(void **state)
{
    static const enum node_kind places[] = { NODE_ROOT, NODE_COLLECTION, NODE_LASFS, NODE_CONSENT };

    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(places); p++) {
        const struct tree_row *row;
        unsigned i;

        for (i = 0; (row = tree_child(places[p], RES_NONE, i)); i++) {
            print_message("%s\n", row->name);
            assert_ptr_equal(tree_find(places[p], RES_NONE, row->name), row);
        }
        assert_true(i > 0);
        assert_null(tree_find(places[p], RES_NONE, "nothing"));
    }
}

static void a_row_of_one_resource_is_not_anothers(void **state)
{
    (void)state;
    assert_non_null(tree_find(NODE_RESOURCE, RES_MODELS, "inbox"));
    assert_null(tree_find(NODE_RESOURCE, RES_DATASETS, "inbox"));
    assert_non_null(tree_find(NODE_RESOURCE, RES_TRANSITION_EXECUTIONS, "heartbeat"));
    assert_null(tree_find(NODE_RESOURCE, RES_WORKFLOW_EXECUTIONS, "heartbeat"));
    assert_null(tree_find(NODE_RESOURCE, RES_NONE, "documents"));
    assert_null(tree_child(NODE_README, RES_NONE, 0));
}

static void contents_end_as_their_type_does(void **state)
{
    static const struct {
        const char *type, *ending;
    } cases[] = {
        { "application/pdf", "pdf" }, { "image/jpeg", "jpg" }, { "image/png", "png" },
        { "image/tiff", "tiff" },     { "text/plain", NULL },  { "", NULL },
        { "image/webp", "webp" },     { "image/gif", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *ending = tree_content_ending(cases[i].type);

        print_message("%s\n", cases[i].type);
        if (cases[i].ending)
            assert_string_equal(ending, cases[i].ending);
        else
            assert_null(ending);
    }
}

static void what_lasfs_shows_of_the_spool_is_two_kinds(void **state)
{
    (void)state;
    for (int kind = NODE_NONE; kind < NODE_KINDS; kind++) {
        assert_int_equal(tree_is_spool_file((enum node_kind)kind),
                         kind == NODE_FAILED_FILE || kind == NODE_PENDING_FILE);
        assert_int_equal(tree_is_delivered((enum node_kind)kind),
                         kind == NODE_SHA256SUMS || kind == NODE_FILES_TSV);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_has_every_collection_of_the_api),
        cmocka_unit_test(a_list_within_is_one_that_the_api_has),
        cmocka_unit_test(names_are_found_where_they_stand),
        cmocka_unit_test(a_row_of_one_resource_is_not_anothers),
        cmocka_unit_test(contents_end_as_their_type_does),
        cmocka_unit_test(what_lasfs_shows_of_the_spool_is_two_kinds),
    };

    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
