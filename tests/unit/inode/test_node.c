/* The table of nodes: numbers, names, references, and what the kernel still knows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "drop.h"
#include "node.h"

#include <cmocka.h>

#include "array.h"

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
    struct node *found;

    (void)state;
    assert_int_equal(node_move(table, root, "old", root, "new"), 0);
    found = node_find(table, root, "new"); /* and no more what was there */
    assert_ptr_equal(found, dir);
    node_unref(table, found);
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

/* These three have the hash 0. */
static void node_names_of_one_hash_are_told_apart(void **state)
{
    static const char *const names[] = { "!0IC=VloaY", "77kepQFQ8Kl", "QvXtM>@Fp%" };
    struct node *nodes[3], *found;

    (void)state;
    for (size_t first = 0; first < 3; first++) { /* each goes first once */
        for (size_t i = 0; i < 3; i++) {
            assert_true(hash_text(HASH_TEXT_START, names[i]) == 0);
            nodes[i] = make(root, names[i], NODE_RESOURCE, names[i], 0);
        }
        for (size_t i = 0; i < 3; i++) {
            found = node_find(table, root, names[i]);
            assert_ptr_equal(found, nodes[i]);
            node_unref(table, found);
        }
        for (size_t n = 0; n < 3; n++) {
            size_t i = (first + n) % 3;

            node_detach(table, root, names[i]);
            assert_null(node_find(table, root, names[i]));
            for (size_t left = n + 1; left < 3; left++) {
                found = node_find(table, root, names[(first + left) % 3]);
                assert_ptr_equal(found, nodes[(first + left) % 3]);
                node_unref(table, found);
            }
            node_unref(table, nodes[i]);
        }
        assert_int_equal(nodes_count(table), 1);
    }
}

static void node_knows_its_name_and_place(void **state)
{
    struct node *dir = make(root, "dir", NODE_COLLECTION, NULL, 0);
    struct node *file = make(dir, "file", NODE_FIELD, NULL, 0);
    struct node *parent = node_parent(table, file);
    struct buf path = BUF_INIT(100);
    char *name = node_name(table, file);

    (void)state;
    assert_string_equal(name, "file");
    assert_ptr_equal(parent, dir);
    assert_null(node_parent(table, root));
    assert_int_equal(node_path(table, root, &path), 0);
    assert_string_equal(buf_str(&path), "/");
    buf_reset(&path);
    assert_int_equal(node_child_path(table, file, "x", &path), 0);
    assert_string_equal(buf_str(&path), "/dir/file/x");
    buf_reset(&path);
    assert_int_equal(node_child_path(table, root, "x", &path), 0);
    assert_string_equal(buf_str(&path), "/x");
    buf_release(&path);
    free(name);
    node_unref(table, parent);
    node_unref(table, file);
    node_unref(table, dir);
}

static void node_path_that_is_too_long_is_a_failure(void **state)
{
    struct node *dir = make(root, "a directory", NODE_COLLECTION, NULL, 0);
    struct buf path = BUF_INIT(8);

    (void)state;
    assert_int_equal(node_path(table, dir, &path), -EFBIG);
    assert_int_equal(node_child_path(table, dir, "x", &path), -EFBIG);
    buf_release(&path);
    node_unref(table, dir);
}

static void see(void *arg, uint64_t ino, uint64_t parent, const char *name)
{
    char *text = arg;
    size_t len = strlen(text);

    (void)ino;
    snprintf(text + len, 200 - len, "%s%s ", parent == NODE_ROOT_INO ? "/" : "", name);
}

static void nodes_are_walked_while_they_have_their_names(void **state)
{
    struct node *dir = make(root, "dir", NODE_COLLECTION, NULL, 0);
    struct node *file = make(dir, "file", NODE_FIELD, NULL, 0);
    struct node *gone = make(dir, "gone", NODE_FIELD, NULL, 0);
    char text[200] = "";

    (void)state;
    node_detach(table, dir, "gone");
    node_detach(table, dir, "never there");
    nodes_each(table, see, text);
    assert_string_equal(text, "/dir file ");
    node_unref(table, gone);
    node_unref(table, file);
    node_unref(table, dir);
}

static void nodes_of_a_drop_are_found_under_all_paths(void **state)
{
    static struct drop d = { .refs = 1 }, other = { .refs = 1 };
    struct place place = { .kind = NODE_DROP };
    struct node *nodes[3];
    uint64_t *list;
    size_t n;

    (void)state;
    assert_int_equal(node_make(table, root, "a", &place, NULL, &d, 0, &nodes[0]), 0);
    assert_int_equal(node_make(table, root, "b", &place, NULL, &d, 0, &nodes[1]), 0);
    assert_int_equal(node_make(table, root, "c", &place, NULL, &other, 0, &nodes[2]), 0);
    assert_int_equal(atomic_load(&d.refs), 3);
    assert_int_equal(nodes_of_drop(table, &d, &list, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(list[0] + list[1], nodes[0]->ino + nodes[1]->ino);
    free(list);
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
        node_unref(table, nodes[i]);
    assert_int_equal(atomic_load(&d.refs), 1);
    assert_int_equal(nodes_of_drop(table, &d, &list, &n), 0);
    assert_int_equal(n, 0);
    free(list);
}

static void node_moves_to_another_directory(void **state)
{
    struct node *from = make(root, "from", NODE_COLLECTION, NULL, 0);
    struct node *to = make(root, "to", NODE_COLLECTION, NULL, 0);
    struct node *file = make(from, "file", NODE_FIELD, NULL, 0);
    uint64_t from_ino = from->ino;
    struct buf path = BUF_INIT(100);

    (void)state;
    node_unref(table, from);
    assert_int_equal(node_move(table, from, "file", to, "file"), 0);
    assert_null(node_get(table, from_ino)); /* nothing held it but what was in it */
    assert_int_equal(node_path(table, file, &path), 0);
    assert_string_equal(buf_str(&path), "/to/file");
    assert_int_equal(node_move(table, root, "nothing", root, "to"), 0); /* in whose place it was */
    assert_null(node_find(table, root, "to"));
    buf_release(&path);
    node_unref(table, file);
    node_unref(table, to);
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
        A_TEST(node_names_of_one_hash_are_told_apart),
        A_TEST(node_knows_its_name_and_place),
        A_TEST(node_path_that_is_too_long_is_a_failure),
        A_TEST(nodes_are_walked_while_they_have_their_names),
        A_TEST(nodes_of_a_drop_are_found_under_all_paths),
        A_TEST(node_moves_to_another_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
