/* The file in which the SDK's programs share their tokens. */
#include "token_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <pthread.h>

#include "array.h"
#include "temp_dir.h"

#include "banned.h"

#define WRITERS 8
#define ROUNDS 20

static void path_in(void **state, char out[256])
{
    snprintf(out, 256, "%s/token-cache.json", (const char *)*state);
}

static void put_text(const char *path, const char *text)
{
    assert_int_equal(file_replace(path, text, strlen(text), 0644), 0);
}

static json_t *load(const char *path)
{
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(root);
    return root;
}

static void expect(const char *path, const char *profile, const char *token, double ends_s)
{
    char *got = NULL;
    double ends = 0;

    assert_int_equal(token_cache_read(path, profile, &got, &ends), 0);
    assert_string_equal(got, token);
    assert_true(ends == ends_s);
    free(got);
}

static void a_file_is_made_for_the_owner_alone(void **state)
{
    char path[256];
    struct stat st;

    path_in(state, path);
    assert_int_equal(token_cache_write(path, "default", "tok", 1600003600.5, NULL), 0);
    expect(path, "default", "tok", 1600003600.5);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void the_sdks_own_is_read(void **state)
{
    char path[256];

    path_in(state, path);
    put_text(path, "{\"default\": {\"access_token\": \"a.b-c\", \"expires_in\": 1634567890.12}, "
                   "\"other\": {\"access_token\": \"d\", \"expires_in\": 1634567890}}");
    expect(path, "default", "a.b-c", 1634567890.12);
    expect(path, "other", "d", 1634567890);
}

static void what_is_not_ours_stays(void **state)
{
    char path[256];
    json_t *root, *mine;

    path_in(state, path);
    put_text(path, "{\"other\": {\"access_token\": \"theirs\", \"expires_in\": 5.5}, \"new\": [1], "
                   "\"mine\": {\"access_token\": \"old\", \"expires_in\": 1.5, \"scope\": \"x\"}}");
    assert_int_equal(token_cache_write(path, "mine", "fresh", 1600000000, NULL), 0);
    expect(path, "other", "theirs", 5.5);
    expect(path, "mine", "fresh", 1600000000);
    root = load(path);
    mine = json_object_get(root, "mine");
    assert_string_equal(json_string_value(json_object_get(mine, "scope")), "x");
    assert_true(json_is_real(json_object_get(mine, "expires_in")));
    assert_true(json_is_array(json_object_get(root, "new")));
    json_decref(root);
}

static void what_is_no_token_is_not_read(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } rows[] = {
        { "{}", -ENOENT },
        { "{\"default\": null}", -ENOENT },
        { "{\"default\": {}}", -ENOENT },
        { "{\"default\": {\"access_token\": \"t\"}}", -ENOENT },
        { "{\"default\": {\"access_token\": 1, \"expires_in\": 1.0}}", -ENOENT },
        { "{\"default\": {\"access_token\": \"t\", \"expires_in\": \"1\"}}", -ENOENT },
        { "[]", -EINVAL },
        { "", -EINVAL },
        { "{\"default\": {\"access_tok", -EINVAL },
    };
    char path[256], *token = NULL;
    double ends = 7;

    path_in(state, path);
    assert_int_equal(token_cache_read(path, "default", &token, &ends), -ENOENT);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("%s\n", rows[i].text);
        put_text(path, rows[i].text);
        assert_int_equal(token_cache_read(path, "default", &token, &ends), rows[i].rc);
        assert_null(token);
        assert_true(ends == 7);
    }
}

static void what_is_not_the_sdks_is_left_alone(void **state)
{
    struct buf now = BUF_INIT(100);
    struct failure err = { 0 };
    char path[256];

    path_in(state, path);
    put_text(path, "not JSON");
    assert_int_equal(token_cache_write(path, "default", "t", 1, &err), -EINVAL);
    assert_non_null(strstr(err.text, path));
    assert_null(strstr(err.text, "\"t\""));
    assert_int_equal(file_read(path, &now), 0);
    assert_string_equal(buf_str(&now), "not JSON");
    buf_release(&now);
}

/* A token of somebody else's would send what is uploaded to an account of his. */
static void what_others_could_have_written_is_not_read(void **state)
{
    static const char text[] = "{\"default\": {\"access_token\": \"his\", \"expires_in\": 9e9}}";
    struct buf now = BUF_INIT(100);
    char path[256], *token = NULL;
    const char *target = in_dir(state, "target");
    double ends;

    path_in(state, path);
    put_text(target, text);
    for (int how = 0; how < 4; how++) {
        struct failure err = { 0 };

        unlink(path);
        if (how == 0)
            assert_int_equal(symlink(target, path), 0);
        else if (how == 1)
            assert_int_equal(link(target, path), 0);
        else
            put_text(path, text);
        if (how == 2)
            assert_int_equal(chmod(path, 0622), 0);
        if (how == 3 && chown(path, 54321, 54321) < 0)
            continue; /* that takes root */
        assert_int_equal(token_cache_read(path, "default", &token, &ends), -EPERM);
        assert_null(token);
        assert_int_equal(token_cache_write(path, "default", "mine", 1, &err), -EPERM);
        assert_non_null(strstr(err.text, path));
        assert_non_null(strstr(err.text, "remove it"));
    }
    assert_int_equal(file_read(target, &now), 0);
    assert_string_equal(buf_str(&now), text);
    buf_release(&now);
}

struct writer {
    pthread_t thread;
    const char *path;
    int number;
};

static void *write_often(void *arg)
{
    struct writer *w = arg;
    char profile[16], token[16];

    snprintf(profile, sizeof(profile), "p%d", w->number);
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(token, sizeof(token), "t%d", i);
        assert_int_equal(token_cache_write(w->path, profile, token, i + 0.5, NULL), 0);
    }
    return NULL;
}

static void many_at_once_lose_nothing_of_each_other(void **state)
{
    struct writer writers[WRITERS];
    char path[256], profile[16], last[16];

    path_in(state, path);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ .path = path, .number = i };
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_often, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i].thread, NULL);
    snprintf(last, sizeof(last), "t%d", ROUNDS - 1);
    for (int i = 0; i < WRITERS; i++) {
        snprintf(profile, sizeof(profile), "p%d", i);
        expect(path, profile, last, ROUNDS - 1 + 0.5);
    }
}

#define IN_A_DIRECTORY(test)                                                                       \
    cmocka_unit_test_setup_teardown(test, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_DIRECTORY(a_file_is_made_for_the_owner_alone),
        IN_A_DIRECTORY(the_sdks_own_is_read),
        IN_A_DIRECTORY(what_is_not_ours_stays),
        IN_A_DIRECTORY(what_is_no_token_is_not_read),
        IN_A_DIRECTORY(what_is_not_the_sdks_is_left_alone),
        IN_A_DIRECTORY(what_others_could_have_written_is_not_read),
        IN_A_DIRECTORY(many_at_once_lose_nothing_of_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
