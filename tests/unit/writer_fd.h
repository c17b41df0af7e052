/* The descriptor that the next writer of a content seems to have, for tests that wrap content_writer_fd(). */
#ifndef LASFS_TEST_WRITER_FD_H
#define LASFS_TEST_WRITER_FD_H

#include "content.h"

static int next_writer_fd = -1; /* -1: its own */
int __real_content_writer_fd(const struct content_writer *w);
int __wrap_content_writer_fd(const struct content_writer *w);

int __wrap_content_writer_fd(const struct content_writer *w)
{
    int fd = next_writer_fd;

    next_writer_fd = -1;
    return fd >= 0 ? fd : __real_content_writer_fd(w);
}

#endif
