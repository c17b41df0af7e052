/* Out of memory: what was asked for is not there, and all else is as it was. */
#include "remote.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "array.h"
#include "failing_alloc.h"
#include "flight.h"
#include "known_lists.h"
#include "lease.h"
#include "listing.h"
#include "once.h"

#include "banned.h"

#define HEX "0123456789abcdef0123456789abcde"
#define DATASET "las:dataset:" HEX "0"

static struct remote *make_remote(void)
{
    struct remote_config config = {
        .clock = clock_real(), .meta_ttl_ms = 1000, .list_ttl_ms = 1000, .cache_bytes = 1 << 20
    };
    struct remote *remote = NULL;
    int rc = remote_new(&config, &remote);

    assert_int_equal(rc, remote ? 0 : -ENOMEM);
    return remote;
}

static struct record *record_of(enum resource_kind kind, const char *text)
{
    struct record *r = NULL;

    assert_int_equal(record_parse(resource_get(kind), text, strlen(text), &r), 0);
    return r;
}

static struct record *document(unsigned i)
{
    char text[256];

    snprintf(text, sizeof(text),
             "{\"documentId\": \"las:document:%032x\", \"datasetId\": \"" DATASET "\"}", i);
    return record_of(RES_DOCUMENTS, text);
}

/* Calls step with the first, second, ... allocation failing, until none is reached any more. */
static void until_it_works(int (*step)(void *arg), void *arg)
{
    int rc = -ENOMEM;
    bool unreached = false;

    for (long n = 0; !unreached; n++) {
        fail_allocation(n);
        rc = step(arg);
        unreached = fail_allocation_unreached();
        assert_int_equal(rc, unreached ? 0 : -ENOMEM);
        assert_true(n > 0 || !unreached); /* it takes memory at all */
        assert_true(n < 1000);
    }
}

static int new_remote(void *arg)
{
    struct remote *remote = make_remote();

    (void)arg;
    remote_free(remote);
    return remote ? 0 : -ENOMEM;
}

static void remote_is_made_or_not(void **state)
{
    struct remote *remote = make_remote();
    struct meta_stats stats;

    (void)state;
    until_it_works(new_remote, NULL);
    remote_get_stats(remote, &stats);
    assert_int_equal(stats.max_bytes, 1 << 20);
    assert_int_equal(stats.entries, 0);
    remote_free(remote);
    remote_free(NULL);
    remote_stop(NULL);
}

static int ask_for_list(void *arg)
{
    struct listing *l = NULL;
    int rc = known_listing(arg, resource_get(RES_DOCUMENTS), "las:model:" HEX "1", "datasetId",
                           DATASET, &l);

    assert_true((rc == 0) == (l != NULL));
    listing_unref(l);
    return rc;
}

static void a_list_is_remembered_or_not(void **state)
{
    struct remote *remote = make_remote();

    (void)state;
    until_it_works(ask_for_list, remote);
    remote_free(remote);
}

/* Or whoever looks for one in a list would take it for another. */
static void an_id_takes_no_memory(void **state)
{
    static const struct {
        enum resource_kind kind;
        const char *text, *id;
    } cases[] = {
        { RES_MODELS, "{\"modelId\": \"las:model:" HEX "1\"}", "las:model:" HEX "1" },
        { RES_MODELS, "{\"modelId\": \"las:model:by-words\"}", "las:model:by-words" },
        { RES_ORGANIZATIONS, "{\"organizationId\": \"me\"}", "me" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct record *r = record_of(cases[i].kind, cases[i].text);
        char id[RESOURCE_ID_MAX + 1];

        fail_allocation(0);
        assert_int_equal(record_id(r, id), 0);
        assert_true(fail_allocation_unreached());
        assert_string_equal(id, cases[i].id);
        record_unref(r);
    }
}

struct adding {
    struct listing *l;
    struct record *r;
};

static int add_row(void *arg)
{
    struct adding *a = arg;

    return listing_apply(a->l, a->r);
}

static void a_row_is_added_or_not(void **state)
{
    struct listing_config config = { .clock = clock_real() };
    struct adding a = { NULL, NULL };
    size_t failed = 0;

    (void)state;
    assert_int_equal(
        listing_new(&config, resource_get(RES_DOCUMENTS), NULL, "datasetId", DATASET, &a.l), 0);
    for (unsigned i = 0; i < 200; i++) {
        struct record *r = document(i);

        a.r = r;
        fail_allocation(0);
        failed += add_row(&a) == -ENOMEM;
        if (!fail_allocation_unreached())
            assert_int_equal(listing_rows(a.l), i);
        until_it_works(add_row, &(struct adding){ a.l, r });
        assert_int_equal(listing_rows(a.l), i + 1);
        record_unref(r);
    }
    for (unsigned i = 0; i < 200; i++) {
        char id[64];

        snprintf(id, sizeof(id), "las:document:%032x", i);
        assert_int_equal(listing_find(a.l, id, NULL), 0);
    }
    assert_true(failed > 2);
    listing_unref(a.l);
}

static int make_index(void *arg)
{
    struct name_index *x = NULL;
    int rc = name_index_new(resource_get(RES_MODELS), arg, 3, false, &x);

    assert_true((rc == 0) == (x != NULL));
    name_index_unref(x);
    return rc;
}

static void an_index_of_names_is_made_or_not(void **state)
{
    struct record *rows[3] = {
        record_of(RES_MODELS, "{\"modelId\": \"las:model:" HEX "1\", \"name\": \"same\"}"),
        record_of(RES_MODELS, "{\"modelId\": \"las:model:" HEX "2\", \"name\": \"Same\"}"),
        record_of(RES_MODELS, "{\"modelId\": \"las:model:" HEX "3\", \"name\": null}"),
    };

    (void)state;
    until_it_works(make_index, rows);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        record_unref(rows[i]);
}

struct keeping {
    struct remote *remote;
    struct record *r;
};

static int keep(void *arg)
{
    struct keeping *k = arg;
    struct record *before = k->r;
    int rc = once_keep(k->remote, &k->r);

    assert_true((k->r == before) == (rc < 0));
    return rc;
}

static void what_comes_once_is_kept_or_still_in_the_answer(void **state)
{
    struct keeping k = { make_remote(), NULL };
    const struct field *f = resource_field(resource_get(RES_APP_CLIENTS), "clientSecret");

    (void)state;
    k.r = record_of(RES_APP_CLIENTS,
                    "{\"appClientId\": \"las:app-client:" HEX "1\", \"clientSecret\": \"s\"}");
    until_it_works(keep, &k);
    assert_false(record_has(k.r, f));
    assert_int_equal(once_text(k.remote, "las:app-client:" HEX "1", f, NULL), 0);
    record_unref(k.r);
    remote_free(k.remote);
}

static int begin_lease(void *arg)
{
    struct leases *leases = remote_leases(arg);
    struct lease *lease = NULL;
    struct target_ids of;
    int rc = target_ids_set(&of, resource_get(RES_TRANSITION_EXECUTIONS), "las:transition:" HEX "1",
                            "las:transition-execution:" HEX "1");

    if (rc == 0)
        rc = lease_begin(leases, &of, &lease);
    assert_true((rc == 0) == (lease != NULL));
    lease_end(leases, lease);
    return rc;
}

static void a_lease_begins_or_not(void **state)
{
    struct remote *remote = make_remote();

    (void)state;
    until_it_works(begin_lease, remote);
    remote_free(remote);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remote_is_made_or_not),
        cmocka_unit_test(a_list_is_remembered_or_not),
        cmocka_unit_test(an_id_takes_no_memory),
        cmocka_unit_test(a_row_is_added_or_not),
        cmocka_unit_test(an_index_of_names_is_made_or_not),
        cmocka_unit_test(what_comes_once_is_kept_or_still_in_the_answer),
        cmocka_unit_test(a_lease_begins_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
