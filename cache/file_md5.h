/* MD5 of a file, which services tell of contents; nothing of ours relies on it alone. */
#ifndef LASFS_FILE_MD5_H
#define LASFS_FILE_MD5_H

#include <stdint.h>

#define FILE_MD5_BYTES 16

/* Of all that fd has, whose offset stays as it is. Blocks for the disk. 0, -ENOMEM, -EIO. */
int file_md5(int fd, uint8_t md5[FILE_MD5_BYTES]);

#endif
