/* Documents, and the datasets that count them. */
#include "kinds.h"

#include <nettle/base64.h>
#include <stdlib.h>

#include "digest.h"
#include "file_url.h"
#include "sample.h"

#include "banned.h"

/* Base64 of as many bytes as a type is told from. */
#define START_TEXT 1400

/* --- A dataset's sums ------------------------------------------------------------------------ */

static int count_label(json_t *summary, const char *label, int by)
{
    int64_t n = (int64_t)json_integer_value(json_object_get(summary, label)) + by;

    if (n <= 0) {
        json_object_del(summary, label);
        return 0;
    }
    return json_object_set_new(summary, label, json_integer(n)) < 0 ? -ENOMEM : 0;
}

static int count_truth(json_t *summary, json_t *truth, int by)
{
    json_t *entry;
    size_t i;

    json_array_foreach(truth, i, entry)
        if (count_label(summary, json_string_value(json_object_get(entry, "label")), by) < 0)
            return -ENOMEM;
    return 0;
}

/* A document of it came (n 1), went (-1) or changed (0): its version tells of each. */
static int count_document(struct work *w, const char *dataset, int n, json_t *gone, json_t *come)
{
    cleanup_item struct item it = { 0 };
    json_t *summary;
    int rc;

    if (!dataset || !*dataset)
        return 0;
    rc = item_find(w, row_of(w, RES_DATASETS), dataset, &it);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = item_set_number(&it, "numberOfDocuments", item_number(&it, "numberOfDocuments") + n);
    if (rc == 0)
        rc = item_set_number(&it, "version", item_number(&it, "version") + 1);
    summary = json_object_get(it.body, "groundTruthSummary");
    if (rc == 0)
        rc = count_truth(summary, gone, -1);
    if (rc == 0)
        rc = count_truth(summary, come, 1);
    return rc < 0 ? rc : item_save(w, &it);
}

/* A document is kept as long as it says itself, and no longer than its dataset says. */
static int limit_retention(struct work *w, struct item *it)
{
    cleanup_item struct item set = { 0 };
    int64_t most;
    int rc;

    if (!*item_text(it, "datasetId"))
        return 0;
    rc = item_get(w, row_of(w, RES_DATASETS), item_text(it, "datasetId"), NULL, &set);
    if (rc < 0)
        return rc;
    most = item_number(&set, "retentionInDays");
    if (item_number(it, "retentionInDays") <= most)
        return 0;
    return item_set_number(it, "retentionInDays", most > 0 ? most : 1);
}

/* --- Documents ------------------------------------------------------------------------------- */

static int make_up_field(struct item *it, const char *name)
{
    const struct field *f = resource_field(it->res, name);

    return json_object_get(it->body, name) ? 0 : item_set(it, name, sample_of(f->schema));
}

/* null, as long as nothing is known of the bytes. */
static int type_from_content(struct item *it, const char *content)
{
    uint8_t start[BASE64_DECODE_LENGTH(START_TEXT)];
    size_t n = content ? strnlen(content, START_TEXT) : 0, len = sizeof(start);
    struct base64_decode_ctx ctx;

    base64_decode_init(&ctx);
    if (n == 0 || !base64_decode_update(&ctx, &len, start, n, content))
        len = 0;
    return item_set_text(it, it->res->type_field, files_type(start, len));
}

/* What contents are told apart by, where the API has that. */
static int note_digest(const struct work *w, struct item *it, json_t *fields)
{
    json_t *content = json_object_get(fields, "content");
    char hash[DIGEST_TEXT_MAX];

    if (!content || !resource_field(it->res, "contentMD5"))
        return 0;
    digest_text(w->sb->options->md5, json_string_value(content), json_string_length(content), hash);
    return item_set_text(it, "contentMD5", hash);
}

static int document_make(struct work *w, struct item *it, json_t *fields)
{
    bool inside = json_object_get(fields, "content") != NULL;
    int rc;

    if (inside && w->sb->options->no_inline && w->rq->origin[0])
        return refuse(w, 400, "content: is not taken here, but by a PUT to the fileUrl");
    rc = note_digest(w, it, fields);
    if (rc == 0 && json_object_set_new(it->hidden, "inside", json_boolean(inside)) < 0)
        rc = -ENOMEM;
    /* today a type that comes before the bytes says nothing */
    if (rc == 0 && (!json_object_get(fields, it->res->type_field) || (speaks_2024(w) && !inside)))
        rc = type_from_content(it, json_string_value(json_object_get(fields, "content")));
    if (rc == 0 && is_lenient(w)) {
        rc = make_up_field(it, "consentId");
        if (rc == 0)
            rc = make_up_field(it, "groundTruth");
    }
    return rc < 0 ? rc : limit_retention(w, it);
}

static int document_made(struct work *w, struct item *it)
{
    return count_document(w, item_text(it, "datasetId"), 1, NULL,
                          json_object_get(it->body, "groundTruth"));
}

static int document_unmake(struct work *w, struct item *it)
{
    return count_document(w, item_text(it, "datasetId"), -1,
                          json_object_get(it->body, "groundTruth"), NULL);
}

static int document_change(struct work *w, struct item *it, json_t *fields)
{
    const char *from = json_string_value(json_object_get(it->before, "datasetId"));
    const char *to = json_string_value(json_object_get(it->body, "datasetId"));
    json_t *gone = json_object_get(it->before, "groundTruth");
    json_t *come = json_object_get(it->body, "groundTruth");
    int rc = limit_retention(w, it);

    (void)fields;
    if (rc < 0)
        return rc;
    if (from && to && strcmp(from, to) == 0)
        return count_document(w, to, 0, gone, come);
    rc = count_document(w, from, -1, gone, NULL);
    return rc < 0 ? rc : count_document(w, to, 1, NULL, come);
}

const struct kind kind_documents = {
    .make = document_make,
    .made = document_made,
    .change = document_change,
    .unmake = document_unmake,
};

/* --- Assets ---------------------------------------------------------------------------------- */

static int asset_make(struct work *w, struct item *it, json_t *fields)
{
    return note_digest(w, it, fields);
}

static int asset_change(struct work *w, struct item *it, json_t *fields)
{
    return note_digest(w, it, fields);
}

const struct kind kind_assets = { .make = asset_make, .change = asset_change };

/* --- Datasets -------------------------------------------------------------------------------- */

static int dataset_make(struct work *w, struct item *it, json_t *fields)
{
    int64_t most = resource_field(it->res, "retentionInDays")->answer->max;

    (void)w;
    (void)fields;
    if (item_number(it, "retentionInDays") <= most)
        return 0;
    return item_set_number(it, "retentionInDays", most);
}

static int dataset_unmake(struct work *w, struct item *it)
{
    if ((it->res->flags & R_MUST_BE_EMPTY) && item_number(it, "numberOfDocuments") > 0)
        return refuse(w, 400, "datasetId %s is not empty", it->row.id);
    return 0;
}

const struct kind kind_datasets = { .make = dataset_make, .unmake = dataset_unmake };
