#include "resources.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "array.h"
#include "fields.h"
#include "schemas.h"

#include "banned.h"

/* clang-format off */

/* --- Filters --------------------------------------------------------------------------------- */

#define END { .name = NULL }
#define SINCE .since = true
/* Whose: another organization's too. What has no organization is one's own. */
#define OWNER { "owner", true, ECHO_NONE, &id_owner, SINCE, .field = "organizationId", \
                .owns = true }

static const struct filter document_filters[] = {
    { "consentId", true, ECHO_ARRAY, &id_consent },
    { "datasetId", true, ECHO_ARRAY, &id_dataset },
    { "documentId", true, ECHO_NONE, &id_document, SINCE, .list_only = true }, END };
static const struct filter model_filters[] = { OWNER, END };
static const struct filter plan_filters[] = { OWNER, END };
static const struct filter environment_filters[] = { OWNER, END };
static const struct filter prediction_filters[] = {
    { "modelId", false, ECHO_STRING, &id_any_model, SINCE }, END };
static const struct filter training_filters[] = {
    { "status", true, ECHO_ARRAY, &e_training_status, SINCE }, END };
static const struct filter transformation_filters[] = {
    { "status", true, ECHO_ARRAY, &e_transform_status, SINCE }, END };
static const struct filter transition_filters[] = {
    { "transitionType", true, ECHO_ARRAY, &e_transition_type, .was = &e_transition_type_was }, END };
static const struct filter data_bundle_filters[] = {
    { "status", true, ECHO_ARRAY, &e_bundle_status, .was = &e_bundle_status_was }, END };
static const struct filter transition_ex_filters[] = {
    { "status", true, ECHO_ARRAY, &e_task_status },
    { "executionId", true, ECHO_NONE, &id_transition_ex }, END };
static const struct filter workflow_ex_filters[] = {
    { "status", true, ECHO_ARRAY, &e_run_status, .was = &e_run_status_was },
    { "fromStartTime", false, ECHO_NONE, &s_time, SINCE, .field = "startTime", .way = FILTER_FROM },
    { "toStartTime", false, ECHO_NONE, &s_time, SINCE, .field = "startTime", .way = FILTER_TO }, END };
static const struct filter log_filters[] = {
    { "workflowId", false, ECHO_STRING, &id_workflow },
    { "workflowExecutionId", false, ECHO_STRING, &id_workflow_ex },
    { "transitionId", false, ECHO_STRING, &id_transition },
    { "transitionExecutionId", false, ECHO_STRING, &id_transition_ex }, END };

/* --- Resources ------------------------------------------------------------------------------- */

static const char *const passing_models[]  = { "training", NULL };
static const char *const passing_bundles[] = { "processing", "running", NULL };
static const char *const passing_tasks[]   = { "running", "retry", NULL };
static const char *const passing_guesses[] = { "pending", NULL };
static const char *const ended_guesses[] = {
    "succeeded", "failed", "completed", "done", "error", "rejected", "cancelled", NULL };
static const char *const guess_pages[] = { "preprocessConfig.startPage", "preprocessConfig.pages", NULL };
static const char *const passing_trainings[] = {
    "waiting-for-approval", "preparing", "pending", "running", "running-final-evaluation", NULL };
static const char *const passing_transformations[] = { "running", NULL };

static const char *const document_picture_words[] = {
    "width", "height", "rotation", "density", "quality", NULL };
static const struct picturing document_pictures = {
    .page = "page", .small = "page=0&width=300", .more = document_picture_words };

static const struct recency recent_statistics = { "statistics", "statisticsLastNDays", 30 };

#define PASSING(values) .state_field = "status", .passing = values
#define LG (CAN_LIST | CAN_GET)
#define LPUD (CAN_LIST | CAN_POST | CAN_PATCH | CAN_DELETE)
#define NAMED .name_field = "name"
#define NEW .since = F_ALL
#define CREATED .made_field = "createdTime", .changed_field = "updatedTime"
#define STARTED .made_field = "startTime", .changed_field = "endTime"

static const struct resource table[] = {
    { RES_APP_CLIENTS, "appClients/{appClientId}", RES_NONE, "appClients", "appClients",
      "appClientId", "app-client", &id_app_client, LPUD | CAN_GET, .since = CAN_GET,
      .make_from = MAKE_NAME, CREATED, NAMED, .fields = app_client_fields },

    { RES_ASSETS, "assets/{assetId}", RES_NONE, "assets", "assets",
      "assetId", "asset", &id_asset, LPUD | CAN_GET,
      .make_from = MAKE_BYTES, CREATED, NAMED, .digest_field = "contentMD5", .fields = asset_fields },

    { RES_DATASETS, "datasets/{datasetId}", RES_NONE, "datasets", "datasets",
      "datasetId", "dataset", &id_dataset, LPUD | CAN_GET, .flags = R_MUST_BE_EMPTY,
      .make_from = MAKE_NAME, CREATED, NAMED, .fields = dataset_fields },

    { RES_DOCUMENTS, "documents/{documentId}", RES_NONE, "documents", "documents",
      "documentId", "document", &id_document, LPUD | CAN_GET | CAN_DELETE_MANY,
      .make_from = MAKE_DOCUMENT, CREATED, .type_field = "contentType",
      .title_field = "name", .notes_field = "metadata", .path_note = "originalFilePath",
      .digest_field = "contentMD5",
      .url_field = "fileUrl", .url_max = 64 << 20, .pictures = &document_pictures,
      .filters = document_filters,
      .sorts = SORTS_BY | SORTS_ORDER | ECHOES_SORT, .sorts_since = SORTS_BY | SORTS_ORDER | ECHOES_SORT,
      .fields = document_fields },

    { RES_LOGS, "logs/{logId}", RES_NONE, "logs", "logs",
      "logId", "log", &id_log, CAN_LIST | CAN_GET, .flags = R_NEWEST_FIRST,
      .made_field = "startTime", .changed_field = "startTime",
      .filters = log_filters, .sorts = SORTS_ORDER | ECHOES_SORT, .fields = log_fields },

    { RES_MODELS, "models/{modelId}", RES_NONE, "models", "models",
      "modelId", "model", &id_model, LPUD | CAN_GET,
      .make_from = MAKE_JSON, CREATED, NAMED, PASSING(passing_models), .filters = model_filters,
      .recent = &recent_statistics, .fields = model_fields },

    { RES_DATA_BUNDLES, "models/{modelId}/dataBundles/{dataBundleId}", RES_MODELS, "dataBundles", "dataBundles",
      "dataBundleId", "model-data-bundle", &id_data_bundle, LPUD | CAN_GET, .since = CAN_GET,
      .flags = R_PATCH_EMPTY, .flags_until = R_PATCH_EMPTY,
      .make_from = MAKE_JSON, CREATED, .filters = data_bundle_filters,
      NAMED, PASSING(passing_bundles), .fields = data_bundle_fields },

    { RES_ORGANIZATIONS, "organizations/{organizationId}", RES_NONE, "organizations", "organizations",
      "organizationId", "organization", &id_organization, LG | CAN_POST | CAN_PATCH,
      .since = CAN_LIST | CAN_POST,
      .make_from = MAKE_NAME, .changed_field = "updatedTime", .own_id = "me", NAMED, .fields = organization_fields },

    { RES_PREDICTIONS, "predictions/{predictionId}", RES_NONE, "predictions", "predictions",
      "predictionId", "prediction", &id_prediction, LG | CAN_POST, .since = CAN_GET, .flags = R_SLOW_POST,
      .make_from = MAKE_JSON, .made_field = "createdTime", .changed_field = "timestamp",
      .filters = prediction_filters, PASSING(passing_guesses), .failed = "failed", .why_field = "error",
      .ended = ended_guesses, .next_field = "nextPage", .paged_by = guess_pages, .most_pages = "maxPages",
      .sorts = SORTS_BY | SORTS_ORDER | ECHOES_SORT, .sorts_since = SORTS_BY | SORTS_ORDER | ECHOES_SORT,
      .fields = prediction_fields },

    { RES_SECRETS, "secrets/{secretId}", RES_NONE, "secrets", "secrets",
      "secretId", "secret", &id_secret, LPUD,
      .make_from = MAKE_JSON, CREATED, NAMED, .fields = secret_fields },

    { RES_TRANSITIONS, "transitions/{transitionId}", RES_NONE, "transitions", "transitions",
      "transitionId", "transition", &id_transition, LPUD | CAN_GET,
      .make_from = MAKE_JSON, CREATED, .filters = transition_filters, NAMED, .fields = transition_fields },

    { RES_TRANSITION_EXECUTIONS, "transitions/{transitionId}/executions/{executionId}",
      RES_TRANSITIONS, "executions", "executions",
      "executionId", "transition-execution", &id_transition_ex,
      CAN_LIST | CAN_POST | CAN_GET | CAN_PATCH, .flags = R_POST_OPEN | R_PATCH_EMPTY | R_NEWEST_FIRST,
      .make_from = MAKE_CLAIM, STARTED, .filters = transition_ex_filters, PASSING(passing_tasks),
      .sorts = SORTS_BY | SORTS_BY_CHANGED | SORTS_ORDER | ECHOES_PARENT, .fields = transition_ex_fields },

    { RES_HEARTBEATS, "transitions/{transitionId}/executions/{executionId}/heartbeats",
      RES_TRANSITION_EXECUTIONS, "heartbeats", NULL, NULL, NULL, NULL, CAN_POST,
      .flags = R_POST_OPEN | R_COMMAND, .fields = heartbeat_fields },

    { RES_USERS, "users/{userId}", RES_NONE, "users", "users",
      "userId", "user", &id_user, LPUD | CAN_GET,
      .make_from = MAKE_EMAIL, CREATED, .name_field = "email", .fields = user_fields },

    { RES_WORKFLOWS, "workflows/{workflowId}", RES_NONE, "workflows", "workflows",
      "workflowId", "workflow", &id_workflow, LPUD | CAN_GET,
      .make_from = MAKE_JSON, CREATED, NAMED, .bare = "specification.definition", .fields = workflow_fields },

    { RES_WORKFLOW_EXECUTIONS, "workflows/{workflowId}/executions/{executionId}",
      RES_WORKFLOWS, "executions", "executions",
      "executionId", "workflow-execution", &id_workflow_ex, LPUD | CAN_GET, .flags = R_NEWEST_FIRST,
      .make_from = MAKE_JSON, STARTED, .filters = workflow_ex_filters, PASSING(passing_tasks), .bare = "input",
      .sorts = SORTS_BY | SORTS_BY_CHANGED | SORTS_ORDER | ECHOES_SORT | ECHOES_PARENT, .fields = workflow_ex_fields },

    /* of today's API alone */
    { RES_TRAININGS, "models/{modelId}/trainings/{trainingId}", RES_MODELS, "trainings", "trainings",
      "trainingId", "model-training", &id_training, LG | CAN_POST | CAN_PATCH, NEW,
      .make_from = MAKE_NAME, CREATED, NAMED, .filters = training_filters,
      PASSING(passing_trainings), .recent = &recent_statistics, .fields = training_fields },

    { RES_TRANSFORMATIONS, "datasets/{datasetId}/transformations/{transformationId}", RES_DATASETS,
      "transformations", "transformations",
      "transformationId", "dataset-transformation", &id_transform, CAN_LIST | CAN_POST | CAN_DELETE, NEW,
      .make_from = MAKE_JSON, CREATED, .filters = transformation_filters,
      PASSING(passing_transformations), .fields = transformation_fields },

    { RES_PROFILES, "profiles/{profileId}", RES_NONE, "profiles", NULL,
      "profileId", "profile", &id_profile, CAN_GET | CAN_PATCH, NEW,
      CREATED, .own_id = "me", NAMED, .fields = profile_fields },

    { RES_ROLES, "roles/{roleId}", RES_NONE, "roles", "roles",
      "roleId", "role", &id_role, LG, NEW, CREATED, NAMED, .fields = role_fields },

    { RES_PLANS, "plans/{planId}", RES_NONE, "plans", "plans",
      "planId", "plan", &id_plan, LG, NEW, NAMED, .filters = plan_filters, .fields = plan_fields },

    { RES_PAYMENT_METHODS, "paymentMethods/{paymentMethodId}", RES_NONE, "paymentMethods", "paymentMethods",
      "paymentMethodId", "payment-method", &id_payment, LPUD | CAN_GET, NEW,
      .make_from = MAKE_JSON, CREATED, NAMED, .fields = payment_method_fields },

    { RES_DEPLOYMENT_ENVIRONMENTS, "deploymentEnvironments/{deploymentEnvironmentId}", RES_NONE,
      "deploymentEnvironments", "deploymentEnvironments",
      "deploymentEnvironmentId", "deployment-environment", &id_environment, LG, NEW,
      NAMED, .filters = environment_filters, .fields = deployment_environment_fields },
};

/* --- What no row has ------------------------------------------------------------------------- */

static const struct schema line = { V_STRING, .nullable = true };
static const struct schema structure = {
    V_OBJECT, .nullable = true, .any_of = (const struct schema *const[]){ NULL } };

const struct field resource_other_line      = { NULL, F_MAYBE | F_NULL | F_PATCH, &line };
const struct field resource_other_structure = { NULL, F_MAYBE | F_NULL | F_PATCH, &structure };

#define IN_ALL(kind, what) { kind, "numberOf" what "Allowed", "numberOf" what "Created", false }
#define A_MONTH(kind, what) \
    { kind, "monthlyNumberOf" what "Allowed", "monthlyNumberOf" what "Created", true }
const struct quota resource_quotas[] = {
    IN_ALL(RES_APP_CLIENTS, "AppClients"),
    IN_ALL(RES_ASSETS, "Assets"),
    IN_ALL(RES_NONE, "Batches"),
    IN_ALL(RES_DATASETS, "Datasets"),
    IN_ALL(RES_MODELS, "Models"),
    IN_ALL(RES_SECRETS, "Secrets"),
    IN_ALL(RES_TRANSITIONS, "Transitions"),
    IN_ALL(RES_USERS, "Users"),
    IN_ALL(RES_WORKFLOWS, "Workflows"),
    A_MONTH(RES_DATA_BUNDLES, "DataBundles"),
    A_MONTH(RES_DOCUMENTS, "Documents"),
    A_MONTH(RES_PREDICTIONS, "Predictions"),
    A_MONTH(RES_TRANSITION_EXECUTIONS, "TransitionExecutions"),
    A_MONTH(RES_WORKFLOW_EXECUTIONS, "WorkflowExecutions"),
    A_MONTH(RES_TRAININGS, "Trainings"),
    A_MONTH(RES_TRANSFORMATIONS, "Transformations"),
    { RES_NONE, NULL, NULL, false },
};

/* clang-format on */

/* --- Look-ups -------------------------------------------------------------------------------- */

const struct resource *resource_get(enum resource_kind kind)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].kind == kind)
            return &table[i];
    return NULL;
}

bool resource_is_new(const struct resource *res)
{
    return res->since == F_ALL;
}

unsigned resource_can(const struct resource *res)
{
    return resource_is_new(res) ? res->can : res->can & ~res->since;
}

const struct resource *resource_by_name(enum resource_kind parent, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].parent == parent && strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct resource *resource_by_id(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].id_type && id_after_word(id, table[i].id_type))
            return &table[i];
    return NULL;
}

const struct field *resource_field(const struct resource *res, const char *name)
{
    for (const struct field *f = res->fields; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

const struct field *resource_field_of(const struct resource *res, enum resource_kind refers)
{
    for (const struct field *f = res->fields; f->name; f++)
        if (f->schema->refers == refers && strcmp(f->name, res->id_field) != 0)
            return f;
    return NULL;
}

const struct filter *resource_filter(const struct resource *res, const char *name)
{
    for (const struct filter *f = res->filters; f && f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

bool resource_takes_json(const struct resource *res)
{
    return (resource_can(res) & CAN_POST) && res->id_field && res->make_from != MAKE_NOT &&
           res->make_from != MAKE_BYTES && res->make_from != MAKE_DOCUMENT;
}

bool resource_takes_secrets(const struct resource *res)
{
    for (const struct field *f = res->fields; f->name; f++)
        if ((f->flags & F_SECRET) && (f->flags & (F_IN_POST | F_IN_PATCH)))
            return true;
    return false;
}

int64_t resource_content_max(const struct resource *res)
{
    const struct field *f = resource_field(res, "content");

    return f ? f->schema->max / 4 * 3 : 0;
}

static bool is_own_id(const struct resource *res, const char *id)
{
    return res && res->own_id && strcmp(id, res->own_id) == 0;
}

bool resource_id_ok(const struct resource *res, const char *id)
{
    if (res && !res->id_type)
        return false;
    if (is_own_id(res, id))
        return true;
    return id_ok(id) && (!res || id_after_word(id, res->id_type));
}

static bool is_hex32(const char *text)
{
    return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

/* Where ids have become looser, the form that they had. */
static const char *strict_pattern(const struct resource *res)
{
    const struct field *f = resource_field(res, res->id_field);

    return f->was ? f->was->pattern : res->id->pattern;
}

bool resource_id_is_whole(const struct resource *res, const char *id)
{
    if (!res || !resource_id_ok(res, id))
        return false;
    return is_own_id(res, id) || is_hex32(id_after_word(id, res->id_type)) ||
           schema_pattern_ok(strict_pattern(res), id);
}

bool resource_id_answered(const struct resource *res, const char *id, size_t len)
{
    return id_ok_n(id, len) || (strlen(id) == len && is_own_id(res, id));
}

bool consent_id_ok(const char *id)
{
    const char *hex = id_after_word(id, "consent");

    return hex && is_hex32(hex) && id_own(id) == id;
}

bool schema_pattern_ok(const char *pattern, const char *text)
{
    regex_t re;
    bool ok;

    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    ok = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return ok;
}

bool schema_is_scalar(const struct schema *s)
{
    return !s->any_of && s->type != V_OBJECT && s->type != V_ARRAY;
}
