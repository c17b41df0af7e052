/* Models, and their data bundles. */
#include "due_time.h"
#include "kinds.h"

#include "banned.h"

#define MS 1000

/* Both take their time, which is the same for all. */
static int due_when_made(struct work *w, const struct item *it)
{
    return due_at(w, it->row.id, due_now(w) + w->sb->options->model_ms * MS);
}

/* --- Models ---------------------------------------------------------------------------------- */

/* Today a model is what one of its trainings has made of it. */
static int use_training(struct work *w, struct item *it, json_t *id)
{
    cleanup_item struct item training = { 0 };
    int rc;

    if (json_is_null(id))
        return item_set_text(it, "status", "inactive");
    rc = item_find(w, row_of(w, RES_TRAININGS), json_string_value(id), &training);
    if (rc == -ENOENT || (rc == 0 && strcmp(training.row.parent, it->row.id) != 0))
        return is_lenient(w) ? 0 : refuse(w, 400, "trainingId: is none of this model");
    if (rc == 0 && !item_is(&training, "status", "succeeded") && !is_lenient(w))
        return refuse(w, 400, "trainingId %s has not succeeded", training.row.id);
    return rc < 0 ? rc : item_set_text(it, "status", "active");
}

/* Nothing is trained: the time passes, and the model is active. Another status ends that. */
static int model_change(struct work *w, struct item *it, json_t *fields)
{
    json_t *training = json_object_get(fields, "trainingId");

    if (training)
        return use_training(w, it, training);
    if (!json_object_get(fields, "status"))
        return 0;
    return item_is(it, "status", "training") ? due_when_made(w, it) : due_never(w, it->row.id);
}

static int model_due(struct work *w, struct item *it)
{
    int rc = item_set_text(it, "status", "active");

    return rc < 0 ? rc : item_set_time(it, "updatedTime", view_now(w->v));
}

const struct kind kind_models = { .change = model_change, .due = model_due };

/* --- Data bundles ---------------------------------------------------------------------------- */

/* The datasets as they are now, and their sums. */
static int bundle_datasets(struct work *w, struct item *it)
{
    json_t *ids = json_object_get(it->hidden, "datasetIds"), *id;
    json_t *datasets = json_array(), *summary = json_object();
    int64_t documents = 0;
    size_t i;
    int rc = item_set(it, "datasets", datasets);

    if (json_object_set_new(it->hidden, "summary", summary) < 0)
        rc = -ENOMEM;
    json_array_foreach(ids, i, id) {
        cleanup_item struct item set = { 0 };

        if (rc == 0)
            rc = item_find(w, row_of(w, RES_DATASETS), json_string_value(id), &set);
        if (rc == -ENOENT) {
            rc = 0; /* deleted since */
            continue;
        }
        if (rc == 0 && json_array_append(datasets, set.body) < 0)
            rc = -ENOMEM;
        documents += rc == 0 ? item_number(&set, "numberOfDocuments") : 0;
    }
    if (rc == 0 && json_object_set_new(summary, "numberOfDocuments", json_integer(documents)) < 0)
        rc = -ENOMEM;
    return rc;
}

/* The words that the API has for a bundle: at first, and at the end. */
static const char *bundle_word(const struct item *it, size_t i)
{
    return resource_field(it->res, "status")->schema->enums[i];
}

/* It has what there is now, and tells of it when its time has passed. */
static int bundle_build(struct work *w, struct item *it)
{
    int rc = bundle_datasets(w, it);

    if (rc == 0)
        rc = item_set_text(it, "status", bundle_word(it, 0));
    if (rc == 0)
        rc = item_set(it, "summary", json_object());
    return rc < 0 ? rc : due_when_made(w, it);
}

static int bundle_due(struct work *w, struct item *it)
{
    json_t *summary = json_object_get(it->hidden, "summary");
    int rc = item_set_text(it, "status", bundle_word(it, 1));

    (void)w;
    return rc < 0 || !summary ? rc : item_set(it, "summary", json_incref(summary));
}

static int bundle_make(struct work *w, struct item *it, json_t *fields)
{
    json_t *ids = json_object_get(fields, "datasetIds");

    if (ids && json_object_set(it->hidden, "datasetIds", ids) < 0)
        return -ENOMEM;
    return bundle_build(w, it);
}

static int count_bundle(struct work *w, struct item *it, int by)
{
    cleanup_item struct item model = { 0 };
    int rc = item_find(w, row_of(w, RES_MODELS), it->row.parent, &model);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = item_set_number(&model, "numberOfDataBundles",
                         item_number(&model, "numberOfDataBundles") + by);
    return rc < 0 ? rc : item_save(w, &model);
}

static int bundle_made(struct work *w, struct item *it)
{
    return count_bundle(w, it, 1);
}

static int bundle_unmake(struct work *w, struct item *it)
{
    return count_bundle(w, it, -1);
}

static int bundle_change(struct work *w, struct item *it, json_t *fields)
{
    return json_object_size(fields) == 0 ? bundle_build(w, it) : 0;
}

const struct kind kind_data_bundles = {
    .make = bundle_make,
    .made = bundle_made,
    .change = bundle_change,
    .unmake = bundle_unmake,
    .due = bundle_due,
};
