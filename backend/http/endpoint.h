/* The addresses that a configuration names, checked and put together. Pure. */
#ifndef LASFS_ENDPOINT_H
#define LASFS_ENDPOINT_H

#include <stdbool.h>

#include "buf.h"
#include "failure.h"

/*
 * Adds text's URL to out, without a slash at its end; with no scheme it is https. what names it
 * in err. 0; -EINVAL: no URL, a user, query or fragment in it, another scheme than http and
 * https, or http to a host that is not loopback; -ENOMEM.
 */
int endpoint_check(const char *what, const char *text, struct buf *out, struct failure *err);

/*
 * Adds text, the address of bytes that an answer of the API at base (a checked URL) names, to out.
 * *own: it is at base's own port, and host or one below that (files.HOST), or both are this machine:
 * there the token may go. 0; -EIO: no URL, a user in
 * it, or a scheme that endpoint_check() refuses; -ENOMEM.
 */
int endpoint_check_file(const char *what, const char *text, const char *base, struct buf *out,
                        bool *own, struct failure *err);

/* Is there nothing behind the host and port? */
bool endpoint_is_bare(const char *url);

/* Is it http, which only loopback may be? */
bool endpoint_is_plain(const char *url);

#endif
