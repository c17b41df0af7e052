/* What may go out at all. */
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define API "https://api.example.com/v1"
#define HEX "0123456789abcdef0123456789abcdef"
#define DOC "las:document:" HEX

static const struct {
    const char *method, *url;
    int rc;
} rows[] = {
    /* one thing */
    { "DELETE", API "/documents/" DOC, 0 },
    { "DELETE", API "/documents/cradl:document:x", 0 },
    { "DELETE", API "/models/las:model:a/dataBundles/las:model-data-bundle:b", 0 },
    { "DELETE", API "/workflows/las:workflow:a/executions/las:workflow-execution:b", 0 },
    { "PATCH", API "/documents/" DOC, 0 },
    { "PATCH", API "/organizations/me", 0 },
    { "PATCH", API "/transitions/las:transition:a/executions/las:transition-execution:b", 0 },

    { "PATCH", API "/models/las:organization:o%2Flas:model:a", 0 },
    { "PATCH", API "/models/las:organization:o%2Flas:model:a/trainings/las:model-training:b", 0 },
    { "PATCH", API "/models/las:organization:o%2F..", -EPERM },
    { "PATCH", API "/models/las:organization:o%2F", -EPERM },
    { "PATCH", API "/models/las:organization:o%2flas:model:a", -EPERM },
    { "PATCH", API "/models/las:organization:o%252Flas:model:a", -EPERM },
    { "PATCH", API "/models/las:organization:o/las:model:a", -EPERM },
    { "DELETE", API "/documents/las:document:a%2Flas:document:b", -EPERM },

    /* some of a list */
    { "DELETE", API "/documents?maxResults=1000&consentId=las%3Aconsent%3A" HEX, 0 },
    { "DELETE", API "/documents?datasetId=las%3Adataset%3Aa&nextToken=x", 0 },

    /* all of a list */
    { "DELETE", API "/documents", -EPERM },
    { "DELETE", API "/documents/", -EPERM },
    { "DELETE", API "/documents?", -EPERM },
    { "DELETE", API "/documents?maxResults=1000", -EPERM },
    { "DELETE", API "/documents?consentId=", -EPERM },
    { "DELETE", API "/documents?consentId", -EPERM },
    { "DELETE", API "/documents?consentId=&datasetId=x", -EPERM },
    { "DELETE", API "/documents?consentid=x", -EPERM },
    { "DELETE", API "/documents?consentId=x&all=true", -EPERM },
    { "DELETE", API "/documents?=x", -EPERM },
    { "DELETE", API "/documents?consentId=x&", -EPERM },
    { "DELETE", API "/documents/?consentId=x", -EPERM },
    { "DELETE", API "/datasets?datasetId=x", -EPERM },
    { "DELETE", API "/transitions?transitionType=manual", -EPERM },
    { "DELETE", API "/models/las:model:a/dataBundles", -EPERM },
    { "DELETE", API "/models/las:model:a/dataBundles?status=ready", -EPERM },
    { "PATCH", API "/documents", -EPERM },
    { "PATCH", API "/documents?consentId=x", -EPERM },

    /* what would become another path, or a header */
    { "DELETE", API "/documents/.", -EPERM },
    { "DELETE", API "/documents/..", -EPERM },
    { "DELETE", API "/documents/../datasets/las:dataset:a", -EPERM },
    { "DELETE", API "/documents/las:document:..", -EPERM },
    { "DELETE", API "/documents/%2e%2e", -EPERM },
    { "DELETE", API "/documents/las:document:%2e%2e", -EPERM },
    { "DELETE", API "/documents//" DOC, -EPERM },
    { "DELETE", API "/documents/" DOC "/", -EPERM },
    { "DELETE", API "/documents/" DOC "/..", -EPERM },
    { "DELETE", API "/documents/" DOC "?x=y", -EPERM },
    { "DELETE", API "/documents/" DOC "?", -EPERM },
    { "DELETE", API "/documents/" DOC "#x", -EPERM },
    { "DELETE", API "/documents/#" DOC, -EPERM },
    { "DELETE", API "/documents/" DOC "\r\nX: y", -EPERM },
    { "DELETE", API "/documents/" DOC "\n", -EPERM },
    { "DELETE", API "/documents/" DOC " ", -EPERM },
    { "DELETE", API "/documents/\\..\\x", -EPERM },
    { "DELETE", API "/documents/las:document:\xc3\xa4", -EPERM },
    { "DELETE", API "/documents/me", -EPERM },
    { "DELETE", API "/documents/x", -EPERM },
    { "DELETE", API "/models/../dataBundles/las:model-data-bundle:b", -EPERM },
    { "DELETE", API "/models/las:model:a/dataBundles/..", -EPERM },
    { "PATCH", API "/documents/..", -EPERM },
    { "PATCH", API "/documents/" DOC "?x=y", -EPERM },

    /* what the table does not have */
    { "DELETE", API "/organizations/me", -EPERM },
    { "DELETE", API "/logs/las:log:" HEX, -EPERM },
    { "DELETE", API "/transitions/las:transition:a/executions/las:transition-execution:b", -EPERM },
    { "DELETE", API "/nothing/las:nothing:a", -EPERM },
    { "DELETE", API "/" DOC, -EPERM },
    { "DELETE", API "/", -EPERM },
    { "DELETE", API, -EPERM },
    { "PATCH", API "/predictions/las:prediction:a", -EPERM },

    /* elsewhere */
    { "DELETE", "https://api.example.com/v2/documents/" DOC, -EPERM },
    { "DELETE", "https://api.example.com/v11/documents/" DOC, -EPERM },
    { "DELETE", "https://api.example.com/documents/" DOC, -EPERM },
    { "DELETE", "https://example.com/v1/documents/" DOC, -EPERM },
    { "DELETE", "/documents/" DOC, -EPERM },
    { "DELETE", "", -EPERM },

    /* what neither changes nor deletes what is there; an address of bytes may be anywhere */
    { "GET", API "/documents", 0 },
    { "HEAD", API "/documents", 0 },
    { "POST", API "/documents", 0 },
    { "PUT", "https://files.example.com/las:file:a?signature=b", 0 },

    /* other methods */
    { "delete", API "/documents/" DOC, -EPERM },
    { "PURGE", API "/documents/" DOC, -EPERM },
    { "", API "/documents/" DOC, -EPERM },
};

static void what_changes_or_deletes_names_one_thing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct failure err = { 0 };

        print_message("%s %s\n", rows[i].method, rows[i].url);
        assert_int_equal(wire_check(rows[i].method, rows[i].url, API, &err), rows[i].rc);
        assert_int_equal(err.text[0] != '\0', rows[i].rc < 0);
        assert_null(strpbrk(err.text, "\r\n"));
    }
}

static void what_is_not_of_the_api_deletes_nothing(void **state)
{
    (void)state;
    assert_int_equal(wire_check("DELETE", API "/documents/" DOC, NULL, NULL), -EPERM);
    assert_int_equal(wire_check("PATCH", API "/documents/" DOC, NULL, NULL), -EPERM);
    assert_int_equal(wire_check("POST", "https://auth.example.com/oauth2/token", NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changes_or_deletes_names_one_thing),
        cmocka_unit_test(what_is_not_of_the_api_deletes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
