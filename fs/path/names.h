/* Names of the API as file names, and back. Pure. */
#ifndef LASFS_NAMES_H
#define LASFS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMES_MAX 255

/* A name with '/', control characters, a leading dot, '%', or bytes that are not UTF-8 has those
 * bytes as %XX. 0, -ENAMETOOLONG, -EINVAL it is empty. */
int names_encode(const char *name, char out[NAMES_MAX + 1]);

/* The reverse. Of two spellings of a name it takes the one that names_encode() gives. 0, -EINVAL it
 * gives none so, or the name would have a NUL. */
int names_decode(const char *file, char out[NAMES_MAX + 1]);

/* NUMBER-NAME: name with control characters, '/', '%', a blank at its end, and bytes that are not
 * UTF-8 as %XX, so that it stands on a line as it is. One that is too long is cut between two
 * characters, before its ending (.pdf). */
void names_numbered(int64_t number, const char *name, char out[NAMES_MAX + 1]);

/* Can file systems other than Linux's hold it, FAT's and what SMB shows? */
bool names_portable(const char *name);

/* A file name as the API's name, exactly as it is. -EINVAL: it is not UTF-8. */
int names_check(const char *name);

/* NAME of NAME.json, a file that makes a resource. 0, -EINVAL it is called otherwise. */
#define NAMES_JSON_ENDING ".json"
int names_json_base(const char *name, char out[NAMES_MAX + 1]);

/* The len bytes of name in Unicode's normal form NFC, so that names that look alike because they
 * mean the same are the same bytes; what is not UTF-8 stays as it is. len is at most NAMES_MAX.
 * 0, -ENOMEM. */
#define NAMES_NORMAL_MAX (3 * NAMES_MAX)
int names_normal(const char *name, size_t len, char out[NAMES_NORMAL_MAX + 1]);

/* How long the stem is, "scan" of "scan.pdf"; 0: it has no ending. */
size_t names_stem(const char *name);

#endif
