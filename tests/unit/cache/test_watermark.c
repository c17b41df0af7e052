#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include "watermark.h"

#include "banned.h"

#define READERS 8

struct reader_thread {
    struct watermark *mark;
    struct call call;
    int64_t upto; /* -1: the size */
    struct watermark_state state;
    struct failure err;
    int rc;
    atomic_int back;
    pthread_t thread;
};

struct fixture {
    struct watermark *mark;
    int fd;
    struct reader_thread readers[READERS];
    struct failure err;
};

static int setup(void **state)
{
    static struct fixture x;

    memset(&x, 0, sizeof(x));
    x.fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(x.fd >= 0);
    assert_int_equal(watermark_new(&x.mark), 0);
    assert_int_equal(watermark_begin(x.mark, x.fd), 0);
    *state = &x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    watermark_unref(x->mark);
    close(x->fd);
    return 0;
}

static void *read_it(void *arg)
{
    struct reader_thread *r = arg;

    r->rc = r->upto < 0
                ? watermark_wait_size(r->mark, &r->call, clock_real(), &r->state, &r->err)
                : watermark_wait(r->mark, &r->call, clock_real(), r->upto, &r->state, &r->err);
    atomic_store(&r->back, 1);
    return NULL;
}

static struct reader_thread *start(struct fixture *x, int i, int64_t upto)
{
    struct reader_thread *r = &x->readers[i];

    r->mark = watermark_ref(x->mark);
    r->upto = upto;
    assert_int_equal(call_init(&r->call), 0);
    assert_int_equal(pthread_create(&r->thread, NULL, read_it, r), 0);
    return r;
}

static int join(struct reader_thread *r)
{
    assert_int_equal(pthread_join(r->thread, NULL), 0);
    call_release(&r->call);
    watermark_unref(r->mark);
    return r->rc;
}

/* Without waiting for anything. */
static int look(struct fixture *x, int64_t upto, struct watermark_state *out)
{
    struct call now = { .nowait = true };

    return upto < 0 ? watermark_wait_size(x->mark, &now, clock_real(), out, &x->err)
                    : watermark_wait(x->mark, &now, clock_real(), upto, out, &x->err);
}

static void what_is_below_the_mark_is_there(void **state)
{
    struct fixture *x = *state;
    struct watermark_state s;

    assert_int_equal(look(x, 1, &s), -EWOULDBLOCK);
    assert_int_equal(look(x, 0, &s), 0);
    watermark_rise(x->mark, 100);
    assert_int_equal(look(x, 100, &s), 0);
    assert_int_equal(s.there, 100);
    assert_int_equal(s.size, -1);
    assert_false(s.ended);
    assert_true(s.fd >= 0 && s.fd != x->fd);
    assert_int_equal(look(x, 101, &s), -EWOULDBLOCK);
    watermark_rise(x->mark, 50); /* another try begins again */
    assert_int_equal(look(x, 100, &s), 0);
}

static void who_wants_more_than_there_will_be_gets_all(void **state)
{
    struct fixture *x = *state;
    struct watermark_state s;

    assert_int_equal(watermark_expect(x->mark, 100), 0);
    watermark_rise(x->mark, 99);
    assert_int_equal(look(x, 1000, &s), -EWOULDBLOCK);
    watermark_rise(x->mark, 100);
    assert_int_equal(look(x, 1000, &s), 0);
    assert_int_equal(s.there, 100);
    assert_int_equal(look(x, INT64_MAX, &s), -EWOULDBLOCK); /* it has not ended */
    watermark_end(x->mark, 0, NULL);
    assert_int_equal(look(x, INT64_MAX, &s), 0);
    assert_true(s.ended);
}

static void readers_wait_for_their_part(void **state)
{
    struct fixture *x = *state;

    for (int i = 0; i < READERS; i++)
        start(x, i, 10 * (i + 1));
    for (int i = 0; i < READERS; i++) {
        watermark_rise(x->mark, 10 * (i + 1));
        assert_int_equal(join(&x->readers[i]), 0);
        assert_true(x->readers[i].state.there >= 10 * (i + 1));
        assert_true(i + 1 == READERS || !atomic_load(&x->readers[i + 1].back));
    }
}

static void a_size_is_known_before_the_bytes(void **state)
{
    struct fixture *x = *state;
    struct reader_thread *r = start(x, 0, -1);

    assert_int_equal(watermark_expect(x->mark, 7), 0);
    assert_int_equal(join(r), 0);
    assert_int_equal(r->state.size, 7);
    assert_int_equal(r->state.there, 0);
}

static void a_size_that_nobody_said_is_known_at_the_end(void **state)
{
    struct fixture *x = *state;
    struct watermark_state s;

    watermark_rise(x->mark, 7);
    assert_int_equal(look(x, -1, &s), -EWOULDBLOCK);
    watermark_end(x->mark, 0, NULL);
    assert_int_equal(look(x, -1, &s), 0);
    assert_int_equal(s.size, 7);
}

static void another_size_is_another_content(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(watermark_expect(x->mark, 7), 0);
    assert_int_equal(watermark_expect(x->mark, 7), 0);
    assert_int_equal(watermark_expect(x->mark, 8), -ESTALE);
}

static void what_breaks_off_fails_who_waits(void **state)
{
    struct fixture *x = *state;
    struct watermark_state s;
    struct failure why = { 0 };
    struct reader_thread *r = start(x, 0, 100);

    watermark_expect(x->mark, 100);
    watermark_rise(x->mark, 60);
    failure_set(&why, 503, "the server is ill");
    watermark_end(x->mark, -EIO, &why);
    assert_int_equal(join(r), -EIO);
    assert_string_equal(r->err.text, "the server is ill");
    assert_int_equal(look(x, 61, &s), -EIO);
    assert_string_equal(x->err.text, "the server is ill");
    assert_int_equal(look(x, INT64_MAX, &s), -EIO);
    assert_int_equal(look(x, -1, &s), -EIO); /* who comes now has not begun */
    assert_int_equal(look(x, 60, &s), 0);
}

static void who_is_cancelled_leaves(void **state)
{
    struct fixture *x = *state;
    struct reader_thread *r = start(x, 0, 100), *other = start(x, 1, 100);

    call_cancel(&r->call);
    assert_int_equal(join(r), -EINTR);
    watermark_rise(x->mark, 100);
    assert_int_equal(join(other), 0);
}

static void in_another_file_it_goes_on(void **state)
{
    struct fixture *x = *state;
    struct watermark_state before, s;

    watermark_rise(x->mark, 100);
    assert_int_equal(look(x, 100, &before), 0);
    assert_int_equal(watermark_begin(x->mark, x->fd), 0); /* which has them too */
    assert_int_equal(look(x, 101, &s), -EWOULDBLOCK);
    watermark_rise(x->mark, 101);
    assert_int_equal(look(x, 101, &s), 0);
    assert_int_not_equal(s.fd, before.fd);
    assert_int_equal(pwrite(x->fd, "x", 1, 0), 1);
    assert_int_equal(pread(before.fd, &(char){ 0 }, 1, 0), 1); /* who has that reads on */
    assert_int_equal(watermark_begin(x->mark, x->fd), -EMFILE);
    assert_int_equal(watermark_begin(x->mark, -1), -EBADF);
}

#define A_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(what_is_below_the_mark_is_there),
        A_TEST(who_wants_more_than_there_will_be_gets_all),
        A_TEST(readers_wait_for_their_part),
        A_TEST(a_size_is_known_before_the_bytes),
        A_TEST(a_size_that_nobody_said_is_known_at_the_end),
        A_TEST(another_size_is_another_content),
        A_TEST(what_breaks_off_fails_who_waits),
        A_TEST(who_is_cancelled_leaves),
        A_TEST(in_another_file_it_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
