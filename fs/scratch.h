/*
 * Names that stay local: the scratch files of editors, browsers, rsync, file managers and
 * operating systems, which become a document only when they are renamed to a real name. Pure.
 */
#ifndef LASFS_SCRATCH_H
#define LASFS_SCRATCH_H

#include <stdbool.h>

/* more: patterns as of fnmatch(3) with ':' between them, or NULL. */
bool scratch_name(const char *name, const char *more);

/* Is a folder of this name where rsync collects files that it will move to their places? What is
 * in it stays local. */
bool scratch_folder(const char *name);

/* Is it a directory of version control (.git)? None is made anywhere: what is in it is neither a
 * document nor temporary. */
bool scratch_is_repository(const char *name);

#endif
