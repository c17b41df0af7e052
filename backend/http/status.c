#include "status.h"

#include <errno.h>
#include <string.h>

#include "array.h"

#include "banned.h"

static bool says(const char *message, const char *words)
{
    return strcasestr(message, words) != NULL;
}

/* A 429 that has the word "limit" may be a rate limit, which passes. */
static bool is_quota(int status, const char *message)
{
    if (says(message, "quota"))
        return true;
    if (!says(message, "limit") || says(message, "rate limit"))
        return false;
    return status == 429 || says(message, "exceeded") || says(message, "reached");
}

bool status_is_throttle(int status, const char *message)
{
    return status == 429 && !is_quota(status, message);
}

bool status_is_token(int status, const char *message)
{
    return status == 401 || (status == 403 && !is_quota(status, message));
}

static int by_text(const char *message, int otherwise)
{
    if (says(message, "not empty"))
        return -ENOTEMPTY;
    if (says(message, "in use") || says(message, "being used"))
        return -EBUSY;
    return otherwise;
}

int status_errno(int status, const char *message)
{
    static const struct {
        int status, rc;
        bool quota, text; /* the message may tell more */
    } rows[] = {
        { 400, -EINVAL, true, true },  { 401, -EACCES, false, false },
        { 403, -EACCES, true, false }, { 404, -ENOENT, false, false },
        { 409, -EEXIST, true, true },  { 410, -ENOENT, false, false },
        { 413, -EFBIG, false, false }, { 415, -EINVAL, false, false },
        { 422, -EINVAL, false, true }, { 429, -EAGAIN, true, false },
        { 408, -EIO, false, false },
    };

    if (status >= 200 && status < 300)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status != status)
            continue;
        if (rows[i].quota && is_quota(status, message))
            return -EDQUOT;
        return rows[i].text ? by_text(message, rows[i].rc) : rows[i].rc;
    }
    return status >= 400 && status < 500 ? -EINVAL : -EIO;
}
