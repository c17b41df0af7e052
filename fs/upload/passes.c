#include "passes.h"

#include <errno.h>

#include "banned.h"

bool failure_passes(int rc, const struct failure *why)
{
    switch (rc) {
    case -EACCES:
        return why->status == 401; /* a token may be had again */
    case -EIO:
    case -ETIMEDOUT:
    case -EHOSTUNREACH:
    case -ECONNRESET:
    case -EAGAIN:
    case -EINTR:
    case -ENOMEM:
    case -ENOSPC:
    case -EMFILE:
    case -ENFILE:
        return true;
    default:
        return false;
    }
}

bool failure_is_answer(const struct failure *why)
{
    return why->status >= 400 && why->status != 408 && why->status != 502 && why->status != 504;
}
