/*
 * What a service manager is told: the protocol of sd_notify(3), lines of NAME=VALUE in one datagram
 * to the socket that $NOTIFY_SOCKET names. Not libsystemd: the protocol is stable, and one sendto(2).
 */
#ifndef LASFS_SERVICE_H
#define LASFS_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

struct service {
    char path[108]; /* of sockaddr_un; '@' at its start: an abstract one */
    size_t len;     /* 0: nobody listens */
};

/* Looks for who listens, and takes the variable out of the environment, so that no child speaks in
 * our name. Before there are threads. */
void service_init(struct service *s);

bool service_listens(const struct service *s);

/* One message, of at most 2 KiB; what is longer is cut. Nothing happens when nobody listens. Any
 * thread, no lock held. 0, or -errno, which one may as well ignore. */
int service_tell(const struct service *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
