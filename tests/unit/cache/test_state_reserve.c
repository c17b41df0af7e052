/* Room that is kept for the state database. */
#include <fcntl.h>
#include <sys/stat.h>

#include "state_fixture.h"
#include "state_reserve.h"

#include "banned.h"

#define WHOLE (INT64_C(4) << 20)

static struct state_reserve open_reserve(void **state)
{
    struct state_reserve r;
    int fd = open(in_dir(state, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(state_reserve_open(&r, fd, in_dir(state, ""), NULL), 0);
    close(fd);
    return r;
}

static int64_t on_disk(void **state)
{
    struct stat st;

    assert_int_equal(stat(in_dir(state, "reserve"), &st), 0);
    return (int64_t)st.st_blocks * 512;
}

static void it_is_given_up_in_pieces(void **state)
{
    struct state_reserve r = open_reserve(state);
    int64_t before = on_disk(state);
    int pieces = 0;

    assert_true(before >= WHOLE);
    while (state_reserve_give(&r)) {
        pieces++;
        assert_true(on_disk(state) < before);
        before = on_disk(state);
    }
    assert_int_equal(pieces, 128);
    assert_int_equal(before, 0);
    state_reserve_fill(&r); /* not at once: there was no room a moment ago */
    assert_int_equal(on_disk(state), 0);
    r.end_ms = 0;
    state_reserve_fill(&r);
    assert_true(on_disk(state) >= WHOLE);
    assert_true(state_reserve_give(&r));
    state_reserve_close(&r);
}

static void what_was_given_up_is_there_again_at_the_next_start(void **state)
{
    struct state_reserve r = open_reserve(state);

    assert_true(state_reserve_give(&r));
    state_reserve_close(&r);
    r = open_reserve(state);
    assert_true(on_disk(state) >= WHOLE);
    state_reserve_close(&r);
}

static void one_that_is_a_link_is_refused(void **state)
{
    struct state_reserve r;
    int fd = open(in_dir(state, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_int_equal(symlinkat("elsewhere", fd, "reserve"), 0);
    assert_int_equal(state_reserve_open(&r, fd, in_dir(state, ""), NULL), -EPERM);
    assert_false(state_reserve_give(&r));
    state_reserve_fill(&r);
    state_reserve_close(&r);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_given_up_in_pieces),
        TEST(what_was_given_up_is_there_again_at_the_next_start),
        TEST(one_that_is_a_link_is_refused),
    };

    return cmocka_run_group_tests_name("state_reserve", tests, NULL, NULL);
}
