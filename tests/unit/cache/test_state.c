#include "state_fixture.h"

#include <pthread.h>

#include "banned.h"

/* --- Rows ------------------------------------------------------------------------------------- */

static int compare_row(void *arg, const struct drop_row *row)
{
    const struct drop_row *expected = arg;

    assert_string_equal(row->folder, expected->folder);
    assert_string_equal(row->name, expected->name);
    assert_int_equal(row->kind, expected->kind);
    if (expected->id)
        assert_string_equal(row->id, expected->id);
    else
        assert_null(row->id);
    assert_int_equal(row->state, expected->state);
    assert_int_equal(row->spool, expected->spool);
    assert_int_equal(row->size, expected->size);
    assert_int_equal(row->mtime_ns, expected->mtime_ns);
    assert_int_equal(row->mode, expected->mode);
    assert_int_equal(row->has_sha256, expected->has_sha256);
    if (expected->has_sha256)
        assert_memory_equal(row->sha256, expected->sha256, sizeof(row->sha256));
    if (expected->error)
        assert_string_equal(row->error, expected->error);
    else
        assert_null(row->error);
    assert_int_equal(row->failed_number, expected->failed_number);
    assert_int_equal(row->failed_ns, expected->failed_ns);
    assert_int_equal(row->sealed, expected->sealed);
    assert_int_equal(row->told_ns, expected->told_ns);
    return 42;
}

static void state_gives_back_every_column(void **state)
{
    struct drop_row full = { .folder = "documents/2026",
                             .name = "sc\xe4n \xff'\".pdf",
                             .kind = -2,
                             .id = "las:document:1",
                             .state = ROW_FAILED,
                             .spool = INT64_MAX,
                             .size = INT64_MAX,
                             .mtime_ns = INT64_MIN,
                             .mode = 07777,
                             .has_sha256 = true,
                             .error = "400: it's \xf0\x9f\x98\x80",
                             .failed_number = 12,
                             .failed_ns = INT64_MAX - 1,
                             .sealed = INT64_MAX - 2,
                             .told_ns = INT64_MAX - 3 };
    struct drop_row bare = { .folder = "", .name = "x", .state = ROW_LOCAL };
    struct state *st = open_state(state);

    for (size_t i = 0; i < sizeof(full.sha256); i++)
        full.sha256[i] = (uint8_t)(i * 8);
    for (int durable = 0; durable <= 1; durable++) {
        assert_int_equal(state_put_drop(st, &full, durable, NULL), 0);
        assert_int_equal(state_put_drop(st, &bare, durable, NULL), 0);
        assert_int_equal(state_load_folder(st, full.folder, compare_row, &full, NULL), 42);
        assert_int_equal(state_load_folder(st, "", compare_row, &bare, NULL), 42);
    }
    state_close(st);
    st = open_state(state);
    assert_int_equal(state_load_folder(st, full.folder, compare_row, &full, NULL), 42);
    assert_int_equal(state_load_folder(st, "", compare_row, &bare, NULL), 42);
    state_close(st);
}

static void state_replaces_and_deletes(void **state)
{
    struct state *st = open_state(state);

    put_row(st, "d", "a", "1");
    put_row(st, "d", "a", "2");
    put_row(st, "d", "b", NULL);
    expect_folder(st, "d", "d/a=2 d/b=- ");
    assert_int_equal(state_delete_drop(st, "d", "a", true, NULL), 0);
    assert_int_equal(state_delete_drop(st, "d", "nothing", true, NULL), 0);
    expect_folder(st, "d", "d/b=- ");
    state_close(st);
}

static void state_loads_one_folder_by_name(void **state)
{
    struct state *st = open_state(state);

    put_row(st, "d", "b", "1");
    put_row(st, "d", "a", "2");
    put_row(st, "d", "B", "3");
    put_row(st, "d/sub", "c", "4");
    put_row(st, "dd", "d", "5");
    expect_folder(st, "d", "d/B=3 d/a=2 d/b=1 ");
    expect_folder(st, "nothing", "");
    state_close(st);
}

static int see_folder(void *arg, const struct drop_row *row)
{
    struct seen *s = arg;
    size_t len = strlen(s->text);

    snprintf(s->text + len, sizeof(s->text) - len, "%s ", row->folder);
    return 0;
}

static void state_tells_of_each_folder_below(void **state)
{
    struct state *st = open_state(state);
    struct seen s = { .n = 0 };

    put_row(st, "d/a", "x", "1");
    put_row(st, "d/a", "y", "2");
    put_row(st, "d/a/sub/sub", "z", "3");
    put_row(st, "d/a/sub", "z", "4");
    put_row(st, "d/a.", "x", "5");
    put_row(st, "d/ab", "x", "6");
    put_row(st, "d", "x", "7");
    assert_int_equal(state_load_below(st, "d/a", see_folder, &s, NULL), 0);
    assert_string_equal(s.text, "d/a d/a/sub d/a/sub/sub ");
    state_close(st);
}

static void state_ends_a_walk_when_told(void **state)
{
    struct state *st = open_state(state);
    struct seen s = { .stop_at = 2 };

    put_row(st, "d", "a", "1");
    put_row(st, "d", "b", "2");
    put_row(st, "d", "c", "3");
    assert_int_equal(state_load_folder(st, "d", see, &s, NULL), 7);
    assert_int_equal(s.n, 2);
    state_close(st);
}

static int delete_row(void *arg, const struct drop_row *row)
{
    return state_delete_drop(arg, row->folder, row->name, true, NULL);
}

static void state_lets_a_walk_write(void **state)
{
    struct state *st = open_state(state);

    put_row(st, "d", "a", "1");
    put_row(st, "d", "b", "2");
    assert_int_equal(state_load_folder(st, "d", delete_row, st, NULL), 0);
    expect_folder(st, "d", "");
    state_close(st);
}

static void state_finds_by_id_and_by_state(void **state)
{
    struct drop_row failed = { .folder = "d", .name = "f", .state = ROW_FAILED };
    struct state *st = open_state(state);
    struct seen s = { .n = 0 };

    put_row(st, "d", "a", "1");
    put_row(st, "e", "a", "2");
    put_row(st, "e", "b", NULL);
    assert_int_equal(state_put_drop(st, &failed, false, NULL), 0);
    assert_int_equal(state_find_by_id(st, "2", see, &s, NULL), 0);
    assert_string_equal(s.text, "e/a=2 ");
    s = (struct seen){ .n = 0 };
    assert_int_equal(state_find_by_id(st, "", see, &s, NULL), 0);
    assert_int_equal(s.n, 0);
    assert_int_equal(state_load_in_state(st, ROW_FAILED, see, &s, NULL), 0);
    assert_string_equal(s.text, "d/f=- ");
    s = (struct seen){ .n = 0 };
    assert_int_equal(state_load_in_state(st, ROW_SENT, see, &s, NULL), 0);
    assert_string_equal(s.text, "d/a=1 e/a=2 e/b=- ");
    state_close(st);
}

static void state_counts(void **state)
{
    struct drop_row row = {
        .folder = "d", .name = "x", .state = ROW_FAILED, .spool = 40, .failed_number = 3
    };
    struct state *st = open_state(state);
    int64_t counts[ROW_STATES], failed = -1;
    uint64_t spool = 99;

    assert_int_equal(state_greatest(st, &spool, &failed, NULL), 0);
    assert_int_equal(spool, 0);
    assert_int_equal(failed, 0);
    put_row(st, "d", "a", "1");
    put_row(st, "d", "b", "2");
    assert_int_equal(state_put_drop(st, &row, false, NULL), 0);
    row = (struct drop_row){ .folder = "d", .name = "y", .state = ROW_OPEN, .spool = 41 };
    assert_int_equal(state_put_drop(st, &row, false, NULL), 0);
    assert_int_equal(state_count(st, counts, NULL), 0);
    assert_int_equal(counts[ROW_SENT], 2);
    assert_int_equal(counts[ROW_FAILED], 1);
    assert_int_equal(counts[ROW_OPEN], 1);
    assert_int_equal(counts[ROW_LOCAL], 0);
    assert_int_equal(state_greatest(st, &spool, &failed, NULL), 0);
    assert_int_equal(spool, 41);
    assert_int_equal(failed, 3);
    state_close(st);
}

/* --- Renames ---------------------------------------------------------------------------------- */

static int rename_drop(struct state *st, const char *folder, const char *name,
                       const char *to_folder, const char *to_name)
{
    struct state_step step = { .change = STATE_RENAME_DROP,
                               .folder = folder,
                               .name = name,
                               .to_folder = to_folder,
                               .to_name = to_name };

    return state_apply(st, &step, 1, STATE_NOW, NULL);
}

static void state_renames(void **state)
{
    struct state *st = open_state(state);

    put_row(st, "d", "a", "1");
    put_row(st, "e", "b", "2");
    assert_int_equal(rename_drop(st, "d", "a", "e", "c"), 0);
    expect_folder(st, "d", "");
    expect_folder(st, "e", "e/b=2 e/c=1 ");
    assert_int_equal(rename_drop(st, "e", "c", "e", "b"), 0); /* over another */
    expect_folder(st, "e", "e/b=1 ");
    assert_int_equal(rename_drop(st, "e", "b", "e", "b"), 0); /* to itself */
    expect_folder(st, "e", "e/b=1 ");
    assert_int_equal(rename_drop(st, "e", "nothing", "e", "b"), 0);
    expect_folder(st, "e", "e/b=1 ");
    state_close(st);
}

static void state_renames_a_folder_and_what_is_below(void **state)
{
    struct state *st = open_state(state);

    put_row(st, "d/a\xff", "x", "1");
    put_row(st, "d/a\xff/sub/sub", "y", "2");
    put_row(st,
            "d/a\xff"
            "b",
            "z", "3");
    put_row(st, "d/a\xff.", "z", "4");
    put_row(st, "d", "a\xff", NULL);
    assert_int_equal(state_rename_folder(st, "d/a\xff", "d/b%", false, NULL), 0);
    expect_folder(st, "d/b%", "d/b%/x=1 ");
    expect_folder(st, "d/b%/sub/sub", "d/b%/sub/sub/y=2 ");
    expect_folder(st,
                  "d/a\xff"
                  "b",
                  "d/a\xff"
                  "b/z=3 ");
    expect_folder(st, "d/a\xff.", "d/a\xff./z=4 ");
    expect_folder(st, "d", "d/a\xff=- ");
    expect_folder(st, "d/a\xff", "");
    state_close(st);
}

static void state_renames_a_folder_over_another(void **state)
{
    struct state *st = open_state(state);

    put_row(st, "a", "x", "1");
    put_row(st, "b", "x", "2");
    put_row(st, "b", "y", "3");
    assert_int_equal(state_rename_folder(st, "a", "b", true, NULL), 0);
    expect_folder(st, "a", "");
    expect_folder(st, "b", "b/x=1 b/y=3 ");
    assert_int_equal(state_rename_folder(st, "b", "b", true, NULL), 0);
    expect_folder(st, "b", "b/x=1 b/y=3 ");
    state_close(st);
}

static void state_renames_no_folder_into_itself(void **state)
{
    struct state *st = open_state(state);

    put_row(st, "a", "x", "1");
    put_row(st, "a/b", "x", "2");
    assert_int_equal(state_rename_folder(st, "a", "a/b", true, NULL), -EINVAL);
    assert_int_equal(state_rename_folder(st, "a/b", "a", true, NULL), -EINVAL);
    expect_folder(st, "a", "a/x=1 ");
    expect_folder(st, "a/b", "a/b/x=2 ");
    state_close(st);
}

static void state_deletes_a_folder_and_what_is_below(void **state)
{
    const struct state_step step = { .change = STATE_DELETE_FOLDER, .folder = "d/a" };
    struct state *st = open_state(state);

    put_row(st, "d/a", "x", "1");
    put_row(st, "d/a/sub", "x", "2");
    put_row(st, "d/ab", "x", "3");
    assert_int_equal(state_apply(st, &step, 1, STATE_NOW, NULL), 0);
    expect_folder(st, "d/a", "");
    expect_folder(st, "d/a/sub", "");
    expect_folder(st, "d/ab", "d/ab/x=3 ");
    state_close(st);
}

static void state_applies_all_steps_or_none(void **state)
{
    struct drop_row good = sent_row("d", "new", "9"), bad = { .folder = "d", .name = NULL };
    const struct state_step steps[] = {
        { .change = STATE_DELETE_DROP, .folder = "d", .name = "a" },
        { .change = STATE_PUT_DROP, .row = &good },
        { .change = STATE_PUT_DROP, .row = &bad }, /* the database refuses it */
    };
    static const enum state_when whens[] = { STATE_NOW, STATE_SOON };
    struct failure err = { .text = "" };
    struct state *st = open_state(state);

    for (size_t i = 0; i < ARRAY_LEN(whens); i++) {
        put_row(st, "d", "a", "1");
        assert_int_equal(state_apply(st, steps, 3, whens[i], &err), -EIO);
        assert_non_null(strstr(err.text, "drops.name"));
        assert_int_equal(state_apply(st, steps, 1, whens[i], &err), 0);
        put_row(st, "d", "a", "1");
        expect_folder(st, "d", i ? "d/a=1 d/new=9 " : "d/a=1 ");
        assert_int_equal(state_apply(st, steps, 2, whens[i], &err), 0);
        expect_folder(st, "d", "d/new=9 ");
    }
    state_close(st);
}

/* --- Who can wait ----------------------------------------------------------------------------- */

#define EACH_WRITES 20

static void *write_patiently(void *arg)
{
    struct drop_row row = sent_row("d", "", "1");
    struct state_step step = { .change = STATE_PUT_DROP, .row = &row };
    struct state *st = arg;
    char name[32];

    row.name = name;
    for (int n = 0; n < EACH_WRITES; n++) {
        snprintf(name, sizeof(name), "%p-%02d", (void *)&row, n);
        if (state_apply(st, &step, 1, STATE_SOON, NULL) < 0)
            return arg;
    }
    return NULL;
}

/* Those who can wait share a transaction, and hold nobody up for longer than that. */
static void state_writes_soon_what_can_wait(void **state)
{
    struct state *st = open_state(state);
    int64_t counts[ROW_STATES];
    pthread_t threads[8];
    void *failed;

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_patiently, st), 0);
    for (int n = 0; n < EACH_WRITES; n++)
        put_row(st, "e", "hurried", "2");
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(state_count(st, counts, NULL), 0);
    assert_int_equal(counts[ROW_SENT], 8 * EACH_WRITES + 1);
    state_close(st);
}

/* --- Writes that nobody waits for ------------------------------------------------------------- */

static void state_tells_of_lost_writes_at_the_next_flush(void **state)
{
    struct drop_row bad = { .folder = "d", .name = NULL };
    struct failure err = { .text = "" };
    struct state *st = open_state(state);

    assert_int_equal(state_flush(st, NULL), 0);
    put_row(st, "d", "a", "1");
    assert_int_equal(state_put_drop(st, &bad, false, NULL), 0);
    put_row(st, "d", "b", "2");
    assert_int_equal(state_flush(st, &err), -EIO);
    assert_non_null(strstr(err.text, "drops.name"));
    assert_int_equal(state_flush(st, NULL), 0);
    expect_folder(st, "d", "d/a=1 d/b=2 "); /* the others are not lost with it */
    state_close(st);
}

static void state_copies_what_it_writes_later(void **state)
{
    char folder[] = "d", name[] = "a", id[] = "1", key[] = "k", value[] = "v";
    struct drop_row row = sent_row(folder, name, id);
    struct state *st = open_state(state);
    int64_t size;
    char *text;

    assert_int_equal(state_put_drop(st, &row, false, NULL), 0);
    assert_int_equal(state_put_size(st, id, 5, NULL), 0);
    assert_int_equal(state_put_value(st, key, value, false, NULL), 0);
    folder[0] = name[0] = id[0] = key[0] = value[0] = '!';
    expect_folder(st, "d", "d/a=1 ");
    assert_int_equal(state_get_sizes(st, (const char *const[]){ "1" }, 1, &size, NULL), 0);
    assert_int_equal(size, 5);
    assert_int_equal(state_get_value(st, "k", &text, NULL), 0);
    assert_string_equal(text, "v");
    free(text);
    state_close(st);
}

static void state_writes_what_is_left_when_it_is_closed(void **state)
{
    struct state *st = open_state(state);

    for (int i = 0; i < 100; i++) {
        char name[16];

        snprintf(name, sizeof(name), "%02d", i);
        put_row(st, "d", name, "1");
    }
    state_close(st);
    st = open_state(state);
    for (int i = 0; i < 99; i++) {
        char name[16];

        snprintf(name, sizeof(name), "%02d", i);
        assert_int_equal(state_delete_drop(st, "d", name, false, NULL), 0);
    }
    expect_folder(st, "d", "d/99=1 ");
    state_close(st);
}

/* --- Sizes and values ------------------------------------------------------------------------- */

static void state_keeps_sizes(void **state)
{
    static const char *const ids[] = { "b", "none", "a" };
    struct state *st = open_state(state);
    int64_t sizes[] = { 7, 7, 7 };

    assert_int_equal(state_put_size(st, "a", 1, NULL), 0);
    assert_int_equal(state_put_size(st, "a", INT64_MAX, NULL), 0);
    assert_int_equal(state_put_size(st, "b", 0, NULL), 0);
    state_close(st);
    st = open_state(state);
    assert_int_equal(state_get_sizes(st, ids, 3, sizes, NULL), 0);
    assert_int_equal(sizes[0], 0);
    assert_int_equal(sizes[1], -1);
    assert_int_equal(sizes[2], INT64_MAX);
    assert_int_equal(state_get_sizes(st, ids, 0, NULL, NULL), 0);
    state_close(st);
}

static void expect_size(struct state *st, const char *id, int64_t expected)
{
    int64_t size = -7;

    assert_int_equal(state_get_sizes(st, &id, 1, &size, NULL), 0);
    assert_int_equal(size, expected);
}

static void state_forgets_a_size_and_its_versions(void **state)
{
    static const char *const kept[] = { "a", "aba", "ab.", "abA@1" };
    static const char *const forgotten[] = { "ab", "ab@1", "ab@20" };
    struct state *st = open_state(state);

    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        assert_int_equal(state_put_size(st, kept[i], 1, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(forgotten); i++)
        assert_int_equal(state_put_size(st, forgotten[i], 1, NULL), 0);
    assert_int_equal(state_put_size(st, "ab", -1, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        expect_size(st, kept[i], 1);
    for (size_t i = 0; i < ARRAY_LEN(forgotten); i++)
        expect_size(st, forgotten[i], -1);
    state_close(st);
}

static bool begins_with_x(void *arg, const char *id)
{
    (void)arg;
    return id[0] == 'x';
}

static void count_release(void *arg)
{
    ++*(int *)arg;
}

static void state_sweeps_the_sizes_of_what_is_gone(void **state)
{
    struct state *st = open_state(state);
    int released = 0;

    put_row(st, "d", "named", "x-named");
    assert_int_equal(state_put_size(st, "x-named", 1, NULL), 0);
    assert_int_equal(state_put_size(st, "x-gone", 2, NULL), 0);
    assert_int_equal(state_put_size(st, "x-gone@5", 3, NULL), 0);
    assert_int_equal(state_put_size(st, "there", 4, NULL), 0);
    assert_int_equal(state_sweep_sizes(st, begins_with_x, count_release, &released, NULL), 0);
    expect_size(st, "x-named", 1);
    expect_size(st, "x-gone", -1);
    expect_size(st, "x-gone@5", -1);
    expect_size(st, "there", 4);
    state_close(st);
    assert_int_equal(released, 1);
}

static void state_keeps_values(void **state)
{
    struct state *st = open_state(state);
    char *value = NULL;

    assert_int_equal(state_get_value(st, "k", &value, NULL), -ENOENT);
    assert_null(value);
    assert_int_equal(state_put_value(st, "k", "one", false, NULL), 0);
    assert_int_equal(state_put_value(st, "k", "", true, NULL), 0);
    assert_int_equal(state_get_value(st, "k", &value, NULL), 0);
    assert_string_equal(value, "");
    free(value);
    assert_int_equal(state_put_value(st, "k", NULL, true, NULL), 0);
    assert_int_equal(state_get_value(st, "k", &value, NULL), -ENOENT);
    state_close(st);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(state_gives_back_every_column),
        TEST(state_replaces_and_deletes),
        TEST(state_loads_one_folder_by_name),
        TEST(state_tells_of_each_folder_below),
        TEST(state_ends_a_walk_when_told),
        TEST(state_lets_a_walk_write),
        TEST(state_finds_by_id_and_by_state),
        TEST(state_counts),
        TEST(state_renames),
        TEST(state_renames_a_folder_and_what_is_below),
        TEST(state_renames_a_folder_over_another),
        TEST(state_renames_no_folder_into_itself),
        TEST(state_deletes_a_folder_and_what_is_below),
        TEST(state_applies_all_steps_or_none),
        TEST(state_writes_soon_what_can_wait),
        TEST(state_writes_soon_what_can_wait),
        TEST(state_tells_of_lost_writes_at_the_next_flush),
        TEST(state_copies_what_it_writes_later),
        TEST(state_writes_what_is_left_when_it_is_closed),
        TEST(state_keeps_sizes),
        TEST(state_forgets_a_size_and_its_versions),
        TEST(state_sweeps_the_sizes_of_what_is_gone),
        TEST(state_keeps_values),
    };

    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
