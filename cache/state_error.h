/* What SQLite says, as an errno. */
#ifndef LASFS_STATE_ERROR_H
#define LASFS_STATE_ERROR_H

#include <sqlite3.h>

#include "failure.h"

/* What the last call on db says, with words in err. -ENOSPC, -ENOMEM; -EUCLEAN: the file is not what
 * it should be; else -EIO. */
int state_error(sqlite3 *db, struct failure *err);

#endif
