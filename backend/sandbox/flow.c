/* Workflows and their executions. */
#include "kinds.h"
#include "tasks.h"

#include <stdlib.h>

#include "json_text.h"

#include "banned.h"

#define INPUT_BYTES_MAX ((size_t)256 << 10)
#define GIVE_UP "las:transition:commons-failed"

/* --- Definitions ----------------------------------------------------------------------------- */

static const char *member_text(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* A state or a choice goes on to another state, or ends. */
static int check_next(struct work *w, json_t *states, const char *name, json_t *from)
{
    const char *next = member_text(from, "Next");

    if (next && json_object_get(states, next))
        return 0;
    if (!next && json_is_true(json_object_get(from, "End")))
        return 0;
    return refuse(
        w, 400, "specification.definition.States.%s: Next names no state, nor is it the End", name);
}

static int check_task(struct work *w, json_t *states, const char *name, json_t *state)
{
    const char *id = member_text(state, "Resource");
    cleanup_item struct item it = { 0 };

    if (!id)
        return refuse(w, 400, "specification.definition.States.%s.Resource: is missing", name);
    if (resource_id_ok(resource_get(RES_TRANSITIONS), id) && strstr(id, ":commons-"))
        return check_next(w, states, name, state);
    if (item_find(w, resource_get(RES_TRANSITIONS), id, &it) < 0)
        return refuse(w, 404, "specification.definition.States.%s.Resource: %s does not exist",
                      name, id);
    return check_next(w, states, name, state);
}

static int check_choice(struct work *w, json_t *states, const char *name, json_t *state)
{
    json_t *choices = json_object_get(state, "Choices"), *choice;
    size_t i;
    int rc = 0;

    if (json_array_size(choices) == 0)
        return refuse(w, 400, "specification.definition.States.%s.Choices: is missing", name);
    json_array_foreach(choices, i, choice)
        if (rc == 0)
            rc = check_next(w, states, name, choice);
    return rc;
}

static int check_definition(struct work *w, json_t *definition)
{
    json_t *states = json_object_get(definition, "States"), *state;
    const char *start = member_text(definition, "StartAt"), *name;
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
            rc = refuse(w, 400, "specification.definition.States.%s.Type: is not Task or Choice",
                        name);
    }
    return rc;
}

/* --- Workflows ------------------------------------------------------------------------------- */

static int workflow_make(struct work *w, struct item *it, json_t *fields)
{
    json_t *definition = json_object_get(json_object_get(fields, "specification"), "definition");
    int rc = is_lenient(w) ? 0 : check_definition(w, definition);

    if (rc == 0 && json_object_set(it->hidden, "definition", definition) < 0)
        rc = -ENOMEM;
    return rc;
}

const struct kind kind_workflows = { .make = workflow_make };

/* --- Executions ------------------------------------------------------------------------------ */

static int count_running(struct work *w, const char *workflow, int by)
{
    cleanup_item struct item it = { 0 };
    int rc = item_find(w, resource_get(RES_WORKFLOWS), workflow, &it);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = item_set_number(&it, "numberOfRunningExecutions",
                         item_number(&it, "numberOfRunningExecutions") + by);
    return rc < 0 ? rc : item_save(w, &it);
}

static int execution_make(struct work *w, struct item *it, json_t *fields)
{
    cleanup_buf struct buf text = BUF_INIT(INPUT_BYTES_MAX);
    json_t *input = json_object_get(fields, "input");
    int rc = input ? json_text_write(input, false, &text) : 0;

    if (rc == -EFBIG)
        return refuse(w, 400, "input: is larger than %zu bytes", INPUT_BYTES_MAX);
    return rc < 0 ? rc : item_set_time(it, "startTime", it->row.made);
}

/* A new transition execution that belongs to this execution. */
static int add_task(struct work *w, struct item *it, const char *transition, json_t *input)
{
    struct task_of of = { .transition = transition,
                          .workflow = it->row.parent,
                          .workflow_execution = it->row.id,
                          .input = input };
    json_t *all = json_object_get(it->body, "transitionExecutions");
    json_t *tasks = json_object_get(all, transition);
    cleanup_item struct item task = { 0 };
    int rc = task_new(w, &of, &task);

    if (rc < 0)
        return rc;
    if (!tasks) {
        tasks = json_array();
        if (json_object_set_new(all, transition, tasks) < 0)
            return -ENOMEM;
    }
    return json_array_append_new(tasks, json_string(task.row.id)) < 0 ? -ENOMEM : 0;
}

/* The first step, where it is one that people carry out. */
static int begin(struct work *w, struct item *it)
{
    cleanup_item struct item workflow = { 0 };
    json_t *definition, *state;
    const char *transition;
    int rc = item_find(w, resource_get(RES_WORKFLOWS), it->row.parent, &workflow);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    definition = json_object_get(workflow.hidden, "definition");
    state = member_text(definition, "StartAt")
                ? json_object_get(json_object_get(definition, "States"),
                                  member_text(definition, "StartAt"))
                : NULL;
    transition = member_text(state, "Resource");
    rc = transition ? task_is_manual(w, transition) : 0;
    if (rc > 0)
        rc = add_task(w, it, transition, json_object_get(it->body, "input"));
    return rc;
}

static int execution_made(struct work *w, struct item *it)
{
    int rc = count_running(w, it->row.parent, 1);

    if (rc == 0)
        rc = begin(w, it);
    return rc < 0 ? rc : item_save(w, it);
}

static bool has_ended(const struct item *it)
{
    return *item_text(it, "endTime") != '\0';
}

static int cancel_tasks(struct work *w, struct item *it)
{
    json_t *tasks, *id;
    const char *name;
    size_t i;
    int rc = 0;

    json_object_foreach(json_object_get(it->body, "transitionExecutions"), name, tasks)
        json_array_foreach(tasks, i, id)
            if (rc == 0)
                rc = task_cancel(w, json_string_value(id));
    return rc;
}

static int end_execution(struct work *w, struct item *it, const char *status)
{
    json_t *by = json_object_get(it->body, "completedBy");
    int rc = item_set_text(it, "status", status);

    if (rc == 0)
        rc = item_set_time(it, "endTime", view_now(w->v));
    if (rc == 0 && json_array_append_new(by, json_string(w->rq->caller)) < 0)
        rc = -ENOMEM;
    if (rc == 0)
        rc = cancel_tasks(w, it);
    return rc < 0 ? rc : count_running(w, it->row.parent, -1);
}

static int execution_change(struct work *w, struct item *it, json_t *fields)
{
    const char *next = member_text(fields, "nextTransitionId");
    int rc;

    if (has_ended(it))
        return is_lenient(w) ? 0 : refuse(w, 400, "executionId %s has ended", it->row.id);
    if (strcmp(next, GIVE_UP) == 0)
        return end_execution(w, it, "failed");
    rc = task_is_manual(w, next);
    if (rc == 0)
        return is_lenient(w) ? 0 : refuse(w, 400, "nextTransitionId: %s cannot go on here", next);
    if (rc > 0)
        rc = item_set_text(it, "status", "running");
    if (rc == 0)
        rc = cancel_tasks(w, it);
    return rc < 0 ? rc : add_task(w, it, next, json_object_get(it->body, "input"));
}

static int execution_unmake(struct work *w, struct item *it)
{
    return has_ended(it) ? 0 : end_execution(w, it, "failed");
}

const struct kind kind_workflow_executions = {
    .make = execution_make,
    .made = execution_made,
    .change = execution_change,
    .unmake = execution_unmake,
};

/* --- Steps ----------------------------------------------------------------------------------- */

int flow_task_ended(struct work *w, struct item *task)
{
    const char *execution = member_text(task->hidden, "workflowExecutionId");
    cleanup_item struct item it = { 0 };
    int rc;

    if (!execution || !item_is(task, "status", "retry"))
        return 0;
    rc = item_find(w, resource_get(RES_WORKFLOW_EXECUTIONS), execution, &it);
    if (rc < 0 || has_ended(&it))
        return rc == -ENOENT ? 0 : rc;
    rc = add_task(w, &it, task->row.parent, json_object_get(task->body, "input"));
    return rc < 0 ? rc : item_save(w, &it);
}
