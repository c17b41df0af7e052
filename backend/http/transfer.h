/*
 * One request on one curl handle: how it is set up, fed and read. Called by the thread that owns
 * curl.
 */
#ifndef LASFS_TRANSFER_H
#define LASFS_TRANSFER_H

#include <curl/curl.h>

#include "request.h"

/* Makes easy do rq, over no connection from before stuck_ms (INT64_MIN: any will do). 0,
 * -EPERM: wire_check() refuses it, with words; -ENOMEM. */
int transfer_begin(CURL *easy, struct request *rq, const char *cacert, struct clock *clock,
                   int64_t stuck_ms);

/* Fills in what became of rq; its rc is 0 or -errno. */
void transfer_end(CURL *easy, struct request *rq, CURLcode code);

/* After either, or instead of the second: takes rq off the handle. */
void transfer_drop(CURL *easy, struct request *rq);

#endif
