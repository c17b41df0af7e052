/* Models, their data bundles, and predictions. */
#include "due_time.h"
#include "kinds.h"

#include <stdio.h>

#include "clock.h"

#include "banned.h"

#define US 1000000
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

/* --- Predictions ----------------------------------------------------------------------------- */

static int add_guess(json_t *guesses, const char *label, json_t *value, int confidence)
{
    json_t *guess = value ? json_pack("{s:s, s:o, s:i}", "label", label, "value", value,
                                      "confidence", confidence)
                          : NULL;

    return guess && json_array_append_new(guesses, guess) == 0 ? 0 : -ENOMEM;
}

/* Values are text: a ground truth that is true, false or a number becomes the word. */
static json_t *guess_value(json_t *truth)
{
    char text[64];

    if (json_is_boolean(truth))
        return json_string(json_is_true(truth) ? "true" : "false");
    if (json_is_array(truth) || (json_is_string(truth) && json_string_length(truth) == 0))
        return json_null(); /* nothing here reads lines of labels */
    if (!json_is_number(truth))
        return json_incref(truth);
    snprintf(text, sizeof(text), "%.15g", json_number_value(truth));
    return json_string(text);
}

/* A field as often as the ground truth has it, for certain; once, and not, where it hasn't. */
static int guess_field(json_t *guesses, const char *label, json_t *truth)
{
    bool known = false;
    json_t *entry;
    size_t i;

    json_array_foreach(truth, i, entry) {
        if (strcmp(json_string_value(json_object_get(entry, "label")), label) != 0)
            continue;
        known = true;
        if (add_guess(guesses, label, guess_value(json_object_get(entry, "value")), 1) < 0)
            return -ENOMEM;
    }
    return known ? 0 : add_guess(guesses, label, json_null(), 0);
}

/* Of what it may be instead, the first. */
static const struct schema *simplest(const struct schema *s)
{
    while (s->any_of)
        s = s->any_of[0];
    return s;
}

/* A stand-in for a model: it reads the ground truth in the place of the document. */
static int guess(struct item *it, const struct item *document, const struct item *model)
{
    const struct schema *list = simplest(resource_field(it->res, "predictions")->schema);
    const struct schema *label = simplest(list->items)->members[0].schema;
    json_t *truth = json_object_get(document->body, "groundTruth");
    json_t *config = json_object_get(model->body, "fieldConfig");
    json_t *guesses = json_array(), *entry;
    const char *name;
    int rc = item_set(it, "predictions", guesses);

    json_object_foreach(config, name, entry)
        if (rc == 0 && strlen(name) <= (size_t)label->max &&
            schema_pattern_ok(label->pattern, name))
            rc = guess_field(guesses, name, truth);
    return rc;
}

/* What the API has of these, one generation or the other. */
static int set_if_known(struct item *it, const char *field, json_t *value)
{
    if (resource_field(it->res, field))
        return item_set(it, field, value);
    json_decref(value);
    return 0;
}

/* An inactive model works with one of its trainings that succeeded. */
static int check_model(struct work *w, const struct item *model, json_t *fields)
{
    cleanup_item struct item training = { 0 };
    const char *id = json_string_value(json_object_get(fields, "trainingId"));
    int rc;

    if (item_is(model, "status", "active") || is_lenient(w))
        return 0;
    if (!id)
        return refuse(w, 400, "modelId %s is not active", model->row.id);
    rc = item_find(w, row_of(w, RES_TRAININGS), id, &training);
    if (rc < 0)
        return rc;
    return strcmp(training.row.parent, model->row.id) == 0 &&
                   item_is(&training, "status", "succeeded")
               ? 0
               : refuse(w, 400, "trainingId %s is of no use here", id);
}

static int predict(struct work *w, struct item *it, json_t *fields)
{
    cleanup_item struct item document = { 0 }, model = { 0 };
    int rc = item_get(w, row_of(w, RES_MODELS), item_text(it, "modelId"), NULL, &model);

    if (rc == 0)
        rc = check_model(w, &model, fields);
    if (rc == 0)
        rc = item_get(w, row_of(w, RES_DOCUMENTS), item_text(it, "documentId"), NULL, &document);
    if (rc == 0 && !*item_text(&document, document.res->type_field) && !is_lenient(w))
        return refuse(w, 400, "documentId %s has no content yet", document.row.id);
    if (rc == 0)
        rc = guess(it, &document, &model);
    return rc < 0 ? rc : set_if_known(it, "status", json_string("succeeded"));
}

/* Not at once: it is looked at, and the answer comes later. */
static int pend(struct work *w, struct item *it)
{
    int rc = item_set_text(it, "status", "pending");

    if (rc == 0)
        rc = item_set(it, "predictions", json_null());
    return rc < 0 ? rc : due_at(w, it->row.id, due_now(w) + US);
}

static int prediction_due(struct work *w, struct item *it)
{
    json_t *fields =
        json_pack("{s:o*}", "trainingId", json_incref(json_object_get(it->body, "trainingId")));
    int rc = predict(w, it, fields);

    json_decref(fields);
    if (rc != REFUSED)
        return rc;
    rc = item_set_text(it, "status", "failed");
    return rc < 0 ? rc : item_set_text(it, "error", "the document or the model has gone");
}

static int prediction_make(struct work *w, struct item *it, json_t *fields)
{
    int rc = predict(w, it, fields);
    int64_t took;

    if (rc == 0)
        rc = set_if_known(it, "timestamp", json_integer(it->row.made / US));
    if (rc == 0 && json_is_true(json_object_get(fields, "async")))
        return pend(w, it);
    took = clock_realtime_ns(clock_real()) / 1000 - w->now_us;
    return rc < 0 ? rc
                  : item_set(it, "inferenceTime", json_real(took > 0 ? (double)took / US : 0.0));
}

const struct kind kind_predictions = { .make = prediction_make, .due = prediction_due };
