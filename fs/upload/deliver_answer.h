/* What comes of a delivery: its answer into the rows of this disk, or what is there already instead. */
#ifndef LASFS_DELIVER_ANSWER_H
#define LASFS_DELIVER_ANSWER_H

#include "failure.h"

struct delivery;

/* Sends it, unless the folder has these bytes under another name and the mount is to know that, and makes the
 * drop what the server has. As deliver_drop(). */
int answer_send(struct delivery *s, struct failure *err);

#endif
