/* The folders: by key, each made and read when it is first needed. Any thread. */
#ifndef LASFS_DROP_FOLDERS_H
#define LASFS_DROP_FOLDERS_H

#include "drop.h"

/* The folder of that key (folder_key.h), made and its names loaded where needed. It lives as
 * long as t. Blocks for the disk. 0, -EINVAL no such folder can be, -ENOMEM, -EIO. */
int drops_folder(struct drops *t, const char *key, struct folder **out);

/* Is the folder of that key there, and have its names been read? Never blocks. */
bool drops_has_folder(struct drops *t, const char *key, bool *loaded);

/* Does its path lead to it: are all folders above it there, and it itself? Those that the API has are. What was
 * made for a key whose folder was renamed or removed is not. Blocks for the disk. */
bool drops_is_reachable(struct drops *t, const struct folder *f);

/* The file that stands for this resource, wherever it is and whatever it is called, with a reference. Blocks
 * for the disk. 0, -ENOENT: no name here does; -ENOMEM, -EIO. */
int drops_find_id_anywhere(struct drops *t, const char *id, struct drop **out);

/* Was something put into the folder of that key, which need not be there? Blocks for the disk. */
bool drops_has_rows(struct drops *t, const char *key);

/* Loads all folders within f, so that drops_owns_id() knows them. Blocks for the disk. 0, -ENOMEM,
 * -EIO. */
int drops_load_below(struct drops *t, struct folder *f);

/* The key of f; the caller frees. NULL: no memory. */
char *drops_key(struct drops *t, const struct folder *f);

/* Where a file of this name in f is, below the folder that has all of its list; the caller frees. NULL: no
 * memory. */
char *drops_path(struct drops *t, const struct folder *f, const char *name);

/* The key of the folder called name in f; the caller frees. NULL: no memory. */
char *drops_child_key(struct drops *t, struct folder *f, const char *name);

/* All in the folder of this key and those below it. Blocks for the disk. 0, -ENOMEM, -EIO. */
int drops_list_below(struct drops *t, const char *key, struct drop ***out, size_t *n);

#endif
