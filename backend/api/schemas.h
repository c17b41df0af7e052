/*
 * What values of the API's fields may be: parts of the table, for its own files alone. What has
 * "_was" at its end is as the API of 2021 has it. Constant.
 */
#ifndef LASFS_SCHEMAS_H
#define LASFS_SCHEMAS_H

#include "table.h"

/* clang-format off */
extern const struct schema
    e_action, e_bundle_status, e_bundle_status_was, e_content_type, e_content_type_was,
    e_currency, e_effect, e_environment_status, e_field_type, e_field_type_was, e_image_quality,
    e_instance, e_language, e_lines, e_model_status, e_model_status_was, e_operation,
    e_prediction_status, e_run_ends, e_run_status, e_run_status_was, e_source, e_storage,
    e_task_ends, e_task_status, e_training_ends, e_training_status, e_transform_status,
    e_transition_type, e_transition_type_was, e_user_status, e_version, e_workflow_status,
    id_any_environment, id_any_model, id_any_payment, id_any_plan, id_any_training,
    id_app_client, id_app_client_was, id_asset, id_consent, id_data_bundle, id_dataset,
    id_document, id_environment, id_lambda, id_log, id_model, id_model_was, id_organization,
    id_organization_was, id_owner, id_payment, id_plan, id_prediction, id_profile, id_put_on,
    id_role, id_secret, id_training, id_transform, id_transition, id_transition_ex, id_user,
    id_workflow, id_workflow_ex, s_any_entry, s_any_guess, s_any_integer, s_any_lines, s_assets,
    s_avatar, s_boolean, s_bundle_ids, s_bundle_ids_answer, s_lower, s_bundled, s_bundled_was, s_columns, s_completed_config,
    s_content, s_count, s_cpu, s_cpu_was, s_dataset_ids, s_datasets, s_datasets_was,
    s_definition, s_docker, s_docker_change, s_docker_was, s_duration, s_email, s_email_config,
    s_email_config_null, s_enum_word, s_enum_words, s_error, s_error_config, s_error_was,
    s_field_config, s_field_config_was, s_field_entry, s_field_entry_was, s_field_length,
    s_field_length_was, s_flag, s_guess, s_guess_line, s_guess_lines, s_guess_list, s_guess_map,
    s_guess_of_lines, s_guess_text, s_guess_was, s_guesses, s_guesses_was, s_hidden, s_integer,
    s_label, s_label_was, s_lambda, s_lambda_change, s_lines_entry, s_location, s_manual, s_md5,
    s_memory, s_memory_was, s_message, s_metadata, s_nothing, s_object, s_object_null,
    s_objects, s_operation, s_operations, s_page_choice, s_page_list, s_pages, s_pages_was,
    s_parameters, s_parameters_change, s_parameters_was, s_permission, s_permissions, s_pixels,
    s_positive, s_postprocess, s_best_first, s_best_n_pages, s_best_of, e_best_first, e_best_n_pages, e_output_format, s_preprocess, s_preprocess_was, s_real, s_retention, s_roles, s_rotation,
    s_secret_null, s_secrets, s_secrets_null, s_share, s_specification, s_step, s_step_id,
    s_steps, s_string, s_strings, s_strings_null, s_text, s_time, s_timeout, s_timeout_was,
    s_truth, s_truth_item, s_truth_item_was, s_truth_line, s_truth_lines, s_truth_null,
    s_truth_value, s_truth_value_was, s_truth_was, s_url, s_urls, s_value_text,
    s_value_text_was, s_warm, s_warm_answer, s_words_null, s_worker, s_worker_was, s_workers,
    s_workers_was;
/* clang-format on */

#endif
