#include "service.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"

#include "banned.h"

#define MESSAGE_MAX_BYTES 2048

void service_init(struct service *s)
{
    const char *path = getenv("NOTIFY_SOCKET");

    *s = (struct service){ .len = 0 };
    if (path && (path[0] == '/' || path[0] == '@') && path[1] && strlen(path) < sizeof(s->path)) {
        s->len = strlen(path);
        memcpy(s->path, path, s->len);
    }
    unsetenv("NOTIFY_SOCKET");
}

bool service_listens(const struct service *s)
{
    return s->len > 0;
}

int service_tell(const struct service *s, const char *fmt, ...)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char text[MESSAGE_MAX_BYTES];
    cleanup_fd int fd = -1;
    va_list ap;

    if (!service_listens(s))
        return 0;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    memcpy(to.sun_path, s->path, s->len);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + s->len)) < 0)
        return -errno;
    return 0;
}
