/* A POST without an answer is looked for: what it is told by, and what keeps it from being told. */
#include "intents_fixture.h"

#include "known.h"
#include "record.h"
#include "state.h"
#include "unsure.h"

#include "banned.h"

/* Whose other POST is answered while a look reads what it found in the list. */
static struct world *answered;

int __real_known_content(struct remote *remote, struct call *call, const struct target *t, int *fd,
                         int64_t *size, struct failure *err);
int __wrap_known_content(struct remote *remote, struct call *call, const struct target *t, int *fd,
                         int64_t *size, struct failure *err);

int __wrap_known_content(struct remote *remote, struct call *call, const struct target *t, int *fd,
                         int64_t *size, struct failure *err)
{
    const struct drop_row row = {
        .folder = "datasets", .name = "other.pdf", .id = t->id, .state = ROW_SENT
    };

    if (answered)
        assert_int_equal(state_put_drop(answered->state, &row, true, NULL), 0);
    answered = NULL;
    return __real_known_content(remote, call, t, fd, size, err);
}

/* For an intent that is in the journal during the look, unless it is there already. */
static int look(struct world *w, const struct intent_row *of, char id[RESOURCE_ID_MAX + 1],
                char words[FAILURE_TEXT_MAX])
{
    cleanup_record struct record *found = NULL;
    struct intent_row intent = *of, *row = &intent;
    int rc;

    row->number = of->number ? of->number : begin_intent(w, of);

    id[0] = words[0] = '\0';
    w->err = (struct failure){ .text = "" };
    rc = unsure_look(w->uploads, &w->call, row, &found, words, &w->err);
    if (rc == UNSURE_FOUND)
        assert_int_equal(record_id(found, id), 0);
    else
        assert_null(found);
    if (!of->number)
        journal_forget(w->uploads->journal, row->number);
    return rc;
}

static void it_is_told_by_what_was_sent(void **state)
{
    static const struct {
        const char *what;
        const char *made[3][2]; /* bytes, and what else it has */
        int verdict;
    } cases[] = {
        /* clang-format off */
        { "nothing", { { NULL } }, UNSURE_NONE },
        { "it", { { "mine", "'datasetId': 'dataset#7'" } }, UNSURE_FOUND },
        { "it, behind others", { { "theirs", "'datasetId': 'dataset#7'" },
                                 { "mine", "'datasetId': 'dataset#7'" } }, UNSURE_FOUND },
        { "other bytes", { { "theirs", "'datasetId': 'dataset#7'" } }, UNSURE_NONE },
        { "another dataset", { { "mine", "'datasetId': 'dataset#8'" } }, UNSURE_NONE },
        { "no dataset", { { "mine", "" } }, UNSURE_NONE },
        { "two", { { "mine", "'datasetId': 'dataset#7'" },
                   { "mine", "'datasetId': 'dataset#7'" } }, UNSURE_SEVERAL },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX], name[32];
        struct world *w = *state;
        struct intent_row row;
        size_t n = 0;

        print_message("%s\n", cases[i].what);
        start(w);
        for (; n < 3 && cases[i].made[n][0]; n++) {
            snprintf(name, sizeof(name), "document#%zu", n + 1);
            add_made(w, name, pdf(cases[i].made[n][0]), cases[i].made[n][1]);
        }
        row = posted_row(w, pdf("mine"), INTENT_UNSURE);
        assert_int_equal(look(w, &row, id, words), cases[i].verdict);
        if (cases[i].verdict == UNSURE_FOUND)
            assert_string_equal(id, id_of("document", (unsigned)n));
        if (cases[i].verdict == UNSURE_SEVERAL)
            assert_non_null(strstr(words, id_of("document", 2)));
        stop(w);
    }
}

static void what_is_older_is_not_it(void **state)
{
    char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX];
    struct world *w = *state;
    struct intent_row row;

    start(w);
    add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    row.server_ns = INT64_C(1704067200000000000) + INT64_C(301000000000); /* clocks may be apart */
    assert_int_equal(look(w, &row, id, words), UNSURE_NONE);
    row.since_ns = 1; /* whatever time it was here */
    assert_int_equal(look(w, &row, id, words), UNSURE_NONE);
    row.server_ns -= INT64_C(2000000000);
    assert_int_equal(look(w, &row, id, words), UNSURE_FOUND);
    row.server_ns = 0;
    row.since_ns = INT64_MAX; /* this clock was set back: no later than now */
    assert_int_equal(look(w, &row, id, words), UNSURE_FOUND);
}

static void what_has_a_name_here_is_not_it(void **state)
{
    char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX];
    struct world *w = *state;
    struct intent_row row;

    start(w);
    assert_int_equal(put(w, IN_7, "b.pdf", pdf("mine")), 0);
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    assert_int_equal(look(w, &row, id, words), UNSURE_NONE);
}

/* It was answered, and the disk did not take that: what it has made is its own. */
static void what_it_has_made_itself_is_it(void **state)
{
    char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX];
    struct world *w = *state;
    cleanup_free char *made = NULL;
    struct intent_row row;

    start(w);
    add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
    made = strdup(id_of("document", 1));
    row = posted_row(w, pdf("mine"), INTENT_SENDING);
    row.id = made;
    row.number = begin_intent(w, &row);
    journal_doubt(w->uploads->journal, row.number);
    assert_int_equal(look(w, &row, id, words), UNSURE_FOUND);
}

/* The list had it before anybody here knew of it. */
static void what_gets_a_name_during_the_look_is_not_it(void **state)
{
    char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX];
    struct world *w = *state;
    struct intent_row row;

    start(w);
    add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    answered = w;
    assert_int_equal(look(w, &row, id, words), UNSURE_NONE);
    assert_null(answered);
}

static void of_several_that_are_alike_each_finds_one(void **state)
{
    char id[RESOURCE_ID_MAX + 1], other[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX];
    struct world *w = *state;
    struct intent_row row;
    int64_t first;

    start(w);
    add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
    add_made(w, "document#2", pdf("mine"), "'datasetId': 'dataset#7'");
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    first = begin_intent(w, &row);
    row.number = begin_intent(w, &row);
    assert_int_equal(look(w, &row, id, words), UNSURE_FOUND);
    memcpy(other, id, sizeof(other));
    assert_int_equal(look(w, &row, id, words), UNSURE_FOUND); /* it is its own by now */
    assert_string_equal(id, other);
    row.number = first;
    assert_int_equal(look(w, &row, id, words), UNSURE_FOUND);
    assert_string_not_equal(id, other);
    row.number = 0;
    assert_int_equal(look(w, &row, id, words), UNSURE_NONE); /* the third of two */
    row.state = INTENT_SENDING;
    begin_intent(w, &row); /* nobody can say which of them this one makes */
    assert_int_equal(look(w, &row, id, words), -EAGAIN);
}

#define KEY "00112233445566778899aabbccddeeff"
#define OTHER_KEY "ff112233445566778899aabbccddeeff"
#define STAMPED(key) "'datasetId': 'dataset#7', 'metadata': {'lasfs': {'key': '" key "'}}"

#define NEWEST_FIRST "GET documents?datasetId=dataset#7&sortBy=createdTime&order=descending"

/* posted_row(), of what was sent with that key. */
static struct intent_row stamped_row(struct world *w)
{
    static char *look;
    struct intent_row row = posted_row(w, pdf("mine"), INTENT_UNSURE);

    free(look);
    row.look = look = api_long("{'contentType': 'application/pdf', " STAMPED(KEY) "}");
    return row;
}

/* Whatever bytes it seems to have, and however many are alike; none is fetched. */
static void what_was_sent_with_a_key_is_told_by_it(void **state)
{
    static const struct {
        const char *what;
        const char *made[3][2];
        int verdict;
    } cases[] = {
        /* clang-format off */
        { "nothing", { { NULL } }, UNSURE_NONE },
        { "it", { { "mine", STAMPED(KEY) } }, UNSURE_FOUND },
        { "the same bytes without", { { "mine", "'datasetId': 'dataset#7'" } }, UNSURE_NONE },
        { "another key", { { "mine", STAMPED(OTHER_KEY) } }, UNSURE_NONE },
        { "several alike", { { "mine", STAMPED(OTHER_KEY) }, { "mine", "'datasetId': 'dataset#7'" },
                             { "mine", STAMPED(KEY) } }, UNSURE_FOUND },
        /* clang-format on */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX], name[32];
        struct world *w = *state;
        struct intent_row row;
        size_t n = 0;

        print_message("%s\n", cases[i].what);
        start(w);
        for (; n < 3 && cases[i].made[n][0]; n++) {
            snprintf(name, sizeof(name), "document#%zu", n + 1);
            add_made(w, name, pdf(cases[i].made[n][0]), cases[i].made[n][1]);
        }
        row = stamped_row(w);
        assert_int_equal(look(w, &row, id, words), cases[i].verdict);
        if (cases[i].verdict == UNSURE_FOUND)
            assert_string_equal(id, id_of("document", (unsigned)n));
        expect_said(&w->api, NEWEST_FIRST "\n");
        stop(w);
    }
}

/* One with the same bytes that is on its way is no riddle then. */
static void what_is_on_its_way_does_not_keep_it_from_being_told(void **state)
{
    char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX];
    struct world *w = *state;
    struct intent_row row, other;

    start(w);
    add_made(w, "document#1", pdf("mine"), STAMPED(KEY));
    row = stamped_row(w);
    other = row;
    other.state = INTENT_SENDING;
    begin_intent(w, &other);
    assert_int_equal(look(w, &row, id, words), UNSURE_FOUND);
}

/* Newest first, until what is older than it can be; where they come otherwise, to the end. */
static void one_looks_back_no_further_than_it_can_be(void **state)
{
    static const struct {
        const char *first; /* when the first of a page was made */
        const char *said;
    } cases[] = { { "2024-01-02", NEWEST_FIRST "\n" },
                  { "2023-12-31", NEWEST_FIRST "\n" NEWEST_FIRST "&nextToken=more\n" } };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX], page[512];
        struct world *w = *state;
        struct intent_row row;

        print_message("%s\n", cases[i].first);
        start(w);
        row = stamped_row(w);
        row.server_ns = INT64_C(1704240000000000000); /* 2024-01-03 */
        snprintf(page, sizeof(page),
                 "{'documents': [{'documentId': 'document#1', 'createdTime': '%sT00:00:00+00:00'},"
                 " {'documentId': 'document#2', 'createdTime': '2024-01-01T00:00:00+00:00'}],"
                 " 'nextToken': 'more'}",
                 cases[i].first);
        api_rule(&w->api, -1, "GET", "documents?*nextToken=more*", 200,
                 "{'documents': [], 'nextToken': null}");
        api_rule(&w->api, -1, "GET", "documents?*", 200, page);
        assert_int_equal(look(w, &row, id, words), UNSURE_NONE);
        expect_said(&w->api, cases[i].said);
        stop(w);
    }
}

static void what_cannot_be_asked_is_no_verdict(void **state)
{
    static const struct {
        const char *path;
        int status, rc;
    } cases[] = {
        { "documents?*", 500, -EIO },
        { "documents?*", 403, -EACCES },
        { "documents?*", 0, -EIO },
        { "documents/document#1*", 500, -EIO },
        { "documents/document#1*", 403, -EACCES },
        { "documents/document#1*", 404, UNSURE_NONE }, /* it went meanwhile */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX];
        struct world *w = *state;
        struct intent_row row;

        print_message("%s: %d\n", cases[i].path, cases[i].status);
        start(w);
        add_made(w, "document#1", pdf("mine"), "'datasetId': 'dataset#7'");
        api_rule(&w->api, -1, "GET", cases[i].path, cases[i].status, "{'message': 'no'}");
        row = posted_row(w, pdf("mine"), INTENT_UNSURE);
        assert_int_equal(look(w, &row, id, words), cases[i].rc);
        stop(w);
    }
}

static void what_has_no_bytes_to_know_it_by_is_not_looked_for(void **state)
{
    char id[RESOURCE_ID_MAX + 1], words[FAILURE_TEXT_MAX];
    struct world *w = *state;
    struct intent_row row, bad;

    start(w);
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    bad = row;
    bad.has_sha256 = false;
    assert_int_equal(look(w, &bad, id, words), -EIO);
    bad = row;
    bad.look = NULL;
    assert_int_equal(look(w, &bad, id, words), -EIO);
    bad = row;
    bad.resource = -1;
    assert_int_equal(look(w, &bad, id, words), -EIO);
    expect_said(&w->api, "");
}

static void who_waits_looks_until_the_end(void **state)
{
    cleanup_record struct record *found = NULL;
    char words[FAILURE_TEXT_MAX];
    struct world *w = *state;
    struct intent_row row;

    start(w);
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    assert_int_equal(unsure_wait(w->uploads, &w->call, &row, 0, &found, words, &w->err),
                     UNSURE_NONE);
    call_cancel(&w->call);
    assert_int_equal(unsure_wait(w->uploads, &w->call, &row, 1000, &found, words, &w->err), -EINTR);
    assert_null(found);
}

static void it_may_land_for_so_long(void **state)
{
    struct world *w = *state;
    struct intent_row row;

    w->unsure_ms = 1000;
    start(w);
    row = posted_row(w, pdf("mine"), INTENT_UNSURE);
    assert_true(unsure_may_land(w->uploads, &row));
    pass(w, 999);
    assert_true(unsure_may_land(w->uploads, &row));
    pass(w, 1);
    assert_false(unsure_may_land(w->uploads, &row));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_told_by_what_was_sent),
        TEST(what_is_older_is_not_it),
        TEST(what_has_a_name_here_is_not_it),
        TEST(what_it_has_made_itself_is_it),
        TEST(what_gets_a_name_during_the_look_is_not_it),
        TEST(of_several_that_are_alike_each_finds_one),
        TEST(what_was_sent_with_a_key_is_told_by_it),
        TEST(what_is_on_its_way_does_not_keep_it_from_being_told),
        TEST(one_looks_back_no_further_than_it_can_be),
        TEST(what_cannot_be_asked_is_no_verdict),
        TEST(what_has_no_bytes_to_know_it_by_is_not_looked_for),
        TEST(who_waits_looks_until_the_end),
        TEST(it_may_land_for_so_long),
    };

    return cmocka_run_group_tests_name("unsure", tests, NULL, NULL);
}
