/* What one document takes over of another in whose place it comes by a rename. */
#include "intents_fixture.h"

#include "carry.h"
#include "record.h"

#include "banned.h"

static struct target document(const char *id)
{
    return (struct target){ .res = resource_get(RES_DOCUMENTS), .id = id };
}

static void it_is_done_when_nothing_is_left_to_change(void **state)
{
    static const struct {
        const char *what, *own, *old; /* NULL: it is gone */
        const char *rule;             /* this GET fails with http */
        int http, want;
    } cases[] = {
        /* clang-format off */
        { "alike", "'datasetId': 'dataset#7'", "'datasetId': 'dataset#7'", NULL, 0, 1 },
        { "labels", "'datasetId': 'dataset#7', 'groundTruth': [{'label': 'n', 'value': '1'}]",
          "'datasetId': 'dataset#7', 'groundTruth': [{'label': 'n', 'value': '1'}]", NULL, 0, 1 },
        { "no labels yet", "'datasetId': 'dataset#7'",
          "'datasetId': 'dataset#7', 'groundTruth': [{'label': 'n', 'value': '1'}]", NULL, 0, 0 },
        { "another dataset", "'datasetId': 'dataset#8'", "'datasetId': 'dataset#7'", NULL, 0, 0 },
        { "not to be changed", "'datasetId': 'dataset#7'",
          "'datasetId': 'dataset#7', 'consentId': 'consent#1'", NULL, 0, 0 },
        { "own is gone", NULL, "'datasetId': 'dataset#7'", NULL, 0, 0 },
        { "old is gone", "'datasetId': 'dataset#7'", NULL, NULL, 0, -ENOENT },
        { "own cannot be asked", "'datasetId': 'dataset#7'", "'datasetId': 'dataset#7'",
          "documents/document#1*", 500, -EIO },
        { "old cannot be asked", "'datasetId': 'dataset#7'", "'datasetId': 'dataset#7'",
          "documents/document#2*", 500, -EIO },
        { "nobody may ask", "'datasetId': 'dataset#7'", "'datasetId': 'dataset#7'",
          "documents/document#2*", 403, -EACCES },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *own_id = strdup(id_of("document", 1));
        cleanup_free char *old_id = strdup(id_of("document", 2));
        struct target own = document(own_id), old = document(old_id);
        struct world *w = *state;

        print_message("%s\n", cases[i].what);
        start(w);
        if (cases[i].own)
            add_made(w, "document#1", pdf("own"), cases[i].own);
        if (cases[i].old)
            add_made(w, "document#2", pdf("old"), cases[i].old);
        if (cases[i].rule)
            api_rule(&w->api, -1, "GET", cases[i].rule, cases[i].http, "{'message': 'no'}");
        assert_int_equal(
            carry_is_done(w->uploads, &w->call, &own, folder_at(w, IN_7), "a.pdf", &old, &w->err),
            cases[i].want);
        stop(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_done_when_nothing_is_left_to_change),
    };

    return cmocka_run_group_tests_name("carry", tests, NULL, NULL);
}
