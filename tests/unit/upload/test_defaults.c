/* What a folder's .defaults.json says is merged under the body of every POST from it. */
#include "uploads_fixture.h"

#include "banned.h"

#define FILE ".defaults.json"
#define IN_7 "datasets/dataset#7/documents"

static const struct {
    const char *what;
    const char *folder, *defaults; /* with ' for " */
    const char *in, *name, *bytes; /* is put there; NULL: a PDF */
    const char *said;
} cases[] = {
    /* clang-format off */
    { "of the folder", "documents", "{'retentionInDays': 30}", "documents", "a.pdf", NULL,
      "POST documents {'contentType':'application/pdf','retentionInDays':30}\n" },
    { "of the folder above", "documents", "{'retentionInDays': 30}", "documents/a/b", "a.pdf", NULL,
      "POST documents {'contentType':'application/pdf','retentionInDays':30}\n" },
    { "of another folder", "documents/a", "{'retentionInDays': 30}", "documents/b", "a.pdf", NULL,
      "POST documents {'contentType':'application/pdf'}\n" },
    { "of another collection", "documents", "{'retentionInDays': 30}", IN_7, "a.pdf", NULL,
      "POST documents {'contentType':'application/pdf','datasetId':'dataset#7'}\n" },
    { "what the folder says goes first", IN_7, "{'datasetId': 'dataset#8', 'retentionInDays': 3}",
      IN_7, "a.pdf", NULL,
      "POST documents {'contentType':'application/pdf','datasetId':'dataset#7','retentionInDays':3}\n" },
    { "of a body", "datasets", "{'description': 'from here', 'retentionInDays': 5}",
      "datasets", "a.json", "{'description': 'my own'}",
      "POST datasets {'description':'my own','name':'a','retentionInDays':5}\n" },
    { "that are empty", "documents", "{}", "documents", "a.pdf", NULL,
      "POST documents {'contentType':'application/pdf'}\n" },
    /* clang-format on */
};

static void they_are_given_to_what_is_made_from_the_folder_and_from_those_within(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *defaults = api_long(cases[i].defaults);
        cleanup_free char *bytes = api_long(cases[i].bytes ? cases[i].bytes : "");

        print_message("%s\n", cases[i].what);
        start(w);
        assert_int_equal(put(w, cases[i].folder, FILE, defaults), 0);
        expect_said(&w->api, "");
        assert_int_equal(put(w, cases[i].in, cases[i].name, cases[i].bytes ? bytes : pdf("a")), 0);
        expect_said(&w->api, cases[i].said);
        stop(w);
    }
}

static void the_nearest_ones_count_alone(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", FILE, "{\"retentionInDays\": 30}"), 0);
    assert_int_equal(put(w, "documents/a", FILE, "{}"), 0);
    assert_int_equal(put(w, "documents/a/b", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n");
}

static void they_outlive_the_mount(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", FILE, "{\"retentionInDays\": 30}"), 0);
    remount(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf','retentionInDays':30}\n");
}

static void they_hold_once_they_are_written(void **state)
{
    static const char text[] = "{\"retentionInDays\": 30}";
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    d = write_drop(w, "documents", FILE, text, strlen(text));
    d->writers = 1;
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    d->writers = 0;
    assert_int_equal(commit(w, d), 0);
    assert_int_equal(put(w, "documents", "b.pdf", pdf("b")), 0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n"
                         "POST documents {'contentType':'application/pdf','retentionInDays':30}\n");
}

static void they_are_no_change_of_what_is_there(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "datasets", "a.json", "{}"), 0);
    assert_int_equal(put(w, "datasets", FILE, "{\"description\": \"from here\"}"), 0);
    pass(w, 1);
    assert_int_equal(put(w, "datasets", "a.json", "{\"name\": \"b\"}"), 0);
    expect_said(&w->api, "POST datasets {'name':'a'}\n"
                         "GET datasets/dataset#1\n"
                         "PATCH datasets/dataset#1 {'name':'b'}\n");
}

static void what_nobody_knows_goes_along(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "datasets", FILE, "{\"later\": [1], \"description\": \"d\"}"), 0);
    assert_int_equal(put(w, "datasets", "a.json", "{\"description\": \"mine\"}"), 0);
    expect_said(&w->api, "POST datasets {'description':'mine','later':[1],'name':'a'}\n");
}

static const struct {
    const char *folder, *text;
    const char *words; /* that are among those that it is refused with */
} wrong[] = {
    { "documents", "{\"retentionInDays\": ", "JSON" },
    { "documents", "[1]", "object" },
    { "documents", "{\"documentId\": \"x\"}", "documentId" },
    { "documents/document#1", "{\"retentionInDays\": 30}",
      "nothing is made from this folder: put it into the collection" },
};

static void what_no_post_could_have_is_refused_at_once(void **state)
{
    struct world *w = *state;

    start(w);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        print_message("%s %s\n", wrong[i].folder, wrong[i].text);
        assert_int_equal(put(w, wrong[i].folder, FILE, wrong[i].text), -EINVAL);
        print_message("%s\n", w->err.text);
        assert_non_null(strstr(w->err.text, wrong[i].words));
        expect_file(w, wrong[i].folder, FILE, NULL);
    }
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n");
}

static void a_text_that_is_too_large_for_them_is_refused(void **state)
{
    cleanup_free char *text = malloc(70000);
    struct world *w = *state;

    start(w);
    memset(text, ' ', 70000);
    text[69997] = '{';
    text[69998] = '}';
    text[69999] = '\0';
    assert_int_equal(put(w, "documents", FILE, text), -EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(they_are_given_to_what_is_made_from_the_folder_and_from_those_within),
        TEST(the_nearest_ones_count_alone),
        TEST(they_outlive_the_mount),
        TEST(they_hold_once_they_are_written),
        TEST(they_are_no_change_of_what_is_there),
        TEST(what_nobody_knows_goes_along),
        TEST(what_no_post_could_have_is_refused_at_once),
        TEST(a_text_that_is_too_large_for_them_is_refused),
    };

    return cmocka_run_group_tests_name("defaults", tests, NULL, NULL);
}
