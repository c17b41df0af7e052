/*
 * The file of the state database, from its name to a connection that can be used: whose it is, is
 * it whole, of which version. What cannot be understood is set aside, under another name beside it,
 * and nothing that is there is ever overwritten. For one thread, before others have the database.
 */
#ifndef LASFS_STATE_FILE_H
#define LASFS_STATE_FILE_H

#include <sqlite3.h>
#include <stddef.h>

#include "buf.h"
#include "failure.h"

/* What it takes. All of it outlives the call. */
struct state_schema {
    const char *const *migrations; /* [n] makes version n + 1 of version n */
    size_t versions;
    const char *const *statements; /* that must fit its tables */
    size_t n_statements;
};

/*
 * Opens or makes state.db in the directory dirfd (dir: its path), which owned_dir_open() has
 * checked and which this process has locked, and brings it to the newest version. Lines of notices
 * say what was set aside.
 * 0; -EPERM: a file there is not this user's alone (owned.h); -EPROTO: it was made by a newer
 * program, or is somebody else's database; -EIO, -ENOSPC, -ENOMEM, -EACCES, -EROFS, ...; each with
 * words in err. *out is the caller's: sqlite3_close().
 */
int state_file_open(int dirfd, const char *dir, const struct state_schema *schema, sqlite3 **out,
                    struct buf *notices, struct failure *err);

#endif
