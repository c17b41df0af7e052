/* What the state database and the spool do not agree on, at a start. */
#include "drops_fixture.h"

#include "content.h"
#include "drops_reconcile.h"
#include "errlog.h"

#include "banned.h"

/* As a mount starts; its page of errors into page. */
static void start(void **state, struct table *t, char page[2000])
{
    struct errlog *errlog;
    size_t n;

    close_table(t);
    *t = (struct table){ .fake = malloc(sizeof(*t->fake)), .state = open_state(state) };
    assert_non_null(t->fake);
    fake_clock_init(t->fake, START_MS, INT64_C(1767225600000000000));
    assert_int_equal(errlog_new(&t->fake->clock, NULL, &errlog), 0);
    assert_int_equal(spool_new(in_dir(state, "spool"), &t->spool, NULL), 0);
    assert_int_equal(drops_reconcile(t->state, t->spool, &t->fake->clock, errlog, NULL), 0);
    assert_int_equal(drops_new(t->state, t->spool, &t->fake->clock, NULL, &t->drops, NULL), 0);
    n = errlog_read(errlog, 0, page, 1999);
    page[n] = '\0';
    print_message("%s", page);
    errlog_free(errlog);
}

static uint64_t put_bytes(struct table *t, const char *text)
{
    uint64_t number;
    int fd;

    assert_int_equal(spool_create(t->spool, &number, &fd), 0);
    assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
    close(fd);
    return number;
}

static void put_row_of(struct table *t, struct drop_row row)
{
    row.mode = 0600;
    assert_int_equal(state_put_drop(t->state, &row, true, NULL), 0);
}

static void bytes_without_a_name_are_kept_apart(void **state)
{
    struct table t = open_table(state);
    char name[40], page[2000];
    uint64_t number;
    struct drop *x;

    assert_int_equal(drops_add_failed(t.drops, folder_of(&t, "documents"), "b", "b", 1, "why", 10),
                     0);
    number = put_bytes(&t, "not sent");
    snprintf(name, sizeof(name), "unnamed-%d", (int)number);
    start(state, &t, page);
    x = find_failed(&t, "documents", name);
    expect_bytes(&t, x, "not sent");
    assert_int_equal(x->failed_number, 2);
    assert_non_null(strstr(x->error, "name is lost"));
    assert_non_null(strstr(page, name));
    drop_unref(x);
    start(state, &t, page); /* once is enough */
    assert_string_equal(page, "");
    assert_true(has_failed(&t, "documents", name));
    assert_true(has_failed(&t, "documents", "b"));
    close_table(&t);
}

static void bytes_that_are_of_no_use_go(void **state)
{
    struct table t = open_table(state);
    struct drop_row sent = {
        .folder = "documents", .name = "a.pdf", .state = ROW_SENT, .id = A, .has_sha256 = true
    };
    char page[2000];
    uint64_t number;
    int fd;

    put_bytes(&t, "");
    number = put_bytes(&t, "what the server has");
    assert_int_equal(spool_open(t.spool, number, O_RDONLY, &fd), 0);
    assert_int_equal(content_digest(fd, sent.sha256), 0);
    close(fd);
    put_row_of(&t, sent);
    assert_int_equal(spooled(state), 2);
    start(state, &t, page);
    assert_int_equal(spooled(state), 0);
    assert_string_equal(page, "");
    assert_true(is_there(&t, "documents", "a.pdf"));
    close_table(&t);
}

static void the_same_bytes_as_were_never_sent_are_kept(void **state)
{
    struct table t = open_table(state);
    struct drop_row local = {
        .folder = "documents", .name = "a.pdf~", .state = ROW_LOCAL, .has_sha256 = true
    };
    char page[2000];
    int fd;

    local.spool = put_bytes(&t, "not sent");
    assert_int_equal(spool_open(t.spool, local.spool, O_RDONLY, &fd), 0);
    assert_int_equal(content_digest(fd, local.sha256), 0);
    close(fd);
    put_row_of(&t, local);
    put_bytes(&t, "not sent");
    start(state, &t, page);
    assert_int_equal(spooled(state), 2);
    assert_true(is_there(&t, "documents", "a.pdf~"));
    close_table(&t);
}

static void names_whose_bytes_are_gone_are_told(void **state)
{
    struct table t = open_table(state);
    const struct drop_row rows[] = {
        { .folder = "documents", .name = "local", .state = ROW_LOCAL, .spool = 901 },
        { .folder = "documents", .name = "open", .state = ROW_OPEN, .spool = 902 },
        { .folder = ".failed/documents",
          .name = "failed",
          .state = ROW_FAILED,
          .spool = 903,
          .failed_number = 1 },
        { .folder = ".failed/documents",
          .name = "delivered",
          .state = ROW_FAILED,
          .spool = 904,
          .failed_number = 2 },
        { .folder = "documents", .name = "delivered", .state = ROW_SENT, .id = A, .spool = 905 },
    };
    char page[2000];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        put_row_of(&t, rows[i]);
    put_bytes(&t, "");
    start(state, &t, page);
    assert_non_null(strstr(page, "start /documents/local: its bytes"));
    assert_non_null(strstr(page, "start /documents/open: its bytes"));
    assert_non_null(strstr(page, "start /documents/failed: its bytes"));
    assert_null(strstr(page, "delivered"));
    close_table(&t);
}

/* Somebody has removed the directory: it is made again, and what was in it is missed. */
static void a_spool_that_is_gone_is_told(void **state)
{
    struct table t = open_table(state);
    char page[2000], path[512];
    struct bytes *b;
    struct drop *d;

    d = add_text(&t, "documents", "a.pdf~", "abc");
    assert_int_equal(drop_row_save(t.drops, d, true), 0);
    b = drop_bytes(t.drops, d);
    snprintf(path, sizeof(path), "%s/%d", in_dir(state, "spool"), (int)b->number);
    bytes_unref(b);
    drop_unref(d);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(in_dir(state, "spool")), 0);
    start(state, &t, page);
    assert_non_null(strstr(page, "start /documents/a.pdf~: its bytes"));
    close_table(&t);
}

static void a_file_that_is_not_ones_own_is_left_alone(void **state)
{
    struct table t = open_table(state);
    char page[2000];

    write_file(in_dir(state, "target"), "kept", 4);
    assert_int_equal(link(in_dir(state, "target"), in_dir(state, "spool/77")), 0);
    assert_int_equal(symlink("../target", in_dir(state, "spool/78")), 0);
    assert_int_equal(mkdir(in_dir(state, "spool/79"), 0700), 0);
    write_file(in_dir(state, "spool/notes"), "mine", 4);
    start(state, &t, page);
    assert_non_null(strstr(page, "unnamed-77: its file in the spool cannot be read"));
    assert_null(strstr(page, "78"));
    assert_int_equal(spooled(state), 4);
    assert_false(has_failed(&t, "documents", "unnamed-77"));
    close_table(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_without_a_name_are_kept_apart),
        TEST(bytes_that_are_of_no_use_go),
        TEST(the_same_bytes_as_were_never_sent_are_kept),
        TEST(names_whose_bytes_are_gone_are_told),
        TEST(a_spool_that_is_gone_is_told),
        TEST(a_file_that_is_not_ones_own_is_left_alone),
    };

    return cmocka_run_group_tests_name("drops_reconcile", tests, NULL, NULL);
}
