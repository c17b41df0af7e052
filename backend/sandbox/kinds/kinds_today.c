/* What only today's API has: trainings, transformations, and people's profiles. */
#include "due_time.h"
#include "kinds.h"

#include <stdlib.h>

#include "digest.h"

#include "banned.h"

#define MS 1000

static int due_when_made(struct work *w, const struct item *it)
{
    return due_at(w, it->row.id, due_now(w) + w->sb->options->model_ms * MS);
}

static int set_done(struct work *w, struct item *it, const char *status)
{
    int rc = item_set_text(it, it->res->state_field, status);

    return rc < 0 ? rc : item_set_time(it, it->res->changed_field, view_now(w->v));
}

/* --- Trainings ------------------------------------------------------------------------------- */

/* A model says how many of them run. */
static int count_training(struct work *w, const struct item *it, int by)
{
    cleanup_item struct item model = { 0 };
    int rc = item_find(w, row_of(w, RES_MODELS), it->row.parent, &model);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = item_set_number(&model, "numberOfRunningTrainings",
                         item_number(&model, "numberOfRunningTrainings") + by);
    return rc < 0 ? rc : item_save(w, &model);
}

/* Nothing is trained: the time passes. */
static int training_made(struct work *w, struct item *it)
{
    int rc = due_when_made(w, it);

    return rc < 0 ? rc : count_training(w, it, 1);
}

static bool is_running(json_t *training)
{
    const char *status = json_string_value(json_object_get(training, "status"));

    return status && strcmp(status, "running") == 0;
}

static int training_change(struct work *w, struct item *it, json_t *fields)
{
    int rc;

    if (!json_object_get(fields, "status"))
        return 0;
    if (!is_running(it->before))
        return is_lenient(w) ? 0 : refuse(w, 400, "trainingId %s has ended", it->row.id);
    rc = due_never(w, it->row.id);
    return rc < 0 ? rc : count_training(w, it, -1);
}

static int training_due(struct work *w, struct item *it)
{
    int rc = set_done(w, it, "succeeded");

    if (rc == 0)
        rc = item_set(it, "gpuHours", json_real((double)w->sb->options->model_ms / 3600000));
    return rc < 0 ? rc : count_training(w, it, -1);
}

const struct kind kind_trainings = {
    .made = training_made,
    .change = training_change,
    .due = training_due,
};

/* --- Transformations ------------------------------------------------------------------------- */

struct seen {
    json_t *ids;    /* of the dataset's documents, the oldest first */
    json_t *hashes; /* of what was seen */
};

static int note_id(void *arg, const struct row *row)
{
    struct seen *s = arg;

    return json_array_append_new(s->ids, json_string(row->id)) < 0 ? -ENOMEM : 0;
}

/* A document whose bytes another one has goes; one without bytes is like no other. */
static int remove_if_seen(struct work *w, struct seen *s, const char *id)
{
    cleanup_buf struct buf text = BUF_INIT((size_t)96 << 20);
    cleanup_item struct item it = { 0 };
    char hash[DIGEST_TEXT_MAX];
    int rc = view_content(w->v, id, &text);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    digest_text(DIGEST_HEX, buf_str(&text), text.len, hash);
    if (!json_object_get(s->hashes, hash))
        return json_object_set_new(s->hashes, hash, json_true()) < 0 ? -ENOMEM : 0;
    rc = item_find(w, row_of(w, RES_DOCUMENTS), id, &it);
    return rc < 0 ? rc : item_delete(w, &it);
}

static int remove_duplicates(struct work *w, const char *dataset)
{
    json_auto_t *ids = json_array(), *hashes = json_object();
    json_auto_t *key = json_pack("[s]", dataset);
    struct seen s = { ids, hashes };
    struct list_query q = { .kind = RES_DOCUMENTS, .parent = "", .limit = -1 };
    json_t *id;
    size_t i;
    int rc = ids && hashes && key ? 0 : -ENOMEM;

    for (size_t f = 0; row_of(w, RES_DOCUMENTS)->filters[f].name; f++)
        if (strcmp(row_of(w, RES_DOCUMENTS)->filters[f].name, "datasetId") == 0)
            q.keys[f] = key;
    if (rc == 0)
        rc = view_list(w->v, &q, note_id, &s);
    json_array_foreach(ids, i, id)
        if (rc == 0)
            rc = remove_if_seen(w, &s, json_string_value(id));
    return rc;
}

static int transformation_made(struct work *w, struct item *it)
{
    return due_when_made(w, it);
}

static int transformation_due(struct work *w, struct item *it)
{
    int rc = json_array_size(json_object_get(it->body, "operations")) > 0
                 ? remove_duplicates(w, it->row.parent)
                 : 0;

    return rc < 0 ? rc : set_done(w, it, "succeeded");
}

const struct kind kind_transformations = {
    .made = transformation_made,
    .due = transformation_due,
};

/* --- People ---------------------------------------------------------------------------------- */

/* Who is invited has a profile, where the address stands. */
static int user_make(struct work *w, struct item *it, json_t *fields)
{
    cleanup_item struct item profile = { 0 };
    int rc;

    if (!row_of(w, RES_PROFILES))
        return 0;
    rc = item_make(w, row_of(w, RES_PROFILES), NULL, NULL, NULL, &profile);
    if (rc == 0)
        rc = item_set(&profile, "email", json_incref(json_object_get(fields, "email")));
    if (rc == 0)
        rc = item_save(w, &profile);
    if (rc == 0)
        rc = item_set_text(it, "profileId", profile.row.id);
    return rc < 0 ? rc : item_set_text(it, "status", "invite_pending");
}

const struct kind kind_users = { .make = user_make };
