/*
 * What the journal has uploads do with an intent: send what waits, look for what nobody knows, pay what
 * is owed.
 */
#ifndef LASFS_INTENTS_H
#define LASFS_INTENTS_H

#include "backend.h"
#include "intent_row.h"

/* The journal's callback; arg is struct uploads. */
int64_t intents_work(void *arg, struct call *call, const struct intent_row *row,
                     struct failure *why);

#endif
