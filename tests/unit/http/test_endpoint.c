/* Addresses: what may be one, and what requests are made of them. */
#include "endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "array.h"
#include "target_url.h"

#include "banned.h"

static void addresses_are_checked(void **state)
{
    static const struct {
        const char *text, *url; /* url NULL: refused */
        bool bare;
    } rows[] = {
        { "https://api.example.com/v1", "https://api.example.com/v1" },
        { "https://api.example.com/v1/", "https://api.example.com/v1" },
        { "https://api.example.com/v1//", "https://api.example.com/v1" },
        { "auth.example.com", "https://auth.example.com", true },
        { "auth.example.com/oauth2", "https://auth.example.com/oauth2" },
        { "auth.example.com:8443", "https://auth.example.com:8443", true },
        { "HTTPS://api.example.com", "https://api.example.com", true },
        { "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1" },
        { "http://127.9.8.7/v1", "http://127.9.8.7/v1" },
        { "http://localhost:1/oauth2", "http://localhost:1/oauth2" },
        { "http://LocalHost/", "http://LocalHost", true },
        { "http://[::1]:80/v1", "http://[::1]:80/v1" },
        { "http://api.example.com/v1", NULL },
        { "http://127.0.0.1.example.com/v1", NULL },
        { "http://localhost.example.com/", NULL },
        { "http://[::2]/v1", NULL },
        { "http://10.0.0.1/v1", NULL },
        { "http://0.0.0.0/v1", NULL },
        { "http://128.0.0.1/", NULL },
        { "ftp://api.example.com/v1", NULL },
        { "file:///etc/passwd", NULL },
        { "https://user:pw@api.example.com/v1", NULL },
        { "https://user@api.example.com/v1", NULL },
        { "http://127.0.0.1@evil.example.com/", NULL },
        { "https://api.example.com/v1?x=1", NULL },
        { "https://api.example.com/v1#x", NULL },
        { "https://", NULL },
        { "", NULL },
        { "https://a b/", NULL },
        { "https://host:99999/", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf url = BUF_INIT(1000);
        struct failure err = { 0 };

        print_message("%s\n", rows[i].text);
        assert_int_equal(endpoint_check("x_endpoint", rows[i].text, &url, &err),
                         rows[i].url ? 0 : -EINVAL);
        if (rows[i].url) {
            assert_string_equal(buf_str(&url), rows[i].url);
            assert_int_equal(endpoint_is_bare(url.data), rows[i].bare);
            assert_int_equal(endpoint_is_plain(url.data), strncmp(url.data, "http:", 5) == 0);
        } else {
            assert_non_null(strstr(err.text, "x_endpoint"));
        }
        buf_release(&url);
    }
}

static void the_token_goes_to_the_apis_own_host(void **state)
{
    static const struct {
        const char *text, *base;
        bool own;
    } rows[] = {
        { "https://a.com/x", "https://a.com/v1", true },
        { "https://A.com:443/x?y=z", "https://a.com/v1", true },
        { "https://a.com/x", "https://a.com:443/v1", true },
        { "https://a.com:8443/x", "https://a.com/v1", false },
        { "https://b.com/x", "https://a.com/v1", false },
        { "https://a.com.b.com/x", "https://a.com/v1", false },
        { "https://b.com/a.com/v1", "https://a.com/v1", false },
        { "http://127.0.0.1:80/x", "http://127.0.0.1/v1", true },
        { "http://127.0.0.1/x", "https://127.0.0.1/v1", false },
        { "http://localhost:80/x", "http://127.0.0.1:80/v1", true },
        { "http://localhost:81/x", "http://127.0.0.1:80/v1", false },
        { "https://files.a.com/x", "https://a.com/v1", true },
        { "http://localhost/x", "https://a.com/v1", false },
        { "https://a.com/x", "https://files.a.com/v1", false },
        { "https://xa.com/x", "https://a.com/v1", false },
        { "https://files.a.com:8443/x", "https://a.com/v1", false },
        { "http://127.0.0.1:81/x", "http://127.0.0.1:80/v1", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf url = BUF_INIT(1000);
        bool own = !rows[i].own;

        print_message("%s %s\n", rows[i].text, rows[i].base);
        assert_int_equal(endpoint_check_file("x", rows[i].text, rows[i].base, &url, &own, NULL), 0);
        assert_int_equal(own, rows[i].own);
        buf_release(&url);
    }
}

static void addresses_of_bytes_are_checked(void **state)
{
    static const char *const bad[] = {
        "",      "http://a.com/x",        "ftp://a.com/x",        "//a.com/x",
        "/x",    "https://u@a.com/x",     "https://u:p@a.com/x",  "file:///x",
        "a.com", "https://a.com:99999/x", "https://a.com/\nx: y",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct buf url = BUF_INIT(1000);
        struct failure err = { 0 };
        bool own = true;

        print_message("%s\n", bad[i]);
        assert_int_equal(endpoint_check_file("x_url", bad[i], "https://a.com/v1", &url, &own, &err),
                         -EIO);
        assert_non_null(strstr(err.text, "x_url"));
        assert_int_equal(url.len, 0);
        buf_release(&url);
    }
}

#define HEX ":0123456789abcdef0123456789abcdef"

static void paths_come_from_the_table(void **state)
{
    static const struct {
        enum resource_kind kind;
        const char *parent, *id, *url; /* url NULL: refused */
    } rows[] = {
        { RES_DOCUMENTS, NULL, NULL, "B/documents" },
        { RES_DOCUMENTS, NULL, "las:document" HEX, "B/documents/las:document" HEX },
        { RES_APP_CLIENTS, NULL, NULL, "B/appClients" },
        { RES_ORGANIZATIONS, NULL, "me", "B/organizations/me" },
        { RES_DATA_BUNDLES, "las:model" HEX, NULL, "B/models/las:model" HEX "/dataBundles" },
        { RES_DATA_BUNDLES, "las:model" HEX, "las:model-data-bundle" HEX,
          "B/models/las:model" HEX "/dataBundles/las:model-data-bundle" HEX },
        { RES_DATA_BUNDLES, NULL, "las:model-data-bundle" HEX, NULL },
        { RES_WORKFLOW_EXECUTIONS, "las:w:W", "cradl:e:E",
          "B/workflows/las:w:W/executions/cradl:e:E" },
        { RES_HEARTBEATS, "las:t:T", "las:e:E",
          "B/transitions/las:t:T/executions/las:e:E/heartbeats" },
        { RES_MODELS, NULL, "las:organization:O/las:model:M",
          "B/models/las:organization:O%2Flas:model:M" },
        { RES_TRAININGS, "las:organization:O/las:model:M", "las:model-training:T",
          "B/models/las:organization:O%2Flas:model:M/trainings/las:model-training:T" },
        { RES_PLANS, NULL, "las:plan:x:@y", "B/plans/las:plan:x:@y" },
        { RES_MODELS, NULL, "las:organization:O/..", NULL },
        { RES_DOCUMENTS, NULL, "me", NULL },
        { RES_DOCUMENTS, NULL, "", NULL },
        { RES_DOCUMENTS, NULL, ".", NULL },
        { RES_DOCUMENTS, NULL, "..", NULL },
        { RES_DOCUMENTS, NULL, "las:document" HEX "/..", NULL },
        { RES_DOCUMENTS, NULL, "las:document" HEX "?a=b", NULL },
        { RES_DOCUMENTS, NULL, "las:document" HEX "\r\nHost: x", NULL },
        { RES_WORKFLOW_EXECUTIONS, "..", "las:e:E", NULL },
        { RES_WORKFLOW_EXECUTIONS, "..", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct target t = { resource_get(rows[i].kind), rows[i].parent, rows[i].id };
        struct buf url = BUF_INIT(1000);

        print_message("%s\n", rows[i].url ? rows[i].url : "refused");
        assert_int_equal(target_path("B", &t, &url), rows[i].url ? 0 : -EINVAL);
        if (rows[i].url)
            assert_string_equal(url.data, rows[i].url);
        buf_release(&url);
    }
}

static void queries_are_escaped(void **state)
{
    static const struct query query[] = { { "datasetId", "las:dataset:a" },
                                          { "status", "a&b=c d/\xc3\xa9" },
                                          { NULL, NULL } };
    static const struct query no_id[] = { { "datasetId", "las:dataset:.." }, { NULL, NULL } };
    const struct resource *res = resource_get(RES_DOCUMENTS);
    struct buf url = BUF_INIT(1000);

    (void)state;
    assert_int_equal(target_query(res, query, "t+/=", 100, &url), 0);
    assert_string_equal(url.data, "?maxResults=100&datasetId=las%3Adataset%3Aa"
                                  "&status=a%26b%3Dc%20d%2F%C3%A9&nextToken=t%2B%2F%3D");
    buf_reset(&url);
    assert_int_equal(target_query(res, NULL, NULL, 1, &url), 0);
    assert_string_equal(url.data, "?maxResults=1");
    assert_int_equal(target_query(res, no_id, NULL, 1, &url), -EINVAL);
    buf_release(&url);
}

static void filters_are_known_ones_with_a_value(void **state)
{
    static const struct {
        const char *what;
        struct query query[4];
        bool ok;
    } rows[] = {
        { "none", { { NULL, NULL } }, false },
        { "one", { { "consentId", "las:consent:x" } }, true },
        { "two", { { "consentId", "las:consent:x" }, { "datasetId", "las:dataset:y" } }, true },
        { "empty", { { "consentId", "" } }, false },
        { "no value", { { "consentId", NULL } }, false },
        { "one of them empty", { { "consentId", "las:consent:x" }, { "datasetId", "" } }, false },
        { "no id", { { "consentId", "x" } }, false },
        { "a path", { { "consentId", "las:consent:x" }, { "datasetId", ".." } }, false },
        { "unknown", { { "consentID", "x" } }, false },
        { "known and unknown", { { "consentId", "las:consent:x" }, { "foo", "y" } }, false },
        { "a page is no filter", { { "maxResults", "10" } }, false },
    };

    (void)state;
    assert_false(target_is_filtered(resource_get(RES_DOCUMENTS), NULL));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("%s\n", rows[i].what);
        assert_int_equal(target_is_filtered(resource_get(RES_DOCUMENTS), rows[i].query),
                         rows[i].ok);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_checked),
        cmocka_unit_test(the_token_goes_to_the_apis_own_host),
        cmocka_unit_test(addresses_of_bytes_are_checked),
        cmocka_unit_test(paths_come_from_the_table),
        cmocka_unit_test(queries_are_escaped),
        cmocka_unit_test(filters_are_known_ones_with_a_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
