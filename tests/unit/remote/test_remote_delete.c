/* What deletes from the API: what it may, what is known afterwards, and what nobody can know. */
#include "remote_delete.h"

#include "kept.h"
#include "known.h"
#include "once.h"
#include "remote_fixture.h"

#include "banned.h"

#define MODEL "las:model:" ONE
#define GET_MODEL "GET /models/" MODEL
#define DELETE_MODEL "DELETE /models/" MODEL

static const struct target model = { .id = MODEL };

static struct target the_model(void)
{
    struct target t = model;

    t.res = resource_get(RES_MODELS);
    return t;
}

static int delete_it(struct fixture *x)
{
    struct target t = the_model();

    return remote_delete(x->remote, &x->call, &t, NULL, &x->err);
}

/* What it was, by the answer or by memory; "-": nobody knows. */
static const char *deleted(struct fixture *x)
{
    struct target t = the_model();
    struct record *was = NULL;
    int rc = remote_delete(x->remote, &x->call, &t, &was, &x->err);

    return rc == 0 && !was ? "-" : told(rc, was);
}

static const char *known(struct fixture *x)
{
    struct target t = the_model();

    return says(x, known_record, &t);
}

static void a_mount_that_deletes_nothing_asks_for_nothing(void **state)
{
    static const struct {
        bool ro, nodelete;
        int rc;
        const char *words;
    } cases[] = {
        { true, false, -EROFS, "read-only" },
        { false, true, -EPERM, "the mount deletes nothing (nodelete): mount it without that" },
        { true, true, -EROFS, "read-only" },
    };
    struct fixture *x = *state;

    answer_status(x, DELETE_MODEL, 204);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        x->config.ro = cases[i].ro;
        x->config.nodelete = cases[i].nodelete;
        reopen_remote(x);
        assert_int_equal(delete_it(x), cases[i].rc);
        assert_non_null(strstr(x->err.text, cases[i].words));
    }
    assert_int_equal(requests(x), 0);
}

static void what_was_deleted_is_known_to_be_gone(void **state)
{
    struct fixture *x = *state;
    cleanup_free char *body = NULL;

    answer(x, GET_MODEL, A_MODEL(ONE, "there", ""));
    answer_status(x, DELETE_MODEL, 204);
    assert_int_equal(kept_put(x->remote, KEPT_BODY, MODEL, "{}"), 0);
    assert_string_equal(known(x), "there");
    assert_int_equal(delete_it(x), 0);
    assert_string_equal(known(x), "ENOENT");
    assert_int_equal(requests(x), 2);
    assert_int_equal(kept_get(x->remote, KEPT_BODY, MODEL, &body), -ENOENT);
}

static void what_came_once_goes_too(void **state)
{
    struct fixture *x = *state;
    const struct resource *res = resource_get(RES_APP_CLIENTS);
    struct target t = target_of(RES_APP_CLIENTS, "las:app-client:" ONE);
    const struct field *f = resource_field(res, "clientSecret");
    struct record *r = record_of(RES_APP_CLIENTS, A_RESOURCE("appClientId", "las:app-client:" ONE,
                                                             "c", ", \"clientSecret\": \"once\""));

    assert_int_equal(once_keep(x->remote, &r), 0);
    record_unref(r);
    answer_status(x, "DELETE /appClients/las:app-client:" ONE, 400);
    assert_int_equal(remote_delete(x->remote, &x->call, &t, NULL, &x->err), -EINVAL);
    assert_int_equal(once_text(x->remote, t.id, f, NULL), 0); /* it is still there */
    answer_status(x, "DELETE /appClients/las:app-client:" ONE, 204);
    assert_int_equal(remote_delete(x->remote, &x->call, &t, NULL, &x->err), 0);
    assert_int_equal(once_text(x->remote, t.id, f, NULL), -ENOENT);
}

static void what_is_gone_already_is_fine(void **state)
{
    struct fixture *x = *state;

    assert_string_equal(deleted(x), "-");
    assert_string_equal(known(x), "ENOENT");
    assert_int_equal(requests(x), 1);
}

static void what_it_was_the_answer_says(void **state)
{
    struct fixture *x = *state;

    answer(x, GET_MODEL, A_MODEL(ONE, "as one knew it", ""));
    answer(x, DELETE_MODEL, A_MODEL(ONE, "as it was", ""));
    assert_string_equal(known(x), "as one knew it");
    assert_string_equal(deleted(x), "as it was");
}

static void what_it_was_memory_says_where_the_answer_does_not(void **state)
{
    struct fixture *x = *state;

    answer_status(x, DELETE_MODEL, 204);
    assert_string_equal(deleted(x), "-");
    pass(x, 60001);
    answer(x, GET_MODEL, A_MODEL(ONE, "as one knew it", ""));
    assert_string_equal(known(x), "as one knew it");
    answer_once(x, DELETE_MODEL,
                (struct fake_reply){ .status = 0 }); /* done, and its answer lost */
    answer_status(x, GET_MODEL, 404);
    assert_string_equal(deleted(x), "as one knew it");
    assert_string_equal(known(x), "ENOENT");
}

static void an_outcome_that_nobody_knows_forgets_what_was_known(void **state)
{
    static const struct {
        int status, rc;
    } cases[] = { { 400, -EINVAL }, { 503, -EIO } };
    struct fixture *x = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        unsigned before;

        answer(x, GET_MODEL, A_MODEL(ONE, "before", ""));
        known_forget_all(x->remote);
        assert_string_equal(known(x), "before");
        before = asked(x, GET_MODEL);
        answer(x, GET_MODEL, A_MODEL(ONE, "after", ""));
        answer_status(x, DELETE_MODEL, cases[i].status);
        assert_int_equal(delete_it(x), cases[i].rc);
        assert_string_equal(known(x), "after");
        assert_int_equal(asked(x, GET_MODEL), before + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_mount_that_deletes_nothing_asks_for_nothing),
        A_TEST(what_was_deleted_is_known_to_be_gone),
        A_TEST(what_came_once_goes_too),
        A_TEST(what_is_gone_already_is_fine),
        A_TEST(what_it_was_the_answer_says),
        A_TEST(what_it_was_memory_says_where_the_answer_does_not),
        A_TEST(an_outcome_that_nobody_knows_forgets_what_was_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
