#include "fields.h"

#include "schemas.h"

#include "banned.h"

/* clang-format off */

/* --- Fields ---------------------------------------------------------------------------------- */

#define NAME_AND_DESCRIPTION \
    { "name",        F_ANSWER | F_NULL | F_POST | F_PATCH, &s_text }, \
    { "description", F_ANSWER | F_NULL | F_POST | F_PATCH, &s_text }
#define NAME_AND_DESCRIPTION_SINCE \
    { "name",        F_ANSWER | F_NULL | F_POST | F_PATCH | F_KEPT, &s_text, .since = F_ALL }, \
    { "description", F_ANSWER | F_NULL | F_POST | F_PATCH | F_KEPT, &s_text, .since = F_ALL }
#define STAMPS \
    { "createdBy",   F_ANSWER | F_NULL, &s_text }, \
    { "createdTime", F_ANSWER | F_NULL, &s_time }, \
    { "updatedBy",   F_ANSWER | F_NULL, &s_text }, \
    { "updatedTime", F_ANSWER | F_NULL, &s_time }
#define END { .name = NULL }

const struct field app_client_fields[] = {
    { "appClientId",     F_ANSWER,                             &id_app_client, .was = &id_app_client_was },
    NAME_AND_DESCRIPTION,
    { "clientId",        F_ANSWER,                             &s_string },
    { "apiKey",          F_ANSWER | F_NULL,                    &s_text, .until = F_ALL },
    { "hasSecret",       F_ANSWER,                             &s_boolean },
    { "callbackUrls",    F_ANSWER | F_NULL | F_POST,           &s_urls },
    { "loginUrls",       F_ANSWER | F_NULL | F_POST | F_PATCH, &s_urls },
    { "logoutUrls",      F_ANSWER | F_NULL | F_POST,           &s_urls },
    { "defaultLoginUrl", F_ANSWER | F_NULL | F_POST | F_PATCH, &s_url },
    { "generateSecret",  F_POST,                               &s_boolean },
    { "roleIds",         F_MAYBE | F_NULL | F_POST | F_PATCH,  &s_roles, .since = F_ALL },
    { "clientSecret",    F_MAYBE | F_ONCE | F_SECRET,          &s_string },
    STAMPS, END
};

const struct field asset_fields[] = {
    { "assetId", F_ANSWER, &id_asset },
    NAME_AND_DESCRIPTION,
    { "content", F_MAYBE | F_BY_ID | F_POST_NEEDS | F_PATCH | F_NO_FILE, &s_content },
    { "contentMD5", F_ANSWER | F_NULL, &s_md5, .since = F_ALL },
    STAMPS, END
};

const struct field dataset_fields[] = {
    { "datasetId",          F_ANSWER,                            &id_dataset },
    { "name",               F_MAYBE | F_NULL | F_POST | F_PATCH, &s_text },
    { "description",        F_ANSWER | F_NULL | F_POST | F_PATCH, &s_text },
    { "numberOfDocuments",  F_ANSWER,                            &s_count },
    { "version",            F_ANSWER,                            &s_count },
    { "retentionInDays",    F_ANSWER | F_POST | F_PATCH,         &s_positive, .since = F_PATCH,
      .answer = &s_retention },
    { "storageLocation",    F_ANSWER,                            &e_storage },
    { "containsPersonallyIdentifiableInformation", F_ANSWER | F_POST | F_PATCH, &s_boolean,
      .since = F_PATCH },
    { "metadata",           F_ANSWER | F_NULL | F_POST | F_PATCH, &s_metadata, .since = F_ALL },
    { "groundTruthSummary", F_ANSWER,                            &s_object },
    STAMPS, END
};

const struct field document_fields[] = {
    { "documentId",      F_ANSWER,                               &id_document },
    NAME_AND_DESCRIPTION_SINCE,
    { "contentType",     F_ANSWER | F_MAYBE | F_NULL | F_POST_NEEDS | F_POST, &e_content_type,
      .since = F_MAYBE | F_NULL | F_POST, .until = F_ANSWER | F_POST_NEEDS, .was = &e_content_type_was },
    { "consentId",       F_MAYBE | F_POST | F_KEPT,              &id_consent },
    { "datasetId",       F_MAYBE | F_POST | F_PATCH | F_AT_ONCE | F_KEPT, &id_dataset },
    { "groundTruth",     F_MAYBE | F_POST | F_PATCH | F_LABELS | F_KEPT, &s_truth,
      .was = &s_truth_was, .patch = &s_truth_null },
    { "retentionInDays", F_ANSWER | F_POST | F_PATCH | F_KEPT,   &s_positive },
    { "content", F_MAYBE | F_BY_ID | F_POST_NEEDS | F_POST | F_NO_FILE, &s_content, .since = F_POST,
      .until = F_POST_NEEDS },
    { "metadata",        F_ANSWER | F_NULL | F_POST | F_PATCH | F_KEPT, &s_metadata, .since = F_ALL },
    { "contentMD5",      F_MAYBE | F_NULL,                       &s_md5, .since = F_ALL },
    { "fileUrl",         F_MAYBE | F_NULL,                       &s_url, .since = F_ALL },
    STAMPS, END
};

const struct field log_fields[] = {
    { "logId",                 F_ANSWER,          &id_log },
    { "startTime",             F_ANSWER | F_NULL, &s_time },
    { "transitionId",          F_ANSWER | F_NULL, &id_transition },
    { "workflowId",            F_ANSWER | F_NULL, &id_workflow },
    { "workflowExecutionId",   F_ANSWER | F_NULL, &id_workflow_ex },
    { "transitionExecutionId", F_ANSWER | F_NULL, &id_transition_ex },
    { "events",                F_MAYBE | F_LINES, &s_objects },
    END
};

const struct field model_fields[] = {
    { "modelId",             F_ANSWER,                               &id_model, .was = &id_model_was },
    NAME_AND_DESCRIPTION,
    { "width",               F_ANSWER | F_POST_NEEDS | F_PATCH,      &s_pixels, .until = F_ALL },
    { "height",              F_ANSWER | F_POST_NEEDS | F_PATCH,      &s_pixels, .until = F_ALL },
    { "fieldConfig",         F_ANSWER | F_NULL | F_POST_NEEDS | F_PATCH, &s_field_config,
      .was = &s_field_config_was },
    { "preprocessConfig",    F_ANSWER | F_POST | F_PATCH,            &s_preprocess, .was = &s_preprocess_was },
    { "status",              F_ANSWER | F_PATCH | F_AT_ONCE,         &e_model_status, .until = F_PATCH,
      .was = &e_model_status_was },
    { "numberOfDataBundles", F_ANSWER,                               &s_count },
    { "postprocessConfig",   F_MAYBE | F_POST | F_PATCH,             &s_postprocess, .since = F_ALL },
    { "metadata",            F_ANSWER | F_NULL | F_POST | F_PATCH,   &s_metadata, .since = F_ALL },
    { "trainingId",          F_ANSWER | F_NULL | F_PATCH | F_AT_ONCE, &id_any_training, .since = F_ALL },
    { "organizationId",      F_ANSWER,                               &id_organization, .since = F_ALL },
    { "numberOfRunningTrainings", F_ANSWER,                          &s_count, .since = F_ALL },
    { "statistics",          F_MAYBE | F_NULL,                       &s_object, .since = F_ALL },
    { "version",             F_MAYBE,                                &s_count, .since = F_ALL },
    STAMPS, END
};

const struct field data_bundle_fields[] = {
    { "dataBundleId", F_ANSWER,          &id_data_bundle },
    { "modelId",      F_ANSWER,          &id_model, .was = &id_model_was },
    NAME_AND_DESCRIPTION,
    { "datasetIds",   F_POST,            &s_dataset_ids },
    { "status",       F_ANSWER,          &e_bundle_status, .was = &e_bundle_status_was },
    { "summary",      F_ANSWER | F_NULL, &s_object },
    { "datasets",     F_ANSWER,          &s_datasets, .was = &s_datasets_was },
    { "retentionInDays", F_MAYBE,        &s_positive, .since = F_ALL },
    STAMPS, END
};

#define ALLOWED_AND_CREATED(what) \
    { what "Allowed", F_ANSWER, &s_count }, { what "Created", F_ANSWER, &s_count }
const struct field organization_fields[] = {
    { "organizationId", F_ANSWER, &id_organization, .was = &id_organization_was },
    { "name",           F_ANSWER | F_NULL | F_PATCH | F_POST, &s_text, .since = F_POST },
    { "description",    F_ANSWER | F_NULL | F_PATCH, &s_text },
    ALLOWED_AND_CREATED("numberOfAppClients"),
    ALLOWED_AND_CREATED("numberOfAssets"),
    { "numberOfBatchesAllowed", F_ANSWER, &s_count, .until = F_ALL },
    { "numberOfBatchesCreated", F_ANSWER, &s_count, .until = F_ALL },
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
    { "monthlyNumberOfTrainingsAllowed",       F_ANSWER, &s_count, .since = F_ALL },
    { "monthlyNumberOfTrainingsCreated",       F_ANSWER, &s_count, .since = F_ALL },
    { "monthlyNumberOfTransformationsAllowed", F_ANSWER, &s_count, .since = F_ALL },
    { "monthlyNumberOfTransformationsCreated", F_ANSWER, &s_count, .since = F_ALL },
    { "monthlyNumberOfFieldPredictionsAllowed", F_ANSWER, &s_count, .since = F_ALL },
    { "monthlyNumberOfFieldPredictionsUsed",   F_ANSWER, &s_count, .since = F_ALL },
    { "monthlyNumberOfPagePredictionsAllowed", F_MAYBE,  &s_count, .since = F_ALL },
    { "monthlyNumberOfPagePredictionsUsed",    F_MAYBE,  &s_count, .since = F_ALL },
    { "monthlyNumberOfActiveModelsUsed",       F_ANSWER, &s_count, .since = F_ALL },
    { "monthlyNumberOfGpuHoursUsed",           F_ANSWER, &s_duration, .since = F_ALL },
    { "monthlyNumberOfModelDeploymentUnitsUsed", F_MAYBE, &s_count, .since = F_ALL },
    { "monthlyNumberOfProductionWorkflowMinutesUsed", F_MAYBE, &s_count, .since = F_ALL },
    { "monthlyNumberOfUserMinutesUsed",        F_MAYBE,  &s_duration, .since = F_ALL },
    { "deploymentsAllowed", F_MAYBE, &s_object, .since = F_ALL },
    { "deploymentsCreated", F_MAYBE, &s_object, .since = F_ALL },
    { "monthlyUsageSummary", F_ANSWER, &s_object },
    { "documentRetentionInDays", F_ANSWER, &s_positive, .since = F_ALL },
    { "planId",          F_ANSWER | F_NULL | F_PATCH | F_AT_ONCE, &id_any_plan, .since = F_ALL },
    { "paymentMethodId", F_ANSWER | F_NULL | F_PATCH | F_AT_ONCE, &id_any_payment, .since = F_ALL },
    { "clientId",        F_MAYBE | F_NULL, &s_lower, .since = F_ALL },
    { "createdTime",     F_MAYBE | F_NULL, &s_time, .since = F_ALL },
    { "updatedBy",   F_ANSWER | F_NULL, &s_text },
    { "updatedTime", F_ANSWER | F_NULL, &s_time },
    END
};

const struct field prediction_fields[] = {
    { "predictionId",  F_ANSWER,                &id_prediction },
    { "documentId",    F_ANSWER | F_POST_NEEDS, &id_document },
    { "modelId",       F_ANSWER | F_POST_NEEDS, &id_any_model, .was = &id_model_was },
    { "timestamp",     F_ANSWER,                &s_positive, .until = F_ALL },
    { "inferenceTime", F_ANSWER | F_MAYBE | F_NULL, &s_duration, .until = F_ANSWER, .since = F_MAYBE | F_NULL },
    { "predictions",   F_ANSWER | F_NULL | F_LABELS, &s_guesses, .since = F_NULL, .was = &s_guesses_was },
    { "status",        F_MAYBE,                 &e_prediction_status, .since = F_ALL },
    { "error",         F_MAYBE | F_NULL,        &s_text, .since = F_ALL },
    { "nextPage",      F_MAYBE | F_NULL,        &s_integer, .since = F_ALL },
    { "trainingId",    F_MAYBE | F_NULL | F_POST, &id_training, .since = F_ALL },
    { "preprocessConfig",  F_MAYBE | F_NULL | F_POST, &s_preprocess, .since = F_ALL },
    { "postprocessConfig", F_MAYBE | F_NULL | F_POST, &s_postprocess, .since = F_ALL },
    { "createdBy",     F_MAYBE | F_NULL,        &s_text, .since = F_ALL },
    { "createdTime",   F_MAYBE | F_NULL,        &s_time, .since = F_ALL },
    { "async",         F_POST,                  &s_boolean, .since = F_ALL },
    { "maxPages",      F_POST,                  &s_pages, .was = &s_pages_was },
    { "autoRotate",    F_POST,                  &s_boolean },
    { "imageQuality",  F_POST,                  &e_image_quality },
    { "rotation",      F_POST,                  &s_rotation, .since = F_ALL },
    END
};

const struct field secret_fields[] = {
    { "secretId", F_ANSWER,                           &id_secret },
    NAME_AND_DESCRIPTION,
    { "data",     F_POST_NEEDS | F_PATCH | F_SECRET,  &s_object },
    STAMPS, END
};

/* What a PATCH of 2021 says at its top stands inside parameters in answers and in a POST. */
const struct field transition_fields[] = {
    { "transitionId",     F_ANSWER,                   &id_transition },
    NAME_AND_DESCRIPTION,
    { "transitionType",   F_ANSWER | F_POST_NEEDS,    &e_transition_type, .was = &e_transition_type_was },
    { "parameters",       F_ANSWER | F_POST | F_PATCH, &s_parameters, .since = F_PATCH, .was = &s_parameters_was,
      .patch = &s_parameters_change, .answer = &s_object },
    { "inputJsonSchema",  F_MAYBE | F_POST | F_PATCH, &s_object, .until = F_ALL },
    { "outputJsonSchema", F_MAYBE | F_POST | F_PATCH, &s_object, .until = F_ALL },
    { "timeoutInSeconds", F_ANSWER | F_POST,          &s_timeout, .was = &s_timeout_was },
    { "assets",           F_MAYBE | F_PATCH,          &s_assets,  .until = F_PATCH,
      .read_at = "parameters.assets" },
    { "environment",      F_MAYBE | F_PATCH,          &s_strings, .until = F_ALL,
      .read_at = "parameters.environment" },
    { "environmentSecrets", F_MAYBE | F_PATCH,        &s_secrets, .until = F_ALL,
      .read_at = "parameters.environmentSecrets" },
    STAMPS, END
};

const struct field transition_ex_fields[] = {
    { "executionId",  F_ANSWER,                     &id_transition_ex },
    { "transitionId", F_ANSWER,                     &id_transition },
    { "status",       F_ANSWER | F_PATCH | F_AT_ONCE, &e_task_ends, .answer = &e_task_status },
    { "input",        F_ANSWER | F_NULL,            &s_object },
    { "output",       F_MAYBE | F_NULL | F_PATCH,   &s_object, .since = F_MAYBE | F_NULL,
      .implies = { "status", "succeeded" } },
    { "error",        F_PATCH,                      &s_error,  .was = &s_error_was,
      .implies = { "status", "failed" } },
    { "completedBy",  F_ANSWER | F_NULL,            &s_text },
    { "startTime",    F_MAYBE | F_NULL | F_PATCH | F_AT_ONCE, &s_time },
    { "endTime",      F_MAYBE | F_NULL,             &s_time },
    { "logId",        F_MAYBE | F_NULL,             &id_log },
    END
};

const struct field heartbeat_fields[] = { END };

const struct field user_fields[] = {
    { "userId",      F_ANSWER,                            &id_user },
    { "email",       F_ANSWER | F_POST_NEEDS,             &s_email, .until = F_ANSWER },
    { "name",        F_MAYBE | F_NULL | F_POST | F_PATCH, &s_text, .until = F_ALL },
    { "avatar",      F_MAYBE | F_NULL | F_POST | F_PATCH, &s_avatar, .until = F_ALL, .ending = "jpg" },
    { "appClientId", F_POST,                              &id_app_client, .was = &id_app_client_was },
    { "profileId",   F_MAYBE | F_NULL,                    &id_profile, .since = F_ALL },
    { "roleIds",     F_MAYBE | F_NULL | F_POST | F_PATCH, &s_roles, .since = F_ALL },
    { "metadata",    F_MAYBE | F_NULL | F_POST | F_PATCH, &s_metadata, .since = F_ALL },
    { "status",      F_MAYBE,                             &e_user_status, .since = F_ALL },
    STAMPS, END
};

const struct field workflow_fields[] = {
    { "workflowId",      F_ANSWER,                             &id_workflow },
    NAME_AND_DESCRIPTION,
    { "numberOfRunningExecutions", F_ANSWER,                   &s_integer },
    { "completedConfig", F_ANSWER | F_NULL | F_POST | F_PATCH, &s_completed_config },
    { "errorConfig",     F_ANSWER | F_NULL | F_POST | F_PATCH, &s_error_config },
    { "specification",   F_POST_NEEDS,                         &s_specification },
    { "status",          F_MAYBE | F_POST | F_PATCH | F_AT_ONCE, &e_workflow_status, .since = F_ALL },
    { "emailConfig",     F_MAYBE | F_NULL | F_POST | F_PATCH,  &s_email_config, .since = F_ALL,
      .patch = &s_email_config_null },
    { "metadata",        F_MAYBE | F_NULL | F_POST | F_PATCH,  &s_metadata, .since = F_ALL },
    { "monthlyNumberOfWorkflowExecutionsAllowed", F_MAYBE,     &s_count, .since = F_ALL },
    { "monthlyNumberOfWorkflowExecutionsCreated", F_MAYBE,     &s_count, .since = F_ALL },
    STAMPS, END
};

const struct field workflow_ex_fields[] = {
    { "executionId",          F_ANSWER,                         &id_workflow_ex },
    { "workflowId",           F_ANSWER,                         &id_workflow },
    { "status",               F_ANSWER | F_PATCH | F_AT_ONCE,   &e_run_ends, .since = F_PATCH,
      .answer = &e_run_status, .answer_was = &e_run_status_was },
    { "input",                F_ANSWER | F_NULL | F_POST_NEEDS, &s_object },
    { "output",               F_ANSWER | F_NULL,                &s_object },
    { "startTime",            F_ANSWER | F_NULL,                &s_time },
    { "endTime",              F_ANSWER | F_NULL,                &s_time },
    { "transitionExecutions", F_ANSWER | F_NULL,                &s_object },
    { "nextTransitionId",     F_PATCH_NEEDS | F_PATCH | F_AT_ONCE, &id_transition, .since = F_PATCH,
      .until = F_PATCH_NEEDS },
    { "completedBy",          F_MAYBE,                          &s_workers, .was = &s_workers_was },
    { "createdBy",            F_MAYBE | F_NULL,                 &s_text, .since = F_ALL },
    { "logId",                F_MAYBE | F_NULL,                 &id_log },
    { "completedTaskLogId",   F_MAYBE | F_NULL,                 &id_log },
    { "events",               F_MAYBE,                          &s_objects },
    END
};

/* --- Resources of today ---------------------------------------------------------------------- */

#define SINCE .since = F_ALL
#define PLACE(what) { what, F_MAYBE | F_NULL, &s_object, SINCE }

const struct field training_fields[] = {
    { "trainingId",      F_ANSWER,                            &id_training, SINCE },
    { "modelId",         F_ANSWER,                            &id_model, SINCE },
    NAME_AND_DESCRIPTION,
    { "dataBundleIds",   F_ANSWER | F_POST,                   &s_bundle_ids, SINCE, .answer = &s_bundle_ids_answer },
    { "status",          F_ANSWER | F_PATCH | F_AT_ONCE,      &e_training_ends, SINCE, .answer = &e_training_status },
    { "evaluation",      F_ANSWER,                            &s_object, SINCE },
    { "gpuHours",        F_ANSWER | F_NULL,                   &s_duration, SINCE },
    { "instanceType",    F_ANSWER | F_POST,                   &e_instance, SINCE },
    { "metadata",        F_ANSWER | F_NULL | F_POST | F_PATCH, &s_metadata, SINCE },
    { "dataScientistAssistance", F_MAYBE | F_POST,            &s_boolean, SINCE },
    { "deploymentEnvironmentId", F_MAYBE | F_NULL | F_PATCH | F_AT_ONCE, &id_put_on, SINCE },
    { "warmStartConfig", F_MAYBE | F_POST,                    &s_warm, SINCE, .answer = &s_warm_answer },
    { "statistics",      F_MAYBE | F_NULL,                    &s_object, SINCE },
    STAMPS, END
};

const struct field transformation_fields[] = {
    { "transformationId", F_ANSWER,           &id_transform, SINCE },
    { "datasetId",        F_ANSWER,           &id_dataset, SINCE },
    { "operations",       F_ANSWER | F_POST,  &s_operations, SINCE },
    { "status",           F_ANSWER,           &e_transform_status, SINCE },
    { "createdBy",        F_ANSWER | F_NULL,  &s_text, SINCE },
    { "createdTime",      F_ANSWER | F_NULL,  &s_time, SINCE },
    { "updatedBy",        F_MAYBE | F_NULL,   &s_text, SINCE },
    { "updatedTime",      F_MAYBE | F_NULL,   &s_time, SINCE },
    END
};

/* Of other people no more than their names and faces. */
const struct field profile_fields[] = {
    { "profileId",   F_ANSWER,                   &id_profile, SINCE },
    { "email",       F_MAYBE,                    &s_email, SINCE },
    { "givenName",   F_MAYBE | F_NULL | F_PATCH, &s_text, SINCE },
    { "familyName",  F_MAYBE | F_NULL | F_PATCH, &s_text, SINCE },
    { "locale",      F_MAYBE | F_NULL | F_PATCH, &s_text, SINCE },
    { "picture",     F_MAYBE | F_NULL | F_PATCH, &s_text, SINCE },
    { "metadata",    F_MAYBE | F_NULL | F_PATCH, &s_metadata, SINCE },
    { "name",        F_MAYBE | F_NULL,           &s_text, SINCE },
    { "numberOfOrganizationsAllowed", F_MAYBE,   &s_count, SINCE },
    { "numberOfOrganizationsCreated", F_MAYBE,   &s_count, SINCE },
    { "createdTime", F_MAYBE | F_NULL,           &s_time, SINCE },
    { "updatedTime", F_MAYBE | F_NULL,           &s_time, SINCE },
    END
};

const struct field role_fields[] = {
    { "roleId",      F_ANSWER,         &id_role, SINCE },
    { "name",        F_MAYBE | F_NULL, &s_text, SINCE },
    { "description", F_MAYBE | F_NULL, &s_text, SINCE },
    { "permissions", F_ANSWER,         &s_permissions, SINCE },
    { "createdBy",   F_MAYBE | F_NULL, &s_text, SINCE },
    { "createdTime", F_MAYBE | F_NULL, &s_time, SINCE },
    { "updatedBy",   F_MAYBE | F_NULL, &s_text, SINCE },
    { "updatedTime", F_MAYBE | F_NULL, &s_time, SINCE },
    END
};

const struct field plan_fields[] = {
    { "planId",         F_ANSWER,          &id_plan, SINCE },
    { "name",           F_ANSWER | F_NULL, &s_text, SINCE },
    { "description",    F_MAYBE | F_NULL,  &s_text, SINCE },
    { "available",      F_ANSWER,          &s_boolean, SINCE },
    { "currency",       F_ANSWER,          &e_currency, SINCE },
    { "latest",         F_ANSWER,          &s_positive, SINCE },
    { "organizationId", F_ANSWER | F_NULL, &id_organization, SINCE },
    PLACE("activeModels"), PLACE("fieldPredictions"), PLACE("flows"), PLACE("gpuHours"),
    PLACE("license"), PLACE("modelDeploymentUnits"), PLACE("pagePredictions"),
    PLACE("productionWorkflowMinutes"), PLACE("userMinutes"), PLACE("users"),
    END
};

const struct field payment_method_fields[] = {
    { "paymentMethodId", F_ANSWER,          &id_payment, SINCE },
    NAME_AND_DESCRIPTION,
    { "details",         F_ANSWER | F_NULL, &s_object, SINCE },
    { "stripePublishableKey",    F_MAYBE | F_NULL,   &s_text, SINCE },
    { "stripeSetupIntentSecret", F_MAYBE | F_NULL | F_PATCH | F_SECRET, &s_hidden, SINCE, .answer = &s_text },
    STAMPS, END
};

const struct field deployment_environment_fields[] = {
    { "deploymentEnvironmentId", F_ANSWER,          &id_environment, SINCE },
    { "name",                    F_ANSWER | F_NULL, &s_text, SINCE },
    { "description",             F_ANSWER | F_NULL, &s_text, SINCE },
    { "modelDeploymentUnits",    F_ANSWER,          &s_count, SINCE },
    { "organizationId",          F_ANSWER | F_NULL, &id_organization, SINCE },
    { "status",                  F_ANSWER,          &e_environment_status, SINCE },
    END
};

/* clang-format on */
