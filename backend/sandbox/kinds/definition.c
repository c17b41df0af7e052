#include "definition.h"

#include <string.h>

#include "choice.h"
#include "item.h"

#include "banned.h"

#define US 1000000
#define HOPS_MAX 1000
#define WAIT_MAX_S 31536000
/* What the language has where a Retry does not say. */
#define INTERVAL_S 1
#define ATTEMPTS 3
#define BACKOFF 2.0

const char *member_text(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

bool is_shared_transition(const char *id)
{
    return strstr(id, ":commons-") != NULL;
}

/* --- Checks ---------------------------------------------------------------------------------- */

static int wrong(struct work *w, const char *state, const char *what)
{
    return refuse(w, 400, "specification.definition.States.%s%s", state, what);
}

/* A state or a choice goes on to another state, or ends. */
static int check_next(struct work *w, json_t *states, const char *name, json_t *from)
{
    const char *next = member_text(from, "Next");

    if (next && json_object_get(states, next))
        return 0;
    if (!next && json_is_true(json_object_get(from, "End")))
        return 0;
    return wrong(w, name, ": Next names no state, nor is it the End");
}

static bool number_ok(json_t *object, const char *name, double min, bool whole)
{
    json_t *v = json_object_get(object, name);

    return !v || (json_is_number(v) && (!whole || json_is_integer(v)) &&
                  json_number_value(v) >= min && json_number_value(v) <= 1e9);
}

static bool names_errors(json_t *retry)
{
    json_t *errors = json_object_get(retry, "ErrorEquals"), *error;
    size_t i;

    json_array_foreach(errors, i, error)
        if (!json_is_string(error))
            return false;
    return json_array_size(errors) > 0;
}

static int check_retry(struct work *w, const char *name, json_t *state)
{
    json_t *retries = json_object_get(state, "Retry"), *retry;
    size_t i;

    if (retries && !json_is_array(retries))
        return wrong(w, name, ".Retry: must be an array");
    json_array_foreach(retries, i, retry)
        if (!names_errors(retry) || !number_ok(retry, "IntervalSeconds", 1, true) ||
            !number_ok(retry, "MaxAttempts", 0, true) || !number_ok(retry, "BackoffRate", 1, false))
            return wrong(w, name,
                         ".Retry: takes ErrorEquals, IntervalSeconds of at least 1, MaxAttempts of "
                         "at least 0 and BackoffRate of at least 1");
    return 0;
}

static int check_task(struct work *w, json_t *states, const char *name, json_t *state)
{
    const char *id = member_text(state, "Resource");
    cleanup_item struct item it = { 0 };
    int rc;

    if (!id)
        return wrong(w, name, ".Resource: is missing");
    if (!number_ok(state, "TimeoutSeconds", 1, true))
        return wrong(w, name, ".TimeoutSeconds: must be an integer of at least 1");
    rc = check_retry(w, name, state);
    if (rc < 0)
        return rc;
    if (resource_id_ok(row_of(w, RES_TRANSITIONS), id) && is_shared_transition(id))
        return check_next(w, states, name, state);
    rc = item_find(w, row_of(w, RES_TRANSITIONS), id, &it);
    if (rc == -ENOENT)
        return refuse(w, 404, "specification.definition.States.%s.Resource: %s does not exist",
                      name, id);
    return rc < 0 ? rc : check_next(w, states, name, state);
}

static int check_choice(struct work *w, json_t *states, const char *name, json_t *state)
{
    json_t *choices = json_object_get(state, "Choices"), *choice;
    json_t *other = json_object_get(state, "Default");
    struct failure why = { 0 };
    size_t i;
    int rc = 0;

    if (json_array_size(choices) == 0)
        return wrong(w, name, ".Choices: is missing");
    if (other && !(json_is_string(other) && json_object_get(states, json_string_value(other))))
        return wrong(w, name, ".Default: names no state");
    json_array_foreach(choices, i, choice) {
        if (rc == 0 && choice_check(choice, &why) < 0)
            rc = refuse(w, 400, "specification.definition.States.%s.Choices[%zu]: %s", name, i,
                        why.text);
        if (rc == 0)
            rc = check_next(w, states, name, choice);
    }
    return rc;
}

int definition_check(struct work *w, json_t *definition)
{
    json_t *states = json_object_get(definition, "States"), *state;
    const char *start = definition_start(definition), *name;
    int rc = 0;

    if (!start || !json_object_get(states, start))
        return refuse(w, 400, "specification.definition: StartAt names none of its States");
    json_object_foreach(states, name, state) {
        const char *type = member_text(state, "Type");

        if (rc < 0)
            break;
        if (type && strcmp(type, "Task") == 0)
            rc = check_task(w, states, name, state);
        else if (type && strcmp(type, "Choice") == 0)
            rc = check_choice(w, states, name, state);
        else
            rc = wrong(w, name, ".Type: is not Task or Choice");
    }
    return rc;
}

/* --- Following it ---------------------------------------------------------------------------- */

json_t *definition_state(json_t *definition, const char *name)
{
    return name ? json_object_get(json_object_get(definition, "States"), name) : NULL;
}

const char *definition_start(json_t *definition)
{
    return member_text(definition, "StartAt");
}

const char *definition_state_of(json_t *definition, const char *transition)
{
    const char *name, *resource;
    json_t *state;

    json_object_foreach(json_object_get(definition, "States"), name, state) {
        resource = member_text(state, "Resource");
        if (resource && strcmp(resource, transition) == 0)
            return name;
    }
    return NULL;
}

/* Where a Choice goes: the rule that holds, or what is like one for its Default. */
static json_t *choose(json_t *state, json_t *data)
{
    json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(state, "Choices"), i, rule)
        if (choice_holds(rule, data))
            return rule;
    return NULL;
}

int definition_follow(json_t *definition, const char *name, json_t *data, const char **out,
                      struct failure *err)
{
    for (int hops = 0; hops < HOPS_MAX; hops++) {
        json_t *state = definition_state(definition, name), *rule;

        if (!state)
            return fail(err, -EINVAL, 0, "there is no state %s", name ? name : "to start at");
        if (!json_object_get(state, "Choices")) {
            *out = name;
            return 0;
        }
        rule = choose(state, data);
        if (!rule && !json_object_get(state, "Default"))
            return fail(err, -EINVAL, 0, "%s: States.NoChoiceMatched", name);
        if (rule && !member_text(rule, "Next")) {
            *out = NULL;
            return 0;
        }
        name = rule ? member_text(rule, "Next") : member_text(state, "Default");
    }
    return fail(err, -EINVAL, 0, "%s: choices lead to each other without end", name);
}

static bool catches_timeout(json_t *retry)
{
    json_t *error;
    size_t i;

    json_array_foreach(json_object_get(retry, "ErrorEquals"), i, error)
        if (json_is_string(error) && (strcmp(json_string_value(error), "States.Timeout") == 0 ||
                                      strcmp(json_string_value(error), "States.ALL") == 0))
            return true;
    return false;
}

static double number_or(json_t *object, const char *name, double otherwise)
{
    json_t *v = json_object_get(object, name);

    return json_is_number(v) ? json_number_value(v) : otherwise;
}

int64_t definition_retry_us(json_t *state, int64_t n)
{
    json_t *retry;
    size_t i;

    json_array_foreach(json_object_get(state, "Retry"), i, retry) {
        double wait = number_or(retry, "IntervalSeconds", INTERVAL_S);

        if (!catches_timeout(retry))
            continue;
        if ((double)n >= number_or(retry, "MaxAttempts", ATTEMPTS))
            return -1;
        for (int64_t k = 0; k < n && wait < WAIT_MAX_S; k++)
            wait *= number_or(retry, "BackoffRate", BACKOFF);
        return (int64_t)((wait < WAIT_MAX_S ? wait : WAIT_MAX_S) * US);
    }
    return -1;
}
