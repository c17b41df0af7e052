/* The first question to the API, which tells whether the configuration is right. */
#ifndef LASFS_GREET_H
#define LASFS_GREET_H

#include "backend.h"

enum greeting {
    GREETING_ANSWERED, /* it is the API, and it lets us in */
    GREETING_SILENT,   /* no answer, or one that passes (5xx, 429): waiting may mend it */
    GREETING_NO_TOKEN, /* the token endpoint refuses the credentials, or is none */
    GREETING_REFUSED,  /* the API refuses the token, or cannot be trusted */
    GREETING_OTHER,    /* what answers is not the API */
};

/*
 * Gets a token and asks for one's organization; where that is refused, for the first document.
 * Blocks as a verb of backend.h does, no lock held. err: why, unless it was answered.
 */
enum greeting backend_greet(struct backend *be, struct call *call, struct failure *err);

#endif
