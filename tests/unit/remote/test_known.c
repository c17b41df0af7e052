/* What a record that is known promises: how long, to whom, and at the cost of which requests. */
#include "known.h"

#include "remote_fixture.h"

#include "banned.h"

#define MODEL "las:model:" ONE
#define GET_MODEL "GET /models/" MODEL
#define SECRET "las:secret:" ONE
#define LIST_SECRETS "GET /secrets"
#define PREDICTION "las:prediction:" ONE

/* --- How long --------------------------------------------------------------------------------- */

static void a_record_is_believed_for_its_time(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    answer(x, GET_MODEL, A_MODEL(ONE, "first", ""));
    assert_string_equal(says(x, known_record, &t), "first");
    answer(x, GET_MODEL, A_MODEL(ONE, "second", ""));
    pass(x, META_TTL_MS - 1);
    assert_string_equal(says(x, known_record, &t), "first");
    assert_int_equal(requests(x), 1);
    pass(x, 2);
    assert_string_equal(says(x, known_record, &t), "second");
    assert_int_equal(requests(x), 2);
}

static void what_will_pass_by_itself_is_believed_for_a_second(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    answer(x, GET_MODEL, A_MODEL(ONE, "in school", ", \"status\": \"training\""));
    assert_string_equal(says(x, known_record, &t), "in school");
    answer(x, GET_MODEL, A_MODEL(ONE, "at work", ", \"status\": \"active\""));
    pass(x, 999);
    assert_string_equal(says(x, known_record, &t), "in school");
    pass(x, 2);
    assert_string_equal(says(x, known_record, &t), "at work");
    pass(x, 5000);
    assert_string_equal(says(x, known_record, &t), "at work");
    assert_int_equal(requests(x), 2);
}

static void that_there_is_none_is_believed_for_two_seconds(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    for (int i = 0; i < 3; i++)
        assert_string_equal(says(x, known_record, &t), "ENOENT");
    assert_string_equal(x->err.text, "");
    assert_int_equal(requests(x), 1);
    answer(x, GET_MODEL, A_MODEL(ONE, "new", ""));
    pass(x, 1999);
    assert_string_equal(says(x, known_record, &t), "ENOENT");
    pass(x, 2);
    assert_string_equal(says(x, known_record, &t), "new");
}

static void a_failure_is_not_remembered(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    answer_status(x, GET_MODEL, 400);
    assert_string_equal(says(x, known_record, &t), "EINVAL");
    assert_string_equal(says(x, known_record, &t), "EINVAL");
    assert_int_equal(x->err.status, 400);
    assert_int_equal(requests(x), 2);
    answer(x, GET_MODEL, A_MODEL(ONE, "there", ""));
    assert_string_equal(says(x, known_record, &t), "there");
}

static void what_is_forgotten_is_asked_anew(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL), other = target_of(RES_MODELS, "las:model:" TWO);

    answer(x, GET_MODEL, A_MODEL(ONE, "first", ""));
    answer(x, "GET /models/las:model:" TWO, A_MODEL(TWO, "other", ""));
    assert_string_equal(says(x, known_record, &t), "first");
    assert_string_equal(says(x, known_record, &other), "other");
    answer(x, GET_MODEL, A_MODEL(ONE, "second", ""));
    known_forget_record(x->remote, &t, false);
    assert_string_equal(says(x, known_record, &t), "second");
    assert_string_equal(says(x, known_record, &other), "other");
    assert_int_equal(requests(x), 3);
    known_forget_all(x->remote);
    assert_string_equal(says(x, known_record, &other), "other");
    assert_int_equal(requests(x), 4);
}

/* --- At whose cost ---------------------------------------------------------------------------- */

static void nowait_begins_nothing(void **state)
{
    static asks *const all[] = { known_record, known_current_record, known_field_record };
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL), secret = target_of(RES_SECRETS, SECRET);
    struct folder f = folder_of("documents");
    struct target document = target_of(RES_DOCUMENTS, "las:document:" ONE);
    struct call now = { .nowait = true };
    struct record *r = NULL;

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        assert_string_equal(says_now(x, all[i], &t), "EAGAIN");
        assert_string_equal(says_now(x, all[i], &secret), "EAGAIN");
    }
    assert_int_equal(known_record_in_folder(x->remote, &now, &f, &document, &r, &x->err),
                     -EWOULDBLOCK);
    assert_int_equal(known_sent_record(x->remote, &now, &f, &document, true, &r, &x->err),
                     -EWOULDBLOCK);
    assert_int_equal(requests(x), 0);
    answer(x, GET_MODEL, A_MODEL(ONE, "known", ""));
    assert_string_equal(says(x, known_record, &t), "known");
    assert_string_equal(says_now(x, known_record, &t), "known");
    folder_done(&f);
}

struct asker {
    pthread_t thread;
    struct fixture *x;
    asks *fn;
    struct target target;
    int rc;
    char text[256];
};

static void *ask_once(void *arg)
{
    struct asker *a = arg;
    struct record *r = NULL;
    struct call call;

    if (call_init(&call) < 0)
        abort();
    a->rc = a->fn(a->x->remote, &call, &a->target, &r, NULL);
    if (a->rc == 0) {
        struct buf name = BUF_INIT(200);

        record_string(r, "name", &name);
        snprintf(a->text, sizeof(a->text), "%s", buf_str(&name));
        buf_release(&name);
        record_unref(r);
    }
    call_release(&call);
    return NULL;
}

static void start(struct asker *a, struct fixture *x, asks *fn, const struct target *t)
{
    *a = (struct asker){ .x = x, .fn = fn, .target = *t };
    assert_int_equal(pthread_create(&a->thread, NULL, ask_once, a), 0);
}

static const char *join(struct asker *a)
{
    assert_int_equal(pthread_join(a->thread, NULL), 0);
    return a->rc < 0 ? strerrorname_np(-a->rc) : a->text;
}

static void wait_for_request(struct fixture *x, const char *ask, unsigned n)
{
    for (int i = 0; i < 5000 && asked(x, ask) < n; i++)
        fake_sleep_ms(1);
    assert_true(asked(x, ask) >= n);
}

static void many_who_ask_cost_one_get(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);
    struct asker askers[12];

    answer_with(
        x, GET_MODEL,
        (struct fake_reply){ .status = 200, .body = A_MODEL(ONE, "one", ""), .gated = true });
    for (size_t i = 0; i < ARRAY_LEN(askers); i++)
        start(&askers[i], x, known_record, &t);
    wait_for_request(x, GET_MODEL, 1);
    fake_open_gate(&x->server);
    for (size_t i = 0; i < ARRAY_LEN(askers); i++)
        assert_string_equal(join(&askers[i]), "one");
    assert_int_equal(requests(x), 1);
}

/* --- What was overtaken ----------------------------------------------------------------------- */

/* While a GET is on its way something happens; what is known afterwards. */
static const char *after(struct fixture *x,
                         void (*happen)(struct fixture *x, const struct target *t))
{
    struct target t = target_of(RES_MODELS, MODEL);
    struct asker old;

    answer_with(x, GET_MODEL,
                (struct fake_reply){
                    .status = 200, .body = A_MODEL(ONE, "old", CHANGED_AT("01")), .gated = true });
    start(&old, x, known_record, &t);
    wait_for_request(x, GET_MODEL, 1);
    answer(x, GET_MODEL, A_MODEL(ONE, "fresh", CHANGED_AT("03")));
    happen(x, &t);
    fake_open_gate(&x->server);
    assert_string_equal(join(&old), "old");
    return says(x, known_record, &t);
}

static void change(struct fixture *x, const struct target *t)
{
    struct record *now = record_of(RES_MODELS, A_MODEL(ONE, "changed", CHANGED_AT("02")));

    known_changed(x->remote, t, now);
    record_unref(now);
}

static void forget(struct fixture *x, const struct target *t)
{
    known_forget_record(x->remote, t, false);
}

static void remove_it(struct fixture *x, const struct target *t)
{
    known_removed(x->remote, t);
}

static void an_answer_that_a_change_has_overtaken_is_not_believed(void **state)
{
    assert_string_equal(after(*state, change), "changed");
}

static void an_answer_that_was_forgotten_meanwhile_is_not_believed(void **state)
{
    assert_string_equal(after(*state, forget), "fresh");
}

static void an_answer_that_a_removal_has_overtaken_is_not_believed(void **state)
{
    assert_string_equal(after(*state, remove_it), "ENOENT");
}

static void nobody_joins_a_get_that_is_older_than_what_happened(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);
    struct asker old;

    answer_with(
        x, GET_MODEL,
        (struct fake_reply){ .status = 200, .body = A_MODEL(ONE, "old", ""), .gated = true });
    start(&old, x, known_record, &t);
    wait_for_request(x, GET_MODEL, 1);
    answer(x, GET_MODEL, A_MODEL(ONE, "new", ""));
    known_forget_record(x->remote, &t, false);
    assert_string_equal(says(x, known_record, &t), "new");
    fake_open_gate(&x->server);
    assert_string_equal(join(&old), "old");
    assert_string_equal(says(x, known_record, &t), "new");
    assert_int_equal(requests(x), 2);
}

/* --- As it is now ----------------------------------------------------------------------------- */

static const char *newer(struct fixture *x, const struct target *t, int64_t max_age_ms)
{
    struct record *r = NULL;
    int rc = known_new_record(x->remote, &x->call, t, max_age_ms, &r, &x->err);

    return told(rc, r);
}

static void who_wants_it_fresh_says_how_fresh(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    answer(x, GET_MODEL, A_MODEL(ONE, "first", ""));
    assert_string_equal(newer(x, &t, 500), "first");
    answer(x, GET_MODEL, A_MODEL(ONE, "second", ""));
    pass(x, 500);
    assert_string_equal(newer(x, &t, 500), "first");
    pass(x, 1);
    assert_string_equal(newer(x, &t, 500), "second");
    answer(x, GET_MODEL, A_MODEL(ONE, "third", ""));
    assert_string_equal(says(x, known_record, &t), "second");
    pass(x, 1);
    assert_string_equal(says(x, known_current_record, &t), "third");
}

static void a_fresh_look_that_fails_leaves_what_was_known(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    answer(x, GET_MODEL, A_MODEL(ONE, "first", ""));
    assert_string_equal(says(x, known_record, &t), "first");
    answer_status(x, GET_MODEL, 400);
    pass(x, 10000);
    assert_string_equal(newer(x, &t, 0), "EINVAL");
    assert_string_equal(says(x, known_record, &t), "first");
    pass(x, META_TTL_MS - 10000 - 1); /* as long as it would have been, no longer */
    assert_string_equal(says(x, known_record, &t), "first");
    pass(x, 2);
    assert_string_equal(says(x, known_record, &t), "EINVAL");
}

static void a_fresh_look_may_find_that_it_is_gone(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    answer(x, GET_MODEL, A_MODEL(ONE, "first", ""));
    assert_string_equal(says(x, known_record, &t), "first");
    answer_status(x, GET_MODEL, 404);
    pass(x, 1);
    assert_string_equal(says(x, known_current_record, &t), "ENOENT");
    assert_string_equal(says(x, known_record, &t), "ENOENT");
    assert_string_equal(newer(x, &t, 1000), "ENOENT"); /* that is young enough too */
    assert_int_equal(requests(x), 2);
}

static void who_reads_fields_sees_what_changed_behind_the_answer(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    answer(x, GET_MODEL, A_MODEL(ONE, "first", ""));
    assert_string_equal(says(x, known_field_record, &t), "first");
    answer(x, GET_MODEL, A_MODEL(ONE, "second", ""));
    known_changed_again(x->remote, &t);
    assert_string_equal(says(x, known_record, &t), "first"); /* a stat does not pay for it */
    assert_string_equal(says_now(x, known_field_record, &t), "EAGAIN");
    assert_string_equal(says(x, known_field_record, &t), "second");
    assert_string_equal(says(x, known_field_record, &t), "second");
    assert_int_equal(requests(x), 2);
}

static void a_document_that_changes_makes_its_dataset_stale(void **state)
{
    struct fixture *x = *state;
    struct target dataset = target_of(RES_DATASETS, "las:dataset:" ONE);
    struct target document = target_of(RES_DOCUMENTS, "las:document:" ONE);
    struct record *now =
        record_of(RES_DOCUMENTS, A_DOCUMENT(ONE, "d", ", \"datasetId\": \"las:dataset:" ONE "\""));

    answer(x, "GET /datasets/las:dataset:" ONE,
           "{\"datasetId\": \"las:dataset:" ONE "\", \"name\": \"of 0\"}");
    assert_string_equal(says(x, known_field_record, &dataset), "of 0");
    answer(x, "GET /datasets/las:dataset:" ONE,
           "{\"datasetId\": \"las:dataset:" ONE "\", \"name\": \"of 1\"}");
    known_changed(x->remote, &document, now);
    assert_string_equal(says(x, known_field_record, &dataset), "of 1");
    answer(x, "GET /datasets/las:dataset:" ONE,
           "{\"datasetId\": \"las:dataset:" ONE "\", \"name\": \"of none\"}");
    known_removed(x->remote, &document);
    assert_string_equal(says(x, known_field_record, &dataset), "of none");
    record_unref(now);
}

/* --- What has changed ------------------------------------------------------------------------- */

static const char *change_to(struct fixture *x, const struct target *t, const char *text)
{
    struct record *now = record_of(RES_MODELS, text);

    known_changed(x->remote, t, now);
    record_unref(now);
    return says(x, known_record, t);
}

static void the_answer_to_a_change_is_what_is_known(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    assert_string_equal(change_to(x, &t, A_MODEL(ONE, "made", CHANGED_AT("01"))), "made");
    assert_string_equal(change_to(x, &t, A_MODEL(ONE, "again", CHANGED_AT("02"))), "again");
    assert_string_equal(change_to(x, &t, A_MODEL(ONE, "same time", CHANGED_AT("02"))), "same time");
    assert_int_equal(requests(x), 0);
}

static void of_two_answers_that_cross_neither_is_believed(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    answer(x, GET_MODEL, A_MODEL(ONE, "as it is", CHANGED_AT("02")));
    assert_string_equal(change_to(x, &t, A_MODEL(ONE, "second", CHANGED_AT("02"))), "second");
    assert_string_equal(change_to(x, &t, A_MODEL(ONE, "first", CHANGED_AT("01"))), "as it is");
    assert_int_equal(requests(x), 1);
}

static void what_was_removed_does_not_come_back_by_a_late_answer(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);

    assert_string_equal(change_to(x, &t, A_MODEL(ONE, "made", CHANGED_AT("01"))), "made");
    known_removed(x->remote, &t);
    assert_string_equal(says(x, known_record, &t), "ENOENT");
    assert_int_equal(requests(x), 0);
    assert_string_equal(change_to(x, &t, A_MODEL(ONE, "late", CHANGED_AT("02"))), "ENOENT");
    assert_int_equal(requests(x), 1); /* one who can know was asked */
}

/* --- Without a GET ---------------------------------------------------------------------------- */

static void what_has_no_get_is_searched_in_its_list(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_SECRETS, SECRET),
                  none = target_of(RES_SECRETS, "las:secret:" TWO);

    answer(x, LIST_SECRETS, "{\"secrets\": [" A_SECRET(ONE, "the one", "") "]}");
    assert_string_equal(says(x, known_record, &t), "the one");
    assert_string_equal(says(x, known_record, &none), "ENOENT");
    assert_int_equal(requests(x), 1); /* the list is known by now */
    assert_int_equal(asked(x, LIST_SECRETS), 1);
}

static void as_it_is_now_is_a_new_list_where_there_is_no_get(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_SECRETS, SECRET);

    answer(x, LIST_SECRETS, "{\"secrets\": [" A_SECRET(ONE, "first", "") "]}");
    assert_string_equal(says(x, known_record, &t), "first");
    answer(x, LIST_SECRETS, "{\"secrets\": [" A_SECRET(ONE, "second", "") "]}");
    pass(x, 1);
    assert_string_equal(says(x, known_record, &t), "first");
    assert_string_equal(says(x, known_current_record, &t), "second");
    assert_int_equal(requests(x), 2);
}

static void a_list_in_which_it_was_passing_is_fetched_anew(void **state)
{
    struct fixture *x = *state;
    struct target t = { resource_get(RES_DATA_BUNDLES), "las:model:" ONE,
                        "las:model-data-bundle:" ONE };
    const char *list = "GET /models/las:model:" ONE "/dataBundles";

    answer(x, list,
           "{\"dataBundles\": [" A_RESOURCE("dataBundleId", "las:model-data-bundle:" ONE, "half",
                                            ", \"status\": \"processing\"") "]}");
    assert_string_equal(says(x, known_record, &t), "half");
    answer(x, list,
           "{\"dataBundles\": [" A_RESOURCE("dataBundleId", "las:model-data-bundle:" ONE, "whole",
                                            ", \"status\": \"ready\"") "]}");
    assert_string_equal(says(x, known_record, &t), "half");
    pass(x, 1001);
    assert_string_equal(says(x, known_record, &t), "whole");
    pass(x, 1001);
    assert_string_equal(says(x, known_record, &t), "whole");
    assert_int_equal(requests(x), 2);
}

static void a_list_that_fails_is_what_one_is_told(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_SECRETS, SECRET);

    answer_status(x, LIST_SECRETS, 400);
    assert_string_equal(says(x, known_record, &t), "EINVAL");
    answer_status(x, LIST_SECRETS, 404); /* it says nothing of what would be in it */
    assert_string_equal(says(x, known_record, &t), "EIO");
}

static void a_list_that_is_known_answers_for_its_resources(void **state)
{
    struct fixture *x = *state;
    struct target t = target_of(RES_MODELS, MODEL);
    struct folder f = folder_of("models");
    char id[RESOURCE_ID_MAX + 1];

    answer(x, "GET /models", "{\"models\": [" A_MODEL(ONE, "listed", "") "]}");
    assert_int_equal(known_id_in_folder(x->remote, &x->call, &f, "listed", id, &x->err), 0);
    assert_string_equal(says_now(x, known_record, &t), "listed");
    assert_int_equal(requests(x), 1);
    known_forget_record(x->remote, &t, true); /* the lists too */
    answer(x, GET_MODEL, A_MODEL(ONE, "asked", ""));
    assert_string_equal(says(x, known_record, &t), "asked");
    folder_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_record_is_believed_for_its_time),
        A_TEST(what_will_pass_by_itself_is_believed_for_a_second),
        A_TEST(that_there_is_none_is_believed_for_two_seconds),
        A_TEST(a_failure_is_not_remembered),
        A_TEST(what_is_forgotten_is_asked_anew),
        A_TEST(nowait_begins_nothing),
        A_TEST(many_who_ask_cost_one_get),
        A_TEST(an_answer_that_a_change_has_overtaken_is_not_believed),
        A_TEST(an_answer_that_was_forgotten_meanwhile_is_not_believed),
        A_TEST(an_answer_that_a_removal_has_overtaken_is_not_believed),
        A_TEST(nobody_joins_a_get_that_is_older_than_what_happened),
        A_TEST(who_wants_it_fresh_says_how_fresh),
        A_TEST(a_fresh_look_that_fails_leaves_what_was_known),
        A_TEST(a_fresh_look_may_find_that_it_is_gone),
        A_TEST(who_reads_fields_sees_what_changed_behind_the_answer),
        A_TEST(a_document_that_changes_makes_its_dataset_stale),
        A_TEST(the_answer_to_a_change_is_what_is_known),
        A_TEST(of_two_answers_that_cross_neither_is_believed),
        A_TEST(what_was_removed_does_not_come_back_by_a_late_answer),
        A_TEST(what_has_no_get_is_searched_in_its_list),
        A_TEST(as_it_is_now_is_a_new_list_where_there_is_no_get),
        A_TEST(a_list_in_which_it_was_passing_is_fetched_anew),
        A_TEST(a_list_that_fails_is_what_one_is_told),
        A_TEST(a_list_that_is_known_answers_for_its_resources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
