/*
 * A file that is still being written, from its start on, and who reads it meanwhile: what is below
 * the mark is there, what is above it is waited for. One thread at a time writes; any thread reads.
 */
#ifndef LASFS_WATERMARK_H
#define LASFS_WATERMARK_H

#include <stdbool.h>
#include <stdint.h>

#include "call.h"
#include "clock.h"
#include "failure.h"

struct watermark;

/* With one reference, nothing there yet. 0, -ENOMEM. The last reference closes its files. */
int watermark_new(struct watermark **out);
struct watermark *watermark_ref(struct watermark *w);
void watermark_unref(struct watermark *w); /* NULL is fine */

/* --- Who writes: none of these blocks --------------------------------------------------------- */

/* From now on the bytes are in fd, which has those that are there already; fd stays the caller's. What readers
 * have of a file before stays good. 0, what dup(2) gives; -EMFILE also for more than two files. */
int watermark_begin(struct watermark *w, int fd);

/* It will be size bytes. 0; -ESTALE: something else was said before, and somebody may go by that. */
int watermark_expect(struct watermark *w, int64_t size);

/* The first so many bytes are in the file. Fewer than before, as when they come anew, change nothing. */
void watermark_rise(struct watermark *w, int64_t bytes);

/* No more will come: all is there (rc 0), or that is why not. err may be NULL. */
void watermark_end(struct watermark *w, int rc, const struct failure *err);

/* --- Who reads -------------------------------------------------------------------------------- */

struct watermark_state {
    int fd;        /* where the bytes are, the watermark's, -1: nowhere yet */
    int64_t there; /* so many */
    int64_t size;  /* of all, -1: it is not known yet */
    bool ended;
};

/*
 * Until the first upto bytes are there, or all when they are fewer; INT64_MAX: until it has ended.
 * 0: *out, whose fd is good as long as there is a reference. -EWOULDBLOCK with nowait, -EINTR, or why
 * it ended before, in err's words.
 */
int watermark_wait(struct watermark *w, struct call *call, struct clock *clock, int64_t upto,
                   struct watermark_state *out, struct failure *err);

/* Until it is known how long it will be, or it has ended well. As watermark_wait(). */
int watermark_wait_size(struct watermark *w, struct call *call, struct clock *clock,
                        struct watermark_state *out, struct failure *err);

/* As it is now. */
void watermark_look(struct watermark *w, struct watermark_state *out);

#endif
