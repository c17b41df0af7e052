/* Out of memory in the table of nodes: the name is not there, and the table is as it was. */
#include "node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "hide.h"
#include "inodes.h"

#include <cmocka.h>

#include "failing_alloc.h"

#include "banned.h"

static const struct place place = { .kind = NODE_RESOURCE };

/* Calls step with the first, second, ... allocation failing, until none is reached any more. */
static void until_it_works(int (*step)(void *arg), void *arg)
{
    bool unreached = false;

    for (long n = 0; !unreached; n++) {
        int rc;

        fail_allocation(n);
        rc = step(arg);
        unreached = fail_allocation_unreached();
        assert_int_equal(rc, unreached ? 0 : -ENOMEM);
        assert_true(n > 0 || !unreached); /* it takes memory at all */
    }
}

static int new_table(void *arg)
{
    struct nodes *t = NULL;
    int rc = nodes_new(&t);

    (void)arg;
    assert_true((rc == 0) == (t != NULL));
    nodes_free(t);
    return rc;
}

static void a_table_is_made_or_not(void **state)
{
    (void)state;
    until_it_works(new_table, NULL);
}

struct making {
    struct nodes *t;
    struct node *root;
    const char *name, *id;
};

static int make(void *arg)
{
    struct making *m = arg;
    struct node *n = NULL;
    int rc = node_make(m->t, m->root, m->name, &place, m->id, NULL, 1, &n);

    assert_true((rc == 0) == (n != NULL));
    node_unref(m->t, n);
    return rc;
}

static struct making begin(void)
{
    struct making m = { .t = NULL };

    assert_int_equal(nodes_new(&m.t), 0);
    m.root = node_get(m.t, NODE_ROOT_INO);
    return m;
}

static void end(struct making *m)
{
    node_unref(m->t, m->root);
    nodes_free(m->t);
}

static void a_node_is_made_or_not(void **state)
{
    struct making m = begin();
    char name[16];

    (void)state;
    for (unsigned i = 0; i < 600; i++) { /* the table grows on the way */
        struct node *n;

        snprintf(name, sizeof(name), "%u", i);
        m.name = m.id = name;
        until_it_works(make, &m);
        assert_int_equal(nodes_count(m.t), i + 2);
        n = node_find(m.t, m.root, name);
        assert_non_null(n);
        assert_string_equal(n->id, name);
        node_unref(m.t, n);
    }
    end(&m);
}

static void a_name_is_moved_or_stays(void **state)
{
    struct making m = begin();
    struct node *n;

    (void)state;
    m.name = m.id = "old";
    assert_int_equal(make(&m), 0);
    fail_allocation(0);
    assert_int_equal(node_move(m.t, m.root, "old", m.root, "new"), -ENOMEM);
    assert_false(fail_allocation_unreached());
    assert_null(node_find(m.t, m.root, "new"));
    n = node_find(m.t, m.root, "old");
    assert_non_null(n);
    fail_allocation(0);
    assert_null(node_name(m.t, n));
    assert_false(fail_allocation_unreached());
    node_unref(m.t, n);
    end(&m);
}

static void the_nodes_of_a_drop_are_told_or_not(void **state)
{
    struct making m = begin();
    uint64_t *list = NULL;
    size_t n = 7;

    (void)state;
    fail_allocation(0);
    assert_int_equal(nodes_of_drop(m.t, NULL, &list, &n), -ENOMEM);
    assert_false(fail_allocation_unreached());
    assert_null(list);
    assert_int_equal(n, 7);
    end(&m);
}

static int hide_one(void *arg)
{
    return hide_name(arg, 7, "name");
}

static int new_inodes(void *arg)
{
    struct inodes_config config = { .clock = clock_real() };
    struct inodes *inodes = NULL;
    int rc = inodes_new(&config, &inodes);

    (void)arg;
    assert_true((rc == 0) == (inodes != NULL));
    inodes_free(inodes);
    return rc;
}

static void a_name_is_hidden_or_not(void **state)
{
    struct inodes_config config = { .clock = clock_real() };
    struct inodes *inodes;

    (void)state;
    until_it_works(new_inodes, NULL);
    assert_int_equal(inodes_new(&config, &inodes), 0);
    until_it_works(hide_one, inodes);
    assert_true(hide_is_hidden(inodes, 7, "name"));
    inodes_free(inodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_made_or_not),
        cmocka_unit_test(a_node_is_made_or_not),
        cmocka_unit_test(a_name_is_moved_or_stays),
        cmocka_unit_test(the_nodes_of_a_drop_are_told_or_not),
        cmocka_unit_test(a_name_is_hidden_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
