#include "progress.h"

#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "array.h"

#include "banned.h"

struct terminal {
    struct fake_clock clock;
    int master, slave;
    struct progress progress;
};

static int open_terminal(void **state)
{
    static struct terminal t;
    struct winsize size = { .ws_row = 24, .ws_col = 20 };

    setenv("TERM", "xterm", 1);
    fake_clock_init(&t.clock, 5000, 0);
    if (openpty(&t.master, &t.slave, NULL, NULL, &size) < 0)
        return -1;
    progress_begin(&t.progress, t.slave, &t.clock.clock);
    *state = &t;
    return 0;
}

static int close_terminal(void **state)
{
    struct terminal *t = *state;

    close(t->slave);
    close(t->master);
    return 0;
}

/* What comes next; that nothing did shows at the next look, as the order is kept. */
static void expect_shown(struct terminal *t, const char *expected)
{
    char text[1024] = "";
    size_t len = 0;

    while (len < strlen(expected)) {
        struct pollfd ready = { .fd = t->master, .events = POLLIN };
        ssize_t n;

        assert_int_equal(poll(&ready, 1, 10000), 1);
        n = read(t->master, text + len, sizeof(text) - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    assert_string_equal(text, expected);
}

static void progress_says_nothing_for_a_second(void **state)
{
    struct terminal *t = *state;

    fake_clock_advance(&t->clock, PROGRESS_AFTER_MS - 1);
    progress_show(&t->progress, "one");
    assert_false(progress_is_long(&t->progress));
    progress_end(&t->progress);
    fake_clock_advance(&t->clock, 1);
    assert_true(progress_is_long(&t->progress));
    progress_show(&t->progress, "two");
    expect_shown(t, "\r\033[Ktwo");
}

static void progress_replaces_its_line_and_takes_it_away(void **state)
{
    struct terminal *t = *state;

    fake_clock_advance(&t->clock, PROGRESS_AFTER_MS);
    for (int i = 0; i < 1000; i++)
        progress_show(&t->progress, "%d", i);
    fake_clock_advance(&t->clock, PROGRESS_EVERY_MS);
    progress_show(&t->progress, "last");
    progress_end(&t->progress);
    progress_end(&t->progress);
    expect_shown(t, "\r\033[K0\r\033[Klast\r\033[K");
    progress_show(&t->progress, "again");
    expect_shown(t, "\r\033[Kagain");
}

static void progress_stays_within_the_width(void **state)
{
    struct terminal *t = *state;
    struct winsize narrow = { .ws_col = 6 };

    fake_clock_advance(&t->clock, PROGRESS_AFTER_MS);
    progress_show(&t->progress, "%s", "0123456789012345678901234");
    expect_shown(t, "\r\033[K0123456789012345678");
    assert_int_equal(ioctl(t->slave, TIOCSWINSZ, &narrow), 0);
    fake_clock_advance(&t->clock, PROGRESS_EVERY_MS);
    progress_show(&t->progress, "%s", "0123456789");
    expect_shown(t, "\r\033[K01234");
}

static void progress_fits_whole_characters_and_no_commands(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
        const char *fit;
    } cases[] = {
        { "abc", 3, "abc" },
        { "abcd", 3, "abc" },
        { "a\xc3\xa9z", 4, "a\xc3\xa9z" },
        { "a\xc3\xa9z", 2, "a" },
        { "\xe6\x96\x87\xe6\x96\x87", 4, "\xe6\x96\x87" },
        { "a\033[2Jb\n\t\x7f", 20, "a?[2Jb???" },
        { "a\xc2\x9b"
          "2J",
          20, "a??2J" },
        { "", 3, "" },
        { "a", 0, "" },
    };
    char out[PROGRESS_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].fit);
        progress_fit(cases[i].text, cases[i].columns, out);
        assert_string_equal(out, cases[i].fit);
    }
}

static void progress_is_off_where_there_is_no_terminal(void **state)
{
    struct terminal *t = *state;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    progress_begin(&t->progress, ends[1], &t->clock.clock);
    assert_false(progress_is_on(&t->progress));
    fake_clock_advance(&t->clock, 10 * PROGRESS_AFTER_MS);
    progress_show(&t->progress, "x");
    progress_end(&t->progress);
    close(ends[1]);
    assert_int_equal(read(ends[0], &(char){ 0 }, 1), 0);
    close(ends[0]);
    setenv("TERM", "dumb", 1);
    progress_begin(&t->progress, t->slave, &t->clock.clock);
    assert_false(progress_is_on(&t->progress));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_terminal, close_terminal)
    const struct CMUnitTest tests[] = {
        TEST(progress_says_nothing_for_a_second),
        TEST(progress_replaces_its_line_and_takes_it_away),
        TEST(progress_stays_within_the_width),
        TEST(progress_fits_whole_characters_and_no_commands),
        TEST(progress_is_off_where_there_is_no_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
