/* The indexes of a collection, never listed themselves: .by-name, .by-id, .by-FIELD, and the consents. */
#include "dirs_fixture.h"

#include "doomed.h"

#include "banned.h"

#define DIGITS "000000000000000000000001"

static void add_rows(struct shown *s, const char *list, const char *const *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        api_add(&s->m.w.api, list, rows[i]);
}

static void add_documents(struct shown *s)
{
    static const char *const rows[] = {
        "{'documentId': 'document#17', 'consentId': 'consent#1', 'datasetId': 'dataset#2'}",
        "{'documentId': 'document#18', 'consentId': 'consent#1', 'datasetId': null}",
        "{'documentId': 'document#19', 'consentId': 'consent#3', 'datasetId': 'dataset#2'}",
        "{'documentId': 'document#20', 'consentId': '../../etc'}",
        "{'documentId': 'document#21'}",
    };

    add_rows(s, "documents", rows, ARRAY_LEN(rows));
}

static void by_id_are_all_under_their_ids(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), 0);
    add_documents(s);
    expect_list(s, "/documents/.by-id",
                "document#1 document#17 document#18 document#19 document#20 document#21 ");
}

/* What was put here has its name, two of one name are told apart, and no file's name is another's. */
static void by_name_are_all_under_names(void **state)
{
    static const char *const rows[] = {
        "{'modelId': 'las:model:aaaaaaaa" DIGITS "', 'name': 'twice'}",
        "{'modelId': 'las:model:bbbbbbbb" DIGITS "', 'name': 'twice'}",
        "{'modelId': 'las:model:cccccccc" DIGITS "', 'name': 'a/b'}",
        "{'modelId': 'las:model:dddddddd" DIGITS "', 'name': null}",
        "{'modelId': 'las:model:eeeeeeee" DIGITS "', 'name': 'm.json'}",
    };
    struct shown *s = *state;

    start_shown(s);
    assert_int_equal(
        put(&s->m.w, "models", "m.json", "{\"fieldConfig\": {}, \"width\": 1, \"height\": 1}"), 0);
    add_rows(s, "models", rows, ARRAY_LEN(rows));
    expect_list(s, "/models/.by-name",
                "m.json twice~aaaaaaaa twice~bbbbbbbb a%2Fb dddddddd m.json~eeeeeeee ");
}

static void what_goes_is_in_no_index(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    add_documents(s);
    drops_doom(s->m.w.drops, id_of("document", 18));
    expect_list(s, "/documents/.by-id", "document#17 document#19 document#20 document#21 ");
}

static void in_a_folder_within_by_name_is_what_was_sent_from_it(void **state)
{
    struct shown *s = *state;
    struct world *w = &s->m.w;
    cleanup_drop struct drop *d = NULL;

    start_shown(s);
    assert_int_equal(drops_add(w->drops, folder_at(w, "documents"), "in", DROP_SUBFOLDER, &d), 0);
    assert_int_equal(put(w, "documents/in", "b.pdf", pdf("b")), 0);
    assert_int_equal(put(w, "documents/in", "c.pdf~", pdf("c")), 0);
    add_documents(s);
    expect_list(s, "/documents/in/.by-name", "b.pdf ");
}

/* --- By a field ------------------------------------------------------------------------------- */

/* Of a list that the API filters: the words that it has for the field. */
static void a_field_of_words_has_those_words(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    expect_list(s, "/transitions/.by-transitionType", "docker manual ");
    expect_said(&s->m.w.api, "");
}

static void a_value_is_what_the_api_filters_by_it(void **state)
{
    static const char *const rows[] = {
        "{'transitionId': 'transition#17', 'transitionType': 'manual'}",
        "{'transitionId': 'transition#18', 'transitionType': 'docker'}",
    };
    struct shown *s = *state;

    start_shown(s);
    add_rows(s, "transitions", rows, ARRAY_LEN(rows));
    expect_list(s, "/transitions/.by-transitionType/manual", "transition#17 ");
    expect_said(&s->m.w.api, "GET transitions?transitionType=manual\n");
}

/* Each once, in the order of their texts; what is no id is no name. */
static void a_field_of_ids_has_those_that_are_there(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    add_documents(s);
    expect_list(s, "/documents/.by-datasetId", "dataset#2 ");
    expect_list(s, "/documents/.by-consentId", "consent#1 consent#3 ");
    expect_list(s, "/documents/.by-consentId/consent#1", "document#17 document#18 ");
}

/* In a list that is filtered already the rows are looked at here. */
static void in_a_datasets_folder_a_value_is_of_that_dataset(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    api_add(&s->m.w.api, "datasets", "{'datasetId': 'dataset#2'}");
    add_documents(s);
    expect_list(s, "/datasets/dataset#2/documents/.by-consentId", "consent#1 consent#3 ");
    expect_list(s, "/datasets/dataset#2/documents/.by-consentId/consent#1", "document#17 ");
}

static void the_consents_are_those_that_documents_carry(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    add_documents(s);
    expect_list(s, "/consents", "consent#1 consent#3 ");
    expect_list(s, "/consents/consent#1", "documents ");
    expect_list(s, "/consents/consent#99/documents", "");
}

static void an_index_of_a_list_that_fails_fails(void **state)
{
    static const char *const paths[] = { "/documents/.by-id", "/documents/.by-name",
                                         "/documents/.by-consentId",
                                         "/documents/.by-consentId/consent#1", "/consents" };
    struct shown *s = *state;

    start_shown(s);
    add_documents(s);
    api_rule(&s->m.w.api, -1, "GET", "documents*", 403, "{'message': 'not yours'}");
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        print_message("%s\n", paths[i]);
        assert_int_equal(list_fails(s, paths[i]), -EACCES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(by_id_are_all_under_their_ids),
        TEST(by_name_are_all_under_names),
        TEST(what_goes_is_in_no_index),
        TEST(in_a_folder_within_by_name_is_what_was_sent_from_it),
        TEST(a_field_of_words_has_those_words),
        TEST(a_value_is_what_the_api_filters_by_it),
        TEST(a_field_of_ids_has_those_that_are_there),
        TEST(in_a_datasets_folder_a_value_is_of_that_dataset),
        TEST(the_consents_are_those_that_documents_carry),
        TEST(an_index_of_a_list_that_fails_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
