#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "file.h"

#include "banned.h"

#define COLUMNS_DEFAULT 80
#define CLEAR "\r\033[K"

static bool is_terminal(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

void progress_begin(struct progress *p, int fd, struct clock *clock)
{
    int64_t now = clock_now_ms(clock);

    *p = (struct progress){ .clock = clock,
                            .fd = is_terminal(fd) ? fd : -1,
                            .begun_ms = now,
                            .due_ms = now + PROGRESS_AFTER_MS };
}

bool progress_is_on(const struct progress *p)
{
    return p->fd >= 0;
}

bool progress_is_long(const struct progress *p)
{
    return clock_now_ms(p->clock) - p->begun_ms >= PROGRESS_AFTER_MS;
}

/* The last column stays free: some terminals begin a new line behind it. */
static size_t columns_of(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
        return COLUMNS_DEFAULT - 1;
    return size.ws_col - 1u;
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

void progress_fit(const char *text, size_t columns, char out[PROGRESS_LINE_MAX])
{
    size_t len = strlen(text);

    /* no character of UTF-8 has more columns than bytes */
    if (columns > PROGRESS_LINE_MAX - 1)
        columns = PROGRESS_LINE_MAX - 1;
    if (len > columns) {
        len = columns;
        while (len > 0 && continues(text[len]))
            len--;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        /* U+0080 to U+009F are commands too */
        bool c1 = i > 0 && (unsigned char)text[i - 1] == 0xc2 && c >= 0x80 && c < 0xa0;

        out[i] = c < 0x20 || c == 0x7f || c1 ? '?' : text[i];
        if (c1)
            out[i - 1] = '?';
    }
    out[len] = '\0';
}

void progress_show(struct progress *p, const char *fmt, ...)
{
    char text[PROGRESS_LINE_MAX], line[PROGRESS_LINE_MAX], all[PROGRESS_LINE_MAX + sizeof(CLEAR)];
    int64_t now = clock_now_ms(p->clock);
    va_list ap;

    if (p->fd < 0 || now < p->due_ms)
        return;
    p->due_ms = now + PROGRESS_EVERY_MS;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    progress_fit(text, columns_of(p->fd), line);
    snprintf(all, sizeof(all), CLEAR "%s", line);
    p->shown = file_write_all(p->fd, all, strlen(all)) == 0;
}

void progress_end(struct progress *p)
{
    if (!p->shown)
        return;
    file_write_all(p->fd, CLEAR, strlen(CLEAR));
    p->shown = false;
    p->due_ms = 0;
}
