#include "kinds.h"

#include "banned.h"

#define NO_SCHEMA "{\"$schema\": \"https://json-schema.org/draft-04/schema#\"}"

/* clang-format off */
static const struct default_value defaults[] = {
    { RES_DATASETS,     "retentionInDays",   "1825" },
    { RES_DATASETS,     "storageLocation",   "\"EU\"" },
    { RES_DATASETS,     "containsPersonallyIdentifiableInformation", "true" },
    { RES_DOCUMENTS,    "retentionInDays",   "1825" },
    { RES_MODELS,       "status",            "\"inactive\"" },
    { RES_MODELS,       "preprocessConfig",
      "{\"autoRotate\": false, \"imageQuality\": \"LOW\", \"maxPages\": 1}" },
    { RES_DATA_BUNDLES, "status",            "\"processing\"" },
    { RES_PREDICTIONS,  "postprocessConfig", "null" },
    { RES_TRAININGS,    "status",            "\"running\"" },
    { RES_TRAININGS,    "instanceType",      "\"small-gpu\"" },
    { RES_TRANSFORMATIONS, "status",         "\"running\"" },
    { RES_USERS,        "email",             "\"unknown@example.com\"" },
    { RES_WORKFLOWS,    "status",            "\"production\"" },
    { RES_ORGANIZATIONS, "documentRetentionInDays", "1825" },
    { RES_PLANS,        "currency",          "\"EUR\"" },
    { RES_PLANS,        "latest",            "1" },
    { RES_PLANS,        "available",         "true" },
    { RES_DEPLOYMENT_ENVIRONMENTS, "status", "\"available\"" },
    { RES_ROLES,        "permissions",
      "[{\"resourceId\": \"*\", \"action\": \"*\", \"effect\": \"allow\"}]" },
    { RES_TRANSITIONS,  "timeoutInSeconds",  "1800" },
    { RES_TRANSITIONS,  "inputJsonSchema",   NO_SCHEMA },
    { RES_TRANSITIONS,  "outputJsonSchema",  NO_SCHEMA },
    { RES_TRANSITION_EXECUTIONS, "status",   "\"running\"" },
    { RES_WORKFLOW_EXECUTIONS,   "status",   "\"running\"" },
    { RES_WORKFLOW_EXECUTIONS,   "completedBy", "[]" },
    { RES_WORKFLOW_EXECUTIONS,   "events",   "[]" },
    { RES_LOGS,         "events",            "[]" },
    { RES_NONE, NULL, NULL },
};
/* clang-format on */

const struct kinds kinds = {
    .of = {
            [RES_APP_CLIENTS] = &kind_app_clients,
            [RES_DATASETS] = &kind_datasets,
            [RES_DOCUMENTS] = &kind_documents,
            [RES_MODELS] = &kind_models,
            [RES_DATA_BUNDLES] = &kind_data_bundles,
            [RES_ORGANIZATIONS] = &kind_organizations,
            [RES_PROFILES] = &kind_profiles,
            [RES_PREDICTIONS] = &kind_predictions,
            [RES_TRANSITIONS] = &kind_transitions,
            [RES_TRANSITION_EXECUTIONS] = &kind_transition_executions,
            [RES_HEARTBEATS] = &kind_heartbeats,
            [RES_ASSETS] = &kind_assets,
            [RES_TRAININGS] = &kind_trainings,
            [RES_TRANSFORMATIONS] = &kind_transformations,
            [RES_USERS] = &kind_users,
            [RES_WORKFLOWS] = &kind_workflows,
            [RES_WORKFLOW_EXECUTIONS] = &kind_workflow_executions,
    },
    .defaults = defaults,
};
