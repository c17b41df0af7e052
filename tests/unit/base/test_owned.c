/* Directories and files that are this user's alone. */
#include "owned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "array.h"
#include "temp_dir.h"

#include "banned.h"

#define STRANGER 54321

static int open_dir(const char *path, struct failure *err)
{
    int fd = -1, rc;

    *err = (struct failure){ .text = "" };
    rc = owned_dir_open("state directory", path, &fd, err);
    assert_int_equal(rc == 0, fd >= 0);
    if (fd >= 0)
        close(fd);
    print_message("%s\n", err->text);
    return rc;
}

/* It is refused, in words that have all of these in them. */
static void refuses(const char *path, int rc, const char *const *words)
{
    struct failure err;

    assert_int_equal(open_dir(path, &err), rc);
    for (; *words; words++)
        assert_non_null(strstr(err.text, *words));
}
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* --- Directories ------------------------------------------------------------------------------ */

static void a_directory_is_made_with_those_above(void **state)
{
    mode_t old = umask(0);
    struct failure err;
    struct stat st;

    assert_int_equal(open_dir(in_dir(state, "a/b/./c//"), &err), 0);
    umask(old);
    assert_int_equal(stat(in_dir(state, "a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(in_dir(state, "a/b/c"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(open_dir(in_dir(state, "a/b/../b/c"), &err), 0);
}

static void a_path_may_be_relative(void **state)
{
    char here[512];
    struct failure err;

    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(*state), 0);
    assert_int_equal(open_dir("x/y", &err), 0);
    assert_int_equal(open_dir(".", &err), 0);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(access(in_dir(state, "x/y"), F_OK), 0);
}

static void a_directory_that_others_can_write_is_refused(void **state)
{
    static const mode_t modes[] = { 0720, 0702, 0777, 01777 };
    const char *dir = in_dir(state, "d");
    struct failure err;

    assert_int_equal(mkdir(dir, 0700), 0);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        assert_int_equal(chmod(dir, modes[i]), 0);
        refuses(dir, -EPERM, WORDS(dir, "written by others", "chmod go-w"));
    }
    assert_int_equal(chmod(dir, 0755), 0); /* what is read there has modes of its own */
    assert_int_equal(open_dir(dir, &err), 0);
}

static void a_directory_of_another_user_is_refused(void **state)
{
    const char *dir = in_dir(state, "d");

    if (geteuid() != 0) {
        refuses("/usr", -EPERM, WORDS("/usr", "uid 0"));
        return;
    }
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(chown(dir, STRANGER, 0), 0);
    refuses(dir, -EPERM, WORDS(dir, "uid 54321", "chown"));
}

static void a_link_in_its_place_is_refused(void **state)
{
    static const char *const spelled[] = { "link", "link/", "link/." };

    assert_int_equal(mkdir(in_dir(state, "elsewhere"), 0700), 0);
    assert_int_equal(symlink("elsewhere", in_dir(state, "link")), 0);
    for (size_t i = 0; i < ARRAY_LEN(spelled); i++)
        refuses(in_dir(state, spelled[i]), -EPERM, WORDS(in_dir(state, "link"), "symbolic link"));
    assert_int_equal(symlink("nowhere", in_dir(state, "dangling")), 0);
    refuses(in_dir(state, "dangling"), -EPERM, WORDS("symbolic link"));
    assert_int_not_equal(access(in_dir(state, "nowhere"), F_OK), 0); /* nothing was made there */
}

static void ones_own_link_on_the_way_is_followed(void **state)
{
    struct failure err;

    assert_int_equal(mkdir(in_dir(state, "elsewhere"), 0700), 0);
    assert_int_equal(symlink("elsewhere", in_dir(state, "one")), 0);
    assert_int_equal(symlink(in_dir(state, "one"), in_dir(state, "two")), 0);
    assert_int_equal(open_dir(in_dir(state, "two/state"), &err), 0);
    assert_int_equal(access(in_dir(state, "elsewhere/state"), F_OK), 0);
    assert_int_equal(symlink("elsewhere/state", in_dir(state, "elsewhere/three")), 0);
    refuses(in_dir(state, "two/three"), -EPERM, WORDS("symbolic link"));
    assert_int_equal(symlink("round", in_dir(state, "round")), 0);
    refuses(in_dir(state, "round/state"), -ELOOP, WORDS("state"));
}

static void a_strangers_link_on_the_way_is_refused(void **state)
{
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir(in_dir(state, "elsewhere"), 0700), 0);
    assert_int_equal(symlink("elsewhere", in_dir(state, "link")), 0);
    assert_int_equal(lchown(in_dir(state, "link"), STRANGER, STRANGER), 0);
    refuses(in_dir(state, "link/state"), -EPERM,
            WORDS(in_dir(state, "link"), "another user (uid 54321)", "remove it"));
    assert_int_not_equal(access(in_dir(state, "elsewhere/state"), F_OK), 0);
}

static void a_directory_that_others_could_replace_is_refused(void **state)
{
    struct failure err;

    assert_int_equal(mkdir(in_dir(state, "open"), 0700), 0);
    assert_int_equal(chmod(in_dir(state, "open"), 0777), 0);
    refuses(in_dir(state, "open/state"), -EPERM,
            WORDS(in_dir(state, "open/state"), "in its place", "chmod o-w"));
    assert_int_equal(chmod(in_dir(state, "open"), 01777), 0); /* as /tmp */
    assert_int_equal(open_dir(in_dir(state, "open/state"), &err), 0);
}

static void what_is_no_directory_is_told(void **state)
{
    char name[300];

    write_file(in_dir(state, "file"), "", 0);
    refuses(in_dir(state, "file"), -ENOTDIR, WORDS("state directory", "file"));
    refuses(in_dir(state, "file/x"), -ENOTDIR, WORDS("file/x"));
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    refuses(in_dir(state, name), -ENAMETOOLONG, WORDS("nnn"));
}

/* --- Files ------------------------------------------------------------------------------------ */

static int open_file(void **state, const char *name, int flags, struct failure *err)
{
    int dirfd = -1, fd = -1, rc;

    *err = (struct failure){ .text = "" };
    assert_int_equal(owned_dir_open("directory", *state, &dirfd, err), 0);
    rc = owned_file_open(dirfd, *state, name, flags, &fd, err);
    assert_int_equal(rc == 0, fd >= 0);
    if (fd >= 0)
        close(fd);
    if (rc != -ENOENT)
        assert_int_equal(owned_file_check(dirfd, *state, name, NULL), rc);
    print_message("%s\n", err->text);
    close(dirfd);
    return rc;
}

static void a_file_is_made_for_the_owner_alone(void **state)
{
    mode_t old = umask(0);
    struct failure err;
    struct stat st;

    assert_int_equal(open_file(state, "a", O_RDWR, &err), -ENOENT);
    assert_non_null(strstr(err.text, in_dir(state, "a")));
    assert_int_equal(open_file(state, "a", O_RDWR | O_CREAT, &err), 0);
    umask(old);
    assert_int_equal(stat(in_dir(state, "a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(open_file(state, "a", O_RDWR, &err), 0);
}

static void a_file_of_others_is_refused(void **state)
{
    static const struct {
        const char *name, *word;
    } rows[] = {
        { "symlink", "symbolic link" }, { "dangling", "symbolic link" }, { "hard", "hard link" },
        { "fifo", "no plain file" },    { "dir", "no plain file" },      { "group", "go-w" },
        { "others", "go-w" },           { "stranger", "uid 54321" },
    };
    struct failure err;
    struct stat st;

    write_file(in_dir(state, "target"), "kept", 4);
    write_file(in_dir(state, "hardened"), "kept", 4);
    for (size_t i = 5; i < ARRAY_LEN(rows); i++)
        write_file(in_dir(state, rows[i].name), "", 0);
    assert_int_equal(symlink("target", in_dir(state, "symlink")), 0);
    assert_int_equal(symlink("nowhere", in_dir(state, "dangling")), 0);
    assert_int_equal(link(in_dir(state, "hardened"), in_dir(state, "hard")), 0);
    assert_int_equal(mkfifo(in_dir(state, "fifo"), 0600), 0);
    assert_int_equal(mkdir(in_dir(state, "dir"), 0700), 0);
    assert_int_equal(chmod(in_dir(state, "group"), 0660), 0);
    assert_int_equal(chmod(in_dir(state, "others"), 0606), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].name, "stranger") == 0 &&
            lchown(in_dir(state, rows[i].name), STRANGER, STRANGER) < 0)
            continue; /* that takes root */
        assert_int_equal(open_file(state, rows[i].name, O_RDWR | O_CREAT | O_TRUNC, &err), -EPERM);
        assert_non_null(strstr(err.text, in_dir(state, rows[i].name)));
        assert_non_null(strstr(err.text, rows[i].word));
    }
    assert_int_equal(stat(in_dir(state, "target"), &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(stat(in_dir(state, "hard"), &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_not_equal(access(in_dir(state, "nowhere"), F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_directory_is_made_with_those_above),
        TEST(a_path_may_be_relative),
        TEST(a_directory_that_others_can_write_is_refused),
        TEST(a_directory_of_another_user_is_refused),
        TEST(a_link_in_its_place_is_refused),
        TEST(ones_own_link_on_the_way_is_followed),
        TEST(a_strangers_link_on_the_way_is_refused),
        TEST(a_directory_that_others_could_replace_is_refused),
        TEST(what_is_no_directory_is_told),
        TEST(a_file_is_made_for_the_owner_alone),
        TEST(a_file_of_others_is_refused),
    };

    return cmocka_run_group_tests_name("owned", tests, NULL, NULL);
}
