/* Names of the API as file names, and back. Pure. */
#ifndef LASFS_NAMES_H
#define LASFS_NAMES_H

#include <stdbool.h>

#define NAMES_MAX 255

/* A name with '/', control characters, a leading dot, '%', or bytes that are not UTF-8 has those
 * bytes as %XX. 0, -ENAMETOOLONG, -EINVAL it is empty. */
int names_encode(const char *name, char out[NAMES_MAX + 1]);

/* Can file systems other than Linux's hold it, FAT's and what SMB shows? */
bool names_portable(const char *name);

/* A file name as the API's name, exactly as it is. -EINVAL: it is not UTF-8. */
int names_check(const char *name);

/* NAME of NAME.json, a file that makes a resource. 0, -EINVAL it is called otherwise. */
#define NAMES_JSON_ENDING ".json"
int names_json_base(const char *name, char out[NAMES_MAX + 1]);

#endif
