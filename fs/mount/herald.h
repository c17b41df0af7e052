/*
 * Says whether the API answers: asks it at the start, and again until it does; and tells a service
 * manager how things are (service.h), in a thread of its own.
 *
 *   READY=1              the mount stands, and the API has answered once
 *   STATUS=              the account, the mount point, what is on its way and what has failed
 *   EXTEND_TIMEOUT_USEC= as long as the API is asked, and while files go out at the end
 *   STOPPING=1           from the signal or the unmount on
 */
#ifndef LASFS_HERALD_H
#define LASFS_HERALD_H

#include "backend.h"
#include "fs.h"
#include "service.h"

struct herald;

/* All outlive the herald. */
struct herald_config {
    struct backend *backend;
    struct log *log;
    struct clock *clock;
    const struct service *service;
    const char *account, *mountpoint; /* for the status line */
    const char *api_from;             /* what to mend when api_endpoint is wrong */
    const char *api_endpoint, *auth_endpoint;
    int64_t timeout_ms; /* the mount's, of one request */
};

/* Begins to ask. 0, -ENOMEM, -EAGAIN. */
int herald_new(const struct herald_config *config, struct herald **out);

/*
 * Waits for the first answer, 10 s at most. 0: the API has answered, or does not, and a warning has
 * said so; -EACCES, -EINVAL: it refuses, or is not the API, and err says what to mend.
 */
int herald_await(struct herald *h, struct failure *err);

/* The mount stands. By the thread that serves it: should the API come late, and refuse, it gets a
 * SIGTERM if a service manager waits. */
void herald_mounted(struct herald *h, struct fs *fs);

/* Did it end the mount so? Then err has the reason. */
bool herald_gave_up(struct herald *h, struct failure *err);

/* The end has begun; fs goes on until herald_free(). NULL is fine, as there. */
void herald_stopping(struct herald *h);

/* Ends the thread; what it waits for is cancelled. Before the fs and the backend go. */
void herald_free(struct herald *h);

#endif
