/*
 * Names that stay local: the scratch files and folders of editors, browsers, rsync, file managers,
 * operating systems and NAS, which become a document only when they are moved to a real name in a
 * real folder. Pure.
 */
#ifndef LASFS_SCRATCH_H
#define LASFS_SCRATCH_H

#include <stdbool.h>

/* more: patterns as of fnmatch(3) with ':' between them, or NULL. */
bool scratch_name(const char *name, const char *more);

/* Is a folder of this name a program's own, so that what is in or below it stays local? The same
 * names, save those that a person may give a folder. */
bool scratch_folder(const char *name, const char *more);

/* Is it what a program keeps for itself beside what its user works on (a swap file, a lock, a
 * trash folder), which no other name will be given? */
bool scratch_is_aside(const char *name);

/* Is it a directory of version control (.git)? None is made anywhere: what is in it is neither a
 * document nor temporary. */
bool scratch_is_repository(const char *name);

#endif
