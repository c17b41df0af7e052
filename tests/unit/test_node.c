/* The table of nodes: numbers, names, references, and what the kernel still knows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "node.h"

#include <cmocka.h>

#include "banned.h"

static struct nodes *table;
static struct node *root;

static int setup(void **state)
{
    (void)state;
    if (nodes_new(&table) < 0)
        return -1;
    root = node_get(table, NODE_ROOT_INO);
    return root ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    node_unref(table, root);
    nodes_free(table);
    return 0;
}

static struct node *make(struct node *parent, const char *name, enum node_kind kind, const char *id,
                         unsigned lookups)
{
    struct place place = { .kind = kind };
    struct node *n = NULL;

    assert_int_equal(node_make(table, parent, name, &place, id, NULL, lookups, &n), 0);
    return n;
}

static void node_is_the_same_while_it_stands_for_the_same(void **state)
{
    struct node *a = make(root, "a", NODE_RESOURCE, "1", 1);
    struct node *again = make(root, "a", NODE_RESOURCE, "1", 1);

    (void)state;
    assert_ptr_equal(a, again);
    node_unref(table, again);
    node_unref(table, a);
    node_forget(table, a->ino, 2);
    assert_int_equal(nodes_count(table), 1);
}

static void node_numbers_are_never_used_twice(void **state)
{
    uint64_t last = NODE_ROOT_INO;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct node *n = make(root, "a", NODE_RESOURCE, "1", 1);
        uint64_t ino = n->ino;

        assert_true(ino > last);
        last = ino;
        node_unref(table, n);
        node_forget(table, ino, 1);
        assert_null(node_get(table, ino));
    }
}

static void node_is_another_when_the_name_means_another(void **state)
{
    struct node *a = make(root, "a", NODE_RESOURCE, "1", 1);
    struct node *b = make(root, "a", NODE_RESOURCE, "2", 1);
    struct node *found;

    (void)state;
    assert_ptr_not_equal(a, b);
    assert_false(node_attached(table, a));
    found = node_find(table, root, "a");
    assert_ptr_equal(found, b);
    node_unref(table, found);
    found = node_get(table, a->ino); /* whoever has it open still reads it */
    assert_ptr_equal(found, a);
    node_unref(table, found);
    node_unref(table, a);
    node_unref(table, b);
}

static void node_lives_while_the_kernel_knows_it(void **state)
{
    struct node *a = make(root, "a", NODE_RESOURCE, "1", 3);
    uint64_t ino = a->ino;
    struct node *found;

    (void)state;
    node_unref(table, a);
    node_forget(table, ino, 2);
    found = node_get(table, ino);
    assert_non_null(found);
    node_unref(table, found);
    node_forget(table, ino, 1);
    assert_null(node_get(table, ino));
    node_forget(table, ino, 1); /* one too many does no harm */
}

static void node_keeps_its_parents(void **state)
{
    struct node *dir = make(root, "dir", NODE_RESOURCE, "1", 1);
    struct node *file = make(dir, "file", NODE_FIELD, NULL, 1);
    uint64_t dir_ino = dir->ino, file_ino = file->ino;
    struct buf path = BUF_INIT(1000);

    (void)state;
    node_unref(table, dir);
    node_forget(table, dir_ino, 1);
    assert_int_equal(node_path(table, file, &path), 0);
    assert_string_equal(buf_str(&path), "/dir/file");
    buf_release(&path);
    node_unref(table, file);
    node_forget(table, file_ino, 1);
    assert_int_equal(nodes_count(table), 1);
}

static void node_moves_with_what_is_below(void **state)
{
    struct node *dir = make(root, "old", NODE_RESOURCE, "1", 1);
    struct node *file = make(dir, "file", NODE_FIELD, NULL, 1);
    struct node *there = make(root, "new", NODE_RESOURCE, "2", 1);
    struct buf path = BUF_INIT(1000);

    (void)state;
    assert_int_equal(node_move(table, root, "old", root, "new"), 0);
    assert_false(node_attached(table, there));
    assert_null(node_find(table, root, "old"));
    assert_int_equal(node_path(table, file, &path), 0);
    assert_string_equal(buf_str(&path), "/new/file");
    buf_release(&path);
    node_unref(table, there);
    node_unref(table, file);
    node_unref(table, dir);
}

static void node_stat_number_goes_by_the_path(void **state)
{
    struct node *dir = make(root, "dir", NODE_RESOURCE, "1", 1);
    struct node *a = make(dir, "a", NODE_FIELD, NULL, 1);
    struct node *b = make(dir, "b", NODE_FIELD, NULL, 1);
    uint64_t of_a = node_stat_ino(table, a);

    (void)state;
    assert_int_equal(node_stat_ino(table, root), NODE_ROOT_INO);
    assert_int_not_equal(of_a, node_stat_ino(table, b));
    assert_int_equal(of_a, node_child_stat_ino(node_stat_ino(table, dir), "a"));
    node_detach(table, dir, "a");
    node_unref(table, a);
    a = make(dir, "a", NODE_FIELD, NULL, 1);
    assert_int_equal(node_stat_ino(table, a), of_a);
    node_unref(table, a);
    node_unref(table, b);
    node_unref(table, dir);
}

static void node_names_are_many(void **state)
{
    struct node *nodes[2000];
    char name[32];

    (void)state;
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof(name), "name-%d", i);
        nodes[i] = make(root, name, NODE_RESOURCE, name, 1);
    }
    for (int i = 0; i < 2000; i++) {
        struct node *found;

        snprintf(name, sizeof(name), "name-%d", i);
        found = node_find(table, root, name);
        assert_ptr_equal(found, nodes[i]);
        node_unref(table, found);
    }
    for (int i = 0; i < 2000; i++) {
        uint64_t ino = nodes[i]->ino;

        node_unref(table, nodes[i]);
        node_forget(table, ino, 1);
    }
    assert_int_equal(nodes_count(table), 1);
}

#define A_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(node_is_the_same_while_it_stands_for_the_same),
        A_TEST(node_numbers_are_never_used_twice),
        A_TEST(node_is_another_when_the_name_means_another),
        A_TEST(node_lives_while_the_kernel_knows_it),
        A_TEST(node_keeps_its_parents),
        A_TEST(node_moves_with_what_is_below),
        A_TEST(node_stat_number_goes_by_the_path),
        A_TEST(node_names_are_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
