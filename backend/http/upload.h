/*
 * The body of a request as a stream: text, the bytes of a file (as base64), text. It can be read
 * from any place, so that a request can be sent again. For one thread at a time.
 */
#ifndef LASFS_UPLOAD_H
#define LASFS_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct upload {
    const char *head, *tail; /* the caller's; tail may be NULL */
    size_t head_len, tail_len;
    int fd;         /* -1: nothing between */
    int64_t fd_len; /* bytes of fd from its start */
    bool raw;       /* they are sent as they are, not as base64 */
    int64_t at;     /* how far it was read */
};

int64_t upload_size(const struct upload *u);

/* The next bytes, at most len; 0 at the end, -EIO when the file is shorter than it said, and
 * what pread(2) says. Blocks for the disk. */
ssize_t upload_read(struct upload *u, char *out, size_t len);

#endif
