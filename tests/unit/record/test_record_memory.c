/* What the API answers and takes when there is no memory: -ENOMEM, and nothing is left behind. */
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "codec.h"
#include "failing_alloc.h"
#include "list_page.h"

#include "banned.h"

#define HEX "0123456789abcdef0123456789abcdef"
#define DOCUMENT                                                                                   \
    "{\"documentId\": \"las:document:" HEX "\", \"contentType\": \"application/pdf\", "            \
    "\"consentId\": \"las:consent:" HEX "\", \"datasetId\": \"las:dataset:" HEX "\", "             \
    "\"retentionInDays\": 1825, \"createdTime\": \"2021-08-16T12:53:13.374930+0000\", "            \
    "\"groundTruth\": [{\"label\": \"total\", \"value\": \"1.00\"}], \"more\": {\"a\": [1]}}"
#define PAGE "{\"documents\": [" DOCUMENT ", " DOCUMENT "], \"nextToken\": \"next\"}"

static int read_record(void)
{
    const struct resource *res = resource_get(RES_DOCUMENTS);
    struct buf json = BUF_INIT(65536), text = BUF_INIT(4096);
    struct record *r = NULL, *less = NULL;
    int rc = codec_record_text(res, DOCUMENT, strlen(DOCUMENT), &r, NULL);

    if (rc < 0)
        assert_null(r);
    if (rc == 0)
        rc = record_json(r, true, &json);
    if (rc == 0)
        rc = record_string(r, "datasetId", &text);
    if (rc == 0)
        rc = record_labels(r, &json);
    if (rc == 0)
        rc = record_without(r, F_SECRET, &less);
    record_unref(r);
    record_unref(less);
    buf_release(&json);
    buf_release(&text);
    return rc;
}

static int read_page(void)
{
    struct page *p = NULL;
    int rc = codec_page_text(resource_get(RES_DOCUMENTS), PAGE, strlen(PAGE), &p, NULL);

    if (rc < 0) {
        assert_null(p);
        return rc;
    }
    assert_int_equal(p->n, 2);
    page_free(p);
    return 0;
}

static int write_body(void)
{
    static const char truth[] = "{\"total\": \"2.00\"}";
    const struct resource *res = resource_get(RES_DOCUMENTS);
    struct buf out = BUF_INIT(65536);
    struct body *b = NULL;
    int rc = body_new(res, BODY_PATCH, &b);

    if (rc < 0)
        assert_null(b);
    if (rc == 0)
        rc = body_set_string(b, "datasetId", "las:dataset:" HEX, NULL);
    if (rc == 0)
        rc = body_set_text(b, resource_field(res, "groundTruth"), truth, strlen(truth), NULL);
    if (rc == 0)
        rc = body_write(b, &out);
    body_free(b);
    buf_release(&out);
    return rc;
}

/* theirs: jansson's allocations fail too; of what it has no memory for it may call a part invalid, or
 * leave it out. */
static void fail_those(int (*all)(void), bool theirs)
{
    bool done = false;
    long n;

    json_set_alloc_funcs(theirs ? malloc : __real_malloc, free);

    for (n = 0; !done; n++) {
        int rc;

        fail_allocation(n);
        rc = all();
        done = fail_allocation_unreached();
        if (theirs && !done && (rc == 0 || rc == -EINVAL || rc == -EIO))
            rc = -ENOMEM;
        if (rc != (done ? 0 : -ENOMEM))
            print_error("allocation %ld\n", n);
        assert_int_equal(rc, done ? 0 : -ENOMEM);
    }
    print_message("%ld allocations\n", n - 1);
    assert_true(n > 3);
}

static void fail_each(int (*all)(void))
{
    fail_those(all, false);
    fail_those(all, true);
}

static void a_record_survives_failing_allocations(void **state)
{
    (void)state;
    fail_each(read_record);
}

static void a_page_survives_failing_allocations(void **state)
{
    (void)state;
    fail_each(read_page);
}

static void a_body_survives_failing_allocations(void **state)
{
    (void)state;
    fail_each(write_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_survives_failing_allocations),
        cmocka_unit_test(a_page_survives_failing_allocations),
        cmocka_unit_test(a_body_survives_failing_allocations),
    };

    return cmocka_run_group_tests_name("record_memory", tests, NULL, NULL);
}
