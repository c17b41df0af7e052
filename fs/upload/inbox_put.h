/* What stands beside a document that was put into an inbox: its answer, or why there is none. */
#ifndef LASFS_INBOX_PUT_H
#define LASFS_INBOX_PUT_H

#include <stdbool.h>

#include "failure.h"
#include "record.h"

struct folder;
struct uploads;

/* Where the document is now. */
struct inbox_place {
    struct folder *folder;
    char *name; /* the holder's to free */
};

/* Is NAMEENDING in f? */
bool inbox_has(struct uploads *uploads, const struct folder *f, const char *name,
               const char *ending);

/* What the server said may be that there is none. 0, -EIO with its words. */
int inbox_check_answer(const struct record *r, struct failure *err);

/*
 * NAME.prediction.json has all of r, and then NAME.json its labels; outside of an inbox, where that would be
 * ground truth, the first one alone. What said that there is none goes. 0; -EEXIST somebody else has written
 * such a file; -EWOULDBLOCK it is just being looked at; -ENAMETOOLONG, -EFBIG, -ENOSPC, -EIO, -ENOMEM.
 */
int inbox_put_answer(struct uploads *uploads, const struct inbox_place *at, const struct record *r,
                     struct failure *err);

/* Of an answer that does not go on, what there is: NAME.prediction.json alone. The same. */
int inbox_put_part(struct uploads *uploads, const struct inbox_place *at, const struct record *r,
                   struct failure *err);

/* NAME.error.txt says why there is none, or not all of it, and the error log does. */
void inbox_put_refusal(struct uploads *uploads, const struct inbox_place *at, bool part, int rc,
                       struct failure *err);

#endif
