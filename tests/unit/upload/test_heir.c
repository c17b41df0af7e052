/* What is unlinked and made anew at once is one replacement: mv from elsewhere, install. */
#include "uploads_fixture.h"

#include "folder.h"
#include "heir.h"

#include "banned.h"

#define AT_ONCE_MS HEIR_AT_ONCE_MS
#define PROCESS 100
#define IN_7 "datasets/dataset#7/documents"

/* A document with these fields, as an API's answer has it. */
static struct record *document(const char *fields)
{
    cleanup_free char *text = api_long(fields);
    struct record *r = NULL;

    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text, strlen(text), &r), 0);
    return r;
}

/* PROCESS has deleted a.pdf in this folder, which was so. */
static void leave(struct world *w, const char *key, const char *fields)
{
    struct record *r = document(fields);

    heir_leave(w->uploads,
               &(struct heir_left){
                   .folder = folder_at(w, key), .name = "a.pdf", .process = PROCESS, .was = r });
    record_unref(r);
}

/* What d takes the place of, with a reference. */
static struct record *take(struct world *w, struct drop *d, const struct folder *f)
{
    struct record *was;

    assert_int_equal(heir_take(w->uploads, d, f, &was), 0);
    return was;
}

static const struct {
    const char *what;
    const char *folder, *name;
    pid_t process;
    int64_t after_ms;
    bool inherits;
} cases[] = {
    { "at once", "documents", "a.pdf", PROCESS, 0, true },
    { "in a second", "documents", "a.pdf", PROCESS, AT_ONCE_MS, true },
    { "too late", "documents", "a.pdf", PROCESS, AT_ONCE_MS + 1, false },
    { "another process", "documents", "a.pdf", PROCESS + 1, 0, false },
    { "another name", "documents", "b.pdf", PROCESS, 0, false },
    { "another folder", IN_7, "a.pdf", PROCESS, 0, false },
};

static void who_makes_the_same_again_at_once_gets_what_it_was(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_drop struct drop *d = NULL;
        struct folder *f;

        print_message("%s\n", cases[i].what);
        start(w);
        leave(w, "documents", "{'documentId': 'document#9', 'retentionInDays': 30}");
        pass(w, cases[i].after_ms);
        f = folder_at(w, cases[i].folder);
        d = write_drop(w, cases[i].folder, cases[i].name, pdf("new"), strlen(pdf("new")));
        heir_claim(w->uploads, f, cases[i].name, cases[i].process, d);
        assert_int_equal(commit(w, d), 0);
        w->api.said[strcspn(w->api.said, "\n")] = '\0';
        assert_int_equal(strstr(w->api.said, "'retentionInDays':30") != NULL, cases[i].inherits);
        stop(w);
    }
}

static void it_is_inherited_once(void **state)
{
    cleanup_record struct record *first = NULL, *again = NULL;
    cleanup_drop struct drop *d = NULL, *other = NULL;
    struct world *w = *state;
    struct folder *f;

    start(w);
    f = folder_at(w, "documents");
    leave(w, "documents", "{'documentId': 'document#9'}");
    d = write_drop(w, "documents", "a.pdf", "", 0);
    other = write_drop(w, "documents", "b.pdf", "", 0);
    heir_claim(w->uploads, f, "a.pdf", PROCESS, d);
    heir_claim(w->uploads, f, "a.pdf", PROCESS, other); /* it has an heir */
    assert_null(take(w, other, f));
    first = take(w, d, f);
    assert_non_null(first);
    again = take(w, d, f);
    assert_null(again);
}

static void who_claims_in_time_may_be_sent_later(void **state)
{
    cleanup_record struct record *was = NULL;
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    leave(w, "documents", "{'documentId': 'document#9'}");
    d = write_drop(w, "documents", "a.pdf", "", 0);
    heir_claim(w->uploads, folder_at(w, "documents"), "a.pdf", PROCESS, d);
    pass(w, HOUR_MS);
    leave(w, IN_7, "{'documentId': 'document#8'}");
    was = take(w, d, folder_at(w, "documents"));
    assert_non_null(was);
}

static void what_is_sent_into_another_list_inherits_nothing(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    leave(w, IN_7, "{'documentId': 'document#9'}");
    d = write_drop(w, IN_7, "a.pdf", "", 0);
    heir_claim(w->uploads, folder_at(w, IN_7), "a.pdf", PROCESS, d);
    assert_null(take(w, d, folder_at(w, "documents")));
}

static void what_is_removed_before_it_is_sent_passes_it_on(void **state)
{
    cleanup_record struct record *was = NULL;
    cleanup_drop struct drop *d = NULL, *next = NULL;
    struct world *w = *state;
    struct folder *f;

    start(w);
    f = folder_at(w, "documents");
    leave(w, "documents", "{'documentId': 'document#9'}");
    d = write_drop(w, "documents", "a.pdf", "", 0);
    heir_claim(w->uploads, f, "a.pdf", PROCESS, d);
    heir_pass_on(w->uploads, d, PROCESS + 1);
    next = write_drop(w, "documents", "b.pdf", "", 0);
    heir_claim(w->uploads, f, "a.pdf", PROCESS, next);
    assert_null(take(w, next, f));
    heir_claim(w->uploads, f, "a.pdf", PROCESS + 1, next);
    was = take(w, next, f);
    assert_non_null(was);
}

/* Its DELETE is still on its way: who has taken its place waits for what it was. */
static void what_is_deleted_later_says_what_it_was_then(void **state)
{
    static const char *const said[] = { "{'documentId': 'document#9'}", NULL };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        cleanup_record struct record *was = NULL, *answer = said[i] ? document(said[i]) : NULL;
        cleanup_drop struct drop *d = NULL;
        struct folder *f;

        start(w);
        f = folder_at(w, "documents");
        d = write_drop(w, "documents", "a.pdf", "", 0);
        heir_leave(w->uploads, &(struct heir_left){ .folder = f,
                                                    .name = "a.pdf",
                                                    .process = PROCESS,
                                                    .id = "document#9",
                                                    .number = 7 });
        heir_claim(w->uploads, f, "a.pdf", PROCESS, d);
        assert_true(heir_is_awaited(w->uploads, d));
        assert_int_equal(heir_take(w->uploads, d, f, &was), -EAGAIN);
        heir_fill(w->uploads, "document#8", answer);
        assert_true(heir_is_awaited(w->uploads, d));
        heir_fill(w->uploads, "document#9", answer);
        assert_false(heir_is_awaited(w->uploads, d));
        was = take(w, d, f);
        assert_ptr_equal(was, answer);
        stop(w);
    }
}

/* No answer says what it was; it is what was known of it before it went, unless it stays. */
static void what_no_answer_says_was_known_before(void **state)
{
    struct world *w = *state;

    for (int stays = 0; stays < 2; stays++) {
        cleanup_record struct record *was = NULL, *known = document("{'documentId': 'document#9'}");
        cleanup_drop struct drop *d = NULL;
        struct folder *f;
        bool claimed;

        start(w);
        f = folder_at(w, "documents");
        d = write_drop(w, "documents", "a.pdf", "", 0);
        heir_leave(w->uploads, &(struct heir_left){ .folder = f,
                                                    .name = "a.pdf",
                                                    .process = PROCESS,
                                                    .id = "document#9",
                                                    .number = 7 });
        assert_true(heir_is_wanted(w->uploads, "document#9", &claimed) && !claimed);
        heir_claim(w->uploads, f, "a.pdf", PROCESS, d);
        assert_true(heir_is_wanted(w->uploads, "document#9", &claimed) && claimed);
        assert_false(heir_is_wanted(w->uploads, "document#8", &claimed));
        heir_know(w->uploads, "document#9", known);
        assert_false(heir_is_wanted(w->uploads, "document#9", &claimed));
        assert_true(heir_is_awaited(w->uploads, d));
        if (stays)
            heir_know(w->uploads, "document#9", NULL);
        heir_fill(w->uploads, "document#9", NULL);
        was = take(w, d, f);
        assert_ptr_equal(was, stays ? NULL : known);
        stop(w);
    }
}

/* Who has two hundred files deleted and made anew has all of them as they were. */
static void many_wait_at_once_and_those_that_nobody_comes_for_are_forgotten(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;
    struct folder *f;

    start(w);
    f = folder_at(w, "documents");
    d = write_drop(w, "documents", "a.pdf", "", 0);
    leave(w, "documents", "{'documentId': 'document#9'}");
    for (int i = 0; i < 200; i++)
        leave(w, IN_7, "{'documentId': 'document#8'}");
    heir_claim(w->uploads, f, "a.pdf", PROCESS, d);
    for (int i = 0; i < 100; i++) /* it is the oldest of more than there may be */
        leave(w, IN_7, "{'documentId': 'document#8'}");
    assert_null(take(w, d, f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_makes_the_same_again_at_once_gets_what_it_was),
        TEST(it_is_inherited_once),
        TEST(who_claims_in_time_may_be_sent_later),
        TEST(what_is_sent_into_another_list_inherits_nothing),
        TEST(what_is_removed_before_it_is_sent_passes_it_on),
        TEST(what_is_deleted_later_says_what_it_was_then),
        TEST(what_no_answer_says_was_known_before),
        TEST(many_wait_at_once_and_those_that_nobody_comes_for_are_forgotten),
    };

    return cmocka_run_group_tests_name("heir", tests, NULL, NULL);
}
