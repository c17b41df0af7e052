/* Predictions: a stand-in for a model, which reads the ground truth in the place of the document. */
#include "due_time.h"
#include "kinds.h"

#include <stdio.h>

#include "buf.h"
#include "clock.h"
#include "pages.h"

#include "banned.h"

#define US 1000000
#define MS 1000
#define TEXT_BYTES_MAX (96u << 20) /* of a content as base64 */

/* Which pages of the document are looked at, from 0: all before end. */
struct part {
    int64_t from, end;
    int64_t next; /* where the next part begins; -1: this is the last one */
};

/* --- Guesses --------------------------------------------------------------------------------- */

/* Takes value. */
static json_t *new_guess(const char *label, json_t *value, int confidence)
{
    return value ? json_pack("{s:s, s:o, s:i}", "label", label, "value", value, "confidence",
                             confidence)
                 : NULL;
}

static json_t *lines_guess(json_t *lines);

/* Values are text: a ground truth that is true, false or a number becomes the word. */
static json_t *guess_value(json_t *truth)
{
    char text[64];

    if (json_is_boolean(truth))
        return json_string(json_is_true(truth) ? "true" : "false");
    if (json_is_string(truth) && json_string_length(truth) == 0)
        return json_null();
    if (json_is_array(truth))
        return lines_guess(truth);
    if (!json_is_number(truth))
        return json_incref(truth);
    snprintf(text, sizeof(text), "%.15g", json_number_value(truth));
    return json_string(text);
}

/* One line of a table; what is no line is one of its own. */
static json_t *line_guess(json_t *line)
{
    json_t *out = json_array(), *entry;
    size_t i;

    json_array_foreach(line, i, entry) {
        const char *label = json_string_value(json_object_get(entry, "label"));
        json_t *guess =
            label ? new_guess(label, guess_value(json_object_get(entry, "value")), 1) : NULL;

        if (guess && json_array_append_new(out, guess) < 0)
            break;
    }
    return out;
}

static json_t *lines_guess(json_t *lines)
{
    json_t *out = json_array(), *line;
    size_t i;

    json_array_foreach(lines, i, line)
        if (json_is_array(line) && json_array_append_new(out, line_guess(line)) < 0)
            break;
    return out;
}

/* The first page in this part that the entry says it stands on: -1 where it says nothing of pages, -2
 * where it stands on other ones. What says nothing is on the first. */
static int64_t page_of(json_t *entry, const struct part *part)
{
    json_t *pages = json_object_get(entry, "pages"), *page;
    size_t i;

    if (!json_array_size(pages))
        return part->from == 0 ? -1 : -2;
    json_array_foreach(pages, i, page)
        if (json_integer_value(page) >= part->from && json_integer_value(page) < part->end)
            return (int64_t)json_integer_value(page);
    return -2;
}

static int add_entry(json_t *guesses, const char *label, json_t *entry, int64_t page)
{
    json_t *value = guess_value(json_object_get(entry, "value"));
    bool lines = json_is_array(value);
    json_t *guess = new_guess(label, value, 1);

    if (guess && page >= 0)
        json_object_set_new(guess, "page", json_integer(page));
    if (lines)
        json_object_del(guess, "confidence");
    return guess && json_array_append_new(guesses, guess) == 0 ? 0 : -ENOMEM;
}

/* A field as often as the ground truth has it, for certain; once, and not, where it hasn't. */
static int guess_field(json_t *guesses, const char *label, bool lines, json_t *truth,
                       const struct part *part)
{
    bool known = false;
    json_t *entry, *guess;
    size_t i;

    json_array_foreach(truth, i, entry) {
        int64_t page = page_of(entry, part);

        if (page < -1 || strcmp(json_string_value(json_object_get(entry, "label")), label) != 0 ||
            json_is_array(json_object_get(entry, "value")) != lines)
            continue;
        known = true;
        if (add_entry(guesses, label, entry, page) < 0)
            return -ENOMEM;
    }
    if (known || lines)
        return 0;
    guess = new_guess(label, json_null(), 0);
    return guess && json_array_append_new(guesses, guess) == 0 ? 0 : -ENOMEM;
}

/* Of what it may be instead, the first. */
static const struct schema *simplest(const struct schema *s)
{
    while (s->any_of)
        s = s->any_of[0];
    return s;
}

/* --- The other form: {label: [{value, confidence}]}, of lines {label: [{column: [...]}]} -------- */

/* Adds what guess says, without its label, to those of that label in map. */
static int file_guess(json_t *map, json_t *guess, json_t *what)
{
    const char *label = json_string_value(json_object_get(guess, "label"));
    json_t *list = json_object_get(map, label);

    if (!list) {
        list = json_array();
        if (json_object_set_new(map, label, list) < 0)
            return -ENOMEM;
    }
    return json_array_append_new(list, what) < 0 ? -ENOMEM : 0;
}

static json_t *unlabelled(json_t *guess)
{
    json_t *copy = json_copy(guess);

    json_object_del(copy, "label");
    return copy;
}

static int file_lines(json_t *map, json_t *guess)
{
    json_t *line, *cell;
    size_t i, k;
    int rc = 0;

    json_array_foreach(json_object_get(guess, "value"), i, line) {
        json_t *columns = json_object();

        json_array_foreach(line, k, cell)
            if (rc == 0)
                rc = file_guess(columns, cell, unlabelled(cell));
        if (rc == 0)
            rc = file_guess(map, guess, columns);
        else
            json_decref(columns);
    }
    return rc;
}

static json_t *by_label(json_t *guesses)
{
    json_t *map = json_object(), *guess;
    size_t i;
    int rc = 0;

    json_array_foreach(guesses, i, guess)
        if (rc == 0)
            rc = json_is_array(json_object_get(guess, "value"))
                     ? file_lines(map, guess)
                     : file_guess(map, guess, unlabelled(guess));
    return map;
}

/* --- A prediction ---------------------------------------------------------------------------- */

static bool wants_v2(const struct item *it)
{
    json_t *config = json_object_get(it->body, "postprocessConfig");
    const char *format = json_string_value(json_object_get(config, "outputFormat"));

    return format && strcmp(format, "v2") == 0;
}

static int guess(struct item *it, const struct item *document, const struct item *model,
                 const struct part *part)
{
    const struct schema *list = simplest(resource_field(it->res, "predictions")->schema);
    const struct schema *label = simplest(list->items)->members[0].schema;
    json_t *truth = json_object_get(document->body, "groundTruth");
    json_t *config = json_object_get(model->body, "fieldConfig");
    json_t *guesses = json_array(), *entry;
    const char *name;
    int rc = guesses ? 0 : -ENOMEM;

    json_object_foreach(config, name, entry) {
        const char *type = json_string_value(json_object_get(entry, "type"));

        if (rc == 0 && strlen(name) <= (size_t)label->max &&
            schema_pattern_ok(label->pattern, name))
            rc = guess_field(guesses, name, type && strcmp(type, "lines") == 0, truth, part);
    }
    if (rc == 0 && wants_v2(it)) {
        rc = item_set(it, "predictions", by_label(guesses));
        json_decref(guesses);
        return rc;
    }
    if (rc == 0)
        return item_set(it, "predictions", guesses);
    json_decref(guesses);
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

static int64_t count_pages(struct work *w, const struct item *document)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES_MAX);

    return view_content(w->v, document->row.id, &text) == 0 ? pages_of(buf_str(&text), text.len)
                                                            : 1;
}

/* All of the document, or as many pages as are asked for, from the one that is. */
static int find_part(struct work *w, const struct item *it, const struct item *document,
                     struct part *out)
{
    json_t *config = json_object_get(it->body, "preprocessConfig");
    json_t *most = json_object_get(config, "maxPages");
    int64_t n, from = (int64_t)json_integer_value(json_object_get(config, "startPage"));

    *out = (struct part){ .from = 0, .end = INT64_MAX, .next = -1 };
    if (!speaks_2024(w) || (!most && !from))
        return 0;
    n = count_pages(w, document);
    from = from < 0 ? n + from : from;
    if (from < 0 || from >= n)
        return refuse(w, 400, "startPage: the document has %lld pages", (long long)n);
    out->from = from;
    out->end =
        most && n - from > json_integer_value(most) ? from + (int64_t)json_integer_value(most) : n;
    out->next = out->end < n ? out->end : -1;
    return 0;
}

static int predict(struct work *w, struct item *it, json_t *fields)
{
    cleanup_item struct item document = { 0 }, model = { 0 };
    struct part part;
    int rc = item_get(w, row_of(w, RES_MODELS), item_text(it, "modelId"), NULL, &model);

    if (rc == 0)
        rc = check_model(w, &model, fields);
    if (rc == 0)
        rc = item_get(w, row_of(w, RES_DOCUMENTS), item_text(it, "documentId"), NULL, &document);
    if (rc == 0 && !*item_text(&document, document.res->type_field) && !is_lenient(w))
        return refuse(w, 400, "documentId %s has no content yet", document.row.id);
    if (rc == 0)
        rc = find_part(w, it, &document, &part);
    if (rc == 0)
        rc = guess(it, &document, &model, &part);
    if (rc == 0)
        rc = set_if_known(it, "nextPage", part.next < 0 ? json_null() : json_integer(part.next));
    return rc < 0 ? rc : set_if_known(it, "status", json_string("succeeded"));
}

/* Not at once: it is looked at, and the answer comes later. */
static int pend(struct work *w, struct item *it)
{
    int64_t ms = w->sb->options->prediction_ms;
    int rc = item_set_text(it, "status", "pending");

    if (rc == 0)
        rc = item_set(it, "predictions", json_null());
    if (rc == 0)
        rc = item_set(it, "nextPage", json_null());
    return rc < 0 ? rc : due_at(w, it->row.id, due_now(w) + (ms ? ms * MS : US));
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

/* As it was said before there was a preprocessConfig. */
static int take_most_pages(struct work *w, struct item *it, json_t *fields)
{
    json_t *config = json_object_get(it->body, "preprocessConfig");
    json_t *most = json_object_get(fields, "maxPages"), *copy;

    if (!speaks_2024(w) || !most || json_object_get(config, "maxPages"))
        return 0;
    copy = json_is_object(config) ? json_copy(config) : json_object();
    if (json_object_set(copy, "maxPages", most) < 0) {
        json_decref(copy);
        return -ENOMEM;
    }
    return item_set(it, "preprocessConfig", copy);
}

static int prediction_make(struct work *w, struct item *it, json_t *fields)
{
    int rc = take_most_pages(w, it, fields);
    int64_t took;

    if (rc == 0)
        rc = predict(w, it, fields);
    if (rc == 0)
        rc = set_if_known(it, "timestamp", json_integer(it->row.made / US));
    if (rc == 0 && speaks_2024(w) &&
        (json_is_true(json_object_get(fields, "async")) || w->sb->options->prediction_ms))
        return pend(w, it);
    took = clock_realtime_ns(clock_real()) / 1000 - w->now_us;
    return rc < 0 ? rc
                  : item_set(it, "inferenceTime", json_real(took > 0 ? (double)took / US : 0.0));
}

const struct kind kind_predictions = { .make = prediction_make, .due = prediction_due };
