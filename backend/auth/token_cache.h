/*
 * The file in which the SDK's programs share their tokens. Source: the SDK's token-cache.json,
 * {"PROFILE": {"access_token": TEXT, "expires_in": SECONDS SINCE THE EPOCH}}. It is the one place
 * where a token is on disk. Any thread; both block for the disk.
 */
#ifndef LASFS_TOKEN_CACHE_H
#define LASFS_TOKEN_CACHE_H

#include "failure.h"

/* The profile's token and when it ends; the caller wipes and frees it. 0; -ENOENT: it has none;
 * -EINVAL: the file is not the SDK's; -EPERM: it is not this user's alone (owned.h); -ENOMEM; what
 * open(2) says. */
int token_cache_read(const char *path, const char *profile, char **token, double *ends_s);

/* Puts it there; other profiles, and keys that we do not know, stay. Who else writes through here
 * waits; a reader sees the old or the new file. 0, with words in err what token_cache_read() and
 * the disk say. */
int token_cache_write(const char *path, const char *profile, const char *token, double ends_s,
                      struct failure *err);

#endif
