/* What a file is, asked by many at once. */
#include "filetype.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <magic.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "call.h"

#include "banned.h"

/* Who is inside libmagic, and with how many handles in all. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t met;
static unsigned inside, most, wanted;
static atomic_uint opened, closed;

const char *__real_magic_buffer(magic_t handle, const void *bytes, size_t len);
const char *__wrap_magic_buffer(magic_t handle, const void *bytes, size_t len);
magic_t __real_magic_open(int flags);
magic_t __wrap_magic_open(int flags);
void __real_magic_close(magic_t handle);
void __wrap_magic_close(magic_t handle);

/* Stays until so many are inside as are wanted, or for ten seconds. */
const char *__wrap_magic_buffer(magic_t handle, const void *bytes, size_t len)
{
    struct clock *clock = clock_real();
    int64_t until = clock_now_ms(clock) + 10000;
    const char *type;
    int rc = 0;

    pthread_mutex_lock(&lock);
    inside++;
    most = inside > most ? inside : most;
    pthread_cond_broadcast(&met);
    while (most < wanted && rc != -ETIMEDOUT)
        rc = clock->wait(clock, &met, &lock, until);
    pthread_mutex_unlock(&lock);
    type = __real_magic_buffer(handle, bytes, len);
    pthread_mutex_lock(&lock);
    inside--;
    pthread_mutex_unlock(&lock);
    return type;
}

magic_t __wrap_magic_open(int flags)
{
    atomic_fetch_add(&opened, 1);
    return __real_magic_open(flags);
}

void __wrap_magic_close(magic_t handle)
{
    atomic_fetch_add(&closed, 1);
    __real_magic_close(handle);
}

static int setup(void **state)
{
    (void)state;
    inside = most = wanted = 0;
    atomic_store(&opened, 0);
    atomic_store(&closed, 0);
    return cond_init_monotonic(&met);
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(atomic_load(&opened), atomic_load(&closed));
    pthread_cond_destroy(&met);
    return 0;
}

struct question {
    pthread_t thread;
    struct filetype *types;
    const char *bytes;
    char type[FILETYPE_MAX];
    int rc;
};

static void *ask(void *arg)
{
    struct question *q = arg;
    int fd = memfd_create("file", MFD_CLOEXEC);

    q->rc = write(fd, q->bytes, strlen(q->bytes)) < 0 ? -errno : filetype_of(q->types, fd, q->type);
    close(fd);
    return NULL;
}

static void ask_all(struct question *all, size_t n, struct filetype *types)
{
    static const struct {
        const char *bytes, *type;
    } rows[] = {
        { "%PDF-1.4\n%%EOF", "application/pdf" },
        { "\211PNG\r\n\032\n", "application/octet-stream" },
        { "GIF89a", "image/gif" },
        { "a text\n", "text/plain" },
    };

    for (size_t i = 0; i < n; i++) {
        all[i] = (struct question){ .types = types, .bytes = rows[i % ARRAY_LEN(rows)].bytes };
        assert_int_equal(pthread_create(&all[i].thread, NULL, ask, &all[i]), 0);
    }
    for (size_t i = 0; i < n; i++) {
        pthread_join(all[i].thread, NULL);
        assert_int_equal(all[i].rc, 0);
        assert_string_equal(all[i].type, rows[i % ARRAY_LEN(rows)].type);
    }
}

static void two_are_looked_at_side_by_side(void **state)
{
    struct filetype *types = NULL;
    struct question two[2];

    (void)state;
    assert_int_equal(filetype_new(&types), 0);
    wanted = 2;
    ask_all(two, 2, types);
    assert_int_equal(most, 2);
    filetype_free(types);
}

static void one_at_a_time_takes_one_handle(void **state)
{
    struct filetype *types = NULL;
    struct question one[1];

    (void)state;
    assert_int_equal(filetype_new(&types), 0);
    for (int i = 0; i < 10; i++)
        ask_all(one, 1, types);
    assert_int_equal(atomic_load(&opened), 1);
    filetype_free(types);
}

static void many_take_a_few_handles(void **state)
{
    struct filetype *types = NULL;
    struct question all[64];

    (void)state;
    assert_int_equal(filetype_new(&types), 0);
    ask_all(all, ARRAY_LEN(all), types);
    ask_all(all, ARRAY_LEN(all), types);
    print_message("%u handles, %u at once\n", atomic_load(&opened), most);
    assert_true(atomic_load(&opened) <= FILETYPE_HANDLES);
    filetype_free(types);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(two_are_looked_at_side_by_side),
        TEST(one_at_a_time_takes_one_handle),
        TEST(many_take_a_few_handles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
