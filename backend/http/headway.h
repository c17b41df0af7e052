/*
 * Whether a request that is under way is worth waiting for: a peer that gives or takes a byte a
 * second, or a line of an answer's head, holds nobody up. Pure; times are monotonic milliseconds.
 *
 * - A floor: within each timeout= HEADWAY_BYTES_PER_S must move, on the average, in whatever
 *   direction. A window of that length begins with the request, once so much has moved, when all of
 *   the request's body is on its way, and with the first line and the end of the answer's head.
 * - A head: HEAD_LINES_MAX and HEAD_BYTES_MAX, interim answers and trailers included. Its lines are
 *   no movement: it is there within one window.
 * - An answer: as a whole within HEADWAY_ANSWER_TIMES of timeout= from its first line on; one that
 *   may be larger than ANSWER_MAX_BYTES, so much longer.
 *
 * There is no bound for the whole of what is sent: a slow upload that moves is not stuck.
 */
#ifndef LASFS_HEADWAY_H
#define LASFS_HEADWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What most answers may have at most, after decompression. What the JSON in it may take is told by
 * json_bounds.h. */
#define ANSWER_MAX_BYTES (32u << 20)
#define HEADWAY_BYTES_PER_S 256
#define HEADWAY_ANSWER_TIMES 40
#define HEAD_LINES_MAX 256
#define HEAD_BYTES_MAX ((size_t)64 << 10)

/* Of one try of a request. */
struct headway {
    int64_t timeout_ms;
    int64_t answer_max_ms; /* for the whole answer */
    int64_t counted;       /* bytes that had moved when the window began */
    int64_t answer_ms;     /* when the answer began; INT64_MAX: it has not */
    size_t head_bytes;
    unsigned head_lines;
};

/* answer_max_bytes: what the answer may have at most. */
void headway_begin(struct headway *h, int64_t timeout_ms, int64_t answer_max_bytes);

/* So many bytes have moved in all: is that enough for a new window? Fewer than before: it is being
 * sent anew, and they count from there. */
bool headway_moved(struct headway *h, int64_t bytes);

/* A new window begins, whatever has moved. */
void headway_restart(struct headway *h, int64_t bytes);

/* A line of a head, or a trailer, has come. False: that is too much. *first: the answer begins. */
bool headway_head_line(struct headway *h, size_t len, int64_t now_ms, bool *first);

/* Is the answer too long under way? */
bool headway_is_endless(const struct headway *h, int64_t now_ms);

#endif
