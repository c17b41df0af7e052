/* The rules of a workflow's Choice states, as Amazon's States Language has them. Pure. */
#ifndef SANDBOX_CHOICE_H
#define SANDBOX_CHOICE_H

#include <jansson.h>
#include <stdbool.h>

#include "failure.h"

/*
 * What stands at a path such as $.a.b[0] (borrowed); NULL: nothing does, or it is no such path.
 */
json_t *choice_find(json_t *data, const char *path);

/* Can it be decided? One comparison that is known, of a Variable, or And, Or, Not of such. 0,
 * -EINVAL with words in err. */
int choice_check(json_t *rule, struct failure *err);

/* Does the rule hold? What is not there, or is of another type, compares as false. */
bool choice_holds(json_t *rule, json_t *data);

#endif
