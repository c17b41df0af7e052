#include "state_error.h"

#include <errno.h>

#include "banned.h"

int state_error(sqlite3 *db, struct failure *err)
{
    int code = sqlite3_errcode(db) & 0xff;
    int rc = -EIO;

    if (code == SQLITE_FULL)
        rc = -ENOSPC;
    else if (code == SQLITE_NOMEM)
        rc = -ENOMEM;
    else if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
        rc = -EUCLEAN;
    return fail(err, rc, 0, "state database: %s", sqlite3_errmsg(db));
}
