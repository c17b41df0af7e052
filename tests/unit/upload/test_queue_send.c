/* What waits in the queue, when its turn comes: sent, put off, or nobody's any more. */
#include "queue_fixture.h"

#include "drop_sealed.h"
#include "heir.h"
#include "queue.h"
#include "queue_send.h"

#include "banned.h"

#define BUSY_MS 300

/* a.pdf waits, with the intent number 1, which the test holds. */
static struct drop *put_one(struct world *w)
{
    cleanup_free struct intent_row *row = NULL;

    start_waiting(w);
    assert_int_equal(put(w, IN_7, "a.pdf", pdf("mine")), 0);
    assert_int_equal(journal_take_number(w->uploads->journal, 1, &row), 0);
    return find_file(w, IN_7, "a.pdf");
}

/* Its turn has come. */
static int64_t send_it(struct world *w, int64_t number)
{
    cleanup_free struct intent_row *row = journal_copy(w->uploads->journal, number);

    assert_non_null(row);
    w->err = (struct failure){ .text = "" };
    return queue_send(w->uploads, &w->call, row, &w->err);
}

static void it_is_sent_and_out_of_the_queue(void **state)
{
    struct world *w = *state;

    drop_unref(put_one(w));
    assert_int_equal(send_it(w, 1), 0);
    assert_int_equal(state_of_intent(w, 1), -1);
    assert_null(queue_find(w->uploads, 1));
    expect_file(w, IN_7, "a.pdf", "document#1");
    expect_there(&w->api, "documents", "document#1 ");
}

static void what_is_written_again_waits_for_that(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = put_one(w);

    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    assert_int_equal(drop_unseal(w->drops, d, false), 0);
    drop_unlock_exclusive(w->drops, d);
    assert_int_equal(send_it(w, 1), -EBUSY);
    assert_string_equal(w->err.text, "it is being written again");
    expect_said(&w->api, "");
    assert_int_equal(state_of_intent(w, 1), INTENT_WAITING);
}

static void what_somebody_has_open_may_go_on(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = put_one(w);

    drops_lock(w->drops);
    d->writers = 1;
    drops_unlock(w->drops);
    assert_int_equal(send_it(w, 1), BUSY_MS);
    expect_said(&w->api, "");
    drops_lock(w->drops);
    d->writers = 0;
    drops_unlock(w->drops);
    assert_int_equal(send_it(w, 1), 0);
    expect_there(&w->api, "documents", "document#1 ");
}

static void what_somebody_holds_is_not_waited_for(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = put_one(w);

    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    w->call.nowait = true;
    assert_int_equal(send_it(w, 1), -EWOULDBLOCK);
    w->call.nowait = false;
    drop_unlock_exclusive(w->drops, d);
    assert_int_equal(state_of_intent(w, 1), INTENT_WAITING);
}

/* It is to be what that was, which its DELETE tells. */
static void what_takes_the_place_of_one_that_is_being_deleted_waits(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = put_one(w);
    struct folder *f = folder_at(w, IN_7);

    heir_leave(w->uploads,
               &(struct heir_left){
                   .folder = f, .name = "a.pdf", .process = 100, .id = "document#9", .number = 7 });
    heir_claim(w->uploads, f, "a.pdf", 100, d);
    assert_int_equal(send_it(w, 1), -EAGAIN);
    assert_string_equal(w->err.text, "what it takes the place of is still being deleted");
    expect_said(&w->api, "");
    heir_fill(w->uploads, "document#9", NULL);
    assert_int_equal(send_it(w, 1), 0);
    expect_there(&w->api, "documents", "document#1 ");
}

static void what_was_removed_is_nobodys(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = put_one(w);

    assert_int_equal(drops_remove(w->drops, d, true), 0);
    assert_int_equal(send_it(w, 1), 0);
    assert_int_equal(state_of_intent(w, 1), -1);
    assert_null(queue_find(w->uploads, 1));
    expect_said(&w->api, "");
}

static void an_intent_without_a_file_is_done(void **state)
{
    struct world *w = *state;
    struct intent_row row;
    int64_t number;

    start_waiting(w);
    row = posted_row(w, pdf("mine"), INTENT_WAITING);
    row.upload = 99;
    number = begin_intent(w, &row);
    assert_int_equal(send_it(w, number), 0);
    assert_int_equal(state_of_intent(w, number), -1);
    expect_said(&w->api, "");
}

/* As one of which nobody can tell what it has made. */
static void what_cannot_be_sent_is_kept_apart_with_its_words(void **state)
{
    cleanup_free struct intent_row *row = NULL;
    struct failure why = { .text = "" };
    struct world *w = *state;

    drop_unref(put_one(w));
    row = journal_copy(w->uploads->journal, 1);
    failure_set(&why, 0, "it may be one of these");
    for (int again = 0; again < 2; again++) { /* it is told once */
        queue_fail(w->uploads, row, -EIO, &why);
        expect_failed(w, IN_7, "a.pdf", pdf("mine"), "it may be one of these");
        expect_lines(w, 1, "send /datasets/");
        assert_null(queue_find(w->uploads, 1));
        assert_int_equal(state_of_intent(w, 1), -1);
    }
}

static void what_was_sent_meanwhile_has_not_failed(void **state)
{
    cleanup_free struct intent_row *row = NULL;
    struct failure why = { .text = "" };
    struct world *w = *state;
    cleanup_drop struct drop *d = put_one(w);

    row = journal_copy(w->uploads->journal, 1);
    assert_int_equal(
        drop_acknowledged(w->drops, d, id_of("document", 3), (struct acked){ .size = 5 }, true), 0);
    queue_fail(w->uploads, row, -EIO, &why);
    expect_failed(w, IN_7, "a.pdf", NULL, NULL);
    expect_file(w, IN_7, "a.pdf", "document#3");
    expect_lines(w, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_sent_and_out_of_the_queue),
        TEST(what_is_written_again_waits_for_that),
        TEST(what_somebody_has_open_may_go_on),
        TEST(what_somebody_holds_is_not_waited_for),
        TEST(what_takes_the_place_of_one_that_is_being_deleted_waits),
        TEST(what_was_removed_is_nobodys),
        TEST(an_intent_without_a_file_is_done),
        TEST(what_cannot_be_sent_is_kept_apart_with_its_words),
        TEST(what_was_sent_meanwhile_has_not_failed),
    };

    return cmocka_run_group_tests_name("queue_send", tests, NULL, NULL);
}
