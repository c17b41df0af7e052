/* Keys of folders: what a file in one becomes, and what stays local. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"
#include "folder.h"

#include "banned.h"

#define HEX "0123456789abcdef0123456789abcdef"
#define DOC "las:document:" HEX
#define SET "las:dataset:" HEX
#define MODEL "las:model:" HEX
#define TRANS "las:transition:" HEX
#define LONG64 HEX HEX
#define LONG256 LONG64 LONG64 LONG64 LONG64
#define CONSENT "las:consent:" HEX

static void free_parts(struct folder *f)
{
    free(f->parent);
    free(f->filter_value);
    free(f->model);
    free(f->document);
}

/* Equal, or both not there. */
static void assert_text(const char *got, const char *expected)
{
    if (!expected)
        assert_null(got);
    else
        assert_string_equal(got, expected);
}

static void folder_keys_say_what_a_file_becomes(void **state)
{
    static const struct {
        const char *key;
        int rc;
        enum resource_kind res;
        const char *filter, *value, *parent;
    } cases[] = {
        { "documents", 0, RES_DOCUMENTS, NULL, NULL, NULL },
        { "documents/2026-11", 0, RES_DOCUMENTS, NULL, NULL, NULL },
        { "documents/2026/11/23", 0, RES_DOCUMENTS, NULL, NULL, NULL },
        { "documents/" DOC, 0, RES_NONE, NULL, NULL, NULL },
        { "assets", 0, RES_ASSETS, NULL, NULL, NULL },
        { "datasets/" SET "/documents", 0, RES_DOCUMENTS, "datasetId", SET, NULL },
        { "datasets/" SET "/documents/a/b", 0, RES_DOCUMENTS, "datasetId", SET, NULL },
        { "datasets/" SET, 0, RES_NONE, NULL, NULL, NULL },
        { "consents/" CONSENT "/documents", 0, RES_DOCUMENTS, "consentId", CONSENT, NULL },
        { "models/" MODEL "/dataBundles", 0, RES_DATA_BUNDLES, NULL, NULL, MODEL },
        { "transitions/" TRANS "/executions", 0, RES_TRANSITION_EXECUTIONS, NULL, NULL, TRANS },
        { "", -EINVAL, 0, NULL, NULL, NULL },
        { "nothing", -EINVAL, 0, NULL, NULL, NULL },
        { "documents//x", -EINVAL, 0, NULL, NULL, NULL },
        { "consents/x", -EINVAL, 0, NULL, NULL, NULL },
        { "consents/" CONSENT, -EINVAL, 0, NULL, NULL, NULL }, /* no list */
        { "documents/" LONG256, -EINVAL, 0, NULL, NULL, NULL },
        { ".lasfs/failed", -EINVAL, 0, NULL, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct folder f = { .key = NULL };

        print_message("%s\n", cases[i].key);
        assert_int_equal(folder_describe(cases[i].key, NULL, &f), cases[i].rc);
        if (cases[i].rc < 0)
            continue;
        assert_int_equal(f.res ? f.res->kind : RES_NONE, cases[i].res);
        assert_text(f.filter, cases[i].filter);
        assert_text(f.filter_value, cases[i].value);
        assert_text(f.parent, cases[i].parent);
        free_parts(&f);
    }
}

static void folder_keys_say_what_stays_local(void **state)
{
    static const struct {
        const char *key, *scratch;
        bool staging;
    } cases[] = {
        { "documents", NULL, false },
        { "documents/2026-11", NULL, false },
        { "documents/@eaDir", NULL, true },
        { "documents/a/@eaDir/x.pdf/b", NULL, true },
        { "datasets/" SET "/documents/.stversions/2026", NULL, true },
        { "documents/old", "new:old", true },
        { "documents/a/old/b", "new:old", true },
        { "documents/older", "new:old", false },
        { "datasets/" SET "/documents", "*", false },
        { "datasets/" SET "/documents/a", "*", true },
        { "documents", "documents", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct folder f = { .key = NULL };

        print_message("%s\n", cases[i].key);
        assert_int_equal(folder_describe(cases[i].key, cases[i].scratch, &f), 0);
        assert_int_equal(f.staging, cases[i].staging);
        free_parts(&f);
    }
}

/* What is put there is asked about, or is the question: the folder shows nothing else. */
static void folders_of_models_and_questions_are_closed(void **state)
{
    static const struct {
        const char *key, *model, *document;
        enum resource_kind res;
    } cases[] = {
        { "models/" MODEL "/inbox", MODEL, NULL, RES_DOCUMENTS },
        { "documents/" DOC "/predictions", NULL, DOC, RES_PREDICTIONS },
        { "models/" MODEL "/dataBundles", NULL, NULL, RES_DATA_BUNDLES },
        { "datasets/" SET "/documents", NULL, NULL, RES_DOCUMENTS },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct folder f = { .key = NULL };

        print_message("%s\n", cases[i].key);
        assert_int_equal(folder_describe(cases[i].key, NULL, &f), 0);
        assert_text(f.model, cases[i].model);
        assert_text(f.document, cases[i].document);
        assert_int_equal(f.res->kind, cases[i].res);
        assert_int_equal(folder_is_closed(&f), cases[i].model || cases[i].document);
        free_parts(&f);
    }
}

static void what_is_put_where_secrets_are_is_on_no_disk(void **state)
{
    static const struct {
        const char *key;
        bool memory;
    } cases[] = {
        { "secrets", true },
        { "secrets/las:secret:" HEX, true }, /* a new data.json on its way by a scratch file */
        { "documents", false },
        { "models", false },
        { "assets", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct folder f = { .key = NULL };

        print_message("%s\n", cases[i].key);
        assert_int_equal(folder_describe(cases[i].key, NULL, &f), 0);
        assert_int_equal(f.memory, cases[i].memory);
        free_parts(&f);
    }
}

/* A file moved between two of the same list needs no request. */
static void folders_of_the_same_list(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        { "documents", "documents", true },
        { "documents", "documents/2026-11", true },
        { "documents/a", "documents/b/c", true },
        { "datasets/" SET "/documents", "datasets/" SET "/documents/a", true },
        { "datasets/" SET "/documents", "documents", false },
        { "datasets/" SET "/documents", "datasets/las:dataset:other/documents", false },
        { "datasets/" SET "/documents", "consents/" CONSENT "/documents", false },
        { "documents", "assets", false },
        { "models/" MODEL "/dataBundles", "models/las:model:other/dataBundles", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct folder a = { .key = NULL }, b = { .key = NULL };

        print_message("%s, %s\n", cases[i].a, cases[i].b);
        assert_int_equal(folder_describe(cases[i].a, NULL, &a), 0);
        assert_int_equal(folder_describe(cases[i].b, NULL, &b), 0);
        assert_int_equal(folder_same_list(&a, &b), cases[i].same);
        assert_int_equal(folder_same_list(&b, &a), cases[i].same);
        assert_true(folder_same_list(&a, &a));
        free_parts(&a);
        free_parts(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_keys_say_what_a_file_becomes),
        cmocka_unit_test(folder_keys_say_what_stays_local),
        cmocka_unit_test(folders_of_models_and_questions_are_closed),
        cmocka_unit_test(what_is_put_where_secrets_are_is_on_no_disk),
        cmocka_unit_test(folders_of_the_same_list),
    };

    return cmocka_run_group_tests_name("folder", tests, NULL, NULL);
}
