#include "schemas.h"

#include "banned.h"

/* clang-format off */

/* --- Values of both times, and as they were ---------------------------------------------------- */

#define HEX32 "[a-f0-9]{32}$"
#define TIME_PATTERN "^[0-9]{4}-?[0-9]{2}-?[0-9]{2}( |T)?[0-9]{2}:?[0-9]{2}:?[0-9]{2}" \
                     "(.[0-9]{1,6})?(Z|[+][0-9]{2}(:|)[0-9]{2})$"
#define URL_PATTERN "^http://localhost.*|^https://.*"

#define AN_ID(var, word, of) \
    const struct schema var = { V_STRING, .pattern = "^las:" word ":" HEX32, .refers = of }
/* ids of today that need not be hex digits; those of another organization have its id before them */
#define WORDS "[a-z0-9_-]+"
#define OF_ANOTHER "(|las:organization:" WORDS "/)"
#define VERSIONED "(|:@" WORDS "|:[0-9]+)$"
#define LOOSE_ID(var, before, word, after, of) \
    const struct schema var = { V_STRING, .pattern = "^" before "las:" word ":" after, .refers = of }

AN_ID(id_app_client_was,   "app-client",        RES_APP_CLIENTS);
AN_ID(id_asset,         "asset",                RES_ASSETS);
AN_ID(id_dataset,       "dataset",              RES_DATASETS);
AN_ID(id_document,      "document",             RES_DOCUMENTS);
AN_ID(id_log,           "log",                  RES_LOGS);
AN_ID(id_model_was,     "model",                RES_MODELS);
AN_ID(id_data_bundle,   "model-data-bundle",    RES_DATA_BUNDLES);
AN_ID(id_organization_was, "organization",         RES_ORGANIZATIONS);
AN_ID(id_prediction,    "prediction",           RES_PREDICTIONS);
AN_ID(id_secret,        "secret",               RES_SECRETS);
AN_ID(id_transition_ex, "transition-execution", RES_TRANSITION_EXECUTIONS);
AN_ID(id_user,          "user",                 RES_USERS);
AN_ID(id_workflow,      "workflow",             RES_WORKFLOWS);
AN_ID(id_workflow_ex,   "workflow-execution",   RES_WORKFLOW_EXECUTIONS);
AN_ID(id_consent,       "consent",              RES_NONE);
AN_ID(id_payment,       "payment-method",       RES_PAYMENT_METHODS);
AN_ID(id_profile,       "profile",              RES_PROFILES);
AN_ID(id_transform,     "dataset-transformation", RES_TRANSFORMATIONS);

LOOSE_ID(id_app_client,   "", "app-client",     WORDS "$", RES_APP_CLIENTS);
LOOSE_ID(id_model,        "", "model",          WORDS "$", RES_MODELS);
LOOSE_ID(id_organization, "", "organization",   WORDS "$", RES_ORGANIZATIONS);
LOOSE_ID(id_training,     "", "model-training", WORDS "$", RES_TRAININGS);
LOOSE_ID(id_role,         "", "role",           "[0-9A-Za-z_-]{1,32}$", RES_ROLES);
LOOSE_ID(id_plan,         "", "plan",           WORDS VERSIONED, RES_PLANS);
LOOSE_ID(id_environment,  "", "deployment-environment", WORDS VERSIONED, RES_DEPLOYMENT_ENVIRONMENTS);
LOOSE_ID(id_lambda,       "", "lambda",         WORDS ":" WORDS "$", RES_NONE);
LOOSE_ID(id_any_model,    OF_ANOTHER, "model",  WORDS "$", RES_MODELS);
LOOSE_ID(id_any_plan,     OF_ANOTHER, "plan",   WORDS VERSIONED, RES_PLANS);
LOOSE_ID(id_any_environment, OF_ANOTHER, "deployment-environment", WORDS VERSIONED,
         RES_DEPLOYMENT_ENVIRONMENTS);
const struct schema id_any_training = { V_STRING, .nullable = true,
    .pattern = "^las:model-training:" WORDS "$", .refers = RES_TRAININGS };
const struct schema id_any_payment = { V_STRING, .nullable = true,
    .pattern = "^las:payment-method:" HEX32, .refers = RES_PAYMENT_METHODS };
const struct schema id_put_on = { V_STRING, .nullable = true,
    .pattern = "^" OF_ANOTHER "las:deployment-environment:" WORDS VERSIONED,
    .refers = RES_DEPLOYMENT_ENVIRONMENTS };
/* Whose: an organization, or one's own. It is no field. */
const struct schema id_owner = { V_STRING, .pattern = "^(me|las:organization:" WORDS ")$" };

/* A transition is one's own or one of those that all share. */
const struct schema id_transition = {
    V_STRING, .pattern = "^las:transition:(" "[a-f0-9]{32}|commons-[0-9A-Za-z-]+)$",
    .refers = RES_TRANSITIONS,
};

const struct schema s_text      = { V_STRING,  .nullable = true, .limits = LIMIT_MAX, .max = 4096 };
const struct schema s_string    = { V_STRING };
const struct schema s_boolean   = { V_BOOLEAN };
const struct schema s_integer   = { V_INTEGER };
const struct schema s_count     = { V_INTEGER, .limits = LIMIT_MIN, .min = 0 };
const struct schema s_positive  = { V_INTEGER, .limits = LIMIT_MIN, .min = 1 };
const struct schema s_duration  = { V_NUMBER,  .limits = LIMIT_MIN, .min = 0 };
const struct schema s_share     = { V_NUMBER,  .limits = LIMIT_MIN | LIMIT_MAX, .min = 0, .max = 1 };
const struct schema s_object    = { V_OBJECT };
const struct schema s_strings   = { V_OBJECT,  .values = &s_string };
const struct schema s_time      = { V_STRING,  .nullable = true, .pattern = TIME_PATTERN, .time = true };
const struct schema s_url       = { V_STRING,  .pattern = URL_PATTERN };
const struct schema s_urls      = { V_ARRAY,   .items = &s_url };
const struct schema s_objects   = { V_ARRAY,   .items = &s_object };
const struct schema s_secrets   = { V_ARRAY,   .items = &id_secret };
const struct schema s_retention = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 0, .max = 1825 };
const struct schema s_pixels    = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 97, .max = 1921 };
const struct schema s_pages_was     = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 3 };
const struct schema s_timeout_was   = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 60, .max = 1800 };
const struct schema s_content   = { V_STRING,  .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 6250000,
                                           .base64 = true };
const struct schema s_avatar    = { V_STRING,  .nullable = true, .limits = LIMIT_MAX, .max = 131072 };
const struct schema s_email     = { V_STRING,
    .pattern = "^[A-Za-z0-9][-+._A-Za-z0-9]*@([-_.A-Za-z0-9]+\\.)+[A-Za-z]{2,}$" };

#define AN_ENUM(var, ...) \
    static const char *const var##_values[] = { __VA_ARGS__, NULL }; \
    const struct schema var = { V_STRING, .enums = var##_values }

AN_ENUM(e_content_type_was,    "application/pdf", "image/jpeg", "image/png", "image/tiff");
AN_ENUM(e_field_type_was,      "date", "amount", "number", "letter", "phone", "alphanum", "alphanumext", "all");
AN_ENUM(e_image_quality,   "LOW", "HIGH");
AN_ENUM(e_transition_type_was, "docker", "manual");
AN_ENUM(e_model_status_was,    "active", "training", "inactive");
AN_ENUM(e_bundle_status_was,   "processing", "ready", "failed");
AN_ENUM(e_task_status,     "running", "succeeded", "failed", "rejected", "retry");
AN_ENUM(e_task_ends,       "succeeded", "failed", "rejected", "retry");
AN_ENUM(e_run_status_was,      "running", "succeeded", "failed", "rejected", "retry", "error");
AN_ENUM(e_storage,         "EU");
AN_ENUM(e_language,        "ASL");
AN_ENUM(e_version,         "1.0.0");

static const int cpu_values_was[] = { 256, INTS_END };
static const int memory_values_was[] = { 512, 1024, 2048, INTS_END };
const struct schema s_cpu_was    = { V_INTEGER, .ints = cpu_values_was };
const struct schema s_memory_was = { V_INTEGER, .ints = memory_values_was };

/* groundTruth: [{label, value}] */
const struct schema s_label_was     = { V_STRING, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 36,
                                           .pattern = "^[0-9A-Za-z_]+$" };
const struct schema s_value_text_was = { V_STRING, .nullable = true,
                                            .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 64 };
static const struct schema *const truth_values_was[] = { &s_value_text_was, &s_boolean, NULL };
const struct schema s_truth_value_was = { .any_of = truth_values_was };
static const struct member truth_members_was[] = {
    { "label", &s_label_was, true }, { "value", &s_truth_value_was, true }, { 0 } };
const struct schema s_truth_item_was = { V_OBJECT, .closed = true, .members = truth_members_was };
const struct schema s_truth_was      = { V_ARRAY, .items = &s_truth_item_was };

static const struct member guess_members_was[] = {
    { "label", &s_label_was, true }, { "value", &s_value_text_was, true }, { "confidence", &s_share, true }, { 0 } };
const struct schema s_guess_was   = { V_OBJECT, .closed = true, .members = guess_members_was };
const struct schema s_guesses_was = { V_ARRAY, .items = &s_guess_was };

const struct schema s_field_length_was = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 100 };
static const struct member field_members_was[] = {
    { "type", &e_field_type_was, true }, { "maxLength", &s_field_length_was, true },
    { "description", &s_text, false }, { 0 } };
const struct schema s_field_entry_was  = { V_OBJECT, .members = field_members_was };
const struct schema s_field_config_was = { V_OBJECT, .values = &s_field_entry_was };

static const struct member preprocess_members_was[] = {
    { "autoRotate", &s_boolean, true }, { "imageQuality", &e_image_quality, true },
    { "maxPages", &s_integer, true }, { 0 } };
const struct schema s_preprocess_was = { V_OBJECT, .closed = true, .members = preprocess_members_was };

const struct schema s_dataset_ids = { V_ARRAY, .limits = LIMIT_MIN, .min = 1, .items = &id_dataset };
static const struct member bundled_members_was[] = {
    { "datasetId", &id_dataset, true }, { "description", &s_text, true },
    { "numberOfDocuments", &s_count, true }, { "version", &s_count, true },
    { "retentionInDays", &s_retention, true }, { "storageLocation", &e_storage, true },
    { "containsPersonallyIdentifiableInformation", &s_boolean, true }, { "name", &s_text, false },
    { "groundTruthSummary", &s_object, false }, { "createdBy", &s_text, false },
    { "createdTime", &s_time, false }, { "updatedBy", &s_text, false },
    { "updatedTime", &s_time, false }, { 0 } };
const struct schema s_bundled_was  = { V_OBJECT, .closed = true, .members = bundled_members_was };
const struct schema s_datasets_was = { V_ARRAY, .items = &s_bundled_was };

static const struct member asset_members[] = { { "jsRemoteComponent", &id_asset, false }, { 0 } };
const struct schema s_assets = { V_OBJECT, .members = asset_members, .values = &id_asset };

static const struct member manual_members[] = { { "assets", &s_assets, false }, { 0 } };
const struct schema s_manual = { V_OBJECT, .closed = true, .members = manual_members };
static const struct member docker_members_was[] = {
    { "imageUrl", &s_string, true }, { "cpu", &s_cpu_was, false }, { "memory", &s_memory_was, false },
    { "secretId", &id_secret, false }, { "environment", &s_strings, false },
    { "environmentSecrets", &s_secrets, false }, { 0 } };
const struct schema s_docker_was = { V_OBJECT, .closed = true, .members = docker_members_was };
static const struct schema *const parameter_kinds_was[] = { &s_docker_was, &s_manual, NULL };
const struct schema s_parameters_was = { .any_of = parameter_kinds_was };

static const struct member completed_members[] = {
    { "imageUrl", &s_string, true }, { "secretId", &id_secret, false },
    { "environment", &s_strings, false }, { "environmentSecrets", &s_secrets, false }, { 0 } };
const struct schema s_completed_config = { V_OBJECT, .closed = true, .members = completed_members };
static const struct member error_config_members[] = {
    { "email", &s_email, false }, { "manualRetry", &s_boolean, false }, { 0 } };
const struct schema s_error_config = { V_OBJECT, .closed = true, .members = error_config_members };

/* What the client needs to know of a definition: where ids stand in it. */
const struct schema s_step_id = { V_STRING, .refers = RES_TRANSITIONS };
static const struct member step_members[] = { { "Resource", &s_step_id, false }, { 0 } };
const struct schema s_step  = { V_OBJECT, .members = step_members };
const struct schema s_steps = { V_OBJECT, .values = &s_step };
static const struct member definition_members[] = { { "States", &s_steps, false }, { 0 } };
const struct schema s_definition = { V_OBJECT, .members = definition_members };
static const struct member specification_members[] = {
    { "definition", &s_definition, true }, { "language", &e_language, false },
    { "version", &e_version, false }, { 0 } };
const struct schema s_specification = { V_OBJECT, .closed = true, .members = specification_members };
static const struct member error_members_was[] = { { "message", &s_string, true }, { 0 } };
const struct schema s_error_was = { V_OBJECT, .closed = true, .members = error_members_was };

static const struct schema *const worker_ids_was[] = { &id_user, &id_app_client_was, NULL };
const struct schema s_worker_was  = { .any_of = worker_ids_was };
const struct schema s_workers_was = { V_ARRAY, .items = &s_worker_was };


/* --- The same as it is today ----------------------------------------------------------------- */

const struct schema s_metadata = { V_OBJECT, .nullable = false, .most_bytes = 4096 };
const struct schema s_flag     = { V_BOOLEAN, .nullable = true };
const struct schema s_real     = { V_NUMBER,  .nullable = true };
const struct schema s_any_integer = { V_INTEGER };
const struct schema s_hidden   = { V_STRING,  .limits = LIMIT_MIN, .min = 1 };
const struct schema s_md5      = { V_STRING,  .nullable = true, .limits = LIMIT_MAX, .max = 4096 };
const struct schema s_timeout  = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 60, .max = 10800 };
const struct schema s_pages    = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 100 };
const struct schema s_roles    = { V_ARRAY,   .items = &id_role };
const struct schema s_lower = { V_STRING, .nullable = true, .pattern = "^[0-9a-z]+$" };
const struct schema s_bundle_ids_answer = { V_ARRAY, .items = &id_data_bundle };
const struct schema s_bundle_ids = { V_ARRAY, .limits = LIMIT_MIN, .min = 1, .items = &id_data_bundle };

static const char *const content_type_values[] = {
    "application/pdf", "image/jpeg", "image/png", "image/tiff", "image/webp", NULL };
const struct schema e_content_type = { V_STRING, .nullable = true, .enums = content_type_values };
AN_ENUM(e_field_type,      "amount", "date", "digits", "enum", "numeric", "string");
AN_ENUM(e_lines,           "lines");
AN_ENUM(e_transition_type, "docker", "manual", "lambda");
AN_ENUM(e_bundle_status,   "running", "succeeded", "failed");
AN_ENUM(e_model_status,    "active", "inactive");
AN_ENUM(e_run_status,      "running", "succeeded", "failed", "rejected", "retry", "error", "completed");
AN_ENUM(e_run_ends,        "succeeded", "completed");
AN_ENUM(e_prediction_status, "pending", "succeeded", "failed");
AN_ENUM(e_training_status, "waiting-for-approval", "preparing", "pending", "running",
        "running-final-evaluation", "succeeded", "failed", "cancelled");
AN_ENUM(e_training_ends,   "cancelled");
AN_ENUM(e_transform_status, "running", "succeeded", "failed");
AN_ENUM(e_operation,       "remove-duplicates");
AN_ENUM(e_environment_status, "available", "unavailable");
AN_ENUM(e_user_status,     "inactive", "active", "invite_pending");
AN_ENUM(e_workflow_status, "development", "production");
AN_ENUM(e_currency,        "USD", "EUR", "NOK");
AN_ENUM(e_action,          "read", "write", "delegate", "*");
AN_ENUM(e_effect,          "allow", "deny");
static const char *const gpu_values[] = { "small-gpu", "medium-gpu", "large-gpu", NULL };
const struct schema e_instance = { V_STRING, .nullable = true, .enums = gpu_values };

static const int cpu_values[] = { 256, 512, 1024, INTS_END };
static const int memory_values[] = { 512, 1024, 2048, 4096, 8192, INTS_END };
static const int rotation_values[] = { 0, 90, 180, 270, INTS_END };
const struct schema s_cpu    = { V_INTEGER, .ints = cpu_values };
const struct schema s_memory = { V_INTEGER, .ints = memory_values };
const struct schema s_rotation      = { V_INTEGER, .ints = rotation_values };

/* groundTruth: the value of a label may be lines of such labels. */
const struct schema s_label = { V_STRING, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 36,
                                       .pattern = "^[0-9A-Za-z_-]+$" };
const struct schema s_page_list = { V_ARRAY, .limits = LIMIT_MAX, .max = 10, .items = &s_any_integer };
const struct schema s_value_text = { V_STRING, .nullable = true,
                                            .limits = LIMIT_MIN | LIMIT_MAX, .min = 0, .max = 1024 };

const struct schema s_truth_line  = { V_ARRAY, .items = &s_truth_item };
const struct schema s_truth_lines = { V_ARRAY, .items = &s_truth_line };
static const struct schema *const line_kinds[] = { &s_truth_line, &s_truth_lines, NULL };
const struct schema s_any_lines = { .any_of = line_kinds };
static const struct schema *const truth_values[] = { &s_value_text, &s_flag, &s_real, &s_any_lines, NULL };
const struct schema s_truth_value = { .any_of = truth_values };
static const struct member truth_members[] = {
    { "label", &s_label, true }, { "value", &s_truth_value, true },
    { "pages", &s_page_list, false }, { "confidence", &s_share, false }, { 0 } };
const struct schema s_truth_item = { V_OBJECT, .closed = true, .members = truth_members };
const struct schema s_truth      = { V_ARRAY, .items = &s_truth_item };
const struct schema s_truth_null = { V_ARRAY, .nullable = true, .items = &s_truth_item };

/* predictions: of one label, or lines of them. */
const struct schema s_guess_text = { V_STRING, .nullable = true,
                                            .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 1024 };
const struct schema s_location = { V_ARRAY, .limits = LIMIT_MIN | LIMIT_MAX, .min = 4, .max = 4,
                                          .items = &s_share };
AN_ENUM(e_source, "llm", "model");
static const struct member guess_members[] = {
    { "label", &s_label, true }, { "value", &s_guess_text, true }, { "confidence", &s_share, true },
    { "rawValue", &s_guess_text, false }, { "page", &s_any_integer, false },
    { "location", &s_location, false }, { "source", &e_source, false }, { 0 } };
const struct schema s_guess  = { V_OBJECT, .closed = true, .members = guess_members };
const struct schema s_guess_line  = { V_ARRAY, .items = &s_guess };
const struct schema s_guess_lines = { V_ARRAY, .items = &s_guess_line };
static const struct member line_members[] = {
    { "label", &s_label, true }, { "value", &s_guess_lines, true }, { "page", &s_count, false }, { 0 } };
const struct schema s_guess_of_lines = { V_OBJECT, .closed = true, .members = line_members };
static const struct schema *const guess_kinds[] = { &s_guess, &s_guess_of_lines, NULL };
const struct schema s_any_guess = { .any_of = guess_kinds };
const struct schema s_guess_list = { V_ARRAY, .nullable = true, .items = &s_any_guess };
const struct schema s_guess_map  = { V_OBJECT, .nullable = true, .closed = true };
static const struct schema *const guesses_kinds[] = { &s_guess_list, &s_guess_map, NULL };
const struct schema s_guesses = { .any_of = guesses_kinds };

/* fieldConfig: a field, or lines of fields. */
const struct schema s_field_length = { V_INTEGER, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 1024 };
const struct schema s_enum_word  = { V_STRING, .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 512 };
const struct schema s_enum_words = { V_ARRAY,  .limits = LIMIT_MIN | LIMIT_MAX, .min = 1, .max = 500,
                                            .different = true, .items = &s_enum_word };
static const struct member field_members[] = {
    { "type", &e_field_type, true }, { "maxLength", &s_field_length, false },
    { "description", &s_text, false }, { "format", &s_text, false },
    { "isMultivalue", &s_boolean, false }, { "strict", &s_boolean, false },
    { "enum", &s_enum_words, false }, { 0 } };
const struct schema s_field_entry = { V_OBJECT, .members = field_members };
const struct schema s_columns = { V_OBJECT, .values = &s_field_entry, .names = "^[0-9A-Za-z_-]{1,36}$" };
static const struct member lines_members[] = {
    { "type", &e_lines, true }, { "fields", &s_columns, true }, { "description", &s_text, false }, { 0 } };
const struct schema s_lines_entry = { V_OBJECT, .members = lines_members };
static const struct schema *const entry_kinds[] = { &s_field_entry, &s_lines_entry, NULL };
const struct schema s_any_entry = { .any_of = entry_kinds };
const struct schema s_field_config = { V_OBJECT, .closed = true, .values = &s_any_entry,
                                       .names = "^[0-9A-Za-z_-]{1,36}$" };

const struct schema s_page_choice = { V_ARRAY, .limits = LIMIT_MAX, .max = 100, .items = &s_any_integer };
static const struct member preprocess_members[] = {
    { "autoRotate", &s_boolean, false }, { "imageQuality", &e_image_quality, false },
    { "maxPages", &s_pages, false }, { "pages", &s_page_choice, false },
    { "rotation", &s_rotation, false }, { "startPage", &s_any_integer, false }, { 0 } };
const struct schema s_preprocess = { V_OBJECT, .closed = true, .limits = LIMIT_MIN, .min = 1,
                                     .members = preprocess_members };

AN_ENUM(e_best_first,   "BEST_FIRST");
AN_ENUM(e_best_n_pages, "BEST_N_PAGES");
AN_ENUM(e_output_format, "v1", "v2");
static const struct member best_first_members[] = {
    { "strategy", &e_best_first, true }, { "outputFormat", &e_output_format, false }, { 0 } };
const struct schema s_best_first = { V_OBJECT, .closed = true, .members = best_first_members };
static const struct member best_of_members[] = {
    { "n", &s_pages, true }, { "collapse", &s_boolean, false }, { 0 } };
const struct schema s_best_of = { V_OBJECT, .members = best_of_members };
static const struct member best_n_pages_members[] = {
    { "strategy", &e_best_n_pages, true }, { "outputFormat", &e_output_format, false },
    { "parameters", &s_best_of, true }, { 0 } };
const struct schema s_best_n_pages = { V_OBJECT, .closed = true, .members = best_n_pages_members };
static const struct schema *const postprocess_kinds[] = { &s_best_first, &s_best_n_pages, NULL };
const struct schema s_postprocess = { .any_of = postprocess_kinds };

static const struct member bundled_members[] = {
    { "datasetId", &id_dataset, true }, { "description", &s_text, true },
    { "numberOfDocuments", &s_count, true }, { "version", &s_count, true },
    { "retentionInDays", &s_retention, true }, { "storageLocation", &e_storage, true },
    { "containsPersonallyIdentifiableInformation", &s_boolean, true }, { "name", &s_text, false },
    { "metadata", &s_object, false },
    { "groundTruthSummary", &s_object, false }, { "createdBy", &s_text, false },
    { "createdTime", &s_time, false }, { "updatedBy", &s_text, false },
    { "updatedTime", &s_time, false }, { 0 } };
const struct schema s_bundled = { V_OBJECT, .closed = true, .members = bundled_members };
const struct schema s_datasets = { V_ARRAY, .items = &s_bundled };

static const struct member docker_members[] = {
    { "imageUrl", &s_string, true }, { "cpu", &s_cpu, false }, { "memory", &s_memory, false },
    { "secretId", &id_secret, false }, { "environment", &s_strings, false },
    { "environmentSecrets", &s_secrets, false }, { 0 } };
const struct schema s_docker = { V_OBJECT, .closed = true, .members = docker_members };
static const struct member lambda_members[] = {
    { "lambdaId", &id_lambda, true }, { "environment", &s_strings, false },
    { "environmentSecrets", &s_secrets, false }, { 0 } };
const struct schema s_lambda = { V_OBJECT, .closed = true, .members = lambda_members };
static const struct schema *const parameter_kinds[] = { &s_docker, &s_lambda, &s_manual, NULL };
const struct schema s_parameters = { .any_of = parameter_kinds };

/* In a PATCH all may lack, and some be cleared. */
const struct schema s_secret_null  = { V_STRING, .nullable = true, .pattern = "^las:secret:" HEX32,
                                              .refers = RES_SECRETS };
const struct schema s_strings_null = { V_OBJECT, .nullable = true, .values = &s_string };
const struct schema s_secrets_null = { V_ARRAY, .nullable = true, .items = &id_secret };
static const struct member docker_changes[] = {
    { "imageUrl", &s_string, false }, { "cpu", &s_cpu, false }, { "memory", &s_memory, false },
    { "secretId", &s_secret_null, false }, { "environment", &s_strings_null, false },
    { "environmentSecrets", &s_secrets_null, false }, { 0 } };
const struct schema s_docker_change = { V_OBJECT, .closed = true, .members = docker_changes };
static const struct member lambda_changes[] = {
    { "lambdaId", &id_lambda, false }, { "environment", &s_strings_null, false },
    { "environmentSecrets", &s_secrets_null, false }, { 0 } };
const struct schema s_lambda_change = { V_OBJECT, .closed = true, .members = lambda_changes };
static const struct schema *const change_kinds[] = { &s_docker_change, &s_lambda_change, &s_manual, NULL };
const struct schema s_parameters_change = { .any_of = change_kinds };

const struct schema s_words_null  = { V_ARRAY, .nullable = true, .items = &s_string };
const struct schema s_object_null = { V_OBJECT, .nullable = true };
static const struct member email_config_members[] = {
    { "secretId", &id_secret, true }, { "email", &s_email, false },
    { "allowedOrigins", &s_words_null, false }, { "additionalWorkflowInput", &s_object_null, false }, { 0 } };
const struct schema s_email_config = { V_OBJECT, .closed = true, .members = email_config_members };
const struct schema s_email_config_null = { V_OBJECT, .nullable = true, .closed = true,
                                            .members = email_config_members };
const struct schema s_message = { V_STRING, .limits = LIMIT_MAX, .max = 4096 };
static const struct member error_members[] = { { "message", &s_message, true }, { 0 } };
const struct schema s_error = { V_OBJECT, .closed = true, .members = error_members };

static const struct member operation_members[] = {
    { "type", &e_operation, true }, { "options", &s_object, false }, { 0 } };
const struct schema s_operation = { V_OBJECT, .closed = true, .members = operation_members };
const struct schema s_operations = { V_ARRAY, .items = &s_operation };
static const struct member warm_members[] = { { "trainingId", &id_training, true }, { 0 } };
const struct schema s_warm = { V_OBJECT, .closed = true, .members = warm_members };
const struct schema s_nothing = { V_OBJECT, .closed = true };
static const struct schema *const warm_kinds[] = { &s_warm, &s_nothing, NULL };
const struct schema s_warm_answer = { .any_of = warm_kinds };
static const struct member permission_members[] = {
    { "resourceId", &s_hidden, true }, { "action", &e_action, true }, { "effect", &e_effect, true }, { 0 } };
const struct schema s_permission = { V_OBJECT, .closed = true, .members = permission_members };
const struct schema s_permissions = { V_ARRAY, .items = &s_permission };

static const struct schema *const worker_ids[] = { &id_user, &id_app_client, NULL };
const struct schema s_worker = { .any_of = worker_ids };
const struct schema s_workers = { V_ARRAY, .items = &s_worker };

/* clang-format on */
