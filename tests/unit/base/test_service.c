/* What a service manager is told, byte for byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "service.h"
#include "temp_dir.h"

#include "banned.h"

/* A socket at path, '@' at its start for an abstract one, that the environment names. */
static int listen_at(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0 && strlen(path) < sizeof(at.sun_path));
    memcpy(at.sun_path, path, strlen(path));
    if (path[0] == '@')
        at.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))),
                     0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

static void heard(int fd, const char *expected)
{
    char text[4096];
    ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, expected);
}

static void service_tells_where_the_environment_says(void **state)
{
    char abstract[64];
    const char *paths[] = { in_dir(state, "notify"), abstract };

    snprintf(abstract, sizeof(abstract), "@lasfs-test-service-%ld", (long)getpid());
    for (size_t i = 0; i < 2; i++) {
        int fd = listen_at(paths[i]);
        struct service s;

        service_init(&s);
        assert_true(service_listens(&s));
        assert_null(getenv("NOTIFY_SOCKET"));
        assert_int_equal(service_tell(&s, "READY=1\nSTATUS=%s is %d", "it", 7), 0);
        heard(fd, "READY=1\nSTATUS=it is 7");
        assert_int_equal(service_tell(&s, "STOPPING=1"), 0);
        heard(fd, "STOPPING=1");
        close(fd);
        assert_int_equal(service_tell(&s, "STOPPING=1"), -ECONNREFUSED);
    }
}

static void service_cuts_what_is_too_long(void **state)
{
    int fd = listen_at(in_dir(state, "notify"));
    char text[4096] = "", expected[2048] = "";
    struct service s;

    memset(text, 'x', sizeof(text) - 1);
    memset(expected, 'x', sizeof(expected) - 1);
    service_init(&s);
    assert_int_equal(service_tell(&s, "%s", text), 0);
    heard(fd, expected);
    close(fd);
}

static void service_is_silent_when_nobody_listens(void **state)
{
    static const char *const none[] = { NULL, "", "/", "@", "relative", "vsock:2:1234" };
    char longest[256];

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    for (size_t i = 0; i <= 6; i++) {
        const char *path = i < 6 ? none[i] : longest;
        struct service s;

        if (path)
            setenv("NOTIFY_SOCKET", path, 1);
        else
            unsetenv("NOTIFY_SOCKET");
        service_init(&s);
        assert_false(service_listens(&s));
        assert_null(getenv("NOTIFY_SOCKET"));
        assert_int_equal(service_tell(&s, "READY=1"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(service_tells_where_the_environment_says, temp_dir_setup,
                                        temp_dir_teardown),
        cmocka_unit_test_setup_teardown(service_cuts_what_is_too_long, temp_dir_setup,
                                        temp_dir_teardown),
        cmocka_unit_test(service_is_silent_when_nobody_listens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
