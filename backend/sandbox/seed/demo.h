/* --seed-demo: something to look at, on a server that has nothing yet. */
#ifndef SANDBOX_DEMO_H
#define SANDBOX_DEMO_H

#include "sandbox.h"

/*
 * Two datasets of invoices and receipts, an active model and a data bundle of them, and a workflow
 * that reads and then checks, with an execution that waits for somebody. Nothing where there is a
 * dataset, document, model, transition or workflow already. 0, -errno with words in err.
 */
int demo_seed(const struct sandbox *sb, struct failure *err);

#endif
