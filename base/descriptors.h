/* How many files this process may have open. */
#ifndef LASFS_DESCRIPTORS_H
#define LASFS_DESCRIPTORS_H

/* As many as it may be: the limit of the kernel that anybody may raise, setrlimit(2), is meant for programs that
 * use select(2). Before there are threads. Where that is refused, it stays as it is. */
void descriptors_raise_limit(void);

#endif
