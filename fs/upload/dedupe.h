/*
 * Bytes that a folder's list has already are not sent under another name (dedupe=content), whichever machine
 * has put them there. A document has one name: one that has is said to who gives it a second one, with EEXIST;
 * one that nobody has named gets the name.
 */
#ifndef LASFS_DEDUPE_H
#define LASFS_DEDUPE_H

#include "backend.h"

struct drop;
struct folder;
struct uploads;

/* What is going to be sent. */
struct dedupe {
    struct drop *drop; /* held */
    struct folder *folder;
    const char *name; /* that it gets there */
    int fd;
    int64_t size;
    const uint8_t *sha256;
};

/*
 * Looks whether it is there, fresh for what this server's list can say, and calls send() with NULL where it is
 * not, or with what it may stand for. Of equal bytes for one folder one is sent at a time, so that the next
 * finds it. Two machines at one moment do not find each other. What send() gives; -EEXIST, with words; -EINTR,
 * what the list gives.
 */
int dedupe_send(struct uploads *uploads, struct call *call, const struct dedupe *what,
                int (*send)(void *arg, struct record *found, struct failure *err), void *arg,
                struct failure *err);

#endif
