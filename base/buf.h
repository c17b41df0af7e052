/*
 * Growing bytes, born with their maximum. Always NUL-terminated once something was added, so
 * text can be used in place; the NUL is not counted in len. Not for sharing between threads.
 */
#ifndef LASFS_BUF_H
#define LASFS_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "cleanup.h"

struct buf {
    char *data; /* NULL until something was added */
    size_t len;
    size_t cap;
    size_t max; /* bytes; more is -EFBIG */
};

#define BUF_INIT(limit)                                                                            \
    {                                                                                              \
        .data = NULL, .len = 0, .cap = 0, .max = (limit)                                           \
    }

/* The caller's memory; release it with buf_release(). */
void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
#define cleanup_buf CLEANUP(buf_release)

/* Empties, keeps the memory. */
void buf_reset(struct buf *b);

/* Each adds at the end. 0, -EFBIG over the maximum, -ENOMEM; on failure nothing was added. */
int buf_add(struct buf *b, const void *data, size_t len);
int buf_adds(struct buf *b, const char *text);
int buf_addc(struct buf *b, char c);
/* Control characters as %XX, so that it ends no line; as much of it as there is room for. */
int buf_add_escaped(struct buf *b, const char *text);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_addv(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Makes it len bytes long; what is new is zero. 0, -EFBIG, -ENOMEM. */
int buf_resize(struct buf *b, size_t len);

/* The bytes as a string, "" when nothing was ever added. Valid until the next change. */
const char *buf_str(const struct buf *b);

/* Hands the bytes to the caller, who frees them; NULL when nothing was ever added. */
char *buf_take(struct buf *b);

#endif
