/* What only the answer to a POST carries: here as long as the mount, and never on disk. */
#include "once.h"

#include "kept.h"
#include "known.h"
#include "remote_fixture.h"

#include "banned.h"

#define CLIENT(hex) "las:app-client:" hex
#define MADE(hex, secret)                                                                          \
    A_RESOURCE("appClientId", CLIENT(hex), "made", ", \"clientSecret\": \"" secret "\"")

static const struct field *secret_field(void)
{
    return resource_field(resource_get(RES_APP_CLIENTS), "clientSecret");
}

static void keep(struct fixture *x, const char *text)
{
    struct record *r = record_of(RES_APP_CLIENTS, text);

    assert_true(record_has(r, secret_field()));
    assert_int_equal(once_keep(x->remote, &r), 0);
    assert_false(record_has(r, secret_field()));
    assert_string_equal(told(0, r), "made"); /* the rest is as it was */
}

static const char *secret_of(struct fixture *x, const char *id)
{
    static char text[64];
    cleanup_buf struct buf out = BUF_INIT(100);
    int rc = once_text(x->remote, id, secret_field(), &out);

    assert_int_equal(once_text(x->remote, id, secret_field(), NULL), rc);
    snprintf(text, sizeof(text), "%s", rc < 0 ? strerrorname_np(-rc) : buf_str(&out));
    return text;
}

static void what_comes_once_is_kept_apart(void **state)
{
    struct fixture *x = *state;
    const struct field *name = resource_field(resource_get(RES_APP_CLIENTS), "name");

    keep(x, MADE(ONE, "first secret"));
    keep(x, MADE(TWO, "second secret"));
    assert_string_equal(secret_of(x, CLIENT(ONE)), "first secret\n");
    assert_string_equal(secret_of(x, CLIENT(TWO)), "second secret\n");
    assert_string_equal(secret_of(x, CLIENT(THREE)), "ENOENT");
    assert_int_equal(once_text(x->remote, CLIENT(ONE), name, NULL), -ENOENT);
}

static void a_record_without_such_stays_as_it_is(void **state)
{
    struct fixture *x = *state;
    struct record *r = record_of(RES_MODELS, A_MODEL(ONE, "m", "")), *same = r;

    assert_int_equal(once_keep(x->remote, &r), 0);
    assert_ptr_equal(r, same);
    record_unref(r);
}

static void it_is_gone_with_its_resource(void **state)
{
    struct fixture *x = *state;

    keep(x, MADE(ONE, "first secret"));
    keep(x, MADE(TWO, "second secret"));
    keep(x, MADE(THREE, "third secret"));
    once_forget(x->remote, CLIENT(TWO));
    once_forget(x->remote, CLIENT(FOUR));
    assert_string_equal(secret_of(x, CLIENT(ONE)), "first secret\n");
    assert_string_equal(secret_of(x, CLIENT(TWO)), "ENOENT");
    assert_string_equal(secret_of(x, CLIENT(THREE)), "third secret\n");
}

static const char *hidden;
static int files_seen;

static int look_into(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    cleanup_free char *bytes = malloc((size_t)st->st_size + 1);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    (void)ftw;
    if (type != FTW_F || fd < 0 || !bytes)
        return 0;
    n = read(fd, bytes, (size_t)st->st_size);
    files_seen++;
    return n > 0 && memmem(bytes, (size_t)n, hidden, strlen(hidden)) ? 1 : 0;
}

static bool is_on_disk(struct fixture *x, const char *text)
{
    hidden = text;
    files_seen = 0;
    return nftw(x->dir, look_into, 16, FTW_PHYS) != 0;
}

static void it_ends_with_the_mount_and_was_on_no_disk(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_APP_CLIENTS, CLIENT(ONE));
    struct record *r = record_of(RES_APP_CLIENTS, MADE(ONE, "never-written"));

    assert_int_equal(once_keep(x->remote, &r), 0);
    known_changed(x->remote, &t, r);
    assert_int_equal(kept_put(x->remote, KEPT_BODY, CLIENT(TWO), "{\"is\": \"written\"}"), 0);
    assert_int_equal(state_flush(x->state, NULL), 0);
    assert_true(is_on_disk(x, "{\"is\": \"written\"}")); /* one would find it */
    assert_false(is_on_disk(x, "never-written"));
    assert_true(files_seen > 0);
    record_unref(r);
    reopen_remote(x);
    assert_string_equal(secret_of(x, CLIENT(ONE)), "ENOENT");
    assert_false(is_on_disk(x, "never-written"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(what_comes_once_is_kept_apart),
        A_TEST(a_record_without_such_stays_as_it_is),
        A_TEST(it_is_gone_with_its_resource),
        A_TEST(it_ends_with_the_mount_and_was_on_no_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
