/* Who walks through a list, and how far ahead is worth it. */
#include "walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define LIST 7

/* What is wanted after each place, "first+step*count", '-' for nothing. */
static void tell(struct walks *w, const int64_t *places, size_t n, unsigned max, char *out,
                 size_t size)
{
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        struct walk_ahead ahead;
        size_t len = strlen(out);

        walks_note(w, LIST, places[i], max, max, &ahead);
        if (ahead.count)
            snprintf(out + len, size - len, " %lld%+lld*%u", (long long)ahead.first,
                     (long long)ahead.step, ahead.count);
        else
            snprintf(out + len, size - len, " -");
    }
}

static void a_walk_is_followed_and_nothing_else(void **state)
{
    static const struct {
        int64_t places[10];
        size_t n;
        unsigned max;
        const char *wanted;
    } rows[] = {
        { { 5 }, 1, 16, " -" },
        { { 5, 5, 5, 5 }, 4, 16, " - - - -" },
        { { 5, 6 }, 2, 16, " - -" },
        { { 0, 1, 2, 3, 4, 5, 6 }, 7, 16, " - - 3+1*1 4+1*4 8+1*13 21+1*1 22+1*1" },
        { { 0, 1, 2, 3, 4, 5, 6 }, 7, 3, " - - 3+1*1 4+1*3 7+1*1 8+1*1 9+1*1" },
        { { 0, 1, 2, 3, 4 }, 5, 0, " - - - - -" },
        { { 9, 8, 7, 6 }, 4, 16, " - - 6-1*1 5-1*4" },
        { { 0, 3, 6, 9 }, 4, 16, " - - 9+3*1 12+3*4" },
        { { 0, 20, 40, 60 }, 4, 16, " - - - -" },
        { { 50, 3, 91, 20, 66, 8 }, 6, 16, " - - - - - -" },
        /* one is passed over: half as many are enough */
        { { 0, 1, 2, 3, 5, 6 }, 6, 16, " - - 3+1*1 4+1*4 - 8+1*7" },
        /* readers beside each other come late, and are no other walk */
        { { 0, 1, 2, 3, 2, 4 }, 6, 16, " - - 3+1*1 4+1*4 - 8+1*13" },
        /* two of them, in turn */
        { { 0, 500, 1, 501, 2, 502 }, 6, 16, " - - - - 3+1*1 503+1*1" },
        /* who has gone through all of it so comes back for what is between: two are enough */
        { { 0, 3, 6, 9, 12, 1, 4, 7 }, 8, 16, " - - 9+3*1 12+3*4 24+3*13 - 7+3*4 19+3*13" },
        /* and by another step begins as anybody */
        { { 0, 3, 6, 9, 12, 140, 141, 142 }, 8, 16, " - - 9+3*1 12+3*4 24+3*13 - - 143+1*1" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct walks w = { .uses = 0 };
        char is[256];

        tell(&w, rows[i].places, rows[i].n, rows[i].max, is, sizeof(is));
        print_message("%s\n", is);
        assert_string_equal(is, rows[i].wanted);
    }
}

/* What is under way for others counts against what is begun, and not against how far ahead that is. */
static void no_more_is_begun_than_there_is_room_for(void **state)
{
    static const struct {
        unsigned room, wanted;
    } rows[] = { { 16, 0 }, { 16, 0 }, { 16, 1 }, { 3, 3 }, { 0, 0 }, { 4, 4 }, { 16, 12 } };
    struct walks w = { .uses = 0 };
    int64_t next = 3;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct walk_ahead ahead;

        walks_note(&w, LIST, (int64_t)i, 16, rows[i].room, &ahead);
        assert_int_equal(ahead.count, rows[i].wanted);
        if (ahead.count)
            assert_int_equal(ahead.first, next);
        next += ahead.count;
    }
}

/* One that was none takes the trust back that an earlier one has earned. */
static void a_walk_that_was_none_is_forgotten(void **state)
{
    struct walks w = { .uses = 0 };
    struct walk_ahead ahead;

    (void)state;
    for (int64_t i = 0; i < 8; i++)
        walks_note(&w, LIST, i, 16, 16, &ahead);
    for (int64_t i = 0; i < 2; i++)
        walks_note(&w, LIST, 1000 + i, 16, 16, &ahead);
    assert_int_equal(ahead.count, 4);
    for (int64_t i = 0; i < 2 * WALKS_MAX; i++)
        walks_note(&w, LIST, 2000 + 100 * i, 16, 16, &ahead); /* nothing, and both are forgotten */
    for (int64_t i = 0; i < 3; i++) {
        walks_note(&w, LIST, 9000 + i, 16, 16, &ahead);
        assert_int_equal(ahead.count, 0);
    }
}

static void walks_in_two_lists_are_two(void **state)
{
    struct walks w = { .uses = 0 };
    struct walk_ahead ahead;

    (void)state;
    for (int64_t i = 0; i < 6; i++) {
        walks_note(&w, LIST + (uint64_t)(i % 2), i, 16, 16, &ahead);
        assert_int_equal(ahead.count, i < 4 ? 0 : 1); /* 0 2 4 in one, 1 3 5 in the other */
    }
}

/* In any order nearly nothing is fetched in vain, and of a few documents not much. */
static void no_order_is_no_walk(void **state)
{
    static const struct {
        unsigned places, wanted_max;
    } rows[] = { { 1000, 5 }, { 100, 50 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct walks w = { .uses = 0 };
        uint64_t random = 88172645463325252u;
        unsigned wanted = 0;

        for (unsigned k = 0; k < 1000; k++) {
            struct walk_ahead ahead;

            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            walks_note(&w, LIST, (int64_t)(random % rows[i].places), 16, 16, &ahead);
            wanted += ahead.count;
        }
        print_message("of %u: %u\n", rows[i].places, wanted);
        assert_true(wanted <= rows[i].wanted_max);
    }
}

/* So much is fetched for a long walk, and no more: all of it once, but for its end. */
static void a_walk_asks_for_each_once(void **state)
{
    static unsigned char asked[1100];
    struct walks w = { .uses = 0 };

    (void)state;
    for (int64_t i = 0; i < 1000; i++) {
        struct walk_ahead ahead;

        walks_note(&w, LIST, i, 16, 16, &ahead);
        for (unsigned k = 0; k < ahead.count; k++)
            asked[ahead.first + ahead.step * k]++;
    }
    for (size_t i = 0; i < ARRAY_LEN(asked); i++)
        assert_int_equal(asked[i], i < 3 || i >= 1000 + 16 ? 0 : 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_is_followed_and_nothing_else),
        cmocka_unit_test(no_more_is_begun_than_there_is_room_for),
        cmocka_unit_test(a_walk_that_was_none_is_forgotten),
        cmocka_unit_test(walks_in_two_lists_are_two),
        cmocka_unit_test(no_order_is_no_walk),
        cmocka_unit_test(a_walk_asks_for_each_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
