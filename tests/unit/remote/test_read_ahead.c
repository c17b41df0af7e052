/* What is fetched before anybody asks for it, of who walks through a folder, and of who does not. */
#include "read_ahead.h"

#include "fetch.h"
#include "known.h"
#include "known_lists.h"
#include "listing.h"
#include "lock.h"
#include "pool.h"
#include "remote_context.h"
#include "remote_fixture.h"

#include "banned.h"

#define DOCUMENTS_MAX 256
#define SIZE 5 /* of each */

/* In the list's order, in that of ids, and in that of names, all are in other places, and no walk in one
 * of them is one in another. */
#define ROWS 97
#define BY_ID 29
#define BY_NAME 37

/* A folder whose list is known: documents, or assets. */
struct folder_there {
    struct fixture *x;
    enum resource_kind kind;
    unsigned n;
    char ids[DOCUMENTS_MAX][RESOURCE_ID_MAX + 1]; /* by row */
    bool opened[DOCUMENTS_MAX];
};

static const char *get_of(const struct folder_there *f, unsigned row)
{
    static char ask[RESOURCE_ID_MAX + 64];

    snprintf(ask, sizeof(ask), "GET /%s/%s", resource_get(f->kind)->name, f->ids[row]);
    return ask;
}

/* Somebody has listed it; it is as fresh as can be. */
static void list_it(struct folder_there *f)
{
    cleanup_listing struct listing *l = NULL;

    assert_int_equal(known_listing(f->x->remote, resource_get(f->kind), NULL, NULL, NULL, &l), 0);
    assert_int_equal(listing_complete(l, &f->x->call, &f->x->err), 0);
    assert_int_equal(listing_rows(l), f->n);
}

/* The mount begins, with n of them in the list: that of row i has the (by_id * i)-th id, and the
 * (by_name * i)-th name. gated: what follows the third waits for the server's gate. */
static void begin(struct folder_there *f, struct fixture *x, unsigned n, unsigned by_id,
                  unsigned by_name, bool gated)
{
    cleanup_buf struct buf rows = BUF_INIT(1 << 20);
    const struct resource *res = resource_get(f->kind ? f->kind : RES_DOCUMENTS);

    *f = (struct folder_there){ .x = x, .kind = res->kind, .n = n };
    assert_true(n <= DOCUMENTS_MAX);
    buf_addf(&rows, "{\"%s\": [", res->list_key);
    for (unsigned i = 0; i < n; i++) {
        char row[512];
        struct fake_reply whole = { .status = 200, .body = row, .gated = gated && i > 2 };

        snprintf(f->ids[i], sizeof(f->ids[i]), "las:%s:%08x%024x", res->id_type, by_id * i % n, 0);
        snprintf(row, sizeof(row), "{\"%s\": \"%s\", \"name\": \"scan-%03u.pdf\"", res->id_field,
                 f->ids[i], by_name * i % n);
        buf_addf(&rows, "%s%s}", i ? ", " : "", row);
        snprintf(row + strlen(row), sizeof(row) - strlen(row), ", \"content\": \"aGVsbG8=\"}");
        answer_with(x, get_of(f, i), whole);
    }
    buf_addf(&rows, "]}");
    answer(x, f->kind == RES_DOCUMENTS ? "GET /documents" : "GET /assets", buf_str(&rows));
    reopen_remote(x);
    list_it(f);
}

/* One has been opened to be read, of that size, as what has its bytes tells; nothing waits. */
static void tell(struct folder_there *f, unsigned row, int64_t size)
{
    struct target t = target_of(f->kind, f->ids[row]);

    f->opened[row] = true;
    read_ahead_opened(f->x->remote, &t, size);
}

static unsigned under_way(struct fixture *x)
{
    unsigned n;

    lock_take(&x->remote->lists_lock);
    n = x->remote->n_aheads;
    lock_give(&x->remote->lists_lock);
    return n;
}

static void until_all_came(struct fixture *x)
{
    for (int n = 0; n < 10000 && under_way(x); n++)
        fake_sleep_ms(1);
    assert_int_equal(under_way(x), 0);
}

static bool is_here(struct folder_there *f, unsigned row)
{
    int64_t size;

    return content_size(f->x->content, f->ids[row], &size) == 0;
}

/* Somebody has its bytes, and is not seen by who looks out for walks. */
static void get(struct folder_there *f, unsigned row)
{
    struct target t = target_of(f->kind, f->ids[row]);
    int64_t size = -1;
    int fd = -1;

    assert_int_equal(known_content(f->x->remote, &f->x->call, &t, &fd, &size, &f->x->err), 0);
    assert_int_equal(size, SIZE);
    close(fd);
}

/* cat, and then nothing for a while. */
static void cat(struct folder_there *f, unsigned row)
{
    get(f, row);
    tell(f, row, SIZE);
    until_all_came(f->x);
}

/* The row at a place in that order. */
static unsigned row_at(const struct folder_there *f, unsigned by, unsigned place)
{
    unsigned row = 0;

    while (by * row % f->n != place)
        row++;
    return row;
}

/* These came, and nobody has opened them: the places in that order, a blank after each. */
static void expect_ahead(struct folder_there *f, unsigned by, const char *want)
{
    char is[1024] = "";

    for (unsigned place = 0; place < f->n; place++) {
        unsigned row = row_at(f, by, place);
        size_t len = strlen(is);

        if (is_here(f, row) && !f->opened[row])
            snprintf(is + len, sizeof(is) - len, "%u ", place);
    }
    assert_string_equal(is, want);
}

/* --- Who walks -------------------------------------------------------------------------------- */

static void a_walk_is_seen_in_any_order_and_goes_before_it(void **state)
{
    static const unsigned orders[] = { 1, BY_ID, BY_NAME };
    static const struct {
        const char *what;
        unsigned places[6];
        unsigned n;
        const char *ahead; /* and not yet opened */
    } cases[] = {
        { "one", { 5 }, 1, "" },
        { "two", { 5, 6 }, 2, "" },
        { "the same again and again", { 5, 5, 5, 5, 5 }, 5, "" },
        { "three in a row", { 5, 6, 7 }, 3, "8 " },
        { "more and more",
          { 5, 6, 7, 8, 9, 10 },
          6,
          "11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 " },
        { "backwards", { 50, 49, 48, 47 }, 4, "43 44 45 46 " },
        { "every third", { 3, 6, 9, 12 }, 4, "15 18 21 24 " },
        { "here and there", { 50, 10, 71, 33, 90, 20 }, 6, "" },
        { "less, when one is passed over", { 5, 6, 7, 8, 10 }, 5, "9 11 12 " },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(orders); i++) {
        const unsigned by = orders[i % ARRAY_LEN(orders)];
        const size_t row = i / ARRAY_LEN(orders);
        struct folder_there f = { .kind = RES_DOCUMENTS };
        void *own = NULL;
        struct fixture *x;

        print_message("%s, by %u\n", cases[row].what, by);
        setup(&own);
        x = own;
        x->config.ahead_max = 16;
        begin(&f, x, ROWS, BY_ID, BY_NAME, false);
        for (unsigned k = 0; k < cases[row].n; k++)
            cat(&f, row_at(&f, by, cases[row].places[k]));
        expect_ahead(&f, by, cases[row].ahead);
        teardown(&own);
    }
    (void)state;
}

static void a_walk_to_the_end_costs_one_get_each(void **state)
{
    struct folder_there f = { .kind = RES_DOCUMENTS };
    struct remote_reads reads;
    struct fixture *x = *state;

    x->config.ahead_max = 16;
    begin(&f, x, 20, 1, 1, false); /* all orders want the same */
    for (unsigned row = 0; row < f.n; row++)
        cat(&f, row);
    for (unsigned row = 0; row < f.n; row++)
        assert_int_equal(asked(x, get_of(&f, row)), 1);
    remote_get_reads(x->remote, &reads);
    assert_int_equal(reads.ahead, 17);
    assert_int_equal(reads.ahead_used, 17);
    assert_int_equal(reads.ahead_vain, 0);
    assert_int_equal(reads.misses, 3);
    assert_int_equal(reads.hits, 17);
}

static void what_was_removed_meanwhile_is_passed_over(void **state)
{
    struct folder_there f = { .kind = RES_DOCUMENTS };
    struct fixture *x = *state;
    struct target gone;

    x->config.ahead_max = 16;
    begin(&f, x, 20, 1, 1, false);
    gone = target_of(RES_DOCUMENTS, f.ids[4]);
    known_removed(x->remote, &gone);
    for (unsigned row = 0; row < 4; row++)
        cat(&f, row);
    expect_ahead(&f, 1, "5 6 7 8 ");
    assert_int_equal(asked(x, get_of(&f, 4)), 0);
}

/* --- Who does not ----------------------------------------------------------------------------- */

static void where_it_is_of_no_use_nothing_is_read_ahead(void **state)
{
    static const struct {
        const char *what;
        enum resource_kind kind;
        unsigned max;
        bool forgotten; /* nobody knows the list */
        bool wanted;
    } cases[] = {
        { "documents", RES_DOCUMENTS, 16, false, true },
        { "it is off", RES_DOCUMENTS, 0, false, false },
        { "nobody has listed them", RES_DOCUMENTS, 16, true, false },
        { "what may be replaced", RES_ASSETS, 16, false, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct folder_there f = { .kind = cases[i].kind };
        void *own = NULL;
        struct fixture *x;

        print_message("%s\n", cases[i].what);
        setup(&own);
        x = own;
        x->config.ahead_max = cases[i].max;
        begin(&f, x, 20, 1, 1, false);
        if (cases[i].forgotten)
            known_forget_all(x->remote);
        for (unsigned row = 0; row < 4; row++)
            tell(&f, row, SIZE);
        until_all_came(x);
        for (unsigned row = 0; row < f.n; row++)
            assert_int_equal(asked(x, get_of(&f, row)), cases[i].wanted && row >= 3 && row <= 7);
        teardown(&own);
    }
    (void)state;
}

/* --- How much --------------------------------------------------------------------------------- */

static void not_more_is_on_its_way_than_is_of_use(void **state)
{
    static const struct {
        const char *what;
        unsigned max;
        int64_t cache, size;
        unsigned most;
    } cases[] = {
        { "so many", 4, 1 << 20, SIZE, 4 },
        { "one", 1, 1 << 20, SIZE, 1 },
        { "a quarter of the cache", 16, 1 << 20, 1 << 17, 2 },
        { "less than one", 16, 1 << 20, 1 << 19, 0 },
        { "of which a large cache has many", 256, (int64_t)1 << 40, READ_AHEAD_BYTES / 3, 3 },
        { "nothing to keep them in", 16, 0, SIZE, 0 },
        { "of no size", 2, 1 << 20, 0, 2 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct folder_there f = { .kind = RES_DOCUMENTS };
        void *own = NULL;
        struct fixture *x;

        print_message("%s\n", cases[i].what);
        setup(&own);
        x = own;
        x->config.ahead_max = cases[i].max;
        x->content_bytes = cases[i].cache;
        begin(&f, x, 50, 1, 1, true);
        for (unsigned row = 0; row < 20; row++) { /* of what is on its way too */
            tell(&f, row, cases[i].size);
            assert_true(under_way(x) <= cases[i].most);
        }
        assert_int_equal(under_way(x), cases[i].most);
        fake_open_gate(&x->server);
        until_all_came(x);
        teardown(&own);
    }
    (void)state;
}

/* More than there are threads for: each goes on with what waits. */
static void what_waits_for_a_thread_comes_too(void **state)
{
    struct folder_there f = { .kind = RES_DOCUMENTS };
    struct fixture *x = *state;
    unsigned came = 0, wanted;

    x->config.ahead_max = 512;
    begin(&f, x, 240, 1, 1, true);
    for (unsigned row = 0; row < 20; row++)
        tell(&f, row, SIZE);
    wanted = under_way(x);
    assert_true(wanted > 150);
    fake_open_gate(&x->server);
    until_all_came(x);
    for (unsigned row = 0; row < f.n; row++)
        came += is_here(&f, row);
    assert_int_equal(came, wanted);
}

/* --- What is there, or on its way ------------------------------------------------------------- */

static void what_is_here_is_not_fetched(void **state)
{
    struct folder_there f = { .kind = RES_DOCUMENTS };
    struct fixture *x = *state;

    x->config.ahead_max = 16;
    begin(&f, x, 20, 1, 1, false);
    get(&f, 3);
    for (unsigned row = 0; row < 4; row++)
        cat(&f, row);
    expect_ahead(&f, 1, "4 5 6 7 ");
    assert_int_equal(asked(x, get_of(&f, 3)), 1);
}

/* Of an earlier start of the machine: its first reader would look through it, and that has been done when
 * they come. */
static void what_an_earlier_mount_has_left_is_looked_through(void **state)
{
    struct folder_there f = { .kind = RES_DOCUMENTS };
    struct remote_reads reads;
    struct fixture *x = *state;

    x->config.ahead_max = 16;
    begin(&f, x, 20, 1, 1, false);
    get(&f, 3);
    set_changed(in_dir(&x->dir, "contents"), 1000000000);
    reopen_remote(x);
    list_it(&f);
    assert_true(is_here(&f, 3));
    assert_false(content_is_ready(x->content, f.ids[3]));
    for (unsigned row = 0; row < 3; row++)
        cat(&f, row);
    assert_true(content_is_ready(x->content, f.ids[3]));
    assert_int_equal(asked(x, get_of(&f, 3)), 1);
    remote_get_reads(x->remote, &reads);
    assert_int_equal(reads.ahead, 0);
}

struct reader {
    struct folder_there *f;
    unsigned row;
    int rc;
};

static void *read_it(void *arg)
{
    struct reader *r = arg;
    struct target t = target_of(r->f->kind, r->f->ids[r->row]);
    struct failure err;
    struct call call;
    int64_t size;
    int fd;

    assert_int_equal(call_init(&call), 0);
    r->rc = known_content(r->f->x->remote, &call, &t, &fd, &size, &err);
    if (r->rc == 0)
        close(fd);
    call_release(&call);
    return NULL;
}

/* Whether its reader or the one ahead of it was first. */
static void who_opens_what_is_on_its_way_waits_for_that(void **state)
{
    struct folder_there f = { .kind = RES_DOCUMENTS };
    struct fixture *x = *state;
    struct reader reader = { .f = &f, .row = 3, .rc = -1 };
    pthread_t thread;

    x->config.ahead_max = 16;
    begin(&f, x, 20, 1, 1, true);
    for (unsigned row = 0; row < 3; row++)
        tell(&f, row, SIZE);
    assert_int_equal(under_way(x), 1);
    assert_int_equal(pthread_create(&thread, NULL, read_it, &reader), 0);
    while (asked(x, get_of(&f, 3)) == 0)
        fake_sleep_ms(1);
    fake_open_gate(&x->server);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(reader.rc, 0);
    until_all_came(x);
    assert_int_equal(asked(x, get_of(&f, 3)), 1);
}

static void *open_it(void *arg)
{
    struct reader *r = arg;
    struct target t = target_of(r->f->kind, r->f->ids[r->row]);
    struct content_at at = { .fd = -1 };
    struct failure err;
    struct call call;

    assert_int_equal(call_init(&call), 0);
    r->rc = read_ahead_open(r->f->x->remote, &call, &t, &at, &err);
    if (r->rc == 0)
        close(at.fd);
    call_release(&call);
    return NULL;
}

/* Its reader waits for what it opens, and what comes next does not wait for that. */
static void the_next_are_under_way_beside_what_is_opened(void **state)
{
    struct folder_there f = { .kind = RES_DOCUMENTS };
    struct fixture *x = *state;
    struct reader reader = { .f = &f, .row = 3, .rc = -1 };
    unsigned beside;
    pthread_t thread;

    x->config.ahead_max = 16;
    begin(&f, x, 20, 1, 1, true);
    for (unsigned row = 0; row < 3; row++)
        tell(&f, row, SIZE);
    assert_int_equal(pthread_create(&thread, NULL, open_it, &reader), 0);
    for (int n = 0; n < 10000 && under_way(x) < 5; n++)
        fake_sleep_ms(1);
    beside = under_way(x);
    fake_open_gate(&x->server);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(reader.rc, 0);
    assert_int_equal(beside, 5); /* what is opened, and four more */
    until_all_came(x);
    for (unsigned row = 3; row < 8; row++)
        assert_int_equal(asked(x, get_of(&f, row)), 1);
}

static void what_cannot_be_had_is_nobodys_error(void **state)
{
    struct folder_there f = { .kind = RES_DOCUMENTS };
    struct fixture *x = *state;
    struct remote_reads reads;

    x->config.ahead_max = 16;
    begin(&f, x, 20, 1, 1, false);
    answer_status(x, get_of(&f, 3), 403);
    for (unsigned row = 0; row < 3; row++)
        cat(&f, row);
    assert_false(is_here(&f, 3));
    assert_int_equal(errlog_count(x->errlog), 0);
    remote_get_reads(x->remote, &reads);
    assert_int_equal(reads.ahead, 0);
}

static void with_its_reader_it_ends(void **state)
{
    struct folder_there f = { .kind = RES_DOCUMENTS };
    struct fixture *x = *state;

    x->config.ahead_max = 16;
    begin(&f, x, 50, 1, 1, true);
    for (unsigned row = 0; row < 8; row++)
        tell(&f, row, SIZE);
    assert_true(under_way(x) > 8);
    read_ahead_stop(x->remote);
    until_all_came(x); /* nobody opens the gate */
    for (unsigned row = 3; row < f.n; row++)
        assert_false(is_here(&f, row));
    for (unsigned row = 8; row < 20; row++)
        tell(&f, row, SIZE);
    assert_int_equal(under_way(x), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_is_seen_in_any_order_and_goes_before_it),
        A_TEST(a_walk_to_the_end_costs_one_get_each),
        A_TEST(what_was_removed_meanwhile_is_passed_over),
        cmocka_unit_test(where_it_is_of_no_use_nothing_is_read_ahead),
        cmocka_unit_test(not_more_is_on_its_way_than_is_of_use),
        A_TEST(what_waits_for_a_thread_comes_too),
        A_TEST(what_is_here_is_not_fetched),
        A_TEST(what_an_earlier_mount_has_left_is_looked_through),
        A_TEST(who_opens_what_is_on_its_way_waits_for_that),
        A_TEST(the_next_are_under_way_beside_what_is_opened),
        A_TEST(what_cannot_be_had_is_nobodys_error),
        A_TEST(with_its_reader_it_ends),
    };

    return cmocka_run_group_tests_name("read_ahead", tests, NULL, NULL);
}
