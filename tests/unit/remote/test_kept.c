/* Texts that the server cannot give back: kept by id, over the end of the mount. */
#include "kept.h"

#include "known.h"
#include "remote_fixture.h"

#include "banned.h"

#define ID "las:model:" ONE
#define PREDICTION "las:prediction:" ONE
#define A_PREDICTION A_RESOURCE("predictionId", PREDICTION, "guessed", "")

static const char *kept(struct fixture *x, enum kept_what what, const char *id)
{
    static char text[256];
    cleanup_free char *is = NULL;
    int rc = kept_get(x->remote, what, id, &is);

    snprintf(text, sizeof(text), "%s", rc < 0 ? strerrorname_np(-rc) : is);
    return text;
}

static void a_text_is_kept_over_the_end_of_the_mount(void **state)
{
    struct fixture *x = *state;

    assert_string_equal(kept(x, KEPT_BODY, ID), "ENOENT");
    assert_int_equal(kept_put(x->remote, KEPT_BODY, ID, "first"), 0);
    assert_int_equal(kept_put(x->remote, KEPT_BODY, ID, "body"), 0);
    assert_int_equal(kept_put(x->remote, KEPT_ANSWER, ID, "answer"), 0);
    assert_string_equal(kept(x, KEPT_BODY, ID), "body");
    reopen_remote(x);
    assert_string_equal(kept(x, KEPT_BODY, ID), "body");
    assert_string_equal(kept(x, KEPT_ANSWER, ID), "answer");
    kept_forget(x->remote, KEPT_BODY, ID);
    reopen_remote(x);
    assert_string_equal(kept(x, KEPT_BODY, ID), "ENOENT");
    assert_string_equal(kept(x, KEPT_ANSWER, ID), "answer");
}

static void a_body_can_be_read_as_a_file(void **state)
{
    struct fixture *x = *state;
    char text[16] = "";
    int64_t size = -5;
    int fd = -5;

    assert_int_equal(kept_open(x->remote, ID, &fd, &size), -ENOENT);
    assert_int_equal(fd, -5);
    assert_int_equal(kept_put(x->remote, KEPT_BODY, ID, "{\"a\": 1}"), 0);
    assert_int_equal(kept_open(x->remote, ID, &fd, &size), 0);
    assert_int_equal(size, 8);
    assert_int_equal(read(fd, text, sizeof(text)), 8); /* from its start */
    assert_string_equal(text, "{\"a\": 1}");
    close(fd);
}

static void which_answers_are_final(void **state)
{
    static const struct {
        enum resource_kind kind;
        bool final;
    } cases[] = {
        { RES_PREDICTIONS, true }, { RES_MODELS, false },       { RES_SECRETS, false },
        { RES_DOCUMENTS, false },  { RES_DATA_BUNDLES, false }, { RES_LOGS, false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", resource_get(cases[i].kind)->name);
        assert_int_equal(known_answer_is_final(resource_get(cases[i].kind)), cases[i].final);
    }
}

static void a_final_answer_is_known_without_a_question(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_PREDICTIONS, PREDICTION);

    assert_int_equal(kept_put(x->remote, KEPT_ANSWER, PREDICTION, A_PREDICTION), 0);
    assert_string_equal(says(x, known_record, &t), "guessed");
    reopen_remote(x);
    assert_string_equal(says(x, known_record, &t), "guessed");
    assert_int_equal(requests(x), 0);
}

static void an_answer_that_cannot_be_read_is_looked_up_in_the_list(void **state)
{
    static const char *const bad[] = { "", "{", "{\"predictionId\": 7}" };
    struct fixture *x = *state;
    struct target t = target_of(RES_PREDICTIONS, PREDICTION);

    answer(x, "GET /predictions",
           "{\"predictions\": [" A_RESOURCE("predictionId", PREDICTION, "listed", "") "]}");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        known_forget_all(x->remote);
        assert_int_equal(kept_put(x->remote, KEPT_ANSWER, PREDICTION, bad[i]), 0);
        assert_string_equal(says(x, known_record, &t), "listed");
    }
    assert_int_equal(requests(x), ARRAY_LEN(bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_text_is_kept_over_the_end_of_the_mount),
        A_TEST(a_body_can_be_read_as_a_file),
        cmocka_unit_test(which_answers_are_final),
        A_TEST(a_final_answer_is_known_without_a_question),
        A_TEST(an_answer_that_cannot_be_read_is_looked_up_in_the_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
