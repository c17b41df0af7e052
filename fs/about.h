/* The pages that the daemon shows of itself. */
#ifndef LASFS_ABOUT_H
#define LASFS_ABOUT_H

#include "core.h"

/* MOUNT/README: for whoever finds themselves here with only ls and cat. */
extern const char about_readme[];

/* .lasfs/status. 0, -ENOMEM. */
int about_status(struct fs *fs, struct buf *out);

/* .lasfs/metrics, in Prometheus' text format. 0, -ENOMEM. */
int about_metrics(struct fs *fs, struct buf *out);

#endif
