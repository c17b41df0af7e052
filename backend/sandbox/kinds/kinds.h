/*
 * What the API's kinds of resources do besides being rows: defaults, refusals, side effects.
 * Each function runs in the writer's transaction and returns as item.h's do.
 */
#ifndef SANDBOX_KINDS_H
#define SANDBOX_KINDS_H

#include "item.h"
#include "kind.h"

/* All of them. */
extern const struct kinds kinds;

extern const struct kind kind_app_clients, kind_organizations, kind_profiles;
extern const struct kind kind_datasets, kind_documents;
extern const struct kind kind_models, kind_data_bundles, kind_predictions;
extern const struct kind kind_transitions, kind_transition_executions, kind_heartbeats;
extern const struct kind kind_trainings, kind_transformations, kind_users;
extern const struct kind kind_assets;
extern const struct kind kind_workflows, kind_workflow_executions;

#endif
