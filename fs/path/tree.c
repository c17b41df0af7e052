#include "tree.h"

#include <string.h>

#include "array.h"

#include "banned.h"

/* clang-format off */
static const struct tree_row rows[] = {
    { NODE_ROOT, 0, "README",        NODE_README,     0, NULL },
    { NODE_ROOT, 0, "appClients",    NODE_COLLECTION, RES_APP_CLIENTS,   NULL },
    { NODE_ROOT, 0, "assets",        NODE_COLLECTION, RES_ASSETS,        NULL },
    { NODE_ROOT, 0, "consents",      NODE_CONSENTS,   0,                 NULL },
    { NODE_ROOT, 0, "datasets",      NODE_COLLECTION, RES_DATASETS,      NULL },
    { NODE_ROOT, 0, "deploymentEnvironments", NODE_COLLECTION, RES_DEPLOYMENT_ENVIRONMENTS, NULL },
    { NODE_ROOT, 0, "documents",     NODE_COLLECTION, RES_DOCUMENTS,     NULL },
    { NODE_ROOT, 0, "logs",          NODE_COLLECTION, RES_LOGS,          NULL },
    { NODE_ROOT, 0, "models",        NODE_COLLECTION, RES_MODELS,        NULL },
    { NODE_ROOT, 0, "organizations", NODE_COLLECTION, RES_ORGANIZATIONS, NULL },
    { NODE_ROOT, 0, "paymentMethods", NODE_COLLECTION, RES_PAYMENT_METHODS, NULL },
    { NODE_ROOT, 0, "plans",         NODE_COLLECTION, RES_PLANS,         NULL },
    { NODE_ROOT, 0, "predictions",   NODE_COLLECTION, RES_PREDICTIONS,   NULL },
    { NODE_ROOT, 0, "profiles",      NODE_COLLECTION, RES_PROFILES,      NULL },
    { NODE_ROOT, 0, "roles",         NODE_COLLECTION, RES_ROLES,         NULL },
    { NODE_ROOT, 0, "secrets",       NODE_COLLECTION, RES_SECRETS,       NULL },
    { NODE_ROOT, 0, "transitions",   NODE_COLLECTION, RES_TRANSITIONS,   NULL },
    { NODE_ROOT, 0, "users",         NODE_COLLECTION, RES_USERS,         NULL },
    { NODE_ROOT, 0, "workflows",     NODE_COLLECTION, RES_WORKFLOWS,     NULL },
    { NODE_ROOT, 0, ".lasfs",        NODE_LASFS,      0, NULL },

    /* of each collection: there by path, but in no listing */
    { NODE_COLLECTION, 0, ".by-name",    NODE_BY_NAME, 0, NULL }, /* of folders within too */
    { NODE_COLLECTION, 0, ".by-id",      NODE_BY_ID,   0, NULL },
    { NODE_COLLECTION, 0, ".list.jsonl", NODE_LIST,    0, NULL },
    { NODE_COLLECTION, 0, ".sha256sums", NODE_SHA256SUMS, 0, NULL }, /* of documents alone */
    { NODE_COLLECTION, 0, ".files.tsv",  NODE_FILES_TSV,  0, NULL }, /* too */

    { NODE_LASFS, 0, "status",  NODE_STATUS,  0, NULL },
    { NODE_LASFS, 0, "errors",  NODE_ERRORS,  0, NULL },
    { NODE_LASFS, 0, "refresh", NODE_REFRESH, 0, NULL },
    { NODE_LASFS, 0, "control", NODE_CONTROL, 0, NULL },
    { NODE_LASFS, 0, "metrics", NODE_METRICS, 0, NULL },
    { NODE_LASFS, 0, "pending", NODE_PENDING, 0, NULL },
    { NODE_LASFS, 0, "failed",  NODE_FAILED,  0, NULL },

    { NODE_RESOURCE, RES_DATASETS,    "documents",   NODE_COLLECTION, RES_DOCUMENTS, "datasetId" },
    { NODE_RESOURCE, RES_DATASETS,    "transformations", NODE_COLLECTION, RES_TRANSFORMATIONS, NULL },
    { NODE_CONSENT,  0,               "documents",   NODE_COLLECTION, RES_DOCUMENTS, "consentId" },
    { NODE_RESOURCE, RES_MODELS,      "dataBundles", NODE_COLLECTION, RES_DATA_BUNDLES, NULL },
    { NODE_RESOURCE, RES_MODELS,      "trainings",   NODE_COLLECTION, RES_TRAININGS, NULL },
    { NODE_RESOURCE, RES_MODELS,      "inbox",       NODE_COLLECTION, RES_DOCUMENTS, NULL, .use = ROW_INBOX },
    { NODE_RESOURCE, RES_DOCUMENTS,   "predictions", NODE_COLLECTION, RES_PREDICTIONS, NULL, .use = ROW_ASK },
    { NODE_RESOURCE, RES_TRANSITIONS, "executions",  NODE_COLLECTION, RES_TRANSITION_EXECUTIONS, NULL },
    { NODE_RESOURCE, RES_TRANSITIONS, "logs",        NODE_COLLECTION, RES_LOGS, "transitionId" },
    { NODE_RESOURCE, RES_TRANSITION_EXECUTIONS,
                                      "heartbeat",   NODE_HEARTBEAT,  0, NULL },
    { NODE_RESOURCE, RES_TRANSITION_EXECUTIONS,
                                      "logs",        NODE_COLLECTION, RES_LOGS, "transitionExecutionId" },
    { NODE_RESOURCE, RES_WORKFLOWS,   "executions",  NODE_COLLECTION, RES_WORKFLOW_EXECUTIONS, NULL },
    { NODE_RESOURCE, RES_WORKFLOWS,   "logs",        NODE_COLLECTION, RES_LOGS, "workflowId" },
    { NODE_RESOURCE, RES_WORKFLOW_EXECUTIONS,
                                      "logs",        NODE_COLLECTION, RES_LOGS, "workflowExecutionId" },
};

static const struct {
    const char *type, *ending;
} endings[] = {
    { "application/pdf", "pdf" },
    { "image/jpeg",      "jpg" },
    { "image/png",       "png" },
    { "image/tiff",      "tiff" },
    { "image/webp",      "webp" },
};
/* clang-format on */

static bool row_is_under(const struct tree_row *row, enum node_kind under, enum resource_kind res)
{
    return row->under == under && (under != NODE_RESOURCE || row->under_res == res);
}

const struct tree_row *tree_child(enum node_kind under, enum resource_kind res, unsigned i)
{
    for (size_t r = 0; r < ARRAY_LEN(rows); r++)
        if (row_is_under(&rows[r], under, res) && i-- == 0)
            return &rows[r];
    return NULL;
}

const struct tree_row *tree_find(enum node_kind under, enum resource_kind res, const char *name)
{
    for (size_t r = 0; r < ARRAY_LEN(rows); r++)
        if (row_is_under(&rows[r], under, res) && strcmp(rows[r].name, name) == 0)
            return &rows[r];
    return NULL;
}

bool tree_is_dir(enum node_kind kind)
{
    return kind == NODE_ROOT || kind == NODE_COLLECTION || kind == NODE_CONSENTS ||
           kind == NODE_CONSENT || kind == NODE_RESOURCE || kind == NODE_SUBFOLDER ||
           kind == NODE_LASFS || kind == NODE_FAILED || kind == NODE_PENDING ||
           kind == NODE_BY_NAME || kind == NODE_BY_ID || kind == NODE_BY_FIELD ||
           kind == NODE_BY_VALUE;
}

bool tree_is_delivered(enum node_kind kind)
{
    return kind == NODE_SHA256SUMS || kind == NODE_FILES_TSV;
}

bool tree_is_spool_file(enum node_kind kind)
{
    return kind == NODE_FAILED_FILE || kind == NODE_PENDING_FILE;
}

const char *tree_content_ending(const char *content_type)
{
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (strcmp(endings[i].type, content_type) == 0)
            return endings[i].ending;
    return NULL;
}
