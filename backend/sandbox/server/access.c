#include "access.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "file.h"

#include "banned.h"

#define LINE_MAX_BYTES 16384

struct access {
    int fd;
};

int access_new(const char *path, struct access **out, struct failure *err)
{
    struct access *a = calloc(1, sizeof(*a));

    if (!a)
        return fail(err, -ENOMEM, 0, "out of memory");
    a->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (a->fd < 0) {
        int rc = -errno;

        free(a);
        return fail(err, rc, 0, "--access-log %s: %s", path, strerror(-rc));
    }
    *out = a;
    return 0;
}

void access_free(struct access *a)
{
    if (!a)
        return;
    close(a->fd);
    free(a);
}

void access_line(struct access *a, const char *verb, const char *uri, int status, int64_t ms,
                 size_t bytes)
{
    cleanup_buf struct buf line = BUF_INIT(LINE_MAX_BYTES);
    int rc;

    if (!a)
        return;
    rc = buf_addf(&line, "%s ", verb);
    for (const char *p = uri; *p && rc == 0; p++)
        rc = (unsigned char)*p <= 0x20 || *p == 0x7f ? buf_addf(&line, "%%%02X", (unsigned char)*p)
                                                     : buf_addc(&line, *p);
    if (rc == 0)
        rc = buf_addf(&line, " %d %" PRId64 " %zu\n", status, ms, bytes);
    /* the request goes on when the log cannot */
    if (rc == 0)
        file_write_all(a->fd, line.data, line.len);
}
