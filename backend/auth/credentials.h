/*
 * Where the client id and secret come from. Source: the SDK's rules: four environment variables,
 * else ~/.lucidtech/credentials.cfg by configparser's rules; but a value over several lines and
 * %(references) are refused.
 */
#ifndef LASFS_CREDENTIALS_H
#define LASFS_CREDENTIALS_H

#include <stdbool.h>

#include "buf.h"
#include "failure.h"
#include "log.h"

#define CREDENTIALS_USUAL_API "https://api.lucidtech.ai/v1"

struct credentials {
    char *client_id, *client_secret, *auth_endpoint, *api_endpoint;
    char *api_from; /* where api_endpoint was found, for a line that says what to mend there */
    bool use_cache;
    char *token_cache, *profile; /* with use_cache: the SDK's file beside it, its section */
};

/*
 * The environment when all four variables are non-empty and profile is NULL; else the file
 * (path NULL: ~/.lucidtech/credentials.cfg) and its section (profile NULL: default). Warnings go
 * to log: some of the four set, a file that others can read (with the chmod that mends it).
 * Blocks for the disk. 0; -ENOENT no file or section, -EINVAL a missing key or a file that
 * cannot be parsed, -EACCES; err has the one line to show.
 */
int credentials_load(const char *path, const char *profile, struct log *log,
                     struct credentials *out, struct failure *err);

/*
 * What to do for one who has none: adds lines to out, each with its newline: how to do without,
 * and the four lines that belong into the file. path, profile: as above. 0, -ENOMEM, -EFBIG.
 */
int credentials_advise(const char *path, const char *profile, const char *mountpoint,
                       struct buf *out);

/* Wipes and frees what it points to. */
void credentials_release(struct credentials *c);

#endif
