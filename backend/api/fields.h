/*
 * The fields of the API's resources: parts of the table, for its own files alone. Constant.
 */
#ifndef LASFS_FIELDS_H
#define LASFS_FIELDS_H

#include "table.h"

/* name NULL at the end */
/* clang-format off */
extern const struct field app_client_fields[];
extern const struct field asset_fields[];
extern const struct field dataset_fields[];
extern const struct field document_fields[];
extern const struct field log_fields[];
extern const struct field model_fields[];
extern const struct field data_bundle_fields[];
extern const struct field organization_fields[];
extern const struct field prediction_fields[];
extern const struct field secret_fields[];
extern const struct field transition_fields[];
extern const struct field transition_ex_fields[];
extern const struct field heartbeat_fields[];
extern const struct field user_fields[];
extern const struct field workflow_fields[];
extern const struct field workflow_ex_fields[];
extern const struct field training_fields[];
extern const struct field transformation_fields[];
extern const struct field profile_fields[];
extern const struct field role_fields[];
extern const struct field plan_fields[];
extern const struct field payment_method_fields[];
extern const struct field deployment_environment_fields[];
/* clang-format on */

#endif
