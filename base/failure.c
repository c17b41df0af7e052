#include "failure.h"

#include <stdio.h>

#include "banned.h"

static void __attribute__((format(printf, 3, 0)))
failure_setv(struct failure *f, int status, const char *fmt, va_list ap)
{
    f->status = status;
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
