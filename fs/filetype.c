#include "filetype.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <magic.h>

#include "cleanup.h"

#include "banned.h"

#define LOOK_AT_BYTES (256 * 1024)

struct filetype {
    pthread_mutex_t lock; /* libmagic's handle is for one thread at a time */
    magic_t magic;
};

int filetype_new(struct filetype **out)
{
    struct filetype *t = calloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR);
    if (!t->magic || magic_load(t->magic, NULL) != 0) {
        if (t->magic)
            magic_close(t->magic);
        free(t);
        return -EIO;
    }
    pthread_mutex_init(&t->lock, NULL);
    *out = t;
    return 0;
}

void filetype_free(struct filetype *t)
{
    if (!t)
        return;
    magic_close(t->magic);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

int filetype_of(struct filetype *t, int fd, char out[FILETYPE_MAX])
{
    cleanup_free char *bytes = malloc(LOOK_AT_BYTES);
    const char *type;
    ssize_t n;

    if (!bytes)
        return -ENOMEM;
    do
        n = pread(fd, bytes, LOOK_AT_BYTES, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    pthread_mutex_lock(&t->lock);
    type = magic_buffer(t->magic, bytes, (size_t)n);
    snprintf(out, FILETYPE_MAX, "%s", type ? type : "application/octet-stream");
    pthread_mutex_unlock(&t->lock);
    return 0;
}
