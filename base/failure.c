#include "failure.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

static const char unknown[] = "outcome unknown: ";
#define UNKNOWN_LEN (sizeof(unknown) - 1)

static void __attribute__((format(printf, 3, 0)))
failure_setv(struct failure *f, int status, const char *fmt, va_list ap)
{
    f->status = status;
    f->outcome = OUTCOME_NONE;
    vsnprintf(f->text, sizeof(f->text), fmt, ap);
    for (char *p = f->text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
}

void failure_set(struct failure *f, int status, const char *fmt, ...)
{
    va_list ap;

    if (!f)
        return;
    va_start(ap, fmt);
    failure_setv(f, status, fmt, ap);
    va_end(ap);
}

int fail(struct failure *f, int rc, int status, const char *fmt, ...)
{
    va_list ap;

    if (!f)
        return rc;
    va_start(ap, fmt);
    failure_setv(f, status, fmt, ap);
    va_end(ap);
    return rc;
}

void failure_unknown(struct failure *f)
{
    size_t kept;

    if (!f || f->outcome == OUTCOME_UNKNOWN)
        return;
    kept = strnlen(f->text, sizeof(f->text) - 1 - UNKNOWN_LEN);
    memmove(f->text + UNKNOWN_LEN, f->text, kept);
    memcpy(f->text, unknown, UNKNOWN_LEN);
    f->text[UNKNOWN_LEN + kept] = '\0';
    f->outcome = OUTCOME_UNKNOWN;
}

void failure_known(struct failure *f)
{
    if (f->outcome != OUTCOME_UNKNOWN)
        return;
    memmove(f->text, f->text + UNKNOWN_LEN, strlen(f->text + UNKNOWN_LEN) + 1);
    f->outcome = OUTCOME_NONE;
}

const char *failure_cause(const struct failure *f)
{
    return f->outcome == OUTCOME_UNKNOWN ? f->text + UNKNOWN_LEN : f->text;
}
