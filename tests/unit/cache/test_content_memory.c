#include "content_fixture.h"
#include "failing_alloc.h"

#include "banned.h"

/* Everything once; the first failure. */
static int everything(void **state, struct content_cache *c)
{
    struct content_writer *w = NULL;
    struct content_cache *again = NULL;
    int fd = -1;
    int rc = content_create(c, false, &w);

    if (rc < 0) {
        assert_null(w);
        return rc;
    }
    assert_int_equal(file_write_all(content_writer_fd(w), "abc", 3), 0);
    rc = content_commit(w, "a");
    if (rc < 0)
        return rc;
    write_file(in_dir(state, "upload"), "hello", 5);
    rc = content_adopt(c, in_dir(state, "upload"), "b", NULL);
    if (rc < 0) {
        assert_int_equal(unlink(in_dir(state, "upload")), 0); /* it is still there */
        return rc;
    }
    rc = content_new(in_dir(state, "cache"), ROOMY, &again, NULL);
    if (rc < 0) {
        assert_null(again);
        return rc;
    }
    rc = content_open(again, "b", &fd, NULL);
    if (rc == 0)
        close(fd);
    content_free(again);
    return rc;
}

static void content_survives_failing_allocations(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    bool done = false;
    int failures = 0;

    for (long n = 0; !done; n++) {
        int rc;

        fail_allocation(n);
        rc = everything(state, c);
        done = fail_allocation_unreached();
        assert_int_equal(rc, done ? 0 : -ENOMEM);
        failures += !done;
        content_remove(c, "a");
        content_remove(c, "b");
        assert_int_equal(count_files(in_dir(state, "cache")), 0); /* nothing is left behind */
    }
    assert_true(failures >= 12);
    content_free(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(content_survives_failing_allocations),
    };

    return cmocka_run_group_tests_name("content_memory", tests, NULL, NULL);
}
