/* readdir(3) as the kernel asks for it: in pieces, by offsets, while things change. */
#include "vfs_fixture.h"

#include <fcntl.h>

#include "banned.h"

static void add_models(struct vfs *v, unsigned n)
{
    char row[256];

    for (unsigned i = 1; i <= n; i++) {
        snprintf(row, sizeof(row), "{'modelId': 'model#%u', 'name': 'm%u'}", i, i);
        api_add(&v->w.api, "models", row);
    }
}

static void a_listing_goes_on_where_its_buffer_ended(void **state)
{
    static const char *const pieces[] = { ". .. ", "m1 m2 ", "m3 m4 ", "m5 ", "" };

    for (int plus = 0; plus < 2; plus++) {
        struct vfs *v = *state;
        struct names names = { .next = 0 };
        struct dirhandle *d;

        if (!v->fs) {
            start_fs(v);
            add_models(v, 5);
        }
        d = open_dir(v, "/models");
        for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
            expect_names(v, d, 2, plus, &names, pieces[i]);
        fs_releasedir(v->fs, d);
    }
}

/* telldir(3) and seekdir(3) */
static void an_offset_leads_back_to_where_it_was(void **state)
{
    struct vfs *v = *state;
    struct names names = { .next = 0 };
    struct dirhandle *d;
    int64_t third;

    start_fs(v);
    add_models(v, 5);
    d = open_dir(v, "/models");
    expect_names(v, d, 4, true, &names, ". .. m1 m2 ");
    third = names.next;
    expect_names(v, d, 9, true, &names, "m3 m4 m5 ");
    names.next = third;
    expect_names(v, d, 1, true, &names, "m3 ");
    names.next = 1;
    expect_names(v, d, 2, true, &names, ".. m1 ");
    names.next = 1000;
    expect_names(v, d, 2, true, &names, "");
    fs_releasedir(v->fs, d);
}

/* What comes and goes meanwhile moves no offset: nothing is shown twice, and nothing that stays is left out. */
static void changes_meanwhile_move_nothing(void **state)
{
    struct vfs *v = *state;
    struct names names = { .next = 0 };
    struct dirhandle *d;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf~", "a"), 0);
    assert_int_equal(copy_to(v, "/documents/b.pdf~", "b"), 0);
    assert_int_equal(copy_to(v, "/documents/c.pdf~", "c"), 0);
    d = open_dir(v, "/documents");
    expect_names(v, d, 3, true, &names, ". .. a.pdf~ ");
    assert_int_equal(unlink_at(v, "/documents/a.pdf~"), 0);
    assert_int_equal(copy_to(v, "/documents/d.pdf~", "d"), 0);
    expect_names(v, d, 1, true, &names, "b.pdf~ ");
    expect_names(v, d, 9, true, &names, "c.pdf~ ");
    names.next = 0; /* rewinddir(3): what is there now */
    expect_names(v, d, 9, true, &names, ". .. b.pdf~ c.pdf~ d.pdf~ ");
    fs_releasedir(v->fs, d);
}

/* rm -r lists a directory and removes what it has seen, again and again. */
static void a_directory_can_be_emptied_while_it_is_read(void **state)
{
    char path[64], text[32];
    struct vfs *v = *state;
    struct names names = { .next = 0 };
    struct dirhandle *d;
    unsigned seen = 0;

    start_fs(v);
    for (unsigned i = 0; i < 9; i++) {
        snprintf(path, sizeof(path), "/documents/%u.pdf~", i);
        assert_int_equal(copy_to(v, path, "x"), 0);
    }
    d = open_dir(v, "/documents");
    expect_names(v, d, 2, true, &names, ". .. ");
    for (; read_names(v, d, 1, true, &names) == 0 && names.n; seen++) {
        snprintf(text, sizeof(text), "%s", names.text);
        text[strcspn(text, " ")] = '\0';
        snprintf(path, sizeof(path), "/documents/%s", text);
        assert_int_equal(unlink_at(v, path), 0);
    }
    fs_releasedir(v->fs, d);
    assert_int_equal(seen, 9);
    expect_ls(v, "/documents", "");
}

/* The files of a resource that rm -r removes are out of sight, until they are back by themselves. */
static void what_rm_r_has_removed_of_a_resource_is_not_listed(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_models(v, 1);
    ino_of(v, "/models/m1"); /* rm has it open */
    assert_int_equal(unlink_at(v, "/models/m1/name"), 0);
    assert_int_equal(unlink_at(v, "/models/m1/resource.json"), 0);
    for (int again = 0; again < 2; again++) {
        struct names names = { .next = 0 };
        struct dirhandle *d = open_dir(v, "/models/m1");

        assert_int_equal(read_names(v, d, 1000, true, &names), 0);
        assert_true((strstr(names.text, " name ") != NULL) == again);
        assert_true((strstr(names.text, " resource.json ") != NULL) == again);
        assert_non_null(strstr(names.text, " modelId "));
        fs_releasedir(v->fs, d);
        pass(&v->w, 5001);
    }
}

/* --- Attributes that come with it ------------------------------------------------------------- */

struct first_entry {
    struct vfs *v;
    struct stat st;
    bool with, any;
};

static bool see_entry(void *arg, const char *name, const struct stat *st, const struct entry *e,
                      int64_t next)
{
    struct first_entry *s = arg;

    (void)next;
    if (name[0] == '.')
        return true;
    s->any = true;
    s->with = e != NULL;
    s->st = e ? e->st : *st;
    if (e)
        fs_forget(s->v->fs, e->ino, 1);
    return true;
}

static struct first_entry see_first(struct vfs *v, const char *path, bool plus)
{
    struct first_entry s = { .v = v };
    struct dirhandle *d = open_dir(v, path);

    assert_int_equal(fs_readdir(v->fs, &v->w.call, d, 0, plus, see_entry, &s, &v->w.err), 0);
    assert_true(s.any);
    fs_releasedir(v->fs, d);
    return s;
}

static void attributes_come_with_a_listing_and_are_those_of_stat(void **state)
{
    struct vfs *v = *state;
    struct first_entry with, without;
    struct stat st;

    start_fs(v);
    api_add(&v->w.api, "models",
            "{'modelId': 'model#1', 'name': 'm', 'updatedTime': '2020-02-01T00:00:00Z'}");
    with = see_first(v, "/models", true);
    expect_said(&v->w.api, "GET models\n"); /* and not one for each */
    without = see_first(v, "/models", false);
    st = stat_of(v, "/models/m");
    assert_true(with.with && !without.with);
    assert_int_equal(with.st.st_ino, st.st_ino);
    assert_int_equal(without.st.st_ino, st.st_ino);
    assert_int_equal(with.st.st_mtim.tv_sec, st.st_mtim.tv_sec);
    assert_int_equal(without.st.st_mode, S_IFDIR);
}

/* What does not fit is no look-up: the kernel will not forget it. */
static void an_entry_that_does_not_fit_is_not_remembered(void **state)
{
    struct vfs *v = *state;
    struct names names = { .next = 0 };
    struct dirhandle *d;
    size_t before;

    start_fs(v);
    add_models(v, 5);
    d = open_dir(v, "/models");
    before = nodes_count(fs_nodes(v->fs));
    expect_names(v, d, 3, true, &names, ". .. m1 "); /* and m2 was tried */
    assert_int_equal(nodes_count(fs_nodes(v->fs)), before);
    fs_releasedir(v->fs, d);
}

/* --- Failures --------------------------------------------------------------------------------- */

static void what_is_no_directory_is_not_opened_as_one(void **state)
{
    struct dirhandle *d = NULL;
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(fs_opendir(v->fs, &v->w.call, ino_of(v, "/README"), &d, &v->w.err), -ENOTDIR);
    assert_null(d);
}

static void a_list_that_fails_shows_not_even_the_dots(void **state)
{
    struct vfs *v = *state;
    struct names names = { .next = 0 };
    struct dirhandle *d;

    start_fs(v);
    api_rule(&v->w.api, -1, "GET", "models*", 403, "{'message': 'not yours'}");
    d = open_dir(v, "/models");
    assert_int_equal(read_names(v, d, 9, true, &names), -EACCES);
    assert_int_equal(names.n, 0);
    assert_string_equal(v->w.err.text, "not yours");
    fs_releasedir(v->fs, d);
}

/* Names that are there are given; the error comes with the next call. */
static void a_later_page_that_fails_fails_the_next_call(void **state)
{
    struct vfs *v = *state;
    struct names names = { .next = 0 };
    struct dirhandle *d;

    v->options.list = LIST_IDS;
    v->w.api.page_size = 2;
    start_fs(v);
    add_models(v, 6);
    api_rule(&v->w.api, -1, "GET", "models*nextToken=4*", 403, "{'message': 'not yours'}");
    d = open_dir(v, "/models");
    names.n = 1;
    while (names.next < 6)
        assert_int_equal(read_names(v, d, 9, true, &names), 0);
    assert_int_equal(names.next, 6); /* . .. and four */
    assert_int_equal(read_names(v, d, 9, true, &names), -EACCES);
    api_forget_rules(&v->w.api);
    expect_names(v, d, 9, true, &names, "model#5 model#6 ");
    fs_releasedir(v->fs, d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_listing_goes_on_where_its_buffer_ended),
        TEST(an_offset_leads_back_to_where_it_was),
        TEST(changes_meanwhile_move_nothing),
        TEST(a_directory_can_be_emptied_while_it_is_read),
        TEST(what_rm_r_has_removed_of_a_resource_is_not_listed),
        TEST(attributes_come_with_a_listing_and_are_those_of_stat),
        TEST(an_entry_that_does_not_fit_is_not_remembered),
        TEST(what_is_no_directory_is_not_opened_as_one),
        TEST(a_list_that_fails_shows_not_even_the_dots),
        TEST(a_later_page_that_fails_fails_the_next_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
