/*
 * Pictures of a document's pages: what the query of its file's address asks for, made by Debian's
 * poppler-utils, graphicsmagick and qpdf.
 */
#ifndef SANDBOX_RENDER_H
#define SANDBOX_RENDER_H

#include "buf.h"
#include "failure.h"
#include "sandbox.h"

#define RENDER_BYTES_MAX ((size_t)64 << 20)

/* Numbers are 0 where they are not asked for; page has page_asked beside it. */
struct render {
    int64_t width, height; /* pixels that the picture fits in, once it is turned */
    int64_t density;       /* dots per inch */
    int64_t rotation;      /* degrees, clockwise */
    int64_t page;          /* from 0; from the end where it is negative */
    bool page_asked;
    bool low; /* quality=low */
};

/* Reads a query; of other arguments nothing is said. 0; -EINVAL with words in err. Pure. */
int render_parse(const struct argument *args, size_t n, struct render *out, struct failure *err);

/* Is anything to be made of the bytes? */
bool render_is_asked(const struct render *r);

/*
 * Adds to out what is asked for of bytes of that type, whose own type then stands in *made: a
 * JPEG, or for quality=low alone a smaller PDF. stop: as tool_run() has it.
 * Any thread; blocks for other programs. 0; -EINVAL, or -ENOENT for a page that is not there, with a
 * status and words in err; -ENOMEM, -EIO.
 */
int render_run(const struct render *r, const char *type, const void *data, size_t len, int stop,
               struct buf *out, const char **made, struct failure *err);

#endif
