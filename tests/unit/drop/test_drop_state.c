/* A drop's life: which state follows on which, over all pairs. */
#include "state_fixture.h"

#include "drop_state.h"

#include "banned.h"

#define NEVER (-1)

static const char *const states[] = { "away",   "clean",   "dirty", "staying",
                                      "broken", "waiting", "apart" };

static const struct {
    enum drop_event event;
    const char *what;
    int next[DROP_STATES]; /* of AWAY, CLEAN, DIRTY, STAYING, BROKEN, WAITING, APART */
} cases[] = {
    { DROP_FILLED,
      "bytes that say nothing new change nothing but that there are some",
      { DROP_CLEAN, DROP_CLEAN, DROP_DIRTY, DROP_STAYING, DROP_BROKEN, DROP_WAITING, DROP_APART } },
    { DROP_FREED,
      "without bytes it is not complete if it was not",
      { DROP_AWAY, DROP_AWAY, DROP_AWAY, DROP_AWAY, DROP_BROKEN, DROP_AWAY, DROP_APART } },
    { DROP_WRITTEN,
      "what comes after a missing part makes it no more complete",
      { DROP_DIRTY, DROP_DIRTY, DROP_DIRTY, DROP_DIRTY, DROP_BROKEN, DROP_DIRTY, NEVER } },
    { DROP_EMPTIED,
      "what begins anew lacks nothing",
      { DROP_DIRTY, DROP_DIRTY, DROP_DIRTY, DROP_DIRTY, DROP_DIRTY, DROP_DIRTY, NEVER } },
    { DROP_TORN,
      "a failed write is told whatever was before it, but touches nothing that is sealed",
      { DROP_BROKEN, DROP_BROKEN, DROP_BROKEN, DROP_BROKEN, DROP_BROKEN, DROP_WAITING, NEVER } },
    { DROP_STAYED,
      "only what was to be sent stays instead",
      { DROP_AWAY, DROP_CLEAN, DROP_STAYING, DROP_STAYING, DROP_BROKEN, DROP_STAYING, NEVER } },
    { DROP_QUEUED,
      "only whole bytes can be sent by themselves",
      { NEVER, DROP_WAITING, DROP_WAITING, DROP_WAITING, NEVER, DROP_WAITING, NEVER } },
    { DROP_DELIVERED,
      "what was delivered is not to be sent",
      { DROP_AWAY, DROP_CLEAN, DROP_CLEAN, DROP_CLEAN, DROP_CLEAN, DROP_CLEAN, NEVER } },
    { DROP_CLAIMED,
      "bytes that replace others are to be sent, but those that stay wait for it",
      { DROP_DIRTY, DROP_DIRTY, DROP_DIRTY, DROP_STAYING, DROP_BROKEN, DROP_WAITING, NEVER } },
    { DROP_LEFT,
      "bytes whose resource is another's now stay",
      { DROP_STAYING, DROP_STAYING, DROP_STAYING, DROP_STAYING, DROP_BROKEN, DROP_WAITING,
        NEVER } },
    { DROP_GIVEN_UP,
      "what was given up has no bytes any more",
      { DROP_AWAY, DROP_AWAY, DROP_AWAY, DROP_AWAY, DROP_AWAY, DROP_AWAY, NEVER } },
};

static void each_event_leads_from_each_state_to_one(void **state)
{
    bool seen[DROP_EVENTS] = { false };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        seen[cases[i].event] = true;
        for (int from = 0; from < DROP_STATES; from++) {
            print_message("%s: %s\n", cases[i].what, states[from]);
            assert_int_equal(drop_next((enum drop_state)from, cases[i].event), cases[i].next[from]);
        }
    }
    for (size_t i = 0; i < DROP_EVENTS; i++)
        assert_true(seen[i]);
}

/* Of what could not be delivered the bytes may go and come back, and no more. */
static void what_failed_is_apart_for_good(void **state)
{
    (void)state;
    for (int event = 0; event < DROP_EVENTS; event++) {
        int next = drop_next(DROP_APART, (enum drop_event)event);

        assert_true(next == DROP_APART || next == NEVER);
    }
    for (int from = 0; from < DROP_APART; from++)
        for (int event = 0; event < DROP_EVENTS; event++)
            assert_int_not_equal(drop_next((enum drop_state)from, (enum drop_event)event),
                                 DROP_APART);
}

static void every_state_leads_to_every_other_but_apart(void **state)
{
    (void)state;
    for (int from = 0; from < DROP_APART; from++) {
        bool reached[DROP_STATES] = { false };
        bool more = true;

        reached[from] = true;
        while (more) {
            more = false;
            for (int at = 0; at < DROP_APART; at++)
                for (int event = 0; reached[at] && event < DROP_EVENTS; event++) {
                    int next = drop_next((enum drop_state)at, (enum drop_event)event);

                    if (next == NEVER)
                        continue;
                    more = more || !reached[next];
                    reached[next] = true;
                }
        }
        for (int to = 0; to < DROP_APART; to++)
            assert_true(reached[to]);
    }
}

static void dirty_is_what_is_neither_delivered_nor_given_up(void **state)
{
    static const bool dirty[DROP_STATES] = {
        [DROP_DIRTY] = true, [DROP_STAYING] = true, [DROP_BROKEN] = true, [DROP_WAITING] = true
    };

    (void)state;
    for (int at = 0; at < DROP_STATES; at++)
        assert_int_equal(drop_state_is_dirty((enum drop_state)at), dirty[at]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_leads_from_each_state_to_one),
        cmocka_unit_test(what_failed_is_apart_for_good),
        cmocka_unit_test(every_state_leads_to_every_other_but_apart),
        cmocka_unit_test(dirty_is_what_is_neither_delivered_nor_given_up),
    };

    return cmocka_run_group_tests_name("drop_state", tests, NULL, NULL);
}
