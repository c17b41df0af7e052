/* A folder gets another key, and all within it: in the database and here. For this room alone. */
#ifndef LASFS_DROP_REKEY_H
#define LASFS_DROP_REKEY_H

#include "drop.h"
#include "drop_shared.h"

/*
 * The folders within the subfolder d, and what failed there, as if d were called to_name; it still
 * has its old name then. in: the folder that d is in. Durable; no row is read or written meanwhile.
 * 0, -ENOENT d is gone, -ENOTEMPTY as drops_rename_subfolder() says, -ENOMEM, -EIO.
 */
int drops_rekey(struct drops *t, struct drop *d, const char *to_name, struct folder **in);

/* Would it be -ENOTEMPTY? */
int drops_check_rekey(struct drops *t, struct drop *d, const char *to_name);

#endif
