#include "resources.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "array.h"

#include "banned.h"

/* clang-format off */

/* --- Values ---------------------------------------------------------------------------------- */

#define HEX32 "[a-f0-9]{32}$"
#define TIME_PATTERN "^[0-9]{4}-?[0-9]{2}-?[0-9]{2}( |T)?[0-9]{2}:?[0-9]{2}:?[0-9]{2}" \
                     "(.[0-9]{1,6})?(Z|[+][0-9]{2}(:|)[0-9]{2})$"
#define URL_PATTERN "^http://localhost.*|^https://.*"

#define AN_ID(var, word, of) \
    static const struct schema var = { V_STRING, .pattern = "^las:" word ":" HEX32, .refers = of }

AN_ID(id_app_client,    "app-client",           RES_APP_CLIENTS);
AN_ID(id_asset,         "asset",                RES_ASSETS);
AN_ID(id_dataset,       "dataset",              RES_DATASETS);
AN_ID(id_document,      "document",             RES_DOCUMENTS);
AN_ID(id_log,           "log",                  RES_LOGS);
AN_ID(id_model,         "model",                RES_MODELS);
AN_ID(id_data_bundle,   "model-data-bundle",    RES_DATA_BUNDLES);
AN_ID(id_organization,  "organization",         RES_ORGANIZATIONS);
AN_ID(id_prediction,    "prediction",           RES_PREDICTIONS);
AN_ID(id_secret,        "secret",               RES_SECRETS);
AN_ID(id_transition_ex, "transition-execution", RES_TRANSITION_EXECUTIONS);
AN_ID(id_user,          "user",                 RES_USERS);
AN_ID(id_workflow,      "workflow",             RES_WORKFLOWS);
AN_ID(id_workflow_ex,   "workflow-execution",   RES_WORKFLOW_EXECUTIONS);
AN_ID(id_consent,       "consent",              RES_NONE);

/* A transition is one's own or one of those that all share. */
static const struct schema id_transition = {
    V_STRING, .pattern = "^las:transition:(" "[a-f0-9]{32}|commons-[0-9A-Za-z-]+)$",
    .refers = RES_TRANSITIONS,
};

static const struct schema s_text      = { V_STRING,  .nullable = true, .limits = LIMIT_MAX, .max = 4096 };
static const struct schema s_string    = { V_STRING };
static const struct schema s_boolean   = { V_BOOLEAN };
static const struct schema s_integer   = { V_INTEGER };
static const struct schema s_count     = { V_INTEGER, .limits = LIMIT_MIN, .min = 0 };
static const struct schema s_positive  = { V_INTEGER, .limits = LIMIT_MIN, .min = 1 };
static const struct schema s_duration  = { V_NUMBER,  .limits = LIMIT_MIN, .min = 0 };
static const struct schema s_share     = { V_NUMBER,  .limits = LIMIT_MIN | LIMIT_MAX, .min = 0, .max = 1 };
static const struct schema s_object    = { V_OBJECT };
static const struct schema s_strings   = { V_OBJECT,  .values = &s_string };
static const struct schema s_time      = { V_STRING,  .nullable = true, .pattern = TIME_PATTERN, .time = true };
static const struct schema s_url       = { V_STRING,  .pattern = URL_PATTERN };
static const struct schema s_urls      = { V_ARRAY,   .items = &s_url };
static const struct schema s_objects   = { V_ARRAY,   .items = &s_object };
static const struct schema s_secrets   = { V_ARRAY,   .items = &id_secret };
static const struct schema s_retention = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 0, .max = 1825 };
static const struct schema s_pixels    = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 97, .max = 1921 };
static const struct schema s_pages     = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 3 };
static const struct schema s_timeout   = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 60, .max = 1800 };
static const struct schema s_content   = { V_STRING,  .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 6250000,
                                           .base64 = true };
static const struct schema s_avatar    = { V_STRING,  .nullable = true, .limits = LIMIT_MAX, .max = 131072 };
static const struct schema s_email     = { V_STRING,
    .pattern = "^[A-Za-z0-9][-+._A-Za-z0-9]*@([-_.A-Za-z0-9]+\\.)+[A-Za-z]{2,}$" };

#define AN_ENUM(var, ...) \
    static const char *const var##_values[] = { __VA_ARGS__, NULL }; \
    static const struct schema var = { V_STRING, .enums = var##_values }

AN_ENUM(e_content_type,    "application/pdf", "image/jpeg", "image/png", "image/tiff");
AN_ENUM(e_field_type,      "date", "amount", "number", "letter", "phone", "alphanum", "alphanumext", "all");
AN_ENUM(e_image_quality,   "LOW", "HIGH");
AN_ENUM(e_transition_type, "docker", "manual");
AN_ENUM(e_model_status,    "active", "training", "inactive");
AN_ENUM(e_bundle_status,   "processing", "ready", "failed");
AN_ENUM(e_task_status,     "running", "succeeded", "failed", "rejected", "retry");
AN_ENUM(e_task_ends,       "succeeded", "failed", "rejected", "retry");
AN_ENUM(e_run_status,      "running", "succeeded", "failed", "rejected", "retry", "error");
AN_ENUM(e_storage,         "EU");
AN_ENUM(e_language,        "ASL");
AN_ENUM(e_version,         "1.0.0");

static const int cpu_values[] = { 256, 0 };
static const int memory_values[] = { 512, 1024, 2048, 0 };
static const struct schema s_cpu    = { V_INTEGER, .ints = cpu_values };
static const struct schema s_memory = { V_INTEGER, .ints = memory_values };

/* groundTruth: [{label, value}] */
static const struct schema s_label     = { V_STRING, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 36,
                                           .pattern = "^[0-9A-Za-z_]+$" };
static const struct schema s_value_text = { V_STRING, .nullable = true,
                                            .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 64 };
static const struct schema *const truth_values[] = { &s_value_text, &s_boolean, NULL };
static const struct schema s_truth_value = { .any_of = truth_values };
static const struct member truth_members[] = {
    { "label", &s_label, true }, { "value", &s_truth_value, true }, { 0 } };
static const struct schema s_truth_item = { V_OBJECT, .closed = true, .members = truth_members };
static const struct schema s_truth      = { V_ARRAY, .items = &s_truth_item };

static const struct member guess_members[] = {
    { "label", &s_label, true }, { "value", &s_value_text, true }, { "confidence", &s_share, true }, { 0 } };
static const struct schema s_guess   = { V_OBJECT, .closed = true, .members = guess_members };
static const struct schema s_guesses = { V_ARRAY, .items = &s_guess };

static const struct schema s_field_length = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 100 };
static const struct member field_members[] = {
    { "type", &e_field_type, true }, { "maxLength", &s_field_length, true },
    { "description", &s_text, false }, { 0 } };
static const struct schema s_field_entry  = { V_OBJECT, .members = field_members };
static const struct schema s_field_config = { V_OBJECT, .values = &s_field_entry };

static const struct member preprocess_members[] = {
    { "autoRotate", &s_boolean, true }, { "imageQuality", &e_image_quality, true },
    { "maxPages", &s_integer, true }, { 0 } };
static const struct schema s_preprocess = { V_OBJECT, .closed = true, .members = preprocess_members };

static const struct schema s_dataset_ids = { V_ARRAY, .limits = LIMIT_MIN, .min = 1, .items = &id_dataset };
static const struct member bundled_members[] = {
    { "datasetId", &id_dataset, true }, { "description", &s_text, true },
    { "numberOfDocuments", &s_count, true }, { "version", &s_count, true },
    { "retentionInDays", &s_retention, true }, { "storageLocation", &e_storage, true },
    { "containsPersonallyIdentifiableInformation", &s_boolean, true }, { "name", &s_text, false },
    { "groundTruthSummary", &s_object, false }, { "createdBy", &s_text, false },
    { "createdTime", &s_time, false }, { "updatedBy", &s_text, false },
    { "updatedTime", &s_time, false }, { 0 } };
static const struct schema s_bundled  = { V_OBJECT, .closed = true, .members = bundled_members };
static const struct schema s_datasets = { V_ARRAY, .items = &s_bundled };

static const struct member asset_members[] = { { "jsRemoteComponent", &id_asset, false }, { 0 } };
static const struct schema s_assets = { V_OBJECT, .members = asset_members, .values = &id_asset };

static const struct member manual_members[] = { { "assets", &s_assets, false }, { 0 } };
static const struct schema s_manual = { V_OBJECT, .closed = true, .members = manual_members };
static const struct member docker_members[] = {
    { "imageUrl", &s_string, true }, { "cpu", &s_cpu, false }, { "memory", &s_memory, false },
    { "secretId", &id_secret, false }, { "environment", &s_strings, false },
    { "environmentSecrets", &s_secrets, false }, { 0 } };
static const struct schema s_docker = { V_OBJECT, .closed = true, .members = docker_members };
static const struct schema *const parameter_kinds[] = { &s_docker, &s_manual, NULL };
static const struct schema s_parameters = { .any_of = parameter_kinds };

static const struct member completed_members[] = {
    { "imageUrl", &s_string, true }, { "secretId", &id_secret, false },
    { "environment", &s_strings, false }, { "environmentSecrets", &s_secrets, false }, { 0 } };
static const struct schema s_completed_config = { V_OBJECT, .closed = true, .members = completed_members };
static const struct member error_config_members[] = {
    { "email", &s_email, false }, { "manualRetry", &s_boolean, false }, { 0 } };
static const struct schema s_error_config = { V_OBJECT, .closed = true, .members = error_config_members };

/* What the client needs to know of a definition: where ids stand in it. */
static const struct schema s_step_id = { V_STRING, .refers = RES_TRANSITIONS };
static const struct member step_members[] = { { "Resource", &s_step_id, false }, { 0 } };
static const struct schema s_step  = { V_OBJECT, .members = step_members };
static const struct schema s_steps = { V_OBJECT, .values = &s_step };
static const struct member definition_members[] = { { "States", &s_steps, false }, { 0 } };
static const struct schema s_definition = { V_OBJECT, .members = definition_members };
static const struct member specification_members[] = {
    { "definition", &s_definition, true }, { "language", &e_language, false },
    { "version", &e_version, false }, { 0 } };
static const struct schema s_specification = { V_OBJECT, .closed = true, .members = specification_members };
static const struct member error_members[] = { { "message", &s_string, true }, { 0 } };
static const struct schema s_error = { V_OBJECT, .closed = true, .members = error_members };

static const struct schema *const worker_ids[] = { &id_user, &id_app_client, NULL };
static const struct schema s_worker  = { .any_of = worker_ids };
static const struct schema s_workers = { V_ARRAY, .items = &s_worker };

/* --- Fields ---------------------------------------------------------------------------------- */

#define NAME_AND_DESCRIPTION \
    { "name",        F_ANSWER | F_NULL | F_POST | F_PATCH, &s_text }, \
    { "description", F_ANSWER | F_NULL | F_POST | F_PATCH, &s_text }
#define STAMPS \
    { "createdBy",   F_ANSWER | F_NULL, &s_text }, \
    { "createdTime", F_ANSWER | F_NULL, &s_time }, \
    { "updatedBy",   F_ANSWER | F_NULL, &s_text }, \
    { "updatedTime", F_ANSWER | F_NULL, &s_time }
#define END { .name = NULL }

static const struct field app_client_fields[] = {
    { "appClientId",     F_ANSWER,                             &id_app_client },
    NAME_AND_DESCRIPTION,
    { "clientId",        F_ANSWER,                             &s_string },
    { "apiKey",          F_ANSWER | F_NULL,                    &s_text },
    { "hasSecret",       F_ANSWER,                             &s_boolean },
    { "callbackUrls",    F_ANSWER | F_NULL | F_POST,           &s_urls },
    { "loginUrls",       F_ANSWER | F_NULL | F_POST | F_PATCH, &s_urls },
    { "logoutUrls",      F_ANSWER | F_NULL | F_POST,           &s_urls },
    { "defaultLoginUrl", F_ANSWER | F_NULL | F_POST | F_PATCH, &s_url },
    { "generateSecret",  F_POST,                               &s_boolean },
    { "clientSecret",    F_MAYBE | F_ONCE | F_SECRET,          &s_string },
    STAMPS, END
};

static const struct field asset_fields[] = {
    { "assetId", F_ANSWER, &id_asset },
    NAME_AND_DESCRIPTION,
    { "content", F_MAYBE | F_BY_ID | F_POST_NEEDS | F_PATCH | F_NO_FILE, &s_content },
    STAMPS, END
};

static const struct field dataset_fields[] = {
    { "datasetId",          F_ANSWER,                            &id_dataset },
    { "name",               F_MAYBE | F_NULL | F_POST | F_PATCH, &s_text },
    { "description",        F_ANSWER | F_NULL | F_POST | F_PATCH, &s_text },
    { "numberOfDocuments",  F_ANSWER,                            &s_count },
    { "version",            F_ANSWER,                            &s_count },
    { "retentionInDays",    F_ANSWER | F_POST,                   &s_positive, .answer = &s_retention },
    { "storageLocation",    F_ANSWER,                            &e_storage },
    { "containsPersonallyIdentifiableInformation", F_ANSWER | F_POST, &s_boolean },
    { "groundTruthSummary", F_ANSWER,                            &s_object },
    STAMPS, END
};

static const struct field document_fields[] = {
    { "documentId",      F_ANSWER,                               &id_document },
    { "contentType",     F_ANSWER | F_POST_NEEDS,                &e_content_type },
    { "consentId",       F_MAYBE | F_POST | F_KEPT,              &id_consent },
    { "datasetId",       F_MAYBE | F_POST | F_PATCH | F_AT_ONCE | F_KEPT, &id_dataset },
    { "groundTruth",     F_MAYBE | F_POST | F_PATCH | F_LABELS | F_KEPT, &s_truth },
    { "retentionInDays", F_ANSWER | F_POST | F_PATCH | F_KEPT,   &s_positive },
    { "content", F_MAYBE | F_BY_ID | F_POST_NEEDS | F_NO_FILE,   &s_content },
    STAMPS, END
};

static const struct field log_fields[] = {
    { "logId",                 F_ANSWER,          &id_log },
    { "startTime",             F_ANSWER | F_NULL, &s_time },
    { "transitionId",          F_ANSWER | F_NULL, &id_transition },
    { "workflowId",            F_ANSWER | F_NULL, &id_workflow },
    { "workflowExecutionId",   F_ANSWER | F_NULL, &id_workflow_ex },
    { "transitionExecutionId", F_ANSWER | F_NULL, &id_transition_ex },
    { "events",                F_MAYBE | F_LINES, &s_objects },
    END
};

static const struct field model_fields[] = {
    { "modelId",             F_ANSWER,                               &id_model },
    NAME_AND_DESCRIPTION,
    { "width",               F_ANSWER | F_POST_NEEDS | F_PATCH,      &s_pixels },
    { "height",              F_ANSWER | F_POST_NEEDS | F_PATCH,      &s_pixels },
    { "fieldConfig",         F_ANSWER | F_NULL | F_POST_NEEDS | F_PATCH, &s_field_config },
    { "preprocessConfig",    F_ANSWER | F_POST | F_PATCH,            &s_preprocess },
    { "status",              F_ANSWER | F_PATCH | F_AT_ONCE,         &e_model_status },
    { "numberOfDataBundles", F_ANSWER,                               &s_count },
    STAMPS, END
};

static const struct field data_bundle_fields[] = {
    { "dataBundleId", F_ANSWER,          &id_data_bundle },
    { "modelId",      F_ANSWER,          &id_model },
    NAME_AND_DESCRIPTION,
    { "datasetIds",   F_POST,            &s_dataset_ids },
    { "status",       F_ANSWER,          &e_bundle_status },
    { "summary",      F_ANSWER | F_NULL, &s_object },
    { "datasets",     F_ANSWER,          &s_datasets },
    STAMPS, END
};

#define ALLOWED_AND_CREATED(what) \
    { what "Allowed", F_ANSWER, &s_count }, { what "Created", F_ANSWER, &s_count }
static const struct field organization_fields[] = {
    { "organizationId", F_ANSWER, &id_organization },
    { "name",           F_ANSWER | F_NULL | F_PATCH, &s_text },
    { "description",    F_ANSWER | F_NULL | F_PATCH, &s_text },
    ALLOWED_AND_CREATED("numberOfAppClients"),
    ALLOWED_AND_CREATED("numberOfAssets"),
    ALLOWED_AND_CREATED("numberOfBatches"),
    { "numberOfDatasetsAllowed", F_MAYBE, &s_count },
    { "numberOfDatasetsCreated", F_MAYBE, &s_count },
    ALLOWED_AND_CREATED("numberOfModels"),
    ALLOWED_AND_CREATED("numberOfSecrets"),
    ALLOWED_AND_CREATED("numberOfTransitions"),
    ALLOWED_AND_CREATED("numberOfUsers"),
    ALLOWED_AND_CREATED("numberOfWorkflows"),
    ALLOWED_AND_CREATED("monthlyNumberOfDataBundles"),
    ALLOWED_AND_CREATED("monthlyNumberOfDocuments"),
    ALLOWED_AND_CREATED("monthlyNumberOfPredictions"),
    ALLOWED_AND_CREATED("monthlyNumberOfTransitionExecutions"),
    ALLOWED_AND_CREATED("monthlyNumberOfWorkflowExecutions"),
    { "monthlyUsageSummary", F_ANSWER, &s_object },
    { "updatedBy",   F_ANSWER | F_NULL, &s_text },
    { "updatedTime", F_ANSWER | F_NULL, &s_time },
    END
};

static const struct field prediction_fields[] = {
    { "predictionId",  F_ANSWER,                &id_prediction },
    { "documentId",    F_ANSWER | F_POST_NEEDS, &id_document },
    { "modelId",       F_ANSWER | F_POST_NEEDS, &id_model },
    { "timestamp",     F_ANSWER,                &s_positive },
    { "inferenceTime", F_ANSWER,                &s_duration },
    { "predictions",   F_ANSWER | F_LABELS,     &s_guesses },
    { "maxPages",      F_POST,                  &s_pages },
    { "autoRotate",    F_POST,                  &s_boolean },
    { "imageQuality",  F_POST,                  &e_image_quality },
    END
};

static const struct field secret_fields[] = {
    { "secretId", F_ANSWER,                           &id_secret },
    NAME_AND_DESCRIPTION,
    { "data",     F_POST_NEEDS | F_PATCH | F_SECRET,  &s_object },
    STAMPS, END
};

/* What a PATCH says at its top stands inside parameters in answers and in a POST. */
static const struct field transition_fields[] = {
    { "transitionId",     F_ANSWER,                   &id_transition },
    NAME_AND_DESCRIPTION,
    { "transitionType",   F_ANSWER | F_POST_NEEDS,    &e_transition_type },
    { "parameters",       F_ANSWER | F_POST,          &s_parameters, .answer = &s_object },
    { "inputJsonSchema",  F_MAYBE | F_POST | F_PATCH, &s_object },
    { "outputJsonSchema", F_MAYBE | F_POST | F_PATCH, &s_object },
    { "timeoutInSeconds", F_ANSWER | F_POST,          &s_timeout },
    { "assets",           F_MAYBE | F_PATCH,          &s_assets,  .read_at = "parameters.assets" },
    { "environment",      F_MAYBE | F_PATCH,          &s_strings, .read_at = "parameters.environment" },
    { "environmentSecrets", F_MAYBE | F_PATCH,        &s_secrets, .read_at = "parameters.environmentSecrets" },
    STAMPS, END
};

static const struct field transition_ex_fields[] = {
    { "executionId",  F_ANSWER,                     &id_transition_ex },
    { "transitionId", F_ANSWER,                     &id_transition },
    { "status",       F_ANSWER | F_PATCH | F_AT_ONCE, &e_task_ends, .answer = &e_task_status },
    { "input",        F_ANSWER | F_NULL,            &s_object },
    { "output",       F_PATCH,                      &s_object, .implies = { "status", "succeeded" } },
    { "error",        F_PATCH,                      &s_error,  .implies = { "status", "failed" } },
    { "completedBy",  F_ANSWER | F_NULL,            &s_text },
    { "startTime",    F_MAYBE | F_NULL | F_PATCH | F_AT_ONCE, &s_time },
    { "endTime",      F_MAYBE | F_NULL,             &s_time },
    { "logId",        F_MAYBE | F_NULL,             &id_log },
    END
};

static const struct field heartbeat_fields[] = { END };

static const struct field user_fields[] = {
    { "userId",      F_ANSWER,                            &id_user },
    { "email",       F_ANSWER | F_POST_NEEDS,             &s_email },
    { "name",        F_MAYBE | F_NULL | F_POST | F_PATCH, &s_text },
    { "avatar",      F_MAYBE | F_NULL | F_POST | F_PATCH, &s_avatar, .ending = "jpg" },
    { "appClientId", F_POST,                              &id_app_client },
    STAMPS, END
};

static const struct field workflow_fields[] = {
    { "workflowId",      F_ANSWER,                             &id_workflow },
    NAME_AND_DESCRIPTION,
    { "numberOfRunningExecutions", F_ANSWER,                   &s_integer },
    { "completedConfig", F_ANSWER | F_NULL | F_POST | F_PATCH, &s_completed_config },
    { "errorConfig",     F_ANSWER | F_NULL | F_POST | F_PATCH, &s_error_config },
    { "specification",   F_POST_NEEDS,                         &s_specification },
    STAMPS, END
};

static const struct field workflow_ex_fields[] = {
    { "executionId",          F_ANSWER,                         &id_workflow_ex },
    { "workflowId",           F_ANSWER,                         &id_workflow },
    { "status",               F_ANSWER,                         &e_run_status },
    { "input",                F_ANSWER | F_NULL | F_POST_NEEDS, &s_object },
    { "output",               F_ANSWER | F_NULL,                &s_object },
    { "startTime",            F_ANSWER | F_NULL,                &s_time },
    { "endTime",              F_ANSWER | F_NULL,                &s_time },
    { "transitionExecutions", F_ANSWER | F_NULL,                &s_object },
    { "nextTransitionId",     F_PATCH_NEEDS | F_AT_ONCE,        &id_transition },
    { "completedBy",          F_MAYBE,                          &s_workers },
    { "logId",                F_MAYBE | F_NULL,                 &id_log },
    { "completedTaskLogId",   F_MAYBE | F_NULL,                 &id_log },
    { "events",               F_MAYBE,                          &s_objects },
    END
};

/* --- Filters --------------------------------------------------------------------------------- */

static const struct filter document_filters[] = {
    { "consentId", true, ECHO_ARRAY, &id_consent },
    { "datasetId", true, ECHO_ARRAY, &id_dataset }, END };
static const struct filter transition_filters[] = {
    { "transitionType", true, ECHO_ARRAY, &e_transition_type }, END };
static const struct filter data_bundle_filters[] = {
    { "status", true, ECHO_ARRAY, &e_bundle_status }, END };
static const struct filter transition_ex_filters[] = {
    { "status", true, ECHO_ARRAY, &e_task_status },
    { "executionId", true, ECHO_NONE, &id_transition_ex }, END };
static const struct filter workflow_ex_filters[] = {
    { "status", true, ECHO_ARRAY, &e_run_status }, END };
static const struct filter log_filters[] = {
    { "workflowId", false, ECHO_STRING, &id_workflow },
    { "workflowExecutionId", false, ECHO_STRING, &id_workflow_ex },
    { "transitionId", false, ECHO_STRING, &id_transition },
    { "transitionExecutionId", false, ECHO_STRING, &id_transition_ex }, END };

/* --- Resources ------------------------------------------------------------------------------- */

static const char *const passing_models[]  = { "training", NULL };
static const char *const passing_bundles[] = { "processing", "running", NULL };
static const char *const passing_tasks[]   = { "running", "retry", NULL };

#define PASSING(values) .state_field = "status", .passing = values
#define LPUD (CAN_LIST | CAN_POST | CAN_PATCH | CAN_DELETE)
#define NAMED .name_field = "name"
#define CREATED .made_field = "createdTime", .changed_field = "updatedTime"
#define STARTED .made_field = "startTime", .changed_field = "endTime"

static const struct resource table[] = {
    { RES_APP_CLIENTS, "appClients/{appClientId}", RES_NONE, "appClients", "appClients",
      "appClientId", "app-client", &id_app_client, LPUD,
      .make_from = MAKE_NAME, CREATED, NAMED, .fields = app_client_fields },

    { RES_ASSETS, "assets/{assetId}", RES_NONE, "assets", "assets",
      "assetId", "asset", &id_asset, LPUD | CAN_GET,
      .make_from = MAKE_BYTES, CREATED, NAMED, .fields = asset_fields },

    { RES_DATASETS, "datasets/{datasetId}", RES_NONE, "datasets", "datasets",
      "datasetId", "dataset", &id_dataset, LPUD | CAN_GET, .flags = R_MUST_BE_EMPTY,
      .make_from = MAKE_NAME, CREATED, NAMED, .fields = dataset_fields },

    { RES_DOCUMENTS, "documents/{documentId}", RES_NONE, "documents", "documents",
      "documentId", "document", &id_document, LPUD | CAN_GET | CAN_DELETE_MANY,
      .make_from = MAKE_DOCUMENT, CREATED, .type_field = "contentType",
      .url_field = "fileUrl", .url_max = 64 << 20, .filters = document_filters, .fields = document_fields },

    { RES_LOGS, "logs/{logId}", RES_NONE, "logs", "logs",
      "logId", "log", &id_log, CAN_LIST | CAN_GET, .flags = R_NEWEST_FIRST,
      .made_field = "startTime", .changed_field = "startTime",
      .filters = log_filters, .sorts = SORTS_ORDER | ECHOES_SORT, .fields = log_fields },

    { RES_MODELS, "models/{modelId}", RES_NONE, "models", "models",
      "modelId", "model", &id_model, LPUD | CAN_GET,
      .make_from = MAKE_JSON, CREATED, NAMED, PASSING(passing_models), .fields = model_fields },

    { RES_DATA_BUNDLES, "models/{modelId}/dataBundles/{dataBundleId}", RES_MODELS, "dataBundles", "dataBundles",
      "dataBundleId", "model-data-bundle", &id_data_bundle, LPUD, .flags = R_PATCH_EMPTY,
      .make_from = MAKE_JSON, CREATED, .filters = data_bundle_filters,
      NAMED, PASSING(passing_bundles), .fields = data_bundle_fields },

    { RES_ORGANIZATIONS, "organizations/{organizationId}", RES_NONE, "organizations", NULL,
      "organizationId", "organization", &id_organization, CAN_GET | CAN_PATCH,
      .changed_field = "updatedTime", .own_id = "me", NAMED, .fields = organization_fields },

    { RES_PREDICTIONS, "predictions/{predictionId}", RES_NONE, "predictions", "predictions",
      "predictionId", "prediction", &id_prediction, CAN_LIST | CAN_POST, .flags = R_SLOW_POST,
      .make_from = MAKE_JSON, .made_field = "timestamp", .changed_field = "timestamp",
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
      .sorts = SORTS_BY | SORTS_ORDER | ECHOES_PARENT, .fields = transition_ex_fields },

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
      .sorts = SORTS_BY | SORTS_ORDER | ECHOES_SORT | ECHOES_PARENT, .fields = workflow_ex_fields },
};

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
    return (res->can & CAN_POST) && res->id_field && res->make_from != MAKE_NOT &&
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

bool resource_id_is_whole(const struct resource *res, const char *id)
{
    if (!res || !resource_id_ok(res, id))
        return false;
    return is_own_id(res, id) || is_hex32(id_after_word(id, res->id_type)) ||
           schema_pattern_ok(res->id->pattern, id);
}

bool resource_id_answered(const struct resource *res, const char *id, size_t len)
{
    return id_ok_n(id, len) || (strlen(id) == len && is_own_id(res, id));
}

bool consent_id_ok(const char *id)
{
    const char *hex = id_after_word(id, "consent");

    return hex && is_hex32(hex);
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
