/*
 * The names of files in the content cache: ID.SIZE.SHA256, from which everything is known that
 * has to be checked. Pure.
 */
#ifndef LASFS_CONTENT_NAME_H
#define LASFS_CONTENT_NAME_H

#include <stdbool.h>
#include <stdint.h>

#define CONTENT_ID_MAX 160
#define CONTENT_DIGEST_BYTES 32
#define CONTENT_NAME_MAX 255
#define CONTENT_NEW_PREFIX ".new-" /* of what is being written */

struct content_name {
    char id[CONTENT_ID_MAX + 1];
    int64_t size;
    uint8_t sha256[CONTENT_DIGEST_BYTES];
};

/* May it be an id? Not empty, no '/', no leading dot, not too long. */
bool content_id_ok(const char *id);

void content_name_format(const struct content_name *name, char out[CONTENT_NAME_MAX + 1]);

/* Takes a file's name apart. 0, -EINVAL: it is none of ours; *out untouched. */
int content_name_parse(const char *text, struct content_name *out);

#endif
