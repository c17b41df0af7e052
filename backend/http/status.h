/* HTTP's status and the API's message as an errno. Pure. */
#ifndef LASFS_STATUS_H
#define LASFS_STATUS_H

#include <stdbool.h>

/*
 * 2xx: 0. 400, 405, 415, 422 and other 4xx: -EINVAL, or -ENOTEMPTY or -EBUSY where the message
 * says "not empty" or "in use". 401, 403: -EACCES. 404, 410: -ENOENT. 409: -EEXIST or, by the
 * message, as 400. 413: -EFBIG. 429: -EAGAIN. Of 400, 403, 409 and 429 those that speak of a
 * quota: -EDQUOT. Everything else, redirections among it: -EIO.
 */
int status_errno(int status, const char *message);

/* Does a 429 ask to come again later, and does not tell of a quota that is used up? */
bool status_is_throttle(int status, const char *message);

/* 401, 403 that a fresh token may mend. */
bool status_is_token(int status, const char *message);

#endif
