/* What .lasfs says of a mount, for who waits for it. */
#ifndef LASFS_STATUS_PAGE_H
#define LASFS_STATUS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct status_page {
    pid_t pid;           /* of the daemon */
    uint64_t under_way;  /* requests */
    uint64_t bytes_sent; /* since the mount began, as the next */
    uint64_t purged;     /* documents */
    size_t pending;      /* files that are still to be delivered */
    int64_t left_bytes;  /* theirs */
    bool down;           /* the server does not answer */
};

/* Opens .lasfs of a mount: a descriptor, the caller's, or -errno; -ENOENT where it is none. */
int status_page_open(const char *mountpoint);

/* Reads the pages behind that descriptor; works as long as it is open, also when the mount is not
 * at its place any more. Blocks for the daemon, not for the network. 0, -errno. */
int status_page_read(int dir, struct status_page *out);

/* "3 files to send, 2 requests under way, 1.5 MB sent": as it is now, sent being since before. */
#define STATUS_WORDS_MAX 192
void status_page_words(const struct status_page *now, const struct status_page *before,
                       char out[STATUS_WORDS_MAX]);

/* Adds ", 2.5 MB left, about 8 s": took_ms is how long it is since before. */
void status_page_add_left(const struct status_page *now, const struct status_page *before,
                          int64_t took_ms, char words[STATUS_WORDS_MAX]);

#endif
