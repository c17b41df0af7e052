#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"

#include "banned.h"

#define BACKLOG 1024

static bool is_loopback(const struct sockaddr *sa)
{
    union {
        const struct sockaddr *any;
        const struct sockaddr_in *v4;
        const struct sockaddr_in6 *v6;
    } a = { .any = sa };

    if (sa->sa_family == AF_INET)
        return ntohl(a.v4->sin_addr.s_addr) >> 24 == 127;
    return sa->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a.v6->sin6_addr);
}

static int bound_port(int fd, unsigned *got)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a;
    socklen_t len = sizeof(a);

    if (getsockname(fd, &a.any, &len) < 0)
        return -errno;
    *got = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    return 0;
}

static int bind_to(const struct addrinfo *ai, int *out, unsigned *got)
{
    cleanup_fd int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, 0);
    int on = 1, rc;

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    rc = bound_port(fd, got);
    if (rc == 0)
        *out = steal_fd(&fd);
    return rc;
}

int listen_on(const char *host, const char *port, bool public, int *fd, unsigned *got,
              struct failure *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *ai;
    int rc = getaddrinfo(host, port, &hints, &ai);

    if (rc != 0)
        return fail(err, -EINVAL, 0, "%s: %s", host, gai_strerror(rc));
    if (!public && !is_loopback(ai->ai_addr))
        rc = fail(err, -EINVAL, 0, "%s is not this machine alone: that needs --public", host);
    else
        rc = bind_to(ai, fd, got);
    freeaddrinfo(ai);
    if (rc < 0 && rc != -EINVAL)
        failure_set(err, 0, "%s:%s: %s", host, port, strerror(-rc));
    return rc;
}
