/*
 * A workflow's definition: states in Amazon's States Language, as far as the API has it: Task and
 * Choice.
 */
#ifndef SANDBOX_DEFINITION_H
#define SANDBOX_DEFINITION_H

#include "work.h"

/* Ends an execution as failed, where a transition could stand. */
#define TRANSITION_FAILED "las:transition:commons-failed"

/* A member that is a string (borrowed), or NULL. */
const char *member_text(json_t *object, const char *name);

/* One of the transitions that all share, and that nobody's list has? */
bool is_shared_transition(const char *id);

/* Refuses a definition that makes no sense: 0, REFUSED, -EIO, -ENOMEM. */
int definition_check(struct work *w, json_t *definition);

/* Pure. All are borrowed; NULL: there is none. */
json_t *definition_state(json_t *definition, const char *name);
const char *definition_start(json_t *definition);

/* The first state that the transition carries out. */
const char *definition_state_of(json_t *definition, const char *transition);

/*
 * The state of a Task at or behind the named one, when data arrive there: Choices are decided.
 * 0 with *out, NULL when it ends there; -EINVAL with words in err: no way leads on.
 */
int definition_follow(json_t *definition, const char *name, json_t *data, const char **out,
                      struct failure *err);

/* Microseconds to wait before a Task that timed out is tried again after n tries; -1: no more. */
int64_t definition_retry_us(json_t *state, int64_t n);

#endif
