#include "file_md5.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <nettle/md5.h>

#include "cleanup.h"

#include "banned.h"

#define CHUNK_BYTES (64 * 1024)

int file_md5(int fd, uint8_t md5[FILE_MD5_BYTES])
{
    cleanup_free uint8_t *chunk = malloc(CHUNK_BYTES);
    struct md5_ctx ctx;
    off_t at = 0;
    ssize_t n;

    if (!chunk)
        return -ENOMEM;
    md5_init(&ctx);
    while ((n = pread(fd, chunk, CHUNK_BYTES, at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -EIO;
        md5_update(&ctx, (size_t)n, chunk);
        at += n;
    }
    md5_digest(&ctx, FILE_MD5_BYTES, md5);
    return 0;
}
