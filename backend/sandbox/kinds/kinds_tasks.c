/* Transitions, and what they do: transition executions. */
#include "due_time.h"
#include "json_schema.h"
#include "kinds.h"
#include "logs.h"
#include "tasks.h"

#include <stdio.h>
#include <stdlib.h>

#include "array.h"

#include "banned.h"

#define WAITING "waiting"
#define WAITING_KEY 2 /* of a row's keys, behind the list's two filters */
#define US 1000000

/* --- What a transition says ------------------------------------------------------------------ */

static bool is_manual(const struct item *transition)
{
    return item_is(transition, "transitionType", "manual");
}

int task_check(struct work *w, const char *transition, const char *schema, json_t *data,
               const char *at, struct failure *err)
{
    cleanup_item struct item it = { 0 };
    int rc = is_lenient(w) ? -ENOENT : item_find(w, row_of(w, RES_TRANSITIONS), transition, &it);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return json_schema_check(json_object_get(it.body, schema), data, at, err);
}

/* --- Times ----------------------------------------------------------------------------------- */

/* Hidden in a task: until when it may take, and until when its worker has to be heard of. */
#define TIMEOUT_AT "timeoutAt"
#define HEARD_UNTIL "heardUntil"

static int64_t time_of(const struct item *task, const char *name)
{
    json_t *v = json_object_get(task->hidden, name);

    return v ? json_integer_value(v) : INT64_MAX;
}

static int set_earlier(struct item *task, const char *name, int64_t at)
{
    if (at >= time_of(task, name))
        return 0;
    return json_object_set_new(task->hidden, name, json_integer(at)) < 0 ? -ENOMEM : 0;
}

static int hear(struct work *w, struct item *task)
{
    int64_t at = due_now(w) + w->sb->options->heartbeat_s * US;

    return json_object_set_new(task->hidden, HEARD_UNTIL, json_integer(at)) < 0 ? -ENOMEM : 0;
}

/* A lenient server forgets nothing and ends nothing. */
static int set_due(struct work *w, struct item *task)
{
    int64_t timeout = time_of(task, TIMEOUT_AT), heard = time_of(task, HEARD_UNTIL);
    int64_t at = timeout < heard ? timeout : heard;

    return at == INT64_MAX || is_lenient(w) ? 0 : due_at(w, task->row.id, at);
}

/* --- Making, claiming ------------------------------------------------------------------------ */

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

/* From now on its transition's time runs. */
static int start_task(struct work *w, struct item *task)
{
    cleanup_item struct item transition = { 0 };
    int rc = item_find(w, row_of(w, RES_TRANSITIONS), task->row.parent, &transition);
    int64_t most_s = rc == 0 ? item_number(&transition, "timeoutInSeconds") : 0;

    if (rc == -ENOENT)
        rc = 0;
    if (rc == 0 && most_s > 0)
        rc = set_earlier(task, TIMEOUT_AT, due_now(w) + most_s * US);
    if (rc == 0)
        rc = item_set_time(task, "startTime", view_now(w->v));
    if (rc == 0)
        rc = set_waiting(task, false);
    return rc < 0 ? rc : log_add(w, item_text(task, "logId"), "started");
}

/* Who claims one has to be heard of. */
static int claim_task(struct work *w, struct item *task)
{
    int rc = start_task(w, task);

    if (rc == 0)
        rc = hear(w, task);
    return rc < 0 ? rc : set_due(w, task);
}

/* Nobody waits for a container: the built-in runner has it at once. */
static int run_task(struct work *w, struct item *task)
{
    int rc = start_task(w, task);

    return rc < 0 ? rc : due_at(w, task->row.id, due_now(w));
}

static int log_task(struct work *w, struct item *task, const struct task_of *of)
{
    struct log_of about = { .transition = of->transition,
                            .transition_execution = task->row.id,
                            .workflow = of->workflow,
                            .workflow_execution = of->workflow_execution };
    char id[ID_MAX];
    int rc = log_new(w, &about, id);

    if (rc == 0)
        rc = log_add(w, id, "created");
    return rc < 0 ? rc : item_set_text(task, "logId", id);
}

static int begin_task(struct work *w, struct item *task, const struct task_of *of)
{
    cleanup_item struct item transition = { 0 };
    int rc = 0;

    if (of->timeout_s > 0)
        rc = set_earlier(task, TIMEOUT_AT, due_now(w) + of->timeout_s * US);
    if (rc == 0 && of->claimed)
        return claim_task(w, task);
    if (rc == 0)
        rc = item_find(w, row_of(w, RES_TRANSITIONS), of->transition, &transition);
    if (rc == -ENOENT || (rc == 0 && !is_manual(&transition)))
        return run_task(w, task);
    if (rc == 0)
        rc = set_waiting(task, true);
    return rc < 0 ? rc : set_due(w, task);
}

int task_new(struct work *w, const struct task_of *of, struct item *out)
{
    int rc = item_make(w, row_of(w, RES_TRANSITION_EXECUTIONS), NULL, of->transition, NULL, out);

    if (rc == 0 && of->input)
        rc = item_set(out, "input", json_incref(of->input));
    if (rc == 0)
        rc = hide_text(out, "workflowId", of->workflow);
    if (rc == 0)
        rc = hide_text(out, "workflowExecutionId", of->workflow_execution);
    if (rc == 0)
        rc = log_task(w, out, of);
    if (rc == 0)
        rc = begin_task(w, out, of);
    return rc < 0 ? rc : item_save(w, out);
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
    return found.id[0] ? item_find(w, row_of(w, RES_TRANSITION_EXECUTIONS), found.id, out)
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
        rc = claim_task(w, &task);
        if (rc == 0)
            rc = item_save(w, &task);
    }
    return rc < 0 ? rc : item_answer(w, &task);
}

/* --- The end --------------------------------------------------------------------------------- */

static bool has_ended(const struct item *it)
{
    return *item_text(it, "endTime") != '\0';
}

/* who NULL: nobody has, it was the time. */
static int end_task(struct work *w, struct item *task, const char *status, const char *who)
{
    int rc = due_never(w, task->row.id);

    if (rc == 0 && !*item_text(task, "startTime"))
        rc = item_set_time(task, "startTime", view_now(w->v));
    if (rc == 0)
        rc = item_set_text(task, "status", status);
    if (rc == 0)
        rc = item_set_time(task, "endTime", view_now(w->v));
    if (rc == 0)
        rc = item_set_text(task, "completedBy", who);
    if (rc == 0)
        rc = set_waiting(task, false);
    return rc < 0 ? rc : log_add(w, item_text(task, "logId"), "%s", status);
}

int task_cancel(struct work *w, const char *id)
{
    cleanup_item struct item task = { 0 };
    int rc = item_find(w, row_of(w, RES_TRANSITION_EXECUTIONS), id, &task);

    if (rc < 0 || has_ended(&task))
        return rc == -ENOENT ? 0 : rc;
    rc = log_add(w, item_text(&task, "logId"), "not needed any more");
    if (rc == 0)
        rc = end_task(w, &task, "failed", w->rq->caller);
    return rc < 0 ? rc : item_save(w, &task);
}

static int tell_workflow(struct work *w, struct item *task, bool timed_out)
{
    return kind_of(w->sb->kinds, RES_WORKFLOW_EXECUTIONS)->task_ended(w, task, timed_out);
}

static int time_out(struct work *w, struct item *task)
{
    int rc = time_of(task, TIMEOUT_AT) <= due_now(w)
                 ? log_add(w, item_text(task, "logId"), "timed out")
                 : log_add(w, item_text(task, "logId"), "timed out: no heartbeat for %lld s",
                           (long long)w->sb->options->heartbeat_s);

    if (rc == 0)
        rc = end_task(w, task, "failed", NULL);
    return rc < 0 ? rc : tell_workflow(w, task, true);
}

/* What is not carried out by people comes back as it went in. */
static int echo(struct work *w, struct item *task)
{
    json_t *input = json_object_get(task->body, "input");
    const char *log = item_text(task, "logId");
    struct failure why = { 0 };
    int rc = log_add(w, log, "the output is the input: the sandbox runs no images");

    if (rc == 0)
        rc = task_check(w, task->row.parent, "outputJsonSchema", input, "output", &why);
    if (rc == -EINVAL) {
        rc = log_add(w, log, "%s", why.text);
        if (rc == 0)
            rc = end_task(w, task, "failed", w->rq->caller);
    } else if (rc == 0) {
        if (json_object_set(task->hidden, "output", input) < 0)
            return -ENOMEM;
        if (resource_field(task->res, "output")->flags & F_READABLE)
            rc = item_set(task, "output", json_incref(input));
        if (rc < 0)
            return rc;
        rc = end_task(w, task, "succeeded", w->rq->caller);
    }
    return rc < 0 ? rc : tell_workflow(w, task, false);
}

/* One that was claimed by somebody is never the runner's: it has to be heard of. */
static int task_due(struct work *w, struct item *task)
{
    bool claimed = json_object_get(task->hidden, HEARD_UNTIL) != NULL;

    if (has_ended(task))
        return 0;
    return claimed || !*item_text(task, "startTime") ? time_out(w, task) : echo(w, task);
}

static int check_end(struct work *w, struct item *task, json_t *fields, const char *status)
{
    bool succeeded = status && strcmp(status, "succeeded") == 0;
    json_t *output = json_object_get(fields, "output");
    struct failure why = { 0 };
    int rc;

    if (is_lenient(w))
        return 0;
    if (json_is_string(json_object_get(task->before, "endTime")))
        return refuse(w, 400, "executionId %s has ended", task->row.id);
    if (!status && (output || json_object_get(fields, "error")))
        return refuse(w, 400, "status: is missing");
    if (succeeded && !output)
        return refuse(w, 400, "output: is missing");
    if (status && !succeeded && !json_object_get(fields, "error"))
        return refuse(w, 400, "error: is missing");
    rc =
        succeeded ? task_check(w, task->row.parent, "outputJsonSchema", output, "output", &why) : 0;
    return rc == -EINVAL ? refuse(w, 400, "%s", why.text) : rc;
}

/* Why it failed is for who reads the log. */
static int log_error(struct work *w, struct item *task, json_t *fields)
{
    const char *message =
        json_string_value(json_object_get(json_object_get(fields, "error"), "message"));

    return message ? log_add(w, item_text(task, "logId"), "%s", message) : 0;
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
    rc = log_error(w, task, fields);
    if (rc == 0)
        rc = end_task(w, task, status, w->rq->caller);
    return rc < 0 ? rc : tell_workflow(w, task, false);
}

const struct kind kind_transition_executions = { .change = task_change,
                                                 .post = task_post,
                                                 .due = task_due };

/* --- Heartbeats ------------------------------------------------------------------------------ */

static int heartbeat_post(struct work *w)
{
    const struct address *t = &w->rq->target;
    cleanup_item struct item task = { 0 };
    int rc = item_get(w, row_of(w, RES_TRANSITION_EXECUTIONS), t->ids[1], t->ids[0], &task);

    if (rc < 0)
        return rc;
    if (has_ended(&task) && !is_lenient(w))
        return refuse(w, 400, "executionId %s has ended", task.row.id);
    w->an->status = 204;
    rc = *item_text(&task, "startTime") ? hear(w, &task) : 0;
    if (rc == 0)
        rc = set_due(w, &task);
    return rc < 0 ? rc : item_save(w, &task);
}

const struct kind kind_heartbeats = { .post = heartbeat_post };

/* --- Transitions ----------------------------------------------------------------------------- */

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

/* Of today's parameters a PATCH says those that change; null clears one. */
static int merge_parameters(struct item *it)
{
    json_t *was = json_object_get(it->before, "parameters");
    json_t *is = json_object_get(it->body, "parameters"), *merged, *value;
    const char *name;

    if (!json_is_object(was) || json_equal(was, is))
        return 0;
    merged = json_deep_copy(was);
    json_object_foreach(is, name, value) {
        if (json_is_null(value))
            json_object_del(merged, name);
        else
            json_object_set(merged, name, value);
    }
    return merged ? item_set(it, "parameters", merged) : -ENOMEM;
}

static int transition_change(struct work *w, struct item *it, json_t *fields)
{
    int rc = json_object_get(fields, "parameters") ? merge_parameters(it) : 0;

    return rc < 0 ? rc : check_parameters(w, it);
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
