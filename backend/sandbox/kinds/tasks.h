/* Transition executions, as workflows need them. Returns as item.h's do. */
#ifndef SANDBOX_TASKS_H
#define SANDBOX_TASKS_H

#include "item.h"

/* What a new one belongs to; the ids may be NULL. */
struct task_of {
    const char *transition, *workflow, *workflow_execution;
    json_t *input;
    int64_t timeout_s; /* from now on; 0: none but the transition's own */
    bool claimed;      /* it starts now; else it waits for somebody who claims it */
};

/* One that people do not carry out is claimed by the built-in runner. */
int task_new(struct work *w, const struct task_of *of, struct item *out);

/* Ends one that may have ended, or be gone, already. */
int task_cancel(struct work *w, const char *id);

/* Does data keep to that schema of the transition? -EINVAL with words in err. */
int task_check(struct work *w, const char *transition, const char *schema, json_t *data,
               const char *at, struct failure *err);

#endif
