/* The index of entries: what it finds, and that this costs the same however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"
#include "entry_index.h"
#include "intent.h"
#include "intent_row.h"

#include "banned.h"

struct entry {
    char id[32], name[32];
    struct intent_row row;
    struct entry_links links;
};

static void fill(struct entry *e, int number)
{
    snprintf(e->id, sizeof(e->id), "document#%d", number);
    snprintf(e->name, sizeof(e->name), "%d.pdf", number);
    e->row = (struct intent_row){ .kind = INTENT_CREATE,
                                  .folder = "documents",
                                  .name = e->name,
                                  .id = e->id,
                                  .has_sha256 = true };
    memcpy(e->row.sha256, &number, sizeof(number));
}

static bool finds(struct entry_index *ix, enum entry_word word, const void *text, const char *more,
                  const struct entry *e)
{
    for (struct entry_link *l = index_find(ix, word, text, more); l; l = index_next(ix, l))
        if (l->entry == e)
            return true;
    return false;
}

/* How many links are looked at to find each of so many by all its words. */
static uint64_t cost_of(int count)
{
    struct entry *entries = calloc((size_t)count, sizeof(*entries));
    struct entry_index ix = { .chains = NULL };

    assert_non_null(entries);
    for (int i = 0; i < count; i++) {
        fill(&entries[i], i);
        index_put(&ix, &entries[i].links, &entries[i], &entries[i].row, NULL);
    }
    for (int i = 0; i < count; i++) {
        struct entry *e = &entries[i];

        assert_true(finds(&ix, WORD_ID, e->id, NULL, e));
        assert_true(finds(&ix, WORD_NAME, "documents", e->name, e));
        assert_true(finds(&ix, WORD_BYTES, e->row.sha256, NULL, e));
        assert_null(index_find(&ix, WORD_OLD, e->id, NULL));
    }
    index_release(&ix);
    free(entries);
    return ix.looked;
}

static void what_it_costs_to_find_one_does_not_grow(void **state)
{
    static const int counts[] = { 1000, 16000 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        uint64_t looked = cost_of(counts[i]);

        print_message("%d: %llu\n", counts[i], (unsigned long long)looked);
        assert_true(looked < 4 * 4 * (uint64_t)counts[i]); /* four questions each, chains of two */
    }
}

static void it_is_found_by_what_it_is_now(void **state)
{
    struct entry one = { .id = "" }, two = { .id = "" };
    struct entry_index ix = { .chains = NULL };

    (void)state;
    fill(&one, 1);
    fill(&two, 1);
    index_put(&ix, &one.links, &one, &one.row, NULL);
    index_put(&ix, &two.links, &two, &two.row, "claimed");
    assert_true(finds(&ix, WORD_ID, "document#1", NULL, &one));
    assert_true(finds(&ix, WORD_ID, "document#1", NULL, &two));
    assert_true(finds(&ix, WORD_CLAIM, "claimed", NULL, &two));
    two.row.id = "document#2";
    two.row.name = NULL;
    two.row.kind = INTENT_MOVE;
    two.row.look = "#7";
    index_put(&ix, &two.links, &two, &two.row, NULL);
    assert_false(finds(&ix, WORD_ID, "document#1", NULL, &two));
    assert_true(finds(&ix, WORD_ID, "document#2", NULL, &two));
    assert_false(finds(&ix, WORD_CLAIM, "claimed", NULL, &two));
    assert_false(finds(&ix, WORD_NAME, "documents", "1.pdf", &two));
    assert_false(finds(&ix, WORD_BYTES, two.row.sha256, NULL, &two));
    assert_true(finds(&ix, WORD_LOOK, "#7", NULL, &two));
    index_remove(&ix, &one.links);
    index_remove(&ix, &one.links); /* twice is fine */
    assert_null(index_find(&ix, WORD_ID, "document#1", NULL));
    index_remove(&ix, &two.links);
    assert_int_equal(ix.n, 0);
    index_release(&ix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_costs_to_find_one_does_not_grow),
        cmocka_unit_test(it_is_found_by_what_it_is_now),
    };

    return cmocka_run_group_tests_name("entry_index", tests, NULL, NULL);
}
