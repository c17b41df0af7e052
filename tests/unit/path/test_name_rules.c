/* What becomes of a file by its name and its folder: a resource, a sidecar, or nothing but a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "array.h"
#include "name_rules.h"

#include "banned.h"

#define HEX "0123456789abcdef0123456789abcdef"
#define SET "datasets/las:dataset:" HEX
#define MODEL "models/las:model:" HEX
#define DOC "documents/las:document:" HEX

enum { SENT = 1, STAYS = 2, SIDECAR = 4 };

/* clang-format off */
static const struct {
    const char *folder, *name, *scratch;
    unsigned is;
} cases[] = {
    { "documents",                 "scan.pdf",        NULL, SENT },
    { "documents",                 "scan",            NULL, SENT },
    { "documents/2026-11",         "scan.pdf",        NULL, SENT },
    { SET "/documents",            "scan.pdf",        NULL, SENT },
    { SET "/documents/a/b",        "scan.pdf",        NULL, SENT },
    /* what says something of a document beside it */
    { "documents",                 "scan.pdf.json",   NULL, SENT | STAYS | SIDECAR },
    { "documents/2026-11",         "scan.json",       NULL, SENT | STAYS | SIDECAR },
    { "documents",                 "scan.JSON",       NULL, SENT },
    { "documents",                 ".json",           NULL, SENT },
    { "assets",                    "scan.pdf.json",   NULL, SENT },
    /* temporary files, and what the folder gives to all that is made in it */
    { "documents",                 ".scan.pdf.swp",   NULL, SENT | STAYS },
    { "documents",                 "scan.pdf.part",   NULL, SENT | STAYS },
    { "documents",                 ".defaults.json",  NULL, SENT | STAYS | SIDECAR },
    { "assets",                    ".defaults.json",  NULL, SENT | STAYS },
    { "documents",                 "draft-1.pdf",     NULL, SENT },
    { "documents",                 "draft-1.pdf",     "draft-*:x", SENT | STAYS },
    /* in a program's own folder nothing is sent */
    { "documents/@eaDir",          "scan.pdf",        NULL, SENT | STAYS },
    { "documents/old/2025",        "scan.pdf",        NULL, SENT },
    { "documents/old/2025",        "scan.pdf",        "old", SENT | STAYS },
    /* an inbox has answers too */
    { MODEL "/inbox",              "scan.pdf",        NULL, SENT },
    { MODEL "/inbox",              "scan.pdf.error.txt", NULL, SENT | STAYS },
    { "documents",                 "scan.pdf.error.txt", NULL, SENT },
    { MODEL "/inbox",              ".error.txt",      NULL, SENT },
    /* bodies for the API */
    { "models",                    "reader.json",     NULL, SENT },
    { "models",                    "reader.txt",      NULL, STAYS },
    { "models",                    ".json",           NULL, STAYS },
    { "models",                    ".reader.json",    NULL, STAYS },
    { "secrets",                   "login.json",      NULL, SENT },
    { "datasets",                  "bills.json",      NULL, SENT },
    { "datasets",                  "bills.pdf",       NULL, STAYS },
    { MODEL "/dataBundles",        "all.json",        NULL, SENT },
    { DOC "/predictions",          "reader.json",     NULL, SENT },
    { DOC "/predictions",          "reader.pdf",      NULL, STAYS },
    { "assets",                    "logo.png",        NULL, SENT },
    /* where the API makes none */
    { "logs",                      "x.json",          NULL, STAYS },
    { "organizations",             "x.json",          NULL, STAYS },
    { DOC,                         "notes.txt",       NULL, STAYS },
    { SET,                         "scan.pdf",        NULL, STAYS },
};
/* clang-format on */

static void free_parts(struct folder *f)
{
    free(f->parent);
    free(f->filter_value);
    free(f->model);
    free(f->document);
}

static void a_name_says_what_becomes_of_a_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *name = cases[i].name, *scratch = cases[i].scratch;
        struct folder f = { .key = NULL };

        print_message("%s/%s (%s)\n", cases[i].folder, name, scratch ? scratch : "");
        assert_int_equal(folder_describe(cases[i].folder, scratch, &f), 0);
        assert_int_equal((rule_delivers(&f, name) ? SENT : 0) |
                             (rule_stays_here(scratch, &f, name) ? STAYS : 0) |
                             (rule_sidecar(&f, name) ? SIDECAR : 0),
                         cases[i].is);
        free_parts(&f);
    }
}

static void only_documents_have_sidecars(void **state)
{
    (void)state;
    for (int kind = RES_NONE + 1; kind < RES_COUNT; kind++) {
        const struct resource *res = resource_get((enum resource_kind)kind);
        struct folder f = { .res = res };

        print_message("%s\n", res->name);
        assert_int_equal(rule_takes_sidecars(&f), kind == RES_DOCUMENTS);
        if (kind == RES_DOCUMENTS)
            assert_string_equal(rule_sidecar_field(res)->name, "groundTruth");
    }
    assert_false(rule_takes_sidecars(&(struct folder){ .res = NULL }));
}

static void defaults_and_error_notes_are_known_by_their_names(void **state)
{
    static const struct {
        const char *name;
        bool defaults, note;
    } names[] = {
        { ".defaults.json", true, false },      { "defaults.json", false, false },
        { ".defaults.json~", false, false },    { "scan.pdf.error.txt", false, true },
        { "scan.error.txt", false, true },      { ".error.txt", false, false },
        { "scan.error.txt.pdf", false, false }, { "scan.pdf.Error.txt", false, false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        print_message("%s\n", names[i].name);
        assert_int_equal(rule_defaults(names[i].name), names[i].defaults);
        assert_int_equal(rule_error_note(names[i].name), names[i].note);
    }
}

static void a_fields_file_is_no_name_for_another(void **state)
{
    static const struct {
        const char *at, *name;
        bool is;
    } names[] = {
        { "/documents/x/", "groundTruth.json", true },
        { "/documents/x/", "resource.json", true },
        { "/documents/x/", "content", true },
        { "/documents/x/", "predictions", true },
        { "/documents/x/", "groundTruth", false },
        { "/documents/x/", "sedABC123", false },
        { "/documents/x/", "..", false },
        { "/datasets/x/", "name", true },
        { "/datasets/x/", "content", false },
        { "/datasets/x/documents/", "name", false }, /* no resource's directory */
        { "/", "README", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct place at = { .kind = NODE_NONE };

        print_message("%s%s\n", names[i].at, names[i].name);
        assert_int_equal(route_parse(names[i].at, &at), 0);
        if (at.kind == NODE_ENTRY)
            at = route_resource(&at);
        assert_int_equal(rule_field_text(&at, names[i].name), names[i].is);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_says_what_becomes_of_a_file),
        cmocka_unit_test(only_documents_have_sidecars),
        cmocka_unit_test(defaults_and_error_notes_are_known_by_their_names),
        cmocka_unit_test(a_fields_file_is_no_name_for_another),
    };

    return cmocka_run_group_tests_name("name_rules", tests, NULL, NULL);
}
