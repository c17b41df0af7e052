/* Transitions, what they do (transition executions), and the logs of that. */
#include "kinds.h"
#include "tasks.h"

#include <stdio.h>
#include <stdlib.h>

#include "array.h"

#include "banned.h"

#define WAITING "waiting"
#define WAITING_KEY 2 /* of a row's keys, behind the list's two filters */

/* --- Logs ------------------------------------------------------------------------------------ */

static int log_event(struct work *w, struct item *log, const char *message)
{
    json_t *event =
        json_pack("{s:f, s:s}", "timestamp", (double)view_now(w->v) / 1e6, "message", message);

    if (!event || json_array_append_new(json_object_get(log->body, "events"), event) < 0)
        return -ENOMEM;
    return item_save(w, log);
}

static int log_add(struct work *w, const struct item *task, const char *message)
{
    cleanup_item struct item log = { 0 };
    int rc = item_find(w, resource_get(RES_LOGS), item_text(task, "logId"), &log);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return log_event(w, &log, message);
}

static int log_new_for(struct work *w, struct item *task, const struct task_of *of)
{
    cleanup_item struct item log = { 0 };
    int rc = item_make(w, resource_get(RES_LOGS), NULL, NULL, NULL, &log);

    if (rc == 0)
        rc = item_set_time(&log, "startTime", log.row.made);
    if (rc == 0)
        rc = item_set_text(&log, "transitionId", of->transition);
    if (rc == 0)
        rc = item_set_text(&log, "transitionExecutionId", task->row.id);
    if (rc == 0)
        rc = item_set_text(&log, "workflowId", of->workflow);
    if (rc == 0)
        rc = item_set_text(&log, "workflowExecutionId", of->workflow_execution);
    if (rc == 0)
        rc = log_event(w, &log, "created");
    return rc < 0 ? rc : item_set_text(task, "logId", log.row.id);
}

/* --- Transition executions ------------------------------------------------------------------- */

static int set_waiting(struct item *task, bool waiting)
{
    free(task->row.keys[WAITING_KEY]);
    task->row.keys[WAITING_KEY] = waiting ? strdup(WAITING) : NULL;
    return waiting && !task->row.keys[WAITING_KEY] ? -ENOMEM : 0;
}

static int hide_text(struct item *it, const char *field, const char *text)
{
    return text && json_object_set_new(it->hidden, field, json_string(text)) < 0 ? -ENOMEM : 0;
}

static int start_task(struct work *w, struct item *task)
{
    int rc = item_set_time(task, "startTime", view_now(w->v));

    return rc < 0 ? rc : set_waiting(task, false);
}

int task_new(struct work *w, const struct task_of *of, struct item *out)
{
    int rc = item_make(w, resource_get(RES_TRANSITION_EXECUTIONS), NULL, of->transition, NULL, out);

    if (rc == 0 && of->input)
        rc = item_set(out, "input", json_incref(of->input));
    if (rc == 0)
        rc = hide_text(out, "workflowId", of->workflow);
    if (rc == 0)
        rc = hide_text(out, "workflowExecutionId", of->workflow_execution);
    if (rc == 0)
        rc = log_new_for(w, out, of);
    if (rc == 0)
        rc = of->claimed ? start_task(w, out) : set_waiting(out, true);
    return rc < 0 ? rc : item_save(w, out);
}

static bool has_ended(const struct item *it)
{
    return *item_text(it, "endTime") != '\0';
}

static int end_task(struct work *w, struct item *task, const char *status)
{
    int rc = 0;

    if (!*item_text(task, "startTime"))
        rc = item_set_time(task, "startTime", view_now(w->v));
    if (rc == 0)
        rc = item_set_text(task, "status", status);
    if (rc == 0)
        rc = item_set_time(task, "endTime", view_now(w->v));
    if (rc == 0)
        rc = item_set_text(task, "completedBy", w->rq->caller);
    if (rc == 0)
        rc = set_waiting(task, false);
    return rc < 0 ? rc : log_add(w, task, status);
}

int task_cancel(struct work *w, const char *id)
{
    cleanup_item struct item task = { 0 };
    int rc = item_find(w, resource_get(RES_TRANSITION_EXECUTIONS), id, &task);

    if (rc < 0 || has_ended(&task))
        return rc == -ENOENT ? 0 : rc;
    rc = end_task(w, &task, "failed");
    return rc < 0 ? rc : item_save(w, &task);
}

struct found {
    char id[ID_MAX];
};

static int note_found(void *arg, const struct row *row)
{
    struct found *f = arg;

    snprintf(f->id, sizeof(f->id), "%s", row->id);
    return 1;
}

/* The one that has waited longest. 0, -ENOENT. */
static int find_waiting(struct work *w, const char *transition, struct item *out)
{
    struct list_query q = { .kind = RES_TRANSITION_EXECUTIONS, .parent = transition, .limit = 1 };
    struct found found = { "" };
    int rc;

    q.keys[WAITING_KEY] = json_pack("[s]", WAITING);
    if (!q.keys[WAITING_KEY])
        return -ENOMEM;
    rc = view_list(w->v, &q, note_found, &found);
    json_decref(q.keys[WAITING_KEY]);
    if (rc < 0)
        return rc;
    return found.id[0] ? item_find(w, resource_get(RES_TRANSITION_EXECUTIONS), found.id, out)
                       : -ENOENT;
}

/* POST claims. */
static int task_post(struct work *w)
{
    const char *transition = w->rq->target.ids[0];
    struct task_of of = { .transition = transition, .claimed = true };
    cleanup_item struct item task = { 0 };
    int rc = find_waiting(w, transition, &task);

    if (rc == -ENOENT && is_lenient(w)) {
        rc = task_new(w, &of, &task);
    } else if (rc == -ENOENT) {
        return refuse(w, 404, "transitionId %s has no execution that waits", transition);
    } else if (rc == 0) {
        rc = start_task(w, &task);
        if (rc == 0)
            rc = log_add(w, &task, "started");
        if (rc == 0)
            rc = item_save(w, &task);
    }
    return rc < 0 ? rc : item_answer(w, &task);
}

static int check_end(struct work *w, struct item *task, json_t *fields, const char *status)
{
    bool succeeded = status && strcmp(status, "succeeded") == 0;

    if (is_lenient(w))
        return 0;
    if (json_is_string(json_object_get(task->before, "endTime")))
        return refuse(w, 400, "executionId %s has ended", task->row.id);
    if (!status && (json_object_get(fields, "output") || json_object_get(fields, "error")))
        return refuse(w, 400, "status: is missing");
    if (succeeded && !json_object_get(fields, "output"))
        return refuse(w, 400, "output: is missing");
    if (status && !succeeded && !json_object_get(fields, "error"))
        return refuse(w, 400, "error: is missing");
    return 0;
}

static int task_change(struct work *w, struct item *task, json_t *fields)
{
    static const char *const kept[] = { "output", "error" };
    const char *status = json_string_value(json_object_get(fields, "status"));
    int rc = check_end(w, task, fields, status);

    for (size_t i = 0; i < ARRAY_LEN(kept) && rc == 0; i++) {
        json_t *value = json_object_get(fields, kept[i]);

        if (value && json_object_set(task->hidden, kept[i], value) < 0)
            rc = -ENOMEM;
    }
    if (rc < 0 || !status)
        return rc;
    rc = end_task(w, task, status);
    return rc < 0 ? rc : flow_task_ended(w, task);
}

const struct kind kind_transition_executions = { .change = task_change, .post = task_post };

/* --- Heartbeats ------------------------------------------------------------------------------ */

static int heartbeat_post(struct work *w)
{
    const struct address *t = &w->rq->target;
    cleanup_item struct item task = { 0 };
    int rc = item_get(w, resource_get(RES_TRANSITION_EXECUTIONS), t->ids[1], t->ids[0], &task);

    if (rc < 0)
        return rc;
    if (has_ended(&task) && !is_lenient(w))
        return refuse(w, 400, "executionId %s has ended", task.row.id);
    if (json_object_set_new(task.hidden, "heartbeat", json_integer(view_now(w->v))) < 0)
        return -ENOMEM;
    w->an->status = 204;
    return item_save(w, &task);
}

const struct kind kind_heartbeats = { .post = heartbeat_post };

/* --- Transitions ----------------------------------------------------------------------------- */

int task_is_manual(struct work *w, const char *transition)
{
    cleanup_item struct item it = { 0 };
    int rc = item_find(w, resource_get(RES_TRANSITIONS), transition, &it);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return item_is(&it, "transitionType", "manual");
}

/* Which of a transition's parameters belong to which type of it. */
static const struct {
    const char *field, *type;
} parameters_of[] = {
    { "assets", "manual" },
    { "imageUrl", "docker" },
    { "cpu", "docker" },
    { "memory", "docker" },
    { "secretId", "docker" },
    { "environment", "docker" },
    { "environmentSecrets", "docker" },
};

static int check_parameters(struct work *w, struct item *it)
{
    json_t *parameters = json_object_get(it->body, "parameters");

    if (is_lenient(w))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(parameters_of); i++)
        if (json_object_get(parameters, parameters_of[i].field) &&
            !item_is(it, "transitionType", parameters_of[i].type))
            return refuse(w, 400, "%s: not for a %s transition", parameters_of[i].field,
                          item_text(it, "transitionType"));
    if (item_is(it, "transitionType", "docker") && !json_object_get(parameters, "imageUrl"))
        return refuse(w, 400, "parameters.imageUrl: is missing");
    return 0;
}

static int transition_make(struct work *w, struct item *it, json_t *fields)
{
    (void)fields;
    return check_parameters(w, it);
}

static int transition_change(struct work *w, struct item *it, json_t *fields)
{
    (void)fields;
    return check_parameters(w, it);
}

static int names_transition(void *arg, const struct row *row)
{
    return row->hidden && strstr(row->hidden, arg) ? 1 : 0;
}

static int transition_unmake(struct work *w, struct item *it)
{
    struct list_query q = { .kind = RES_WORKFLOWS, .parent = "", .limit = -1 };
    int rc = view_list(w->v, &q, names_transition, it->row.id);

    return rc > 0 ? refuse(w, 400, "transitionId %s is in use by a workflow", it->row.id) : rc;
}

const struct kind kind_transitions = {
    .make = transition_make,
    .change = transition_change,
    .unmake = transition_unmake,
};
