/* The spool and the state database when there is no memory: -ENOMEM, and the rows are as they were. */
#include "state_fixture.h"

#include "failing_alloc.h"

#include "intent_row.h"
#include "spool.h"

#include "banned.h"

static int see_one(void *arg, const struct drop_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

static int see_intent(void *arg, const struct intent_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

/* Everything once; the first failure. */
static int write_all(struct state *st)
{
    struct drop_row row = sent_row("documents", "a.pdf", "las:document:1");
    const struct intent_row intent = { .number = 1, .folder = "documents", .name = "a.pdf" };
    const struct state_step steps[] = {
        { .change = STATE_PUT_DROP, .row = &row },
        { .change = STATE_PUT_INTENT, .intent = &intent },
    };
    int rc = state_apply(st, steps, ARRAY_LEN(steps), STATE_NOW, NULL);

    if (rc == 0)
        rc = state_put_drop(st, &row, false, NULL);
    if (rc == 0)
        rc = state_put_value(st, "key", "value", true, NULL);
    if (rc == 0)
        rc = state_put_size(st, "id", 17, NULL);
    return rc;
}

static int read_all(struct state *st)
{
    const char *const ids[] = { "id" };
    char *value = NULL;
    int64_t size = -1;
    int seen = 0, rc = state_load_folder(st, "documents", see_one, &seen, NULL);

    if (rc == 0)
        rc = state_find_by_id(st, "las:document:1", see_one, &seen, NULL);
    if (rc == 0)
        rc = state_load_below(st, "documents", see_one, &seen, NULL);
    if (rc == 0)
        rc = state_load_intents(st, see_intent, &seen, NULL);
    if (rc == 0)
        rc = state_get_sizes(st, ids, 1, &size, NULL);
    if (rc == 0)
        rc = state_get_value(st, "key", &value, NULL);
    if (rc == 0) {
        assert_string_equal(value, "value");
        assert_int_equal(seen, 4);
    } else {
        assert_null(value);
    }
    free(value);
    return rc;
}

static int all_of_a_state(void **state)
{
    struct state *st = NULL;
    int rc = state_open(in_dir(state, "state"), 0, clock_real(), NULL, &st, NULL);

    if (rc < 0) {
        assert_null(st);
        return rc;
    }
    rc = write_all(st);
    if (rc == 0)
        rc = state_flush(st, NULL);
    if (rc == 0)
        rc = read_all(st);
    state_close(st);
    return rc;
}

static int see_file(void *arg, const struct spool_file *file)
{
    (void)file;
    ++*(int *)arg;
    return 0;
}

static int all_of_a_spool(void **state)
{
    struct spool *s = NULL;
    uint64_t number = 0;
    int fd = -1, seen = 0;
    char *path = NULL;
    int rc = spool_new(in_dir(state, "spool"), &s, NULL);

    if (rc < 0) {
        assert_null(s);
        return rc;
    }
    rc = spool_create(s, &number, &fd);
    if (rc == 0)
        rc = spool_sync(s, number, fd);
    if (fd >= 0)
        close(fd);
    if (rc == 0)
        rc = spool_list(s, see_file, &seen);
    if (rc == 0)
        path = spool_path(s, number);
    if (rc == 0)
        rc = path ? 0 : -ENOMEM;
    free(path);
    if (number)
        assert_int_equal(spool_remove(s, number), 0);
    spool_free(s);
    return rc;
}

static void fail_each(void **state, int (*all)(void **state))
{
    bool done = false;
    long n;

    for (n = 0; !done; n++) {
        int rc;

        fail_allocation(n);
        rc = all(state);
        done = fail_allocation_unreached();
        if (rc != (done ? 0 : -ENOMEM))
            print_error("allocation %ld\n", n);
        assert_int_equal(rc, done ? 0 : -ENOMEM);
    }
    print_message("%ld allocations\n", n - 1);
    assert_true(n > 3);
}

static void a_state_survives_failing_allocations(void **state)
{
    fail_each(state, all_of_a_state);
}

static void a_spool_survives_failing_allocations(void **state)
{
    fail_each(state, all_of_a_spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_state_survives_failing_allocations),
        TEST(a_spool_survives_failing_allocations),
    };

    return cmocka_run_group_tests_name("state_memory", tests, NULL, NULL);
}
