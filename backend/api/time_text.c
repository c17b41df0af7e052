#include "time_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "banned.h"

#define NS_PER_S 1000000000
#define YEAR_MIN 1678
#define YEAR_MAX 2261
#define FRACTION_MAX 9

/* The bits of a shape. */
#define DASH_MONTH (1u << 0)
#define DASH_DAY (1u << 1)
#define WITH_T (1u << 2)
#define WITH_BLANK (1u << 3)
#define COLON_MINUTE (1u << 4)
#define COLON_SECOND (1u << 5)
#define ZONE_Z (1u << 6)
#define ZONE_COLON (1u << 7)
#define FRACTION_SHIFT 8

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_number(struct cursor *c, int digits, int max, int *out)
{
    int value = 0;

    for (int i = 0; i < digits; i++, c->at++) {
        if (c->at == c->end || !isdigit((unsigned char)*c->at))
            return false;
        value = value * 10 + (*c->at - '0');
    }
    *out = value;
    return value <= max;
}

static bool take_date(struct cursor *c, struct tm *tm, unsigned *shape)
{
    int year, month;

    if (!take_number(c, 4, YEAR_MAX, &year) || year < YEAR_MIN)
        return false;
    *shape |= take(c, '-') ? DASH_MONTH : 0;
    if (!take_number(c, 2, 12, &month) || month < 1)
        return false;
    *shape |= take(c, '-') ? DASH_DAY : 0;
    if (!take_number(c, 2, 31, &tm->tm_mday) || tm->tm_mday < 1)
        return false;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    return true;
}

static bool take_clock(struct cursor *c, struct tm *tm, unsigned *shape, int64_t *fraction)
{
    unsigned digits = 0;

    if (!take_number(c, 2, 23, &tm->tm_hour))
        return false;
    *shape |= take(c, ':') ? COLON_MINUTE : 0;
    if (!take_number(c, 2, 59, &tm->tm_min))
        return false;
    *shape |= take(c, ':') ? COLON_SECOND : 0;
    if (!take_number(c, 2, 60, &tm->tm_sec))
        return false;
    *fraction = 0;
    if (!take(c, '.'))
        return true;
    for (; c->at < c->end && isdigit((unsigned char)*c->at); c->at++, digits++) {
        if (digits == FRACTION_MAX)
            return false;
        *fraction = *fraction * 10 + (*c->at - '0');
    }
    *shape |= digits << FRACTION_SHIFT;
    for (unsigned i = digits; i < FRACTION_MAX; i++)
        *fraction *= 10;
    return digits > 0;
}

static bool take_zone(struct cursor *c, unsigned *shape, int *offset_min)
{
    int hours, minutes, sign = 1;

    *offset_min = 0;
    if (take(c, 'Z')) {
        *shape |= ZONE_Z;
        return true;
    }
    if (take(c, '-'))
        sign = -1;
    else if (!take(c, '+'))
        return false;
    if (!take_number(c, 2, 23, &hours))
        return false;
    *shape |= take(c, ':') ? ZONE_COLON : 0;
    if (!take_number(c, 2, 59, &minutes))
        return false;
    *offset_min = sign * (hours * 60 + minutes);
    return true;
}

int time_text_parse(const char *text, size_t len, struct time_text *out)
{
    struct cursor c = { text, text + len };
    struct tm tm = { 0 };
    unsigned shape = 0;
    int64_t fraction;
    int offset_min;

    if (!take_date(&c, &tm, &shape))
        return -EINVAL;
    if (take(&c, 'T'))
        shape |= WITH_T;
    else if (take(&c, ' '))
        shape |= WITH_BLANK;
    if (!take_clock(&c, &tm, &shape, &fraction) || !take_zone(&c, &shape, &offset_min) ||
        c.at != c.end)
        return -EINVAL;
    out->ns = ((int64_t)timegm(&tm) - offset_min * 60) * NS_PER_S + fraction;
    out->offset_min = (int16_t)offset_min;
    out->shape = (uint16_t)shape;
    return 0;
}

static int format_fraction(const struct time_text *t, int64_t ns, char *out, size_t size)
{
    int digits = t->shape >> FRACTION_SHIFT;

    if (!digits)
        return 0;
    for (int i = digits; i < FRACTION_MAX; i++)
        ns /= 10;
    return snprintf(out, size, ".%0*lld", digits, (long long)ns);
}

size_t time_text_format(const struct time_text *t, char out[TIME_TEXT_MAX])
{
    int64_t seconds = t->ns / NS_PER_S, ns = t->ns % NS_PER_S;
    int zone = t->offset_min < 0 ? -t->offset_min : t->offset_min;
    unsigned s = t->shape;
    struct tm tm;
    time_t local;
    int len;

    if (ns < 0) {
        ns += NS_PER_S;
        seconds--;
    }
    local = (time_t)(seconds + t->offset_min * 60);
    gmtime_r(&local, &tm);
    len = snprintf(out, TIME_TEXT_MAX, "%04d%s%02d%s%02d%s%02d%s%02d%s%02d", tm.tm_year + 1900,
                   s & DASH_MONTH ? "-" : "", tm.tm_mon + 1, s & DASH_DAY ? "-" : "", tm.tm_mday,
                   s & WITH_T       ? "T"
                   : s & WITH_BLANK ? " "
                                    : "",
                   tm.tm_hour, s & COLON_MINUTE ? ":" : "", tm.tm_min, s & COLON_SECOND ? ":" : "",
                   tm.tm_sec);
    len += format_fraction(t, ns, out + len, TIME_TEXT_MAX - (size_t)len);
    if (s & ZONE_Z)
        len += snprintf(out + len, TIME_TEXT_MAX - (size_t)len, "Z");
    else
        len += snprintf(out + len, TIME_TEXT_MAX - (size_t)len, "%c%02d%s%02d",
                        t->offset_min < 0 ? '-' : '+', zone / 60, s & ZONE_COLON ? ":" : "",
                        zone % 60);
    return (size_t)len;
}

struct time_text time_text_utc(int64_t ns)
{
    return (struct time_text){
        .ns = ns,
        .shape = DASH_MONTH | DASH_DAY | WITH_T | COLON_MINUTE | COLON_SECOND | 6 << FRACTION_SHIFT,
    };
}
