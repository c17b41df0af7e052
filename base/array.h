/* The number of elements of an array (not of a pointer). */
#ifndef LASFS_ARRAY_H
#define LASFS_ARRAY_H

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
