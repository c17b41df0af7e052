/* A move that nobody waits for any more: the name follows what was moved, or that goes back. */
#include "moving_fixture.h"

#include "doomed.h"
#include "moving_settle.h"

#include "banned.h"

#define LOOK_AGAIN_MS 1000
#define BUSY_MS 300
#define AT_7 "{'datasetId': 'dataset#7'}"
#define AT_8 "{'datasetId': 'dataset#8'}"

/* What is going to be moved, where it was put, and what was called so there. */
struct move {
    const char *from, *to, *to_name;
    const char
        *there;     /* document#2, with these bytes, has the name until then; NULL: nothing has */
    bool owes;      /* which has to go, for it takes its place */
    bool not_moved; /* by the server */
};

/* It was moved, and the daemon died: the number of its intent, which the test holds. */
static int64_t begin_move(struct world *w, const struct move *how)
{
    cleanup_drop struct drop *d = put_one_in(w, how->from ? how->from : IN_7), *there = NULL;
    struct moving m = moving_of(w, d);
    cleanup_free char *id = strdup(id_of("document", 1)), *old_id = strdup(id_of("document", 2));
    struct target t = { .res = m.to->res, .id = id }, old = { .res = m.to->res, .id = old_id };

    m.to = folder_at(w, how->to ? how->to : IN_8);
    m.to_name = how->to_name ? how->to_name : "a.pdf";
    if (how->there) {
        assert_int_equal(put(w, how->to ? how->to : IN_8, m.to_name, pdf(how->there)), 0);
        m.there = there = find_file(w, how->to ? how->to : IN_8, m.to_name);
    }
    if (how->owes)
        moving_owe(&m, &old, true);
    assert_int_equal(moving_begin(&m, &t, NULL, &w->err), 0);
    if (!how->not_moved)
        api_change(&w->api, "documents/document#1", AT_8);
    drop_unlock_exclusive(w->drops, d);
    assert_int_equal(journal_tell(w->uploads->journal, m.number, INTENT_LOST, NULL, STATE_NOW), 0);
    pass(w, 1); /* what is known is older than a look at it */
    w->api.said[0] = '\0';
    return m.number;
}

static int64_t settle(struct world *w, int64_t number)
{
    cleanup_free struct intent_row *row = journal_copy(w->uploads->journal, number);

    assert_non_null(row);
    w->err = (struct failure){ .text = "" };
    return moving_settle(w->uploads, &w->call, row, &w->err);
}

/* Which list it is in, as the server says. */
static bool is_in_8(struct world *w)
{
    struct target t = { .res = resource_get(RES_DOCUMENTS), .id = id_of("document", 1) };
    cleanup_buf struct buf is = BUF_INIT(1000);
    cleanup_free char *eight = api_long("dataset#8");
    cleanup_record struct record *r = NULL;

    assert_int_equal(backend_get(w->backend, &w->call, &t, -1, &r, NULL, NULL), 0);
    assert_int_equal(record_string(r, "datasetId", &is), 0);
    return strcmp(buf_str(&is), eight) == 0;
}

/* Somebody has another one of that name by now. */
static void take_name(struct world *w, const char *key, const char *name)
{
    assert_int_equal(put(w, key, name, pdf("newer")), 0);
}

/* --- The name follows ------------------------------------------------------------------------- */

static void what_had_the_name_goes_once_it_is_taken(void **state)
{
    for (int nodelete = 0; nodelete < 2; nodelete++) {
        struct world *w = *state;
        int64_t number;

        print_message("%s\n", nodelete ? "nodelete" : "it goes");
        w->nodelete = nodelete;
        number = begin_move(w, &(struct move){ .there = "theirs" });
        assert_int_equal(settle(w, number), 0);
        expect_file(w, IN_8, "a.pdf", "document#1");
        expect_file(w, IN_7, "a.pdf", NULL);
        assert_int_equal(state_of_intent(w, number), nodelete ? -1 : INTENT_OWING);
        remount(w);
        expect_file(w, IN_8, "a.pdf", "document#1");
        expect_file(w, IN_7, "a.pdf", NULL);
        stop(w);
    }
}

/* A list has been looked at since, which had it no more: its name went. */
static void a_name_that_a_list_has_taken_away_comes_where_it_goes(void **state)
{
    static const char *const there[] = { NULL, "theirs" };

    for (size_t i = 0; i < ARRAY_LEN(there); i++) {
        cleanup_drop struct drop *d = NULL;
        struct world *w = *state;
        int64_t number;

        print_message("%s\n", there[i] ? "over another one" : "alone");
        number = begin_move(w, &(struct move){ .there = there[i] });
        d = find_file(w, IN_7, "a.pdf");
        assert_true(drops_remove_sent(w->drops, d, id_of("document", 1), true));
        drop_unref(steal_pointer(&d));
        assert_int_equal(settle(w, number), 0);
        expect_file(w, IN_8, "a.pdf", "document#1");
        expect_file(w, IN_7, "a.pdf", NULL);
        remount(w);
        expect_file(w, IN_8, "a.pdf", "document#1");
        stop(w);
    }
}

static void what_is_there_already_has_settled(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;
    int64_t number = begin_move(w, &(struct move){ .to_name = "b.pdf" });

    d = find_file(w, IN_7, "a.pdf");
    assert_int_equal(drops_move(w->drops, d, folder_at(w, IN_8), "b.pdf"), 0);
    assert_int_equal(settle(w, number), 0);
    assert_int_equal(state_of_intent(w, number), -1);
    expect_file(w, IN_8, "b.pdf", "document#1");
    expect_lines(w, 0, "");
}

/* --- It waits --------------------------------------------------------------------------------- */

static void a_name_that_somebody_has_is_waited_for(void **state)
{
    static const struct {
        const char *what, *key;
    } cases[] = { { "its own", IN_7 }, { "what it replaces", IN_8 } };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        int64_t number = begin_move(w, &(struct move){ .there = "theirs" });
        cleanup_drop struct drop *d = find_file(w, cases[i].key, "a.pdf");

        print_message("%s\n", cases[i].what);
        assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
        assert_int_equal(settle(w, number), BUSY_MS);
        assert_int_equal(state_of_intent(w, number), INTENT_UNSURE);
        expect_file(w, IN_7, "a.pdf", "document#1");
        expect_file(w, IN_8, "a.pdf", "document#2");
        drop_unlock_exclusive(w->drops, d);
        assert_int_equal(settle(w, number), 0);
        expect_file(w, IN_8, "a.pdf", "document#1");
        drop_unref(steal_pointer(&d));
        stop(w);
    }
}

static void a_name_that_somebody_is_about_to_make_is_waited_for(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;
    int64_t number = begin_move(w, &(struct move){ .to_name = "b.pdf" });
    struct reserved_name r = { .folder = folder_at(w, IN_8), .name = "b.pdf" };

    d = find_file(w, IN_7, "a.pdf");
    assert_true(drops_remove_sent(w->drops, d, id_of("document", 1), true));
    drops_reserve(w->drops, &r);
    assert_int_equal(settle(w, number), BUSY_MS);
    assert_int_equal(state_of_intent(w, number), INTENT_UNSURE);
    drops_release(w->drops, &r);
    assert_int_equal(settle(w, number), 0);
    expect_file(w, IN_8, "b.pdf", "document#1");
}

static void what_may_come_still_is_looked_for(void **state)
{
    struct world *w = *state;
    int64_t number = begin_move(w, &(struct move){ .not_moved = true });

    w->uploads->unsure_ms = HOUR_MS;
    assert_int_equal(settle(w, number), LOOK_AGAIN_MS);
    assert_int_equal(state_of_intent(w, number), INTENT_UNSURE);
    pass(w, HOUR_MS + 1);
    assert_int_equal(settle(w, number), 0);
    assert_int_equal(state_of_intent(w, number), -1);
    expect_file(w, IN_7, "a.pdf", "document#1");
    expect_file(w, IN_8, "a.pdf", NULL);
}

#define IN_IT IN_8 "/in"

/* It is being renamed, perhaps; later it was removed. */
static void a_folder_that_is_gone_is_waited_for_a_while(void **state)
{
    struct world *w = *state;
    int64_t number;

    number = begin_move(w, &(struct move){ .to = IN_IT });
    w->uploads->unsure_ms = HOUR_MS;
    assert_int_equal(settle(w, number), LOOK_AGAIN_MS);
    assert_int_equal(state_of_intent(w, number), INTENT_UNSURE);
    pass(w, HOUR_MS + 1);
    assert_int_equal(settle(w, number), 0);
    assert_int_equal(state_of_intent(w, number), -1);
    expect_file(w, IN_7, "a.pdf", "document#1"); /* which a list will take away */
    expect_said(&w->api, "");
}

static void what_makes_no_sense_is_done(void **state)
{
    static const struct {
        const char *what, *id, *to_folder, *to_name;
    } cases[] = {
        { "no id", NULL, IN_8, "a.pdf" },
        { "another one's id", "dataset#1", IN_8, "a.pdf" },
        { "no folder", "document#1", NULL, "a.pdf" },
        { "no name", "document#1", IN_8, NULL },
        { "a folder that is none", "document#1", "nowhere/at/all", "a.pdf" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *id = cases[i].id ? api_long(cases[i].id) : NULL;
        cleanup_free char *to = cases[i].to_folder ? api_long(cases[i].to_folder) : NULL;
        struct world *w = *state;
        struct intent_row row = { .kind = INTENT_MOVE,
                                  .state = INTENT_UNSURE,
                                  .resource = RES_DOCUMENTS,
                                  .folder = "documents",
                                  .name = "a.pdf",
                                  .to_folder = to,
                                  .to_name = cases[i].to_name,
                                  .id = id };
        int64_t number;

        print_message("%s\n", cases[i].what);
        start(w);
        number = begin_intent(w, &row);
        assert_int_equal(settle(w, number), 0);
        assert_int_equal(state_of_intent(w, number), -1);
        expect_said(&w->api, "");
        stop(w);
    }
}

/* --- It goes back ----------------------------------------------------------------------------- */

/* Its mover was told that it failed, so somebody has made another one. */
static void where_the_name_was_taken_it_goes_back(void **state)
{
    static const struct {
        const char *what;
        bool list_took_it;   /* a list has been looked at, and its old name went */
        const char *renamed; /* it is called so by now, where it was */
    } cases[] = {
        { "as it was", false, NULL },
        { "its name is gone", true, NULL },
        { "it has another name", false, "c.pdf" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        int64_t number = begin_move(w, &(struct move){ .from = IN_7 });
        cleanup_drop struct drop *d = find_file(w, IN_7, "a.pdf");
        const char *name = cases[i].renamed ? cases[i].renamed : "a.pdf";

        print_message("%s\n", cases[i].what);
        take_name(w, IN_8, "a.pdf");
        if (cases[i].list_took_it)
            assert_true(drops_remove_sent(w->drops, d, id_of("document", 1), true));
        if (cases[i].renamed)
            assert_int_equal(drops_move(w->drops, d, folder_at(w, IN_7), name), 0);
        drop_unref(steal_pointer(&d));
        pass(w, HOUR_MS);
        assert_int_equal(settle(w, number), 0);
        assert_int_equal(state_of_intent(w, number), -1);
        assert_false(is_in_8(w));
        expect_file(w, IN_7, name, "document#1");
        d = find_file(w, IN_7, name);
        assert_true(drop_snapshot(w->drops, d).fresh); /* its list may not have it back yet */
        drop_unref(steal_pointer(&d));
        expect_file(w, IN_8, "a.pdf", "document#2");
        expect_lines(w, 0, "");
        remount(w);
        expect_file(w, IN_7, name, "document#1");
        stop(w);
    }
}

/* What it was to replace is written anew: that is a newer one. */
static void what_is_written_meanwhile_is_not_replaced(void **state)
{
    cleanup_drop struct drop *there = NULL;
    struct world *w = *state;
    int64_t number = begin_move(w, &(struct move){ .there = "theirs" });

    there = write_drop(w, IN_8, "a.pdf", "newer", 5);
    assert_int_equal(settle(w, number), 0);
    expect_local(w, IN_8, "a.pdf", "newer");
    expect_file(w, IN_7, "a.pdf", "document#1");
    assert_false(is_in_8(w));
}

/* Who called it otherwise knows of no other file of the old name. */
static void what_it_was_to_replace_is_called_otherwise_by_now(void **state)
{
    cleanup_drop struct drop *there = NULL;
    struct world *w = *state;
    int64_t number = begin_move(w, &(struct move){ .there = "theirs" });

    there = find_file(w, IN_8, "a.pdf");
    assert_int_equal(drops_move(w->drops, there, folder_at(w, IN_8), "kept.pdf"), 0);
    assert_int_equal(settle(w, number), 0);
    expect_file(w, IN_8, "kept.pdf", "document#2");
    expect_file(w, IN_8, "a.pdf", NULL);
    expect_file(w, IN_7, "a.pdf", "document#1");
    assert_false(is_in_8(w));
    expect_there(&w->api, "documents", "document#1 document#2 ");
}

/* Whoever has moved what it was to take the place of was told so: that stays, and tells nothing of this one. */
static void what_it_was_to_replace_was_moved_away(void **state)
{
    static const struct {
        const char *what;
        const char
            *to; /* where it was moved to, as kept.pdf; NULL: it was removed, and that is owed */
        bool not_moved; /* what was to take its place */
        int answer;     /* to the PATCH back; 0: its own */
        const char *in_7;
    } cases[] = {
        /* clang-format off */
        { "renamed", IN_8, false, 0, "document#1" },
        { "to where the other one is", IN_7, true, 0, "document#1" },
        { "and the other one has come", IN_7, false, 0, "document#1" },
        { "and cannot go back", IN_8, false, 403, NULL },
        { "removed", NULL, false, 0, "document#1" },
        { "removed, and the other one has not come", NULL, true, 0, "document#1" },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_drop struct drop *there = NULL;
        struct world *w = *state;
        int64_t number = begin_move(w, &(struct move){ .there = "theirs",
                                                       .to_name = "b.pdf",
                                                       .owes = true,
                                                       .not_moved = cases[i].not_moved });

        print_message("%s\n", cases[i].what);
        there = find_file(w, IN_8, "b.pdf");
        if (cases[i].to == NULL)
            drops_doom(w->drops, id_of("document", 2));
        else if (strcmp(cases[i].to, IN_7) == 0)
            api_change(&w->api, "documents/document#2", AT_7);
        if (cases[i].to)
            assert_int_equal(drops_move(w->drops, there, folder_at(w, cases[i].to), "kept.pdf"), 0);
        else
            assert_int_equal(drops_remove(w->drops, there, true), 0);
        if (cases[i].answer)
            api_rule(&w->api, -1, "PATCH", "documents/document#1", cases[i].answer, "{}");
        assert_int_equal(settle(w, number), 0);
        assert_int_equal(state_of_intent(w, number), -1);
        expect_file(w, IN_8, "b.pdf", NULL);
        expect_file(w, IN_7, "a.pdf", cases[i].in_7);
        if (!cases[i].in_7) /* it keeps the name that it had */
            expect_file(w, IN_8, "a.pdf", "document#1");
        if (cases[i].to)
            expect_file(w, cases[i].to, "kept.pdf", "document#2");
        expect_there(&w->api, "documents", "document#1 document#2 ");
        drop_unref(steal_pointer(&there));
        stop(w);
    }
}

/* What it was to take the place of was removed meanwhile: no rm takes back what it has not seen. */
static void what_it_was_to_replace_is_gone(void **state)
{
    static const struct {
        const char *what;
        int answer; /* to the PATCH back; 0: its own */
        int state;
        const char *in_7, *in_8;
    } cases[] = {
        { "back where it was", 0, -1, "document#1", NULL },
        { "it cannot go back", 403, INTENT_OWING, NULL, "document#1" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_drop struct drop *there = NULL;
        struct world *w = *state;
        int64_t number = begin_move(w, &(struct move){ .there = "theirs", .owes = true });

        print_message("%s\n", cases[i].what);
        api_change(&w->api, "documents/document#2", NULL);
        there = find_file(w, IN_8, "a.pdf");
        assert_int_equal(drops_remove(w->drops, there, true), 0);
        if (cases[i].answer)
            api_rule(&w->api, -1, "PATCH", "documents/*", cases[i].answer, "{'message': 'no'}");
        assert_int_equal(settle(w, number), 0);
        assert_int_equal(state_of_intent(w, number), cases[i].state);
        expect_file(w, IN_7, "a.pdf", cases[i].in_7);
        expect_file(w, IN_8, "a.pdf", cases[i].in_8);
        assert_int_equal(is_in_8(w), cases[i].in_8 != NULL);
        drop_unref(steal_pointer(&there));
        stop(w);
    }
}

/* In one list there is nothing to take back: the name alone was to change. */
static void what_it_was_to_replace_in_its_own_list_is_gone(void **state)
{
    cleanup_drop struct drop *there = NULL;
    struct world *w = *state;
    int64_t number = begin_move(
        w,
        &(struct move){
            .to = IN_7, .to_name = "b.pdf", .there = "theirs", .owes = true, .not_moved = true });

    api_change(&w->api, "documents/document#2", NULL);
    there = find_file(w, IN_7, "b.pdf");
    assert_int_equal(drops_remove(w->drops, there, true), 0);
    w->uploads->unsure_ms = HOUR_MS;
    assert_int_equal(settle(w, number), LOOK_AGAIN_MS); /* its PATCH may come still */
    expect_file(w, IN_7, "a.pdf", "document#1");
    pass(w, HOUR_MS + 1);
    assert_int_equal(settle(w, number), 0);
    assert_int_equal(state_of_intent(w, number), -1);
    expect_file(w, IN_7, "a.pdf", "document#1");
    expect_file(w, IN_7, "b.pdf", NULL);
}

/* --- It can do neither ------------------------------------------------------------------------ */

static void what_cannot_go_back_says_what_it_is_called(void **state)
{
    static const struct {
        const char *what;
        const char *from, *to_name;
        int answer; /* to the PATCH back; 0: its own */
        int64_t rc;
        uint64_t lines;
        const char *line;
        const char *old_name; /* what has that where it is now; NULL: nothing */
    } cases[] = {
        { "it is refused", IN_7, "b.pdf", 403, 0, 1, "is called a.pdf there", "document#1" },
        { "it is refused, no other name", IN_7, "a.pdf", 403, 0, 1, "stays under its id",
          "document#2" },
        { "its server is ill", IN_7, "b.pdf", 500, -EIO, 0, "", NULL },
        { "out of all of them", "documents", "b.pdf", 0, 0, 1, "is called a.pdf there",
          "document#1" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world *w = *state;
        int64_t number =
            begin_move(w, &(struct move){ .from = cases[i].from, .to_name = cases[i].to_name });

        print_message("%s\n", cases[i].what);
        take_name(w, IN_8, cases[i].to_name);
        if (cases[i].answer)
            api_rule(&w->api, -1, "PATCH", "documents/*", cases[i].answer, "{'message': 'no'}");
        assert_int_equal(settle(w, number), cases[i].rc);
        assert_int_equal(state_of_intent(w, number), cases[i].rc < 0 ? INTENT_UNSURE : -1);
        assert_true(is_in_8(w));
        expect_file(w, IN_8, cases[i].to_name, "document#2");
        expect_file(w, IN_8, "a.pdf", cases[i].old_name);
        expect_lines(w, cases[i].lines, cases[i].line);
        stop(w);
    }
}

/* Its old name is another one's too. */
static void what_has_lost_both_names_stays_under_its_id(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;
    int64_t number = begin_move(w, &(struct move){ .from = IN_7 });

    d = find_file(w, IN_7, "a.pdf");
    assert_true(drops_remove_sent(w->drops, d, id_of("document", 1), true));
    take_name(w, IN_7, "a.pdf");
    take_name(w, IN_8, "a.pdf");
    assert_int_equal(settle(w, number), 0);
    assert_int_equal(state_of_intent(w, number), -1);
    expect_file(w, IN_7, "a.pdf", "document#2");
    expect_file(w, IN_8, "a.pdf", "document#3");
    expect_there(&w->api, "documents", "document#1 document#2 document#3 ");
    expect_lines(w, 1, "it was moved, and stays under its id: the name has been taken since");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_had_the_name_goes_once_it_is_taken),
        TEST(a_name_that_a_list_has_taken_away_comes_where_it_goes),
        TEST(what_is_there_already_has_settled),
        TEST(a_name_that_somebody_has_is_waited_for),
        TEST(a_name_that_somebody_is_about_to_make_is_waited_for),
        TEST(what_may_come_still_is_looked_for),
        TEST(a_folder_that_is_gone_is_waited_for_a_while),
        TEST(what_makes_no_sense_is_done),
        TEST(where_the_name_was_taken_it_goes_back),
        TEST(what_is_written_meanwhile_is_not_replaced),
        TEST(what_it_was_to_replace_is_called_otherwise_by_now),
        TEST(what_it_was_to_replace_was_moved_away),
        TEST(what_it_was_to_replace_is_gone),
        TEST(what_it_was_to_replace_in_its_own_list_is_gone),
        TEST(what_cannot_go_back_says_what_it_is_called),
        TEST(what_has_lost_both_names_stays_under_its_id),
    };

    return cmocka_run_group_tests_name("moving_settle", tests, NULL, NULL);
}
