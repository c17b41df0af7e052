/* Which profiles the credentials file has: its sections, by name. */
#ifndef LASFS_PROFILES_H
#define LASFS_PROFILES_H

/*
 * Calls each with the name of each section that can be a profile, in the file's order. path NULL:
 * ~/.lucidtech/credentials.cfg. Any thread; blocks for the disk. 0, -ENOENT, -EACCES, -EFBIG over
 * 1 MiB, -ENOMEM.
 */
int profiles_each(const char *path, void (*each)(void *arg, const char *name), void *arg);

#endif
