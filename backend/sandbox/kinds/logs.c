#include "logs.h"

#include <stdio.h>

#include "json_text.h"

#include "banned.h"

#define LINE_BYTES_MAX 1024
#define US 1e6

int log_new(struct work *w, const struct log_of *of, char id[ID_MAX])
{
    cleanup_item struct item log = { 0 };
    int rc = item_make(w, row_of(w, RES_LOGS), NULL, NULL, NULL, &log);

    if (rc == 0)
        rc = item_set_time(&log, "startTime", log.row.made);
    if (rc == 0)
        rc = item_set_text(&log, "transitionId", of->transition);
    if (rc == 0)
        rc = item_set_text(&log, "transitionExecutionId", of->transition_execution);
    if (rc == 0)
        rc = item_set_text(&log, "workflowId", of->workflow);
    if (rc == 0)
        rc = item_set_text(&log, "workflowExecutionId", of->workflow_execution);
    if (rc == 0)
        snprintf(id, ID_MAX, "%s", log.row.id);
    return rc < 0 ? rc : item_save(w, &log);
}

int log_add(struct work *w, const char *id, const char *fmt, ...)
{
    cleanup_item struct item log = { 0 };
    int rc = id && *id ? item_find(w, row_of(w, RES_LOGS), id, &log) : -ENOENT;
    char line[LINE_BYTES_MAX];
    json_t *event;
    va_list ap;

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (!json_text_utf8_ok(line, strlen(line))) /* cut in the middle of a letter */
        snprintf(line, sizeof(line), "something happened that is too long to tell");
    event = json_pack("{s:f, s:s}", "timestamp", (double)view_now(w->v) / US, "message", line);
    if (!event || json_array_append_new(json_object_get(log.body, "events"), event) < 0)
        return -ENOMEM;
    return item_save(w, &log);
}
