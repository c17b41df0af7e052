/* Extended attributes: a resource's fields, and what a dropped file was given. */
#include "vfs_fixture.h"

#include <sys/xattr.h>

#include "banned.h"

static int get(struct vfs *v, const char *path, const char *name, struct buf *out)
{
    v->w.err = (struct failure){ .text = "" };
    return fs_getxattr(v->fs, &v->w.call, ino_of(v, path), name, out, &v->w.err);
}

static int set(struct vfs *v, const char *path, const char *name, const char *value, int flags)
{
    v->w.err = (struct failure){ .text = "" };
    return fs_setxattr(v->fs, ino_of(v, path), name, value, value ? strlen(value) : 0, flags,
                       &v->w.err);
}

static void expect_xattr(struct vfs *v, const char *path, const char *name, const char *want)
{
    cleanup_buf struct buf out = BUF_INIT(XATTR_SIZE_MAX);
    cleanup_free char *is = NULL;

    assert_int_equal(get(v, path, name, &out), 0);
    is = api_short(buf_str(&out));
    assert_string_equal(is, want);
}

static void expect_list(struct vfs *v, const char *path, const char *names, size_t len)
{
    cleanup_buf struct buf out = BUF_INIT(XATTR_LIST_MAX);

    assert_int_equal(fs_listxattr(v->fs, ino_of(v, path), &out), 0);
    assert_int_equal(out.len, len);
    assert_memory_equal(buf_str(&out), names, len);
}

static void a_files_own_are_kept_with_it(void **state)
{
    static const char binary[] = "a\0b\n=";
    cleanup_buf struct buf out = BUF_INIT(XATTR_SIZE_MAX);
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    expect_list(v, "/documents/a.pdf", "", 0);
    assert_int_equal(set(v, "/documents/a.pdf", "user.b", "one", 0), 0);
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", "two", 0), 0);
    assert_int_equal(set(v, "/documents/a.pdf", "user.b", "three", 0), 0);
    assert_int_equal(set(v, "/documents/a.pdf", "user.empty", "", 0), 0);
    assert_int_equal(fs_setxattr(v->fs, ino_of(v, "/documents/a.pdf"), "user.n", binary,
                                 sizeof(binary), 0, &v->w.err),
                     0);
    remount_fs(v);
    expect_xattr(v, "/documents/a.pdf", "user.a", "two");
    expect_xattr(v, "/documents/a.pdf", "user.b", "three");
    expect_xattr(v, "/documents/a.pdf", "user.empty", "");
    assert_int_equal(get(v, "/documents/a.pdf", "user.n", &out), 0);
    assert_int_equal(out.len, sizeof(binary));
    assert_memory_equal(out.data, binary, sizeof(binary));
    expect_list(v, "/documents/a.pdf", "user.a\0user.b\0user.empty\0user.n", 32);
}

static void they_are_removed_replaced_and_made_as_asked(void **state)
{
    cleanup_buf struct buf out = BUF_INIT(XATTR_SIZE_MAX);
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", "x", XATTR_REPLACE), -ENODATA);
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", "x", XATTR_CREATE), 0);
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", "y", XATTR_CREATE), -EEXIST);
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", "z", XATTR_REPLACE), 0);
    expect_xattr(v, "/documents/a.pdf", "user.a", "z");
    assert_int_equal(set(v, "/documents/a.pdf", "user.", NULL, 0), -ENODATA);
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", NULL, 0), 0);
    assert_int_equal(get(v, "/documents/a.pdf", "user.a", &out), -ENODATA);
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", NULL, 0), -ENODATA);
    expect_list(v, "/documents/a.pdf", "", 0);
}

static void there_is_room_for_so_much(void **state)
{
    struct vfs *v = *state;
    char value[4096];

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", "kept", 0), 0);
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", value, 0), -ENOSPC);
    assert_true(v->w.err.text[0]);
    expect_xattr(v, "/documents/a.pdf", "user.a", "kept");
}

static const struct {
    const char *path, *name, *value; /* value NULL: there is none */
} fields[] = {
    { "/datasets/dataset#101", "user.las.name", "invoices" },
    { "/datasets/dataset#101", "user.las.description", "" },
    { "/datasets/dataset#101", "user.las.nothing", NULL },
    { "/datasets/dataset#101", "user.name", NULL },
    { "/documents/a.pdf", "user.las.documentId", "document#1" },
    { "/documents/a.pdf", "user.las.contentType", "application/pdf" },
    { "/documents/a.pdf", "user.las.content", NULL }, /* bytes are read where they stand */
    { "/documents/a.pdf~", "user.las.documentId", NULL },
    { "/secrets/s", "user.las.data", NULL },
    { "/documents", "user.las.name", NULL },
};

static void a_resources_fields_are_its_attributes(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    api_add(&v->w.api, "datasets",
            "{'datasetId': 'dataset#101', 'name': 'invoices', 'description': null}");
    api_add(&v->w.api, "secrets", "{'secretId': 'secret#108', 'name': 's', 'data': {'k': 'v'}}");
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(copy_to(v, "/documents/a.pdf~", pdf("a")), 0);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        cleanup_buf struct buf out = BUF_INIT(XATTR_SIZE_MAX);

        print_message("%s %s\n", fields[i].path, fields[i].name);
        if (fields[i].value)
            expect_xattr(v, fields[i].path, fields[i].name, fields[i].value);
        else
            assert_int_equal(get(v, fields[i].path, fields[i].name, &out), -ENODATA);
    }
    expect_list(v, "/documents/a.pdf", "", 0); /* no copy carries them */
}

static void what_cannot_be_set_says_why(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(set(v, "/documents/a.pdf", "user.las.name", "x", 0), -EPERM);
    assert_string_equal(v->w.err.text,
                        "user.las.name is a field of the API's: write the field's file");
    assert_int_equal(set(v, "/documents", "user.a", "x", 0), -EOPNOTSUPP);
    assert_int_equal(set(v, "/documents", "user.a", NULL, 0), -ENODATA);
    close_fs(v);
    v->options.ro = true;
    open_fs(v);
    assert_int_equal(set(v, "/documents/a.pdf", "user.a", "x", 0), -EROFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_files_own_are_kept_with_it), TEST(they_are_removed_replaced_and_made_as_asked),
        TEST(there_is_room_for_so_much),    TEST(a_resources_fields_are_its_attributes),
        TEST(what_cannot_be_set_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
