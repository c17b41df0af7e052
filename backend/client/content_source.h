/* The bytes of a resource, as somebody has them who wants them sent. */
#ifndef LASFS_CONTENT_SOURCE_H
#define LASFS_CONTENT_SOURCE_H

#include <stdint.h>

/* What to send as content: size bytes of fd from offset 0; fd -1: none. The descriptor must stay
 * open, and its bytes unchanged, until the verb returns. */
struct content_source {
    int fd;
    int64_t size;
};
#define NO_CONTENT ((const struct content_source){ .fd = -1 })

#endif
