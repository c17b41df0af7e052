/* An intent's life: which state follows on which, over all pairs. */
#include "state_fixture.h"

#include "intent.h"

#include "banned.h"

#define NEVER (-1)

static const char *const states[] = { "waiting", "sending", "unsure", "owing", "done" };

static const struct {
    enum intent_event event;
    unsigned traits;
    const char *what;
    int next[INTENT_STATES]; /* of WAITING, SENDING, UNSURE, OWING, DONE */
} cases[] = {
    { INTENT_SENT, 0, "goes out", { INTENT_SENDING, INTENT_SENDING, NEVER, NEVER, NEVER } },
    { INTENT_ANSWERED, 0, "owes nothing", { INTENT_DONE, INTENT_DONE, INTENT_DONE, NEVER, NEVER } },
    { INTENT_ANSWERED,
      INTENT_OWES,
      "owes a delete",
      { INTENT_OWING, INTENT_OWING, INTENT_OWING, NEVER, NEVER } },
    { INTENT_REFUSED,
      INTENT_OWES | INTENT_AGAIN,
      "is given up, but for what it owes",
      { INTENT_DONE, INTENT_DONE, INTENT_DONE, INTENT_OWING, INTENT_DONE } },
    { INTENT_POSTPONED,
      0,
      "was told, and is not sent again",
      { INTENT_WAITING, INTENT_DONE, NEVER, NEVER, NEVER } },
    { INTENT_POSTPONED,
      INTENT_AGAIN,
      "is sent again",
      { INTENT_WAITING, INTENT_WAITING, NEVER, NEVER, NEVER } },
    { INTENT_LOST, 0, "has no answer", { NEVER, INTENT_UNSURE, INTENT_UNSURE, NEVER, NEVER } },
    { INTENT_KILLED,
      INTENT_OWES,
      "outlives the daemon",
      { INTENT_WAITING, INTENT_UNSURE, INTENT_UNSURE, INTENT_OWING, INTENT_DONE } },
    { INTENT_FOUND, 0, "is there", { NEVER, NEVER, INTENT_DONE, NEVER, NEVER } },
    { INTENT_FOUND,
      INTENT_OWES,
      "is there, and what it replaced",
      { NEVER, NEVER, INTENT_OWING, NEVER, NEVER } },
    { INTENT_ABSENT, 0, "never came", { NEVER, NEVER, INTENT_DONE, NEVER, NEVER } },
    { INTENT_ABSENT,
      INTENT_AGAIN,
      "never came, and is sent again",
      { NEVER, NEVER, INTENT_WAITING, NEVER, NEVER } },
    { INTENT_UNDECIDABLE,
      INTENT_AGAIN,
      "may be one of several",
      { NEVER, NEVER, INTENT_DONE, NEVER, NEVER } },
    { INTENT_DELETED, INTENT_OWES, "is paid", { NEVER, NEVER, NEVER, INTENT_DONE, INTENT_DONE } },
};

static void each_event_leads_from_each_state_to_one(void **state)
{
    bool seen[INTENT_EVENTS] = { false };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        seen[cases[i].event] = true;
        for (int from = 0; from < INTENT_STATES; from++) {
            print_message("%s: %s\n", cases[i].what, states[from]);
            assert_int_equal(intent_next((enum intent_state)from, cases[i].event, cases[i].traits),
                             cases[i].next[from]);
        }
    }
    for (size_t i = 0; i < INTENT_EVENTS; i++)
        assert_true(seen[i]);
}

/* Whatever happens, what has gone out is never sent again before somebody has looked. */
static void nothing_is_sent_twice_without_a_look(void **state)
{
    (void)state;
    for (int event = 0; event < INTENT_EVENTS; event++)
        for (unsigned traits = 0; traits < 4; traits++) {
            int next = intent_next(INTENT_UNSURE, (enum intent_event)event, traits);

            if (next == INTENT_WAITING)
                assert_int_equal(event, INTENT_ABSENT);
            assert_int_not_equal(next, INTENT_SENDING);
        }
}

/* What is owed is paid or given up, and nothing else ends it. */
static void a_debt_outlives_all_but_its_payment(void **state)
{
    (void)state;
    for (int event = 0; event < INTENT_EVENTS; event++) {
        int next = intent_next(INTENT_OWING, (enum intent_event)event, INTENT_OWES);

        if (next == INTENT_DONE)
            assert_int_equal(event, INTENT_DELETED);
        else
            assert_true(next == INTENT_OWING || next == NEVER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_leads_from_each_state_to_one),
        cmocka_unit_test(nothing_is_sent_twice_without_a_look),
        cmocka_unit_test(a_debt_outlives_all_but_its_payment),
    };

    return cmocka_run_group_tests_name("intent", tests, NULL, NULL);
}
