/* The pages that the daemon shows of itself. */
#ifndef LASFS_ABOUT_H
#define LASFS_ABOUT_H

#include "backend.h"

struct pseudo;

/* MOUNT/README: for whoever finds themselves here with only ls and cat. */
extern const char about_readme[];

/* .lasfs/status. 0, -ENOMEM. */
int about_status(struct pseudo *pseudo, struct buf *out);

/* .lasfs/metrics, in Prometheus' text format. 0, -ENOMEM. */
int about_metrics(struct pseudo *pseudo, struct buf *out);

/* How many files are on the way, as in .lasfs/pending, and how many have failed. 0, -ENOMEM. */
int about_files(struct pseudo *pseudo, size_t *pending, size_t *failed);

#endif
