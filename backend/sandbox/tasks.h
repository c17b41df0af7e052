/* Transition executions and their logs, as workflows need them. Returns as item.h's do. */
#ifndef SANDBOX_TASKS_H
#define SANDBOX_TASKS_H

#include "item.h"

/* What a new one belongs to; the ids may be NULL. */
struct task_of {
    const char *transition, *workflow, *workflow_execution;
    json_t *input;
    bool claimed; /* it starts now; else it waits for somebody who claims it */
};

int task_new(struct work *w, const struct task_of *of, struct item *out);

/* Ends one that may have ended, or be gone, already. */
int task_cancel(struct work *w, const char *id);

/* Is it a transition that people carry out? 0, 1; what is not there is no such one. */
int task_is_manual(struct work *w, const char *transition);

/* --- What a workflow does (flow.c) ------------------------------------------------------------ */

/*
 * A transition execution of a workflow's has ended. Called inside the change that ends it, with
 * everything about it set. Here is where a workflow goes on.
 */
int flow_task_ended(struct work *w, struct item *task);

#endif
