/* Where the credentials come from: the environment, or a file by configparser's rules. */
#include "credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "buf.h"
#include "file.h"

#include "banned.h"

static const char *const variables[] = { "LAS_CLIENT_ID", "LAS_CLIENT_SECRET", "LAS_AUTH_ENDPOINT",
                                         "LAS_API_ENDPOINT" };

struct place {
    char dir[64];
    char path[128];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    snprintf(p->dir, sizeof(p->dir), "/tmp/test_credentials.XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->path, sizeof(p->path), "%s/.lucidtech", p->dir);
    if (mkdir(p->path, 0700) < 0)
        return -1;
    snprintf(p->path, sizeof(p->path), "%s/.lucidtech/credentials.cfg", p->dir);
    setenv("HOME", p->dir, 1);
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        unsetenv(variables[i]);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    char dir[128];

    unlink(p->path);
    snprintf(dir, sizeof(dir), "%s/.lucidtech", p->dir);
    rmdir(dir);
    rmdir(p->dir);
    free(p);
    return 0;
}

static void write_file(const struct place *p, const char *text, mode_t mode)
{
    assert_int_equal(file_replace(p->path, text, strlen(text), mode), 0);
    assert_int_equal(chmod(p->path, mode), 0);
}

#define FOUR "client_id = I\nclient_secret = S\nauth_endpoint = A\napi_endpoint = P\n"
#define REST "\nauth_endpoint = A\napi_endpoint = P\n"

static void file_is_read_as_configparser_does(void **state)
{
    static const struct {
        const char *name, *profile, *text;
        int rc;
        const char *id, *secret;
        bool use_cache;
        const char *says;
    } rows[] = {
        { "plain", NULL, "[default]\n" FOUR, 0, "I", "S" },
        { "no blanks, colons", NULL,
          "[default]\nclient_id:I\nclient_secret:S=:\nauth_endpoint:A\napi_endpoint:P", 0, "I",
          "S=:" },
        { "CR LF", NULL,
          "[default]\r\nclient_id = I\r\nclient_secret = S\r\nauth_endpoint=A\r\napi_endpoint=P\r\n",
          0, "I", "S" },
        { "keys in any case", NULL, "[default]\nClient_ID = I\nCLIENT_SECRET = S" REST, 0, "I",
          "S" },
        { "comments are whole lines", NULL,
          "# a\n; b\n[default]\n  # c\nclient_id = I ; no comment\nclient_secret = S # nor here" REST,
          0, "I ; no comment", "S # nor here" },
        { "percent", NULL, "[default]\nclient_id = a%%b\nclient_secret = %%" REST, 0, "a%b", "%" },
        { "lone percent", NULL, "[default]\nclient_id = a%b\nclient_secret = S" REST, -EINVAL,
          .says = "client_id" },
        { "percent at the end", NULL, "[default]\nclient_id = a%\nclient_secret = S" REST, -EINVAL,
          .says = "client_id" },
        { "reference", NULL, "[default]\nclient_id = %(x)s\nclient_secret = S" REST, -EINVAL,
          .says = "client_id" },
        { "percent in another key", NULL, "[default]\nwhatever = 100%\n" FOUR, 0, "I", "S" },
        { "fallback", NULL, "[DEFAULT]\nclient_secret = D\n[default]\nclient_id = I" REST, 0, "I",
          "D" },
        { "fallback behind", NULL,
          "[default]\nclient_id = I" REST "[DEFAULT]\nclient_id = no\nclient_secret = D\n", 0, "I",
          "D" },
        { "fallback alone is no section", NULL, "[DEFAULT]\n" FOUR, -ENOENT, .says = "[default]" },
        { "empty section with fallback", "p", "[DEFAULT]\n" FOUR "[p]\n", 0, "I", "S" },
        { "profile", "work", "[default]\n" FOUR "[work]\nclient_id = W\nclient_secret = X" REST, 0,
          "W", "X" },
        { "profile's case counts", "Work", "[default]\n" FOUR "[work]\n" FOUR, -ENOENT,
          .says = "[Work]" },
        { "profile is not a part", "wor", "[work]\n" FOUR, -ENOENT, .says = "[wor]" },
        { "profile with a blank", "my own", "[my own]\n" FOUR, 0, "I", "S" },
        { "long profile", "a23456789b123456789c123456789d123456789e123456789f123456789X",
          "[a23456789b123456789c123456789d123456789e123456789f123456789Y]\nclient_id = no\n"
          "[a23456789b123456789c123456789d123456789e123456789f123456789X]\n" FOUR,
          0, "I", "S" },
        { "indented", NULL,
          "[default]\n  client_id = I\n  client_secret = S\n  auth_endpoint = A\n"
          "  api_endpoint = P\n",
          0, "I", "S" },
        { "over several lines", NULL, "[default]\nclient_id = I\n   J\nclient_secret = S" REST,
          -EINVAL, .says = "line 3" },
        { "missing key", NULL, "[default]\nclient_id = I" REST, -EINVAL, .says = "client_secret" },
        { "empty key", NULL, "[default]\nclient_id = I\nclient_secret =" REST, -EINVAL,
          .says = "client_secret" },
        { "twice", NULL, "[default]\nclient_id = I\n" FOUR, -EINVAL, .says = "twice" },
        { "no section", NULL, FOUR, -EINVAL, .says = "line 1" },
        { "no key", NULL, "[default]\nrubbish\n" FOUR, -EINVAL, .says = "line 2" },
        { "no end of section", NULL, "[default\n" FOUR, -EINVAL, .says = "line 1" },
        { "empty", NULL, "", -ENOENT, .says = "[default]" },
        { "api_key is ignored", NULL, "[default]\napi_key = K\n" FOUR, 0, "I", "S" },
        { "odd keys are none of ours", NULL, "[default]\na b;c = 1\n= 2\n" FOUR, 0, "I", "S" },
        { "use_cache true", NULL, "[default]\nuse_cache = true\n" FOUR, 0, "I", "S", true },
        { "use_cache True", NULL, "[default]\nuse_cache: True\n" FOUR, 0, "I", "S", true },
        { "use_cache TRUE", NULL, "[default]\nuse_cache = TRUE\n" FOUR, 0, "I", "S", false },
        { "use_cache 1", NULL, "[default]\nuse_cache = 1\n" FOUR, 0, "I", "S", false },
    };
    struct place *p = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct credentials c = { 0 };
        struct failure err = { 0 };

        print_message("%s\n", rows[i].name);
        write_file(p, rows[i].text, 0600);
        assert_int_equal(credentials_load(NULL, rows[i].profile, NULL, &c, &err), rows[i].rc);
        if (rows[i].rc < 0) {
            assert_non_null(strstr(err.text, rows[i].says));
            assert_null(strchr(err.text, '\n'));
            assert_null(c.client_id);
            continue;
        }
        assert_string_equal(c.client_id, rows[i].id);
        assert_string_equal(c.client_secret, rows[i].secret);
        assert_string_equal(c.auth_endpoint, "A");
        assert_string_equal(c.api_endpoint, "P");
        assert_int_equal(c.use_cache, rows[i].use_cache);
        credentials_release(&c);
    }
}

static void long_values_are_whole(void **state)
{
    struct place *p = *state;
    struct buf text = BUF_INIT(100000), secret = BUF_INIT(100000);
    struct credentials c = { 0 };
    struct failure err;

    for (int i = 0; i < 3000; i++)
        assert_int_equal(buf_addc(&secret, (char)('a' + i % 26)), 0);
    assert_int_equal(buf_addf(&text, "[default]\nclient_id = I\n# %s\nclient_secret = %s" REST,
                              secret.data, secret.data),
                     0);
    write_file(p, text.data, 0600);
    assert_int_equal(credentials_load(p->path, NULL, NULL, &c, &err), 0);
    assert_string_equal(c.client_secret, secret.data);
    credentials_release(&c);
    buf_release(&text);
    buf_release(&secret);
}

/* What is written to stderr while fn runs, at most size - 1 bytes of it. */
static int load_and_hear(const char *profile, struct credentials *c, struct failure *err,
                         char *heard, size_t size)
{
    struct log *log;
    int pipe_fds[2], old = dup(STDERR_FILENO), rc;
    ssize_t n;

    assert_int_equal(log_new("t", LOG_LEVEL_INFO, &log), 0);
    assert_int_equal(pipe(pipe_fds), 0);
    dup2(pipe_fds[1], STDERR_FILENO);
    close(pipe_fds[1]);
    rc = credentials_load(NULL, profile, log, c, err);
    dup2(old, STDERR_FILENO);
    close(old);
    n = read(pipe_fds[0], heard, size - 1);
    heard[n > 0 ? n : 0] = '\0';
    close(pipe_fds[0]);
    log_free(log);
    return rc;
}

static void set_variables(size_t n, const char *value)
{
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        if (i < n)
            setenv(variables[i], value, 1);
        else
            unsetenv(variables[i]);
}

static void environment_wins_when_whole(void **state)
{
    struct place *p = *state;
    struct credentials c = { 0 };
    struct failure err;
    char heard[1024];

    write_file(p, "[default]\nuse_cache = true\n" FOUR, 0600);
    set_variables(4, "env");
    assert_int_equal(load_and_hear(NULL, &c, &err, heard, sizeof(heard)), 0);
    assert_string_equal(heard, "");
    assert_string_equal(c.client_id, "env");
    assert_string_equal(c.api_endpoint, "env");
    assert_string_equal(c.api_from, "LAS_API_ENDPOINT");
    assert_false(c.use_cache);
    credentials_release(&c);

    assert_int_equal(load_and_hear("default", &c, &err, heard, sizeof(heard)), 0);
    assert_string_equal(c.client_id, "I");
    credentials_release(&c);
    set_variables(0, NULL);
}

static void the_place_of_the_endpoint_is_named(void **state)
{
    static const struct {
        const char *text, *profile, *place; /* behind the path */
    } rows[] = {
        { "[default]\n" FOUR, NULL, ": line 5: [default] api_endpoint" },
        { "# x\n\n[work]\n" FOUR, "work", ": line 7: [work] api_endpoint" },
        { "[work]\nclient_id = I\nclient_secret = S\nauth_endpoint = A\n[DEFAULT]\n"
          "API_ENDPOINT: P\n",
          "work", ": line 6: [DEFAULT] api_endpoint" },
    };
    struct place *p = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct credentials c = { 0 };
        struct failure err;

        write_file(p, rows[i].text, 0600);
        assert_int_equal(credentials_load(NULL, rows[i].profile, NULL, &c, &err), 0);
        assert_memory_equal(c.api_from, p->path, strlen(p->path));
        assert_string_equal(c.api_from + strlen(p->path), rows[i].place);
        credentials_release(&c);
        assert_null(c.api_from);
    }
}

static void half_an_environment_is_told_and_not_used(void **state)
{
    struct place *p = *state;

    write_file(p, "[default]\n" FOUR, 0600);
    for (size_t n = 1; n < 4; n++) {
        struct credentials c = { 0 };
        struct failure err;
        char heard[1024];

        set_variables(n, "env");
        assert_int_equal(load_and_hear(NULL, &c, &err, heard, sizeof(heard)), 0);
        assert_string_equal(c.client_id, "I");
        assert_non_null(strstr(heard, "LAS_API_ENDPOINT"));
        assert_null(strstr(heard, "LAS_CLIENT_ID,"));
        assert_ptr_equal(strchr(heard, '\n'), heard + strlen(heard) - 1);
        credentials_release(&c);
    }
    set_variables(4, "env");
    setenv("LAS_CLIENT_SECRET", "", 1);
    {
        struct credentials c = { 0 };
        struct failure err;
        char heard[1024];

        assert_int_equal(load_and_hear(NULL, &c, &err, heard, sizeof(heard)), 0);
        assert_string_equal(c.client_id, "I");
        assert_non_null(strstr(heard, "LAS_CLIENT_SECRET"));
        credentials_release(&c);
    }
    set_variables(0, NULL);
}

static void open_file_is_used_with_a_warning(void **state)
{
    struct place *p = *state;
    static const struct {
        mode_t mode;
        bool warns;
    } rows[] = {
        { 0600, false }, { 0400, false }, { 0640, true }, { 0604, true }, { 0666, true },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct credentials c = { 0 };
        struct failure err;
        char heard[1024];

        print_message("%o\n", rows[i].mode);
        write_file(p, "[default]\n" FOUR, rows[i].mode);
        assert_int_equal(load_and_hear(NULL, &c, &err, heard, sizeof(heard)), 0);
        assert_int_equal(strstr(heard, "chmod 600") != NULL, rows[i].warns);
        credentials_release(&c);
    }
}

static void what_cannot_be_read_is_one_line(void **state)
{
    struct place *p = *state;
    struct credentials c = { 0 };
    struct failure err;

    unlink(p->path);
    assert_int_equal(credentials_load(NULL, NULL, NULL, &c, &err), -ENOENT);
    assert_non_null(strstr(err.text, p->path));
    assert_int_equal(credentials_load(p->dir, NULL, NULL, &c, &err), -EINVAL);
    assert_int_equal(credentials_load("/dev/null/x", NULL, NULL, &c, &err), -ENOENT);
    unsetenv("HOME");
    assert_int_equal(credentials_load(NULL, NULL, NULL, &c, &err), -ENOENT);
    setenv("HOME", p->dir, 1);
    if (geteuid() != 0) {
        write_file(p, "[default]\n" FOUR, 0);
        assert_int_equal(credentials_load(NULL, NULL, NULL, &c, &err), -EACCES);
    }
    assert_int_equal(file_replace(p->path, "[default]\nclient_id = a\0b", 24, 0600), 0);
    assert_int_equal(credentials_load(NULL, NULL, NULL, &c, &err), -EINVAL);
}

static void no_secret_is_in_an_error(void **state)
{
    struct place *p = *state;
    struct credentials c = { 0 };
    struct failure err;

    write_file(p, "[default]\nclient_id = I\nclient_secret = hush%hush" REST, 0600);
    assert_int_equal(credentials_load(NULL, NULL, NULL, &c, &err), -EINVAL);
    assert_null(strstr(err.text, "hush"));
    write_file(p, "[default]\nclient_id = I\nclient_secret\nhush" REST, 0600);
    assert_int_equal(credentials_load(NULL, NULL, NULL, &c, &err), -EINVAL);
    assert_null(strstr(err.text, "hush"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_is_read_as_configparser_does),
        cmocka_unit_test(long_values_are_whole),
        cmocka_unit_test(environment_wins_when_whole),
        cmocka_unit_test(the_place_of_the_endpoint_is_named),
        cmocka_unit_test(half_an_environment_is_told_and_not_used),
        cmocka_unit_test(open_file_is_used_with_a_warning),
        cmocka_unit_test(what_cannot_be_read_is_one_line),
        cmocka_unit_test(no_secret_is_in_an_error),
    };

    return cmocka_run_group_tests(tests, make_place, remove_place);
}
