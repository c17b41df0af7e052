/* Bytes, as long as somebody uses them. */
#include <sys/mman.h>

#include "state_fixture.h"

#include "bytes.h"
#include "file.h"
#include "spool.h"

#include "banned.h"

static struct spool *open_spool(void **state)
{
    struct spool *s = NULL;

    assert_int_equal(spool_new(in_dir(state, "spool"), &s, NULL), 0);
    return s;
}

static struct bytes *new_bytes(struct spool *s, const char *text)
{
    struct bytes *b = NULL;

    assert_int_equal(bytes_new(s, false, &b), 0);
    assert_int_equal(file_pwrite_all(b->fd, text, strlen(text), 0), 0);
    return b;
}

static int on_disk(void **state)
{
    return count_files(in_dir(state, "spool"));
}

static void bytes_stay_on_disk_when_nobody_uses_them(void **state)
{
    struct spool *s = open_spool(state);
    struct bytes *b = new_bytes(s, "abc");

    assert_ptr_equal(bytes_ref(b), b);
    bytes_unref(b);
    assert_int_equal(on_disk(state), 1);
    bytes_unref(b);
    assert_int_equal(on_disk(state), 1); /* what they are is in the state database */
    spool_free(s);
}

static void bytes_that_are_given_up_go_with_the_last_user(void **state)
{
    struct spool *s = open_spool(state);
    struct bytes *b = new_bytes(s, "abc");

    atomic_store(&b->keep, false);
    bytes_ref(b);
    bytes_unref(b);
    assert_int_equal(on_disk(state), 1);
    bytes_unref(b);
    assert_int_equal(on_disk(state), 0);
    spool_free(s);
}

static void discarded_bytes_leave_the_disk_and_can_still_be_read(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(100);
    struct spool *s = open_spool(state);
    struct bytes *b = new_bytes(s, "abc"), *reader = bytes_ref(b);

    bytes_discard(b);
    assert_int_equal(on_disk(state), 0);
    assert_int_equal(bytes_read(reader, &text), 0);
    assert_string_equal(buf_str(&text), "abc");
    bytes_unref(reader);
    bytes_discard(NULL);
    bytes_unref(NULL);
    assert_null(bytes_ref(NULL));
    spool_free(s);
}

static void bytes_of_memory_are_on_no_disk(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(100);
    int fd = memfd_create("test", MFD_CLOEXEC);
    struct bytes *b = bytes_open(NULL, 0, fd);

    assert_non_null(b);
    assert_int_equal(file_pwrite_all(fd, "secret", 6, 0), 0);
    assert_int_equal(bytes_read(b, &text), 0);
    assert_string_equal(buf_str(&text), "secret");
    bytes_discard(bytes_ref(b));
    bytes_unref(b);
    assert_int_equal(count_files(*state), 0);
}

static void bytes_are_read_to_the_maximum_that_the_reader_has(void **state)
{
    cleanup_buf struct buf fits = BUF_INIT(4), small = BUF_INIT(2);
    struct spool *s = open_spool(state);
    struct bytes *b = new_bytes(s, "abc");

    assert_int_equal(bytes_read(b, &small), -EFBIG);
    assert_int_equal(bytes_read(b, &fits), 0);
    assert_int_equal(fits.len, 3);
    bytes_unref(b);
    spool_free(s);
}

static void no_bytes_without_a_disk_to_write_them(void **state)
{
    struct spool *s = open_spool(state);
    struct bytes *b = NULL;

    assert_int_equal(rmdir(in_dir(state, "spool")), 0);
    assert_true(bytes_new(s, false, &b) < 0);
    assert_int_equal(bytes_new(s, true, &b), -EWOULDBLOCK);
    assert_null(b);
    spool_free(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_stay_on_disk_when_nobody_uses_them),
        TEST(bytes_that_are_given_up_go_with_the_last_user),
        TEST(discarded_bytes_leave_the_disk_and_can_still_be_read),
        TEST(bytes_of_memory_are_on_no_disk),
        TEST(bytes_are_read_to_the_maximum_that_the_reader_has),
        TEST(no_bytes_without_a_disk_to_write_them),
    };

    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
