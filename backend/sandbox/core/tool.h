/*
 * Other programs of this machine, at work on bytes: no shell in between, nothing of ours inherited,
 * and bounds on what they may take. Any thread.
 */
#ifndef SANDBOX_TOOL_H
#define SANDBOX_TOOL_H

#include <stddef.h>

#include "buf.h"

/* Where such a program finds its input, as a file that it may seek in. */
#define TOOL_INPUT "/dev/stdin"

#define TOOL_SECONDS 20
#define TOOL_MEMORY ((size_t)1 << 30)

/*
 * Runs argv[0], which PATH has, with these bytes as its standard input, and adds what it writes to
 * out. stop: a descriptor that is readable when nobody waits any more; -1: none.
 * Blocks for at most TOOL_SECONDS. 0; -ENOENT: there is no such program; -EINVAL: it failed, or took
 * more than it may; -EFBIG: it wrote more than out takes; -ETIMEDOUT; -ECANCELED: stop; -ENOMEM,
 * -EIO.
 */
int tool_run(const char *const argv[], const void *in, size_t len, int stop, struct buf *out);

#endif
