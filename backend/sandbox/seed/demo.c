#include "demo.h"

#include <errno.h>
#include <string.h>

#include "array.h"
#include "buf.h"
#include "due_row.h"
#include "inside.h"

#include "banned.h"

#define PDF_MAX 8192
#define OBJECTS 5

/* --- Documents ------------------------------------------------------------------------------- */

struct paper {
    const char *dataset;
    const char *title, *from;
    const char *number, *date, *total; /* what its ground truth says */
    bool known;                        /* it has a ground truth */
};

/* clang-format off */
static const struct paper papers[] = {
    { "invoices", "Invoice", "Nordlys Papir AS, Storgata 1, 0155 Oslo",    "2021-0117", "2021-09-16", "6912.50",  true },
    { "invoices", "Invoice", "Fjord Kontor AS, Bryggen 7, 5003 Bergen",    "F-20881",   "2021-09-21", "1250.00",  true },
    { "invoices", "Invoice", "Vinter og Sommer AS, Torget 2, 7013 Trondheim", "883-4",  "2021-10-01", "48200.75", true },
    { "invoices", "Invoice", "Nordlys Papir AS, Storgata 1, 0155 Oslo",    "2021-0131", "2021-10-12", "975.00",   false },
    { "receipts", "Receipt", "Kafe Sentralen, Oslo",                       "R-5531",    "2021-09-02", "148.00",   true },
    { "receipts", "Receipt", "Taxi Bergen",                                "T-90017",   "2021-09-03", "310.50",   false },
};
/* clang-format on */

static int add_page(struct buf *b, const struct paper *p)
{
    return buf_addf(b,
                    "BT /F1 24 Tf 72 760 Td (%s) Tj ET\nBT /F1 11 Tf 72 730 Td (%s) Tj ET\n"
                    "BT /F1 11 Tf 72 690 Td (Number: %s) Tj ET\n"
                    "BT /F1 11 Tf 72 670 Td (Date: %s) Tj ET\n"
                    "BT /F1 14 Tf 72 630 Td (Total NOK: %s) Tj ET",
                    p->title, p->from, p->number, p->date, p->total);
}

static int add_object(struct buf *b, int n, const struct buf *page, size_t at[OBJECTS])
{
    static const char *const objects[OBJECTS] = {
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        ("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
         "/Resources << /Font << /F1 5 0 R >> >> >>"),
        NULL,
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    };

    at[n] = b->len;
    if (objects[n])
        return buf_addf(b, "%d 0 obj\n%s\nendobj\n", n + 1, objects[n]);
    return buf_addf(b, "%d 0 obj\n<< /Length %zu >>\nstream\n%s\nendstream\nendobj\n", n + 1,
                    page->len, buf_str(page));
}

/* A PDF of one page. */
static int write_pdf(const struct paper *p, struct buf *b)
{
    cleanup_buf struct buf page = BUF_INIT(PDF_MAX);
    size_t at[OBJECTS], start;
    int rc = add_page(&page, p);

    if (rc == 0)
        rc = buf_adds(b, "%PDF-1.4\n");
    for (int n = 0; n < OBJECTS && rc == 0; n++)
        rc = add_object(b, n, &page, at);
    start = b->len;
    if (rc == 0)
        rc = buf_addf(b, "xref\n0 %d\n0000000000 65535 f \n", OBJECTS + 1);
    for (int n = 0; n < OBJECTS && rc == 0; n++)
        rc = buf_addf(b, "%010zu 00000 n \n", at[n]);
    return rc < 0 ? rc
                  : buf_addf(b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n",
                             OBJECTS + 1, start);
}

/* --- Calls ----------------------------------------------------------------------------------- */

struct demo {
    const struct sandbox *sb;
    struct failure *err;
    char invoices[ID_MAX], receipts[ID_MAX], document[ID_MAX], model[ID_MAX], bundle[ID_MAX];
    char read[ID_MAX], check[ID_MAX], workflow[ID_MAX];
};

/* POSTs; id (NULL: not needed) becomes what the answer has in that field. */
static int make(struct demo *d, const char *path, json_t *body, const char *field, char id[ID_MAX])
{
    json_auto_t *answer = NULL;
    int rc = inside_call(d->sb, VERB_POST, path, body, NULL, &answer, d->err);

    if (rc == 0 && id)
        snprintf(id, ID_MAX, "%s", json_string_value(json_object_get(answer, field)));
    return rc;
}

static json_t *truth_of(const struct paper *p)
{
    return json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "label", "number", "value", p->number,
                     "label", "date", "value", p->date, "label", "total", "value", p->total);
}

static int make_document(struct demo *d, const struct paper *p)
{
    const char *dataset = strcmp(p->dataset, "invoices") == 0 ? d->invoices : d->receipts;
    cleanup_buf struct buf pdf = BUF_INIT(PDF_MAX);
    json_t *body;

    if (write_pdf(p, &pdf) < 0)
        return fail(d->err, -ENOMEM, 0, "out of memory");
    body = json_pack("{s:o, s:s, s:s}", "content", inside_content(pdf.data, pdf.len), "contentType",
                     "application/pdf", "datasetId", dataset);
    if (body && p->known)
        json_object_set_new(body, "groundTruth", truth_of(p));
    return make(d, "/documents", body, "documentId", d->document);
}

static int make_documents(struct demo *d)
{
    int rc = make(d, "/datasets",
                  json_pack("{s:s, s:s}", "name", "invoices", "description", "Invoices of 2021"),
                  "datasetId", d->invoices);

    if (rc == 0)
        rc = make(d, "/datasets", json_pack("{s:s}", "name", "receipts"), "datasetId", d->receipts);
    for (size_t i = 0; i < ARRAY_LEN(papers) && rc == 0; i++)
        rc = make_document(d, &papers[i]);
    return rc;
}

/* A model of 2021 has a size, and is active when that is said; one of today is trained. */
static json_t *model_body(bool old)
{
    json_t *fields = json_pack("{s:{s:s, s:i}, s:{s:s, s:i}, s:{s:s, s:i}}", "number", "type",
                               old ? "alphanumext" : "string", "maxLength", 20, "date", "type",
                               "date", "maxLength", 10, "total", "type", "amount", "maxLength", 20);

    return old ? json_pack("{s:s, s:i, s:i, s:o}", "name", "invoices", "width", 768, "height", 1024,
                           "fieldConfig", fields)
               : json_pack("{s:s, s:o}", "name", "invoices", "fieldConfig", fields);
}

static int change(struct demo *d, const char *path, const char *field, const char *value)
{
    return inside_call(d->sb, VERB_PATCH, path, json_pack("{s:s}", field, value), NULL, NULL,
                       d->err);
}

struct ending {
    const struct sandbox *sb;
    const char *id;
};

static int end_training(struct view *v, void *arg)
{
    const struct ending *e = arg;
    struct request rq = { .verb = VERB_OTHER };
    struct answer an = { 0 };
    struct work w = {
        .sb = e->sb, .rq = &rq, .an = &an, .v = v, .writer = true, .now_us = view_now(v)
    };

    return due_row_run(&w, e->id);
}

/* Nobody waits for it: it has been trained, and the model is what came of that. */
static int train(struct demo *d)
{
    char path[ID_MAX + 32], id[ID_MAX];
    struct ending ending = { d->sb, id };
    int rc;

    snprintf(path, sizeof(path), "/models/%s/trainings", d->model);
    rc = make(d, path, json_pack("{s:s, s:[s]}", "name", "first", "dataBundleIds", d->bundle),
              "trainingId", id);
    if (rc < 0)
        return rc;
    rc = store_write(d->sb->store, end_training, &ending);
    if (rc < 0)
        return fail(d->err, rc, 0, "the state cannot be written");
    snprintf(path, sizeof(path), "/models/%s", d->model);
    return change(d, path, "trainingId", id);
}

static int make_model(struct demo *d)
{
    bool old = generation_of(d->sb->api) == API_2021;
    char path[ID_MAX + 32];
    int rc = make(d, "/models", model_body(old), "modelId", d->model);

    snprintf(path, sizeof(path), "/models/%s/dataBundles", d->model);
    if (rc == 0)
        rc = make(
            d, path,
            json_pack("{s:s, s:[s, s]}", "name", "first", "datasetIds", d->invoices, d->receipts),
            "dataBundleId", d->bundle);
    snprintf(path, sizeof(path), "/models/%s", d->model);
    if (rc == 0)
        rc = old ? change(d, path, "status", "active") : train(d);
    return rc;
}

static int make_transitions(struct demo *d)
{
    int rc = make(d, "/transitions",
                  json_pack("{s:s, s:s, s:{s:s}}", "transitionType", "docker", "name", "read",
                            "parameters", "imageUrl", "example/read:1"),
                  "transitionId", d->read);

    return rc < 0 ? rc
                  : make(d, "/transitions",
                         json_pack("{s:s, s:s}", "transitionType", "manual", "name", "check"),
                         "transitionId", d->check);
}

static int make_workflow(struct demo *d)
{
    json_t *states = json_pack("{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:b}}", "Read", "Type", "Task",
                               "Resource", d->read, "Next", "Check", "Check", "Type", "Task",
                               "Resource", d->check, "End", 1);
    char path[ID_MAX + 32];
    int rc = make(d, "/workflows",
                  json_pack("{s:s, s:{s:{s:s, s:o}}, s:{s:b}}", "name", "check invoices",
                            "specification", "definition", "StartAt", "Read", "States", states,
                            "errorConfig", "manualRetry", 1),
                  "workflowId", d->workflow);

    snprintf(path, sizeof(path), "/workflows/%s/executions", d->workflow);
    return rc < 0 ? rc
                  : make(d, path, json_pack("{s:{s:s}}", "input", "documentId", d->document), NULL,
                         NULL);
}

static int look(struct view *v, void *arg)
{
    static const enum resource_kind kinds[] = { RES_DATASETS, RES_DOCUMENTS, RES_MODELS,
                                                RES_TRANSITIONS, RES_WORKFLOWS };
    bool *empty = arg;
    int rc = 0;

    *empty = true;
    for (size_t i = 0; i < ARRAY_LEN(kinds) && rc == 0; i++) {
        int64_t now = 0, month = 0;

        rc = view_counts(v, kinds[i], &now, &month);
        *empty = *empty && now == 0;
    }
    return rc;
}

int demo_seed(const struct sandbox *sb, struct failure *err)
{
    struct demo d = { .sb = sb, .err = err };
    bool empty = false;
    int rc = store_read(sb->store, look, &empty);

    if (rc < 0)
        return fail(err, rc, 0, "the state cannot be read");
    if (!empty)
        return 0;
    rc = make_documents(&d);
    if (rc == 0)
        rc = make_model(&d);
    if (rc == 0)
        rc = make_transitions(&d);
    return rc < 0 ? rc : make_workflow(&d);
}
