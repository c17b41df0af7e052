/*
 * Takes the content out of an answer as it arrives: the string at the top-level key "content" is
 * decoded from base64 and written to a descriptor, everything else is kept for a real parser,
 * with "" in the content's place. For one thread at a time.
 */
#ifndef LASFS_SCAN_H
#define LASFS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nettle/base64.h>

#include "buf.h"

struct scan {
    struct buf *rest; /* the caller's */
    int fd;           /* -1: the content is checked and dropped */
    int64_t size;     /* bytes of content so far, -1: there was none */
    /* the rest is the scanner's */
    int where;
    unsigned depth;
    bool key_next;    /* a string that starts now is a member's name */
    unsigned key_hit; /* characters of "content" that the name has had; beyond it: none */
    unsigned escape;  /* digits of \uXXXX that are still to come */
    unsigned escaped; /* their value so far */
    struct base64_decode_ctx base64;
    uint8_t *block;  /* of the content, before it is written; NULL: there is none */
    size_t held;     /* bytes of it */
    int64_t written; /* bytes before it */
};

/* The caller's memory; scan_release() ends it, in whatever state, and may be called again. All zero
 * has nothing to be released. */
void scan_init(struct scan *s, int fd, struct buf *rest);
void scan_release(struct scan *s);

/* The content is in the file once its string has ended. 0; -EIO: bad base64, or content twice; -EFBIG over rest's maximum, -ENOMEM; what pwrite(2)
 * says. After a failure it must not be fed again. Blocks for the disk. */
int scan_feed(struct scan *s, const char *data, size_t len);

/* At the answer's end: 0, -EIO when it ended within the content. */
int scan_end(struct scan *s);

#endif
