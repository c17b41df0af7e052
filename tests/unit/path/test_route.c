/* Routing: from paths to what stands there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "route.h"

#include <cmocka.h>

#include "banned.h"

#define HEX "0123456789abcdef0123456789abcdef"
#define DOC "las:document:" HEX
#define SET "las:dataset:" HEX
#define MODEL "las:model:" HEX
#define BUNDLE "las:model-data-bundle:" HEX
#define TRANS "las:transition:" HEX
#define TEX "las:transition-execution:" HEX
#define FLOW "las:workflow:" HEX
#define WEX "las:workflow-execution:" HEX
#define CONSENT "las:consent:" HEX
#define LONG64 "0123456789012345678901234567890123456789012345678901234567890123"
#define LONG255                                                                                    \
    LONG64 LONG64 LONG64 "012345678901234567890123456789012345678901234567890123456789012"

struct path_case {
    const char *path;
    int rc;
    enum node_kind kind;
    enum resource_kind res;
    enum name_form form;
};

/* clang-format off */
static const struct path_case fixed_cases[] = {
    /* the root and what stands in it */
    { "/",                    0, NODE_ROOT, 0, 0 },
    { "//",                   0, NODE_ROOT, 0, 0 },
    { "/README",              0, NODE_README, 0, 0 },
    { "/README/x",            -ENOTDIR, 0, 0, 0 },
    { "/readme",              -ENOENT, 0, 0, 0 },
    { "/.lasfs",              0, NODE_LASFS, 0, 0 },
    { "/.lasfs/status",       0, NODE_STATUS, 0, 0 },
    { "/.lasfs/errors",       0, NODE_ERRORS, 0, 0 },
    { "/.lasfs/refresh",      0, NODE_REFRESH, 0, 0 },
    { "/.lasfs/failed",       0, NODE_FAILED, 0, 0 },
    { "/.lasfs/failed/1-a",   0, NODE_FAILED_FILE, 0, 0 },
    { "/.lasfs/failed/1-a/b", -ENOTDIR, 0, 0, 0 },
    { "/.lasfs/nothing",      -ENOENT, 0, 0, 0 },
    { "/.lasfs/status/x",     -ENOTDIR, 0, 0, 0 },
    { "/status",              -ENOENT, 0, 0, 0 },
    { "/appclients",          -ENOENT, 0, 0, 0 },
    { "/Documents",           -ENOENT, 0, 0, 0 },
    { "/documents ",          -ENOENT, 0, 0, 0 },
    { "/batches",             -ENOENT, 0, 0, 0 },
    { "/executions",          -ENOENT, 0, 0, 0 },
    { "/dataBundles",         -ENOENT, 0, 0, 0 },
    { "/heartbeats",          -ENOENT, 0, 0, 0 },
    { "documents",            -EINVAL, 0, 0, 0 },
    { "",                     -EINVAL, 0, 0, 0 },

    { "/documents/.by-name",  0, NODE_BY_NAME, RES_DOCUMENTS, 0 },
    { "/documents/.by-name/a.pdf", 0, NODE_LINK, RES_DOCUMENTS, 0 },

    /* entries of collections */
    { "/documents/scan.pdf",     0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents//scan.pdf",    0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" DOC,         0, NODE_ENTRY, RES_DOCUMENTS, FORM_ID },
    { "/documents/" SET,         0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/las:document:", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/las:document:x", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_LATER_ID },
    { "/documents/cradl:document:x", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_LATER_ID },
    { "/documents/cradl:document:" HEX, 0, NODE_ENTRY, RES_DOCUMENTS, FORM_ID },
    { "/documents/" DOC ".pdf",  0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" DOC "-copy", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_LATER_ID },
    { "/documents/" DOC "~",     0, NODE_ENTRY, RES_DOCUMENTS, FORM_LATER_ID },
    { "/documents/" DOC ":",     0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/las:document:..", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/datasets/" SET ".json",  0, NODE_ENTRY, RES_DATASETS, FORM_NAME },
    { "/documents/01234567",     0, NODE_ENTRY, RES_DOCUMENTS, FORM_SHORT_ID },
    { "/documents/0123456",      0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" HEX,         0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/0123456789abcdef", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_SHORT_ID },
    { "/documents/0123456G",     0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/0123456A",     0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/.scan.swp",    0, NODE_ENTRY, RES_DOCUMENTS, FORM_HIDDEN },
    { "/documents/-rf",          0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/a b",          0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/\xc3\xa4.pdf", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/\xff",         0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/a\nb",         0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/...",          0, NODE_ENTRY, RES_DOCUMENTS, FORM_HIDDEN },
    { "/documents/%2e%2e",       0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/\\..\\x",      0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/las:document:a%2fb", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/las:document:a?b=c", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/las:document:a#b",   0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/las:document:a b",   0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" LONG255,     0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" LONG255 "x", -ENAMETOOLONG, 0, 0, 0 },
    { "/" LONG255 "x/y",         -ENAMETOOLONG, 0, 0, 0 },
    { "/documents/.",            -ENOENT, 0, 0, 0 },
    { "/documents/..",           -ENOENT, 0, 0, 0 },
    { "/datasets/../secrets",    -ENOENT, 0, 0, 0 },
    { "/..",                     -ENOENT, 0, 0, 0 },
    { "/organizations/me",       0, NODE_ENTRY, RES_ORGANIZATIONS, FORM_ID },
    { "/users/me",               0, NODE_ENTRY, RES_USERS, FORM_NAME },
    { "/users/a@example.com",    0, NODE_ENTRY, RES_USERS, FORM_NAME },
    { "/models/las:organization:x", 0, NODE_ENTRY, RES_MODELS, FORM_NAME },
    { "/models/las:model:some-name_1", 0, NODE_ENTRY, RES_MODELS, FORM_LATER_ID },
    { "/models/las:organization:o%2Flas:model:" HEX, 0, NODE_ENTRY, RES_MODELS, FORM_ID },
    { "/models/las:organization:cradl%2Flas:model:invoice", 0, NODE_ENTRY, RES_MODELS, FORM_LATER_ID },
    { "/models/las:organization:cradl%2flas:model:invoice", 0, NODE_ENTRY, RES_MODELS, FORM_NAME },
    { "/models/las:organization:cradl%2F..", 0, NODE_ENTRY, RES_MODELS, FORM_NAME },
    { "/models/las:organization:cradl%2Flas:plan:x", 0, NODE_ENTRY, RES_MODELS, FORM_NAME },
    { "/models/las:organization:o%2Flas:model:" HEX "/inbox", 0, NODE_COLLECTION, RES_DOCUMENTS, 0 },
    { "/models/.by-owner/las:organization:cradl", 0, NODE_BY_VALUE, RES_MODELS, 0 },
    { "/models/.by-owner/me", 0, NODE_BY_VALUE, RES_MODELS, 0 },
    { "/models/.by-owner/las:model:x", -ENOENT, 0, 0, 0 },
    { "/models/.by-owner/las:organization:cradl/las:organization:cradl%2Flas:model:invoice", 0,
      NODE_LINK, RES_MODELS, 0 },
    { "/plans/las:plan:x:@y", 0, NODE_ENTRY, RES_PLANS, FORM_ID },
    { "/transitions/las:transition:commons-failed", 0, NODE_ENTRY, RES_TRANSITIONS, FORM_ID },

    /* consents: any that are well-formed */
    { "/consents",                        0, NODE_CONSENTS, 0, 0 },
    { "/consents/" CONSENT,               0, NODE_CONSENT, 0, 0 },
    { "/consents/" CONSENT "/documents",  0, NODE_COLLECTION, RES_DOCUMENTS, 0 },
    { "/consents/" CONSENT "/documents/s.pdf", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/consents/" CONSENT "/resource.json", -ENOENT, 0, 0, 0 },
    { "/consents/" CONSENT "0",           -ENOENT, 0, 0, 0 },
    { "/consents/las:consent:x",          -ENOENT, 0, 0, 0 },
    { "/consents/" DOC,                   -ENOENT, 0, 0, 0 },
    { "/consents/me",                     -ENOENT, 0, 0, 0 },

    /* in a resource's directory */
    { "/documents/" DOC "/resource.json",   0, NODE_WHOLE, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/content",         0, NODE_CONTENT, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/content/x",       -ENOTDIR, 0, 0, 0 },
    { "/documents/" DOC "/content.pdf",     0, NODE_CONTENT_LINK, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/content.jpg",     0, NODE_CONTENT_LINK, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/content.tiff",    0, NODE_CONTENT_LINK, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/content.webp",    0, NODE_CONTENT_LINK, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/content.exe",     0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" DOC "/.page-0.jpg",     0, NODE_PICTURE, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/.thumbnail.jpg",  0, NODE_PICTURE, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/.page-0.jpg/x",   -ENOTDIR, 0, 0, 0 },
    { "/documents/" DOC "/.page-x.jpg",     0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/.page-0.jpg",             0, NODE_ENTRY, RES_DOCUMENTS, FORM_HIDDEN },
    { "/assets/las:asset:" HEX "/.page-0.jpg", 0, NODE_ENTRY, RES_ASSETS, FORM_NAME },
    { "/documents/" DOC "/groundTruth.json", 0, NODE_FIELD, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/groundTruth",     0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" DOC "/datasetId",       0, NODE_FIELD, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/datasetId.json",  0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" DOC "/retentionInDays", 0, NODE_FIELD, RES_DOCUMENTS, 0 },
    { "/documents/" DOC "/batchId",         0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" DOC "/sedABCDEF",       0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/documents/" DOC "/..",              -ENOENT, 0, 0, 0 },
    { "/documents/scan.pdf/content",        0, NODE_CONTENT, RES_DOCUMENTS, 0 },
    { "/datasets/inv/content",              0, NODE_ENTRY, RES_DATASETS, FORM_NAME },
    { "/datasets/inv/name",                 0, NODE_FIELD, RES_DATASETS, 0 },
    { "/datasets/inv/numberOfDocuments",    0, NODE_FIELD, RES_DATASETS, 0 },
    { "/datasets/inv/groundTruthSummary.json", 0, NODE_FIELD, RES_DATASETS, 0 },
    { "/datasets/inv/executions",           0, NODE_ENTRY, RES_DATASETS, FORM_NAME },
    { "/assets/logo.png/content",           0, NODE_CONTENT, RES_ASSETS, 0 },
    { "/models/" MODEL "/fieldConfig.json", 0, NODE_FIELD, RES_MODELS, 0 },
    { "/models/" MODEL "/status",           0, NODE_FIELD, RES_MODELS, 0 },
    { "/appClients/x/clientSecret",         0, NODE_FIELD, RES_APP_CLIENTS, 0 },
    { "/logs/x/events.txt",                 0, NODE_LINES, RES_LOGS, 0 },
    { "/logs/x/events.json",                0, NODE_FIELD, RES_LOGS, 0 },
    { "/users/x/avatar.jpg",                0, NODE_FIELD, RES_USERS, 0 },
    { "/users/x/avatar",                    0, NODE_ENTRY, RES_USERS, FORM_NAME },
    { "/secrets/x/data.json",               0, NODE_FIELD, RES_SECRETS, 0 },
    { "/workflows/x/specification.json",    0, NODE_ENTRY, RES_WORKFLOWS, FORM_NAME },
    { "/users/x/avatar",                    0, NODE_ENTRY, RES_USERS, FORM_NAME },

    /* collections within resources */
    { "/datasets/inv/documents",            0, NODE_COLLECTION, RES_DOCUMENTS, 0 },
    { "/datasets/" SET "/documents/s.pdf",  0, NODE_ENTRY, RES_DOCUMENTS, FORM_NAME },
    { "/datasets/" SET "/documents/" DOC "/content", 0, NODE_CONTENT, RES_DOCUMENTS, 0 },
    { "/models/m/dataBundles",              0, NODE_COLLECTION, RES_DATA_BUNDLES, 0 },
    { "/models/m/dataBundles/" BUNDLE,      0, NODE_ENTRY, RES_DATA_BUNDLES, FORM_ID },
    { "/models/m/dataBundles/" BUNDLE "/summary.json", 0, NODE_FIELD, RES_DATA_BUNDLES, 0 },
    { "/models/m/documents",                0, NODE_ENTRY, RES_MODELS, FORM_NAME },
    { "/transitions/" TRANS "/executions",  0, NODE_COLLECTION, RES_TRANSITION_EXECUTIONS, 0 },
    { "/transitions/" TRANS "/executions/" TEX "/input.json", 0, NODE_FIELD, RES_TRANSITION_EXECUTIONS, 0 },
    { "/transitions/" TRANS "/executions/" TEX "/output.json", 0, NODE_FIELD, RES_TRANSITION_EXECUTIONS, 0 },
    { "/transitions/" TRANS "/executions/" WEX, 0, NODE_ENTRY, RES_TRANSITION_EXECUTIONS, FORM_NAME },
    { "/transitions/" TRANS "/logs",        0, NODE_COLLECTION, RES_LOGS, 0 },
    { "/transitions/" TRANS "/executions/" TEX "/logs", 0, NODE_COLLECTION, RES_LOGS, 0 },
    { "/workflows/" FLOW "/executions",     0, NODE_COLLECTION, RES_WORKFLOW_EXECUTIONS, 0 },
    { "/workflows/" FLOW "/executions/" WEX "/nextTransitionId", 0, NODE_FIELD, RES_WORKFLOW_EXECUTIONS, 0 },
    { "/workflows/" FLOW "/executions/" WEX "/logs", 0, NODE_COLLECTION, RES_LOGS, 0 },
    { "/workflows/" FLOW "/logs/x/events.json", 0, NODE_FIELD, RES_LOGS, 0 },
    { "/transitions/t/executions/e/executions", 0, NODE_ENTRY, RES_TRANSITION_EXECUTIONS, FORM_NAME },
};
/* clang-format on */

static void check_path(const struct path_case *c)
{
    struct place p = { .kind = NODE_NONE };

    print_message("%s\n", c->path);
    assert_int_equal(route_parse(c->path, &p), c->rc);
    if (c->rc < 0)
        return;
    assert_int_equal(p.kind, c->kind);
    assert_int_equal(p.res ? p.res->kind : RES_NONE, c->res);
    if (c->kind == NODE_ENTRY)
        assert_int_equal(p.form, c->form);
}

static void route_finds_what_stands_at_a_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fixed_cases); i++)
        check_path(&fixed_cases[i]);
}

static void route_finds_every_collection_and_its_entries(void **state)
{
    (void)state;
    for (int kind = RES_NONE + 1; kind < RES_COUNT; kind++) {
        const struct resource *res = resource_get((enum resource_kind)kind);
        char path[512];

        if (res->parent != RES_NONE || (res->flags & R_COMMAND))
            continue;
        snprintf(path, sizeof(path), "/%s", res->name);
        check_path(&(struct path_case){ path, 0, NODE_COLLECTION, res->kind, 0 });
        snprintf(path, sizeof(path), "/%s/las:%s:%s", res->name, res->id_type, HEX);
        check_path(&(struct path_case){ path, 0, NODE_ENTRY, res->kind, FORM_ID });
        snprintf(path, sizeof(path), "/%s/las:%s:%s/resource.json", res->name, res->id_type, HEX);
        check_path(&(struct path_case){ path, 0, NODE_WHOLE, res->kind, 0 });
        snprintf(path, sizeof(path), "/%s/some name", res->name);
        check_path(&(struct path_case){ path, 0, NODE_ENTRY, res->kind, FORM_NAME });
    }
}

static void route_finds_every_field_of_every_resource(void **state)
{
    (void)state;
    for (int kind = RES_NONE + 1; kind < RES_COUNT; kind++) {
        const struct resource *res = resource_get((enum resource_kind)kind);

        for (const struct field *f = res->fields; f->name && res->parent == RES_NONE; f++) {
            char file[ROUTE_NAME_MAX + 1], path[1024];
            struct place p;

            assert_int_equal(route_field_name(f, file), 0);
            snprintf(path, sizeof(path), "/%s/x/%s", res->name, file);
            print_message("%s\n", path);
            assert_int_equal(route_parse(path, &p), 0);
            if (route_field_shown(f))
                assert_ptr_equal(p.field, f);
            else
                assert_int_not_equal(p.kind, NODE_FIELD);
        }
    }
}

/* By which values a list can be asked for: what the API's filter takes, and what a later one may. */
static void route_finds_links_by_what_a_filter_takes(void **state)
{
    static const struct path_case cases[] = {
        { "/documents/.by-id", 0, NODE_BY_ID, RES_DOCUMENTS, 0 },
        { "/documents/.by-id/" DOC, 0, NODE_LINK, RES_DOCUMENTS, 0 },
        { "/documents/.by-id/" SET, -ENOENT, 0, 0, 0 },
        { "/documents/.by-id/scan.pdf", -ENOENT, 0, 0, 0 },
        { "/documents/.by-name/scan.pdf", 0, NODE_LINK, RES_DOCUMENTS, 0 },
        { "/documents/.by-name/scan.pdf/x", -ENOTDIR, 0, 0, 0 },
        { "/documents/.by-datasetId", 0, NODE_BY_FIELD, RES_DOCUMENTS, 0 },
        { "/documents/.by-datasetId/" SET, 0, NODE_BY_VALUE, RES_DOCUMENTS, 0 },
        { "/documents/.by-datasetId/" SET "/" DOC, 0, NODE_LINK, RES_DOCUMENTS, 0 },
        { "/documents/.by-datasetId/" SET "/scan.pdf", -ENOENT, 0, 0, 0 },
        { "/documents/.by-datasetId/" DOC, -ENOENT, 0, 0, 0 },
        { "/documents/.by-datasetId/bills", -ENOENT, 0, 0, 0 },
        { "/transitions/.by-transitionType/manual", 0, NODE_BY_VALUE, RES_TRANSITIONS, 0 },
        { "/transitions/.by-transitionType/not_yet-1", 0, NODE_BY_VALUE, RES_TRANSITIONS, 0 },
        { "/transitions/.by-transitionType/a b", -ENOENT, 0, 0, 0 },
        { "/transitions/.by-transitionType/a.b", -ENOENT, 0, 0, 0 },
        { "/workflows/x/executions/.by-status/running", 0, NODE_BY_VALUE, RES_WORKFLOW_EXECUTIONS,
          0 },
        /* what is no filter is a name like another */
        { "/documents/.by-contentType", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_HIDDEN },
        { "/assets/.by-status", 0, NODE_ENTRY, RES_ASSETS, FORM_HIDDEN },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_path(&cases[i]);
}

/* Beside a list stands what is of a whole list; what only shows what was put there has none. */
static void route_finds_what_stands_beside_a_list(void **state)
{
    static const struct path_case cases[] = {
        { "/documents/.list.jsonl", 0, NODE_LIST, RES_DOCUMENTS, 0 },
        { "/datasets/.list.jsonl", 0, NODE_LIST, RES_DATASETS, 0 },
        { "/documents/.sha256sums", 0, NODE_SHA256SUMS, RES_DOCUMENTS, 0 },
        { "/datasets/x/documents/.files.tsv", 0, NODE_FILES_TSV, RES_DOCUMENTS, 0 },
        { "/assets/.sha256sums", 0, NODE_ENTRY, RES_ASSETS, FORM_HIDDEN },
        { "/assets/.files.tsv", 0, NODE_ENTRY, RES_ASSETS, FORM_HIDDEN },
        { "/models/x/inbox/.list.jsonl", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_HIDDEN },
        { "/models/x/inbox/.by-name", 0, NODE_ENTRY, RES_DOCUMENTS, FORM_HIDDEN },
        { "/documents/x/predictions/.by-name", 0, NODE_ENTRY, RES_PREDICTIONS, FORM_HIDDEN },
        { "/.lasfs/metrics", 0, NODE_METRICS, 0, 0 },
        { "/.lasfs/control", 0, NODE_CONTROL, 0, 0 },
        { "/.lasfs/pending/1-a", 0, NODE_PENDING_FILE, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_path(&cases[i]);
}

/* A folder within documents has the files in it by name, and says which of them are delivered; a
 * list, and what a filter lets through, are of the whole collection. */
static void route_finds_little_beside_a_folder_within(void **state)
{
    static const struct {
        const char *name;
        enum node_kind kind;
    } cases[] = {
        { ".by-name", NODE_BY_NAME },     { ".sha256sums", NODE_SHA256SUMS },
        { ".files.tsv", NODE_FILES_TSV }, { ".by-id", NODE_ENTRY },
        { ".list.jsonl", NODE_ENTRY },    { "scan.pdf", NODE_ENTRY },
    };
    struct place documents, at, out;

    (void)state;
    assert_int_equal(route_parse("/documents", &documents), 0);
    at = (struct place){ .kind = NODE_SUBFOLDER, .res = documents.res, .row = documents.row };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(route_step(&at, cases[i].name, &out), 0);
        assert_int_equal(out.kind, cases[i].kind);
    }
}

/* What a listing leaves out while the resource has no value for it. */
static void route_knows_fields_that_may_lack(void **state)
{
    static const struct {
        enum resource_kind res;
        const char *field;
        bool may_lack;
    } cases[] = {
        { RES_DOCUMENTS, "groundTruth", false }, /* it can be written */
        { RES_DOCUMENTS, "contentType", false }, /* each has one */
        { RES_APP_CLIENTS, "clientSecret", true },
        { RES_LOGS, "events", true },
        { RES_USERS, "email", true }, /* answers had it in 2021, and have it no more */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct field *f = resource_field(resource_get(cases[i].res), cases[i].field);

        print_message("%s\n", cases[i].field);
        assert_non_null(f);
        assert_int_equal(route_field_may_lack(f), cases[i].may_lack);
    }
}

static void a_field_with_a_name_that_is_too_long_has_no_file(void **state)
{
    static const struct schema object = { .type = V_OBJECT }, text = { .type = V_STRING };
    const struct field fits = { .name = LONG255, .schema = &text };
    const struct field no_room = { .name = LONG255, .schema = &object };
    char file[ROUTE_NAME_MAX + 1];

    (void)state;
    assert_int_equal(route_field_name(&fits, file), 0);
    assert_string_equal(file, LONG255);
    assert_int_equal(route_field_name(&no_room, file), -ENAMETOOLONG); /* .json */
    assert_int_equal(route_lines_name(&no_room, file), -ENAMETOOLONG); /* .txt */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_finds_what_stands_at_a_path),
        cmocka_unit_test(route_finds_every_collection_and_its_entries),
        cmocka_unit_test(route_finds_every_field_of_every_resource),
        cmocka_unit_test(route_finds_links_by_what_a_filter_takes),
        cmocka_unit_test(route_finds_what_stands_beside_a_list),
        cmocka_unit_test(route_finds_little_beside_a_folder_within),
        cmocka_unit_test(route_knows_fields_that_may_lack),
        cmocka_unit_test(a_field_with_a_name_that_is_too_long_has_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
