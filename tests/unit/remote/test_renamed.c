/* Whether what is known of a resource says that others call it otherwise by now. */
#include "renamed.h"

#include "kept.h"
#include "known.h"
#include "record.h"
#include "remote_fixture.h"

#include "banned.h"

#define ID "las:document:" ONE
#define STAMPED(path, of)                                                                          \
    A_DOCUMENT(ONE, "a",                                                                           \
               ", \"metadata\": {\"lasfs\": {\"path\": \"" path "\", \"of\": \"" of "\"}}")
#define A_DATASET(name) A_RESOURCE("datasetId", "las:dataset:" ONE, name, "")

static int is_renamed(struct fixture *x, const char *key, const char *path, const char *text)
{
    struct folder f = folder_of(key);
    cleanup_record struct record *r = NULL;
    int rc;

    assert_int_equal(record_parse(f.res, text, strlen(text), &r), 0);
    rc = renamed_says(x->remote, &x->call, &f, path, r);
    folder_done(&f);
    return rc;
}

/* Something has answered as today's API does. */
static void speak_today(struct fixture *x)
{
    struct target of = { .res = resource_get(RES_DOCUMENTS), .id = ID };
    cleanup_record struct record *r = NULL;

    answer(x, "GET /documents/las%3Adocument%3A" ONE, STAMPED("a.pdf", ""));
    answer(x, "GET /documents/" ID, STAMPED("a.pdf", ""));
    assert_int_equal(known_record(x->remote, &x->call, &of, &r, &x->err), 0);
    assert_true(known_today(x->remote));
}

static void a_file_is_where_its_stamp_says(void **state)
{
    static const char in_dataset[] = "datasets/las:dataset:" TWO "/documents";
    static const struct {
        const char *folder, *path, *text;
        int says;
    } cases[] = {
        { "documents", "a.pdf", STAMPED("a.pdf", ""), 0 },
        { "documents", "a.pdf", STAMPED("kept.pdf", ""), 1 },
        { "documents/in", "in/a.pdf", STAMPED("in/a.pdf", ""), 0 },
        { "documents/in", "in/a.pdf", STAMPED("2025/a.pdf", ""), 1 },
        { "documents", "a.pdf~11111111", STAMPED("a.pdf", ""), 0 }, /* another one has its name */
        { "documents", "a.pdf~22222222", STAMPED("a.pdf", ""), 1 },
        { "documents", "a.pdf", A_DOCUMENT(ONE, "kept.pdf", ""), 0 }, /* nothing says where it is */
        { "documents", "a.pdf", STAMPED("a.pdf", "datasetId"), 1 },
        { in_dataset, "a.pdf", STAMPED("a.pdf", "datasetId"), 0 },
        { in_dataset, "a.pdf", STAMPED("kept.pdf", "datasetId"), 1 },
        { in_dataset, "a.pdf", STAMPED("kept.pdf", ""), 0 }, /* its list says where it is */
        { "models/las:model:" ONE "/inbox", "a.pdf", STAMPED("kept.pdf", ""), 0 },
    };
    struct fixture *x = *state;

    speak_today(x);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s: %s\n", cases[i].path, cases[i].text);
        assert_int_equal(is_renamed(x, cases[i].folder, cases[i].path, cases[i].text),
                         cases[i].says);
    }
}

static void an_older_server_knows_no_files_names(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(is_renamed(x, "documents", "a.pdf", STAMPED("kept.pdf", "")), 0);
}

/* A name that was given here is lost once another one has it. */
static void a_name_of_the_api_is_lost_to_another_one(void **state)
{
    struct fixture *x = *state;
    struct call now = { .nowait = true };
    struct folder f = folder_of("datasets");
    cleanup_record struct record *r = NULL;

    answer(x, "GET /datasets", "{\"datasets\": [" A_DATASET("old") "]}");
    assert_int_equal(is_renamed(x, "datasets", "inv", A_DATASET("inv")), 0);
    assert_int_equal(is_renamed(x, "datasets", "inv", A_DATASET("old")), 0);
    known_forget_all(x->remote);
    answer(x, "GET /datasets",
           "{\"datasets\": [" A_DATASET("old") "," A_RESOURCE("datasetId", "las:dataset:" TWO,
                                                              "inv", "") "]}");
    assert_int_equal(record_parse(f.res, A_DATASET("old"), strlen(A_DATASET("old")), &r), 0);
    assert_int_equal(renamed_says(x->remote, &now, &f, "inv", r), -EWOULDBLOCK);
    assert_int_equal(is_renamed(x, "datasets", "inv", A_DATASET("old")), 1);
    assert_int_equal(kept_put(x->remote, KEPT_NAME, "las:dataset:" ONE, "old"), 0);
    assert_int_equal(is_renamed(x, "datasets", "inv", A_DATASET("old")), 0); /* from here */
    folder_done(&f);
}

static void what_is_made_of_a_body_has_the_name_of_that(void **state)
{
    struct fixture *x = *state;

    answer(x, "GET /models",
           "{\"models\": [" A_MODEL(ONE, "writer", "") "," A_MODEL(TWO, "reader", "") "]}");
    assert_int_equal(is_renamed(x, "models", "writer.json", A_MODEL(ONE, "writer", "")), 0);
    assert_int_equal(is_renamed(x, "models", "reader.json", A_MODEL(ONE, "writer", "")), 1);
    assert_int_equal(kept_put(x->remote, KEPT_BODY, "las:model:" ONE, "{\"name\": \"writer\"}"), 0);
    assert_int_equal(is_renamed(x, "models", "reader.json", A_MODEL(ONE, "writer", "")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_file_is_where_its_stamp_says),
        A_TEST(an_older_server_knows_no_files_names),
        A_TEST(a_name_of_the_api_is_lost_to_another_one),
        A_TEST(what_is_made_of_a_body_has_the_name_of_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
