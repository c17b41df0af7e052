/* What may stand on lasfs' command line, for a shell's TAB: from the tables of options.c and
 * command.c, the profiles of the credentials file, and the mounts that there are. */
#ifndef LASFS_WORDS_H
#define LASFS_WORDS_H

#include "completion.h"

/* Writes the answer to stdout. Blocks for the disk, and for a mount only after `lasfs retry MNT`. */
void words_offer(const struct completion *c);

#endif
