/* Workflows and their executions: what stands where in definition.h, and who does it in tasks.h. */
#include "definition.h"
#include "due_time.h"
#include "json_text.h"
#include "kinds.h"
#include "logs.h"
#include "tasks.h"

#include "banned.h"

#define INPUT_BYTES_MAX ((size_t)256 << 10)
#define TASKS_MAX 1000 /* of one execution: a definition may go in circles */
#define US 1000000

/* --- Workflows ------------------------------------------------------------------------------- */

static int workflow_make(struct work *w, struct item *it, json_t *fields)
{
    json_t *definition = json_object_get(json_object_get(fields, "specification"), "definition");
    int rc = is_lenient(w) ? 0 : definition_check(w, definition);

    if (rc == 0 && json_object_set(it->hidden, "definition", definition) < 0)
        rc = -ENOMEM;
    return rc;
}

const struct kind kind_workflows = { .make = workflow_make };

/* --- An execution and its workflow ------------------------------------------------------------ */

/*
 * Where an execution stands is hidden in it: "state" and the "data" that came to it, the "task"
 * that carries it out, and how many "retries" there were.
 */
struct flow {
    struct work *w;
    struct item *it;
    struct item workflow;
    json_t *definition; /* the workflow's */
    bool asked;         /* somebody waits for the answer: it says what is wrong with the data */
};

static void flow_release(struct flow *f)
{
    item_release(&f->workflow);
}
#define cleanup_flow CLEANUP(flow_release)

/* -ENOENT: it has no workflow. */
static int flow_open(struct flow *f, struct work *w, struct item *it)
{
    int rc = item_find(w, row_of(w, RES_WORKFLOWS), it->row.parent, &f->workflow);

    f->w = w;
    f->it = it;
    f->definition = json_object_get(f->workflow.hidden, "definition");
    return rc;
}

/* An execution has no log of its own: what happens to it stands in its latest task's. */
static const char *log_id(const struct flow *f)
{
    return item_text(f->it, "logId");
}

static json_t *current_state(const struct flow *f)
{
    return definition_state(f->definition, member_text(f->it->hidden, "state"));
}

static int new_completed_log(struct flow *f)
{
    struct log_of of = { .transition = member_text(current_state(f), "Resource"),
                         .workflow = f->it->row.parent,
                         .workflow_execution = f->it->row.id };
    char id[ID_MAX];
    int rc = of.transition ? log_new(f->w, &of, id) : -ENOENT;

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return item_set_text(f->it, "completedTaskLogId", id);
}

static bool has_ended(const struct item *it)
{
    return *item_text(it, "endTime") != '\0';
}

static int count_running(struct work *w, const char *workflow, int by)
{
    cleanup_item struct item it = { 0 };
    int rc = item_find(w, row_of(w, RES_WORKFLOWS), workflow, &it);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = item_set_number(&it, "numberOfRunningExecutions",
                         item_number(&it, "numberOfRunningExecutions") + by);
    return rc < 0 ? rc : item_save(w, &it);
}

static int set_status(struct work *w, struct item *it, const char *status)
{
    int was = item_is(it, "status", "running"), is = strcmp(status, "running") == 0;
    int rc = item_set_text(it, "status", status);

    return rc < 0 || was == is ? rc : count_running(w, it->row.parent, is - was);
}

/* Who has had a hand in it, each once. */
static int add_worker(struct flow *f, const char *id)
{
    json_t *workers = json_object_get(f->it->body, "completedBy"), *worker;
    size_t i;

    json_array_foreach(workers, i, worker)
        if (strcmp(json_string_value(worker), id) == 0)
            return 0;
    return json_array_append_new(workers, json_string(id)) < 0 ? -ENOMEM : 0;
}

static int cancel_tasks(struct work *w, struct item *it)
{
    json_t *tasks, *id;
    const char *name;
    size_t i;
    int rc = due_never(w, it->row.id);

    json_object_foreach(json_object_get(it->body, "transitionExecutions"), name, tasks)
        json_array_foreach(tasks, i, id)
            if (rc == 0)
                rc = task_cancel(w, json_string_value(id));
    return rc;
}

/* --- The end --------------------------------------------------------------------------------- */

/* The container that runs after every execution: here it is told of and not run. */
static int run_completed(struct flow *f, const char *status)
{
    json_t *config = json_object_get(f->workflow.body, "completedConfig");
    const char *image = member_text(config, "imageUrl"), *log, *name;
    json_t *value;
    int rc = image ? new_completed_log(f) : 0;

    if (!image || rc < 0)
        return rc;
    log = item_text(f->it, "completedTaskLogId");
    rc = log_add(f->w, log, "%s would run now: the sandbox runs no images", image);
    json_object_foreach(json_object_get(config, "environment"), name, value)
        if (rc == 0)
            rc = log_add(f->w, log, "with %s in its environment", name);
    return rc < 0 ? rc : log_add(f->w, log, "%s: %s", f->it->row.id, status);
}

static int finish(struct flow *f, const char *status, json_t *output)
{
    int rc = set_status(f->w, f->it, status);

    if (rc == 0)
        rc = item_set_time(f->it, "endTime", view_now(f->w->v));
    if (rc == 0 && output)
        rc = item_set(f->it, "output", json_incref(output));
    if (rc == 0)
        rc = cancel_tasks(f->w, f->it);
    if (rc == 0)
        rc = log_add(f->w, log_id(f), "the execution has ended: %s", status);
    return rc < 0 ? rc : run_completed(f, status);
}

/* A step has failed: that is the end, or somebody says where to go on. */
static int fail_step(struct flow *f, const char *status)
{
    json_t *config = json_object_get(f->workflow.body, "errorConfig");
    const char *email = member_text(config, "email");
    int rc = 0;

    if (email)
        rc = log_add(f->w, log_id(f), "%s would get a mail: the sandbox sends none", email);
    if (rc < 0 || !json_is_true(json_object_get(config, "manualRetry")))
        return rc < 0 ? rc : finish(f, status, NULL);
    rc = set_status(f->w, f->it, "retry");
    return rc < 0
               ? rc
               : log_add(f->w, log_id(f), "the execution has %s and waits to be sent on", status);
}

/* --- Steps ----------------------------------------------------------------------------------- */

static int count_tasks(json_t *all)
{
    const char *transition;
    json_t *tasks;
    size_t n = 0;

    json_object_foreach(all, transition, tasks)
        n += json_array_size(tasks);
    return (int)n;
}

static int note_task(struct flow *f, const char *transition, const struct item *task)
{
    const char *id = task->row.id;
    json_t *all = json_object_get(f->it->body, "transitionExecutions");
    json_t *tasks = json_object_get(all, transition);

    if (!tasks) {
        tasks = json_array();
        if (json_object_set_new(all, transition, tasks) < 0)
            return -ENOMEM;
    }
    if (json_array_append_new(tasks, json_string(id)) < 0 ||
        json_object_set_new(f->it->hidden, "task", json_string(id)) < 0)
        return -ENOMEM;
    return item_set_text(f->it, "logId", item_text(task, "logId"));
}

/* A new transition execution for the state that it stands at. */
static int start_task(struct flow *f)
{
    json_t *state = current_state(f), *data = json_object_get(f->it->hidden, "data");
    struct task_of of = { .transition = member_text(state, "Resource"),
                          .workflow = f->it->row.parent,
                          .workflow_execution = f->it->row.id,
                          .timeout_s =
                              (int64_t)json_number_value(json_object_get(state, "TimeoutSeconds")),
                          .input = data };
    cleanup_item struct item task = { 0 };
    struct failure why = { 0 };
    int rc;

    if (!of.transition || strcmp(of.transition, TRANSITION_FAILED) == 0)
        return finish(f, of.transition ? "failed" : "error", NULL);
    if (count_tasks(json_object_get(f->it->body, "transitionExecutions")) >= TASKS_MAX)
        return finish(f, "error", NULL);
    rc = task_check(f->w, of.transition, "inputJsonSchema", data, "input", &why);
    if (rc == -EINVAL && f->asked)
        return refuse(f->w, 400, "%s", why.text);
    if (rc == -EINVAL) {
        rc = log_add(f->w, log_id(f), "%s", why.text);
        return rc < 0 ? rc : fail_step(f, "failed");
    }
    if (rc == 0)
        rc = task_new(f->w, &of, &task);
    return rc < 0 ? rc : note_task(f, of.transition, &task);
}

/* Data arrive at a state. */
static int go_to(struct flow *f, const char *name, json_t *data)
{
    json_t *hidden = f->it->hidden;
    struct failure why = { 0 };
    const char *state;
    int rc = 0;

    if (definition_follow(f->definition, name, data, &state, &why) < 0) {
        rc = log_add(f->w, log_id(f), "%s", why.text);
        return rc < 0 ? rc : finish(f, "error", NULL);
    }
    if (!state)
        return finish(f, "succeeded", data);
    if (json_object_set_new(hidden, "state", json_string(state)) < 0 ||
        json_object_set(hidden, "data", data) < 0 ||
        json_object_set_new(hidden, "retries", json_integer(0)) < 0)
        return -ENOMEM;
    return start_task(f);
}

static int step_succeeded(struct flow *f, struct item *task)
{
    json_t *output = json_object_get(task->hidden, "output"), *state = current_state(f);
    const char *next = member_text(state, "Next");

    if (!output)
        output = json_object_get(task->body, "input"); /* a lenient server asks for none */
    return next ? go_to(f, next, output) : finish(f, "succeeded", output);
}

static int step_timed_out(struct flow *f)
{
    json_t *hidden = f->it->hidden;
    int64_t n = json_integer_value(json_object_get(hidden, "retries"));
    int64_t wait_us = definition_retry_us(current_state(f), n);
    int rc;

    if (wait_us < 0)
        return fail_step(f, "failed");
    if (json_object_set_new(hidden, "retries", json_integer(n + 1)) < 0)
        return -ENOMEM;
    json_object_del(hidden, "task");
    rc = log_add(f->w, log_id(f), "%s: again in %.1f s", member_text(hidden, "state"),
                 (double)wait_us / US);
    return rc < 0 ? rc : due_at(f->w, f->it->row.id, due_now(f->w) + wait_us);
}

/* A state that was written before its place was kept: the task says where it is. */
static int place(struct flow *f, const struct item *task)
{
    const char *state = definition_state_of(f->definition, task->row.parent);
    json_t *hidden = f->it->hidden;

    if (json_object_get(hidden, "state") || !state)
        return 0;
    if (json_object_set_new(hidden, "state", json_string(state)) < 0 ||
        json_object_set(hidden, "data", json_object_get(task->body, "input")) < 0)
        return -ENOMEM;
    return 0;
}

static int go_on(struct flow *f, struct item *task, bool timed_out)
{
    const char *status = item_text(task, "status");
    int rc = place(f, task);

    if (rc == 0 && !timed_out)
        rc = add_worker(f, f->w->rq->caller);
    if (rc < 0)
        return rc;
    if (strcmp(status, "succeeded") == 0)
        return step_succeeded(f, task);
    if (strcmp(status, "retry") == 0)
        return start_task(f);
    return timed_out ? step_timed_out(f) : fail_step(f, status);
}

static int execution_task_ended(struct work *w, struct item *task, bool timed_out)
{
    const char *execution = member_text(task->hidden, "workflowExecutionId"), *current;
    cleanup_item struct item it = { 0 };
    cleanup_flow struct flow f = { 0 };
    int rc;

    if (!execution)
        return 0;
    rc = item_save(w, task); /* it must not be found open when all are cancelled */
    if (rc == 0)
        rc = item_find(w, row_of(w, RES_WORKFLOW_EXECUTIONS), execution, &it);
    if (rc == 0 && !has_ended(&it))
        rc = flow_open(&f, w, &it);
    if (rc < 0 || !f.w)
        return rc == -ENOENT ? 0 : rc;
    current = member_text(it.hidden, "task");
    if (current && strcmp(current, task->row.id) != 0)
        return 0; /* the execution was sent elsewhere meanwhile */
    rc = go_on(&f, task, timed_out);
    return rc < 0 ? rc : item_save(w, &it);
}

/* --- Executions ------------------------------------------------------------------------------ */

static int execution_make(struct work *w, struct item *it, json_t *fields)
{
    cleanup_buf struct buf text = BUF_INIT(INPUT_BYTES_MAX);
    json_t *input = json_object_get(fields, "input");
    int rc = input ? json_text_write(input, false, &text) : 0;

    if (rc == -EFBIG)
        return refuse(w, 400, "input: is larger than %zu bytes", INPUT_BYTES_MAX);
    return rc < 0 ? rc : item_set_time(it, "startTime", it->row.made);
}

static int execution_made(struct work *w, struct item *it)
{
    cleanup_flow struct flow f = { .asked = true };
    int rc = count_running(w, it->row.parent, 1);

    if (rc == 0)
        rc = flow_open(&f, w, it);
    if (rc == 0 && definition_start(f.definition))
        rc = go_to(&f, definition_start(f.definition), json_object_get(it->body, "input"));
    return rc < 0 && rc != -ENOENT ? rc : item_save(w, it);
}

/* What the transition was given when it was there last, or what has come so far. */
static int data_for(struct flow *f, const char *transition, json_t **out)
{
    json_t *tasks =
        json_object_get(json_object_get(f->it->body, "transitionExecutions"), transition);
    json_t *last = json_array_get(tasks, json_array_size(tasks) - 1);
    json_t *data = json_object_get(f->it->hidden, "data");
    cleanup_item struct item task = { 0 };
    int rc = last ? item_find(f->w, row_of(f->w, RES_TRANSITION_EXECUTIONS),
                              json_string_value(last), &task)
                  : -ENOENT;

    if (rc < 0 && rc != -ENOENT)
        return rc;
    if (rc == 0)
        data = json_object_get(task.body, "input");
    *out = json_incref(data ? data : json_object_get(f->it->body, "input"));
    return 0;
}

static int send_on(struct flow *f, const char *transition)
{
    const char *here = member_text(current_state(f), "Resource");
    const char *state = here && strcmp(here, transition) == 0
                            ? member_text(f->it->hidden, "state")
                            : definition_state_of(f->definition, transition);
    json_t *data = NULL;
    int rc;

    if (!state && is_lenient(f->w))
        return 0;
    if (!state)
        return refuse(f->w, 400, "nextTransitionId: %s is no step of %s", transition,
                      f->workflow.row.id);
    rc = data_for(f, transition, &data);
    if (rc == 0)
        rc = cancel_tasks(f->w, f->it);
    if (rc == 0)
        rc = set_status(f->w, f->it, "running");
    if (rc == 0)
        rc = go_to(f, state, data);
    json_decref(data);
    return rc;
}

/* "Fetched by my system": what has succeeded is completed, or again is not. */
static int set_fetched(struct work *w, struct item *it, const char *next)
{
    const char *was = json_string_value(json_object_get(it->before, "status"));

    if (is_lenient(w))
        return 0;
    if (next)
        return refuse(w, 400, "status, nextTransitionId: one of them");
    if (!was || (strcmp(was, "succeeded") != 0 && strcmp(was, "completed") != 0))
        return refuse(w, 400, "executionId %s has not succeeded", it->row.id);
    return 0;
}

static int execution_change(struct work *w, struct item *it, json_t *fields)
{
    const char *next = member_text(fields, "nextTransitionId");
    cleanup_flow struct flow f = { .asked = true };
    int rc;

    if (json_object_get(fields, "status"))
        return set_fetched(w, it, next);
    if (!next && json_object_size(fields) == 0)
        return refuse(w, 400, "the body must have at least one field");
    if (has_ended(it))
        return is_lenient(w) ? 0 : refuse(w, 400, "executionId %s has ended", it->row.id);
    rc = flow_open(&f, w, it);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = log_add(w, log_id(&f), "sent to %s", next);
    if (rc < 0 || strcmp(next, TRANSITION_FAILED) != 0)
        return rc < 0 ? rc : send_on(&f, next);
    rc = add_worker(&f, w->rq->caller);
    return rc < 0 ? rc : finish(&f, "failed", NULL);
}

static int execution_unmake(struct work *w, struct item *it)
{
    int rc = has_ended(it) ? 0 : cancel_tasks(w, it);

    return rc < 0 || !item_is(it, "status", "running") ? rc : count_running(w, it->row.parent, -1);
}

/* The wait before a retry is over. */
static int execution_due(struct work *w, struct item *it)
{
    cleanup_flow struct flow f = { 0 };
    int rc = has_ended(it) ? -ENOENT : flow_open(&f, w, it);

    if (rc < 0 || !item_is(it, "status", "running"))
        return rc == -ENOENT ? 0 : rc;
    return start_task(&f);
}

const struct kind kind_workflow_executions = {
    .make = execution_make,
    .made = execution_made,
    .change = execution_change,
    .unmake = execution_unmake,
    .due = execution_due,
    .task_ended = execution_task_ended,
};
