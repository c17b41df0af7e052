/* Names in a folder that belong together. */
#include <pthread.h>

#include "drop_folders.h"
#include "drop_table.h"
#include "drops.h"
#include "drops_start.h"
#include "state_fixture.h"

#include "beside.h"
#include "drop.h"
#include "names.h"
#include "spool.h"

#include "banned.h"

/* --- Names ------------------------------------------------------------------------------------ */

static void names_that_mean_the_same_have_one_normal_form(void **state)
{
    static const struct {
        const char *name, *normal;
    } cases[] = {
        { "", "" },
        { "scan.pdf", "scan.pdf" },
        { "Mu\xcc\x88ller", "M\xc3\xbcller" },
        { "M\xc3\xbcller", "M\xc3\xbcller" },
        { "o\xcc\x82\xcc\x81", "\xe1\xbb\x91" },
        { "o\xcc\x81\xcc\xa3", "\xe1\xbb\x8d\xcc\x81" }, /* marks in another order */
        { "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c" },
        { "\xe2\x84\xab", "\xc3\x85" },     /* the sign of Angstrom is the letter */
        { "\xef\xac\x81", "\xef\xac\x81" }, /* a ligature is something else */
        { "a\xff"
          "u\xcc\x88",
          "a\xff"
          "u\xcc\x88" }, /* not UTF-8: its bytes */
        { "a\xe4", "a\xe4" },
        { "\xed\xa0\x80", "\xed\xa0\x80" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[NAMES_NORMAL_MAX + 1];

        print_message("%s\n", cases[i].name);
        assert_int_equal(names_normal(cases[i].name, strlen(cases[i].name), out), 0);
        assert_string_equal(out, cases[i].normal);
        assert_int_equal(names_normal(cases[i].normal, strlen(cases[i].normal), out), 0);
        assert_string_equal(out, cases[i].normal);
    }
}

static void the_longest_names_have_room(void **state)
{
    static const char *const parts[] = { "\xcc\x88", "\xf0\x9d\x85\xa0", "\xf0\x9d\x85\x98",
                                         "\xe1\x86\xab", "\xef\xac\xac" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        char name[NAMES_MAX + 1] = "", out[NAMES_NORMAL_MAX + 1];
        size_t len = 0;

        for (; len + strlen(parts[i]) <= NAMES_MAX; len += strlen(parts[i]))
            memcpy(name + len, parts[i], strlen(parts[i]) + 1);
        assert_int_equal(names_normal(name, len, out), 0);
        assert_true(strlen(out) > 0);
    }
}

static void names_have_stems(void **state)
{
    static const struct {
        const char *name;
        size_t len;
    } cases[] = { { "scan.pdf", 4 }, { "a.b.pdf", 3 }, { "scan", 0 },  { ".pdf", 0 },
                  { "scan.", 0 },    { "a..b", 2 },    { ".a.pdf", 2 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(names_stem(cases[i].name), cases[i].len);
    }
}

/* --- A folder --------------------------------------------------------------------------------- */

struct table {
    struct state *state;
    struct spool *spool;
    struct drops *drops;
    struct folder *folder;
};

static struct table open_table(void **state, const char *folder)
{
    struct table t = { .state = open_state(state) };

    assert_int_equal(spool_new(in_dir(state, "spool"), &t.spool, NULL), 0);
    assert_int_equal(drops_new(t.state, t.spool, clock_real(), NULL, &t.drops, NULL), 0);
    assert_int_equal(drops_folder(t.drops, folder, &t.folder), 0);
    return t;
}

static void close_table(struct table *t)
{
    drops_free(t->drops);
    spool_free(t->spool);
    state_close(t->state);
}

static void add(struct table *t, const char *name)
{
    struct drop *d = NULL;

    assert_int_equal(drops_add(t->drops, t->folder, name, DROP_FILE, &d), 0);
    drop_unref(d);
}

static void change(struct table *t, const char *name, struct folder *to, const char *to_name)
{
    struct drop *d = drops_find(t->drops, t->folder, name);

    assert_non_null(d);
    assert_int_equal(to ? drops_move(t->drops, d, to, to_name) : drops_remove(t->drops, d, false),
                     0);
    drop_unref(d);
}

static bool count(void *arg, struct drop *d)
{
    (void)d;
    ++*(unsigned *)arg;
    return true;
}

static unsigned found(struct table *t, enum beside_as as, const char *name)
{
    unsigned n = 0;

    drops_lock(t->drops);
    assert_int_equal(beside_find(t->folder, as, name, strlen(name), count, &n), 0);
    drops_unlock(t->drops);
    return n;
}

static void files_are_found_by_name_stem_and_as_sidecars(void **state)
{
    struct table t = open_table(state, "documents");

    add(&t, "scan.pdf");
    add(&t, "scan.pdf.json");
    assert_int_equal(found(&t, BESIDE_NAME, "scan.pdf"), 1);
    assert_int_equal(found(&t, BESIDE_STEM, "scan"), 1);
    assert_int_equal(found(&t, BESIDE_SIDECAR, "scan.pdf"), 1);
    assert_int_equal(found(&t, BESIDE_NAME, "scan.pdf.json"), 0);
    assert_int_equal(found(&t, BESIDE_STEM, "scan.pdf"), 0);
    /* and so is what comes, moves and goes once the index is there */
    add(&t, "scan.jpeg");
    add(&t, "Mu\xcc\x88ller.json");
    assert_int_equal(found(&t, BESIDE_STEM, "scan"), 2);
    assert_int_equal(found(&t, BESIDE_SIDECAR, "M\xc3\xbcller"), 1);
    change(&t, "scan.jpeg", t.folder, "other.jpeg");
    change(&t, "scan.pdf.json", NULL, NULL);
    assert_int_equal(found(&t, BESIDE_STEM, "scan"), 1);
    assert_int_equal(found(&t, BESIDE_STEM, "other"), 1);
    assert_int_equal(found(&t, BESIDE_SIDECAR, "scan.pdf"), 0);
    close_table(&t);
}

static void folder_counts_its_sidecars(void **state)
{
    struct table t = open_table(state, "documents");
    struct folder *other;

    assert_int_equal(drops_folder(t.drops, "documents/sub", &other), 0);
    add(&t, "scan.pdf");
    assert_false(beside_has_sidecars(t.folder));
    add(&t, "a.json");
    add(&t, "b.json");
    add(&t, ".json");
    assert_int_equal(t.folder->sidecars, 2);
    change(&t, "a.json", other, "c.json");
    change(&t, "b.json", t.folder, "b.tmp");
    assert_false(beside_has_sidecars(t.folder));
    assert_int_equal(other->sidecars, 1);
    assert_null(t.folder->beside); /* nobody has asked */
    close_table(&t);
}

static void only_folders_of_documents_have_them(void **state)
{
    struct table t = open_table(state, "models");

    add(&t, "a.json");
    assert_false(beside_has_sidecars(t.folder));
    assert_int_equal(found(&t, BESIDE_SIDECAR, "a"), 0);
    close_table(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_mean_the_same_have_one_normal_form),
        cmocka_unit_test(the_longest_names_have_room),
        cmocka_unit_test(names_have_stems),
        TEST(files_are_found_by_name_stem_and_as_sidecars),
        TEST(folder_counts_its_sidecars),
        TEST(only_folders_of_documents_have_them),
    };

    return cmocka_run_group_tests_name("beside", tests, NULL, NULL);
}
