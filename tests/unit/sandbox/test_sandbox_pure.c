/* The sandbox's pure parts: paths, page tokens, access tokens, base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "array.h"
#include "clock.h"
#include "page.h"
#include "rules.h"
#include "tokens.h"

#include <cmocka.h> /* behind the rest: its fail() is a macro */

#include "banned.h"

/* The API of 2021, for the whole program. */
static const struct generation_table *old_api(void)
{
    static struct generation_table *t;

    if (!t)
        assert_int_equal(generation_new(API_2021, &t), 0);
    return t;
}

#define HEX "0123456789abcdef0123456789abcdef"

static void address_is_a_row_and_ids(void **state)
{
    static const struct {
        const char *path;
        enum resource_kind kind; /* RES_NONE: no such path */
        bool item;
        unsigned n_ids;
    } cases[] = {
        { "/documents", RES_DOCUMENTS, false, 0 },
        { "/v1/documents", RES_DOCUMENTS, false, 0 },
        { "/v1/documents/las:document:" HEX, RES_DOCUMENTS, true, 1 },
        { "/models/las:model:a/dataBundles", RES_DATA_BUNDLES, false, 1 },
        { "/models/las:model:a/dataBundles/las:model-data-bundle:b", RES_DATA_BUNDLES, true, 2 },
        { "/transitions/las:transition:a/executions", RES_TRANSITION_EXECUTIONS, false, 1 },
        { "/transitions/las:transition:commons-failed/executions", RES_TRANSITION_EXECUTIONS, false,
          1 },
        { "/transitions/a/executions/b/heartbeats", RES_HEARTBEATS, false, 2 },
        { "/workflows/a/executions/b", RES_WORKFLOW_EXECUTIONS, true, 2 },
        { "/organizations/me", RES_ORGANIZATIONS, true, 1 },
        { "/documents/..", RES_DOCUMENTS, true, 1 },
        { "/v1/v1/documents", RES_NONE, false, 0 },
        { "/v1documents", RES_NONE, false, 0 },
        { "/v1", RES_NONE, false, 0 },
        { "/", RES_NONE, false, 0 },
        { "", RES_NONE, false, 0 },
        { "documents", RES_NONE, false, 0 },
        { "//documents", RES_NONE, false, 0 },
        { "/documents/", RES_NONE, false, 0 },
        { "/documents//x", RES_NONE, false, 0 },
        { "/documents/x/y", RES_NONE, false, 0 },
        { "/documents/x/executions", RES_NONE, false, 0 },
        { "/dataBundles", RES_NONE, false, 0 },
        { "/executions/x", RES_NONE, false, 0 },
        { "/batches", RES_NONE, false, 0 },
        { "/Documents", RES_NONE, false, 0 },
        { "/transitions/a/executions/b/heartbeats/c", RES_NONE, false, 0 },
        { "/transitions/a/executions/b/heartbeats/c/d", RES_NONE, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct address a = { 0 };

        print_message("%s\n", cases[i].path);
        assert_int_equal(address_parse(old_api(), cases[i].path, &a) == 0,
                         cases[i].kind != RES_NONE);
        if (cases[i].kind == RES_NONE)
            continue;
        assert_int_equal(a.res->kind, cases[i].kind);
        assert_int_equal(a.item, cases[i].item);
        assert_int_equal(a.n_ids, cases[i].n_ids);
    }
}

static void address_decodes_what_it_has_split(void **state)
{
    static const struct {
        const char *path, *id; /* NULL: no such path */
    } cases[] = {
        { "/models/las%3Amodel%3a" HEX, "las:model:" HEX },
        { "/models/las:organization:o%2Flas:model:x", "las:organization:o/las:model:x" },
        { "/models/las:organization:o%2flas:model:x", "las:organization:o/las:model:x" },
        { "/models/las:organization:o/las:model:x", NULL },
        { "/models/las:model:a%2Fb", "" },
        { "/models/las:model:a%", "" },
        { "/models/las:model:a%zz", "" },
        { "/models/las:model:a%00b", NULL },
        { "/%6dodels/las:model:x", "las:model:x" },
        { "/models%2Flas:model:x", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct address a = { 0 };

        print_message("%s\n", cases[i].path);
        assert_int_equal(address_parse(old_api(), cases[i].path, &a) == 0, cases[i].id != NULL);
        if (cases[i].id)
            assert_string_equal(a.ids[0], cases[i].id);
    }
}

static void address_keeps_ids_that_can_be_ids(void **state)
{
    struct address a;

    (void)state;
    assert_int_equal(
        address_parse(old_api(), "/models/las:model:" HEX "/dataBundles/las:document:x", &a), 0);
    assert_string_equal(a.ids[0], "las:model:" HEX);
    assert_string_equal(a.ids[1], "");
}

static void address_takes_a_path_of_any_length(void **state)
{
    char path[4096] = "/documents/";
    struct address a;

    (void)state;
    memset(path + strlen(path), 'x', sizeof(path) - strlen(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_true(address_parse(old_api(), path, &a) < 0);
}

static void page_token_is_read_back(void **state)
{
    static const int64_t keys[] = { 0, 1, -1, INT64_MIN, INT64_MAX, 1629118393374930 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct page p = { RES_DOCUMENTS, false, i % 2 == 1, keys[i], "" }, q = p;
        char token[PAGE_TOKEN_MAX];

        memset(p.id, 'x', i == 0 ? ID_MAX - 1 : 40);
        page_write(&p, token);
        print_message("%s\n", token);
        assert_int_equal(page_read(token, &q), 0);
        assert_true(q.key == p.key);
        assert_string_equal(q.id, p.id);
    }
}

static void page_token_of_another_list_is_none(void **state)
{
    struct page p = { RES_LOGS, false, true, 5, "las:log:x" };
    struct page others[] = { { RES_DOCUMENTS, false, true, 0, "" },
                             { RES_LOGS, true, true, 0, "" },
                             { RES_LOGS, false, false, 0, "" } };
    char token[PAGE_TOKEN_MAX];

    (void)state;
    page_write(&p, token);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_true(page_read(token, &others[i]) < 0);
}

static void page_token_that_was_changed_is_none(void **state)
{
    struct page p = { RES_LOGS, false, true, 5, "las:log:" HEX };
    char token[PAGE_TOKEN_MAX], bad[PAGE_TOKEN_MAX];

    (void)state;
    page_write(&p, token);
    for (size_t i = 0; token[i]; i++) {
        memcpy(bad, token, sizeof(bad));
        bad[i] = bad[i] == 'A' ? 'Q' : 'A';
        assert_true(page_read(bad, &p) < 0);
        bad[i] = '\0';
        assert_true(page_read(bad, &p) < 0);
    }
}

static void access_token_ends_when_it_says(void **state)
{
    struct fake_clock clock;
    struct tokens *t;
    char token[TOKEN_MAX], who[ID_MAX] = "";

    (void)state;
    fake_clock_init(&clock, 0, 1629118393000000000);
    assert_int_equal(tokens_new("secret", &clock.clock, 60, &t), 0);
    tokens_give(t, "las:app-client:" HEX, token);
    fake_clock_advance(&clock, 59999);
    assert_true(tokens_check(t, token, who));
    assert_string_equal(who, "las:app-client:" HEX);
    fake_clock_advance(&clock, 1);
    assert_false(tokens_check(t, token, who));
    tokens_free(t);
}

static void access_token_that_was_changed_is_none(void **state)
{
    struct tokens *t, *other;
    char token[TOKEN_MAX], bad[TOKEN_MAX], who[ID_MAX];

    (void)state;
    assert_int_equal(tokens_new("secret", clock_real(), 60, &t), 0);
    assert_int_equal(tokens_new(NULL, clock_real(), 60, &other), 0);
    tokens_give(t, "las:app-client:" HEX, token);
    assert_false(tokens_check(other, token, who));
    for (size_t i = 0; token[i]; i++) {
        memcpy(bad, token, sizeof(bad));
        bad[i] = bad[i] == '1' ? '2' : '1';
        assert_false(tokens_check(t, bad, who));
    }
    tokens_free(t);
    tokens_free(other);
}

static void proof_is_of_one_secret(void **state)
{
    char proof[TOKENS_PROOF_MAX], again[TOKENS_PROOF_MAX];

    (void)state;
    assert_int_equal(tokens_prove("secret", NULL, proof), 0);
    assert_int_equal(tokens_prove("secret", NULL, again), 0);
    assert_string_not_equal(proof, again);
    assert_null(strstr(proof, "secret"));
    assert_true(tokens_proven("secret", proof));
    assert_true(tokens_proven("secret", again));
    assert_false(tokens_proven("secret2", proof));
    assert_false(tokens_proven("", proof));
    assert_false(tokens_proven("secret", ""));
    assert_true(tokens_same("a", "a"));
    assert_false(tokens_same("a", "ab"));
}

static void base64_is_tidied(void **state)
{
    static const struct {
        const char *text, *tidy; /* NULL: it is none */
    } cases[] = {
        { "YQ==", "YQ==" },    { "YWI=", "YWI=" },
        { "YWJj", "YWJj" },    { "Y W\r\nJ\tj", "YWJj" },
        { " YQ= = ", "YQ==" }, { "+/+/", "+/+/" },
        { "", NULL },          { " ", NULL },
        { "Y", NULL },         { "YQ", NULL },
        { "YQ=", NULL },       { "Y===", NULL },
        { "====", NULL },      { "==", NULL },
        { "=YWJ", NULL },      { "YQ==YQ==", NULL },
        { "YW-_", NULL },      { "YW\xc3\xa9", NULL },
        { "YQ=a", NULL },      { "YWJj=", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[64];
        int64_t len;

        print_message("%s\n", cases[i].text);
        snprintf(text, sizeof(text), "%s", cases[i].text);
        len = base64_tidy(text, strlen(text));
        if (!cases[i].tidy) {
            assert_true(len < 0);
            continue;
        }
        assert_int_equal(len, strlen(cases[i].tidy));
        assert_memory_equal(text, cases[i].tidy, (size_t)len);
        assert_true(base64_is_tidy(text, (size_t)len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_is_a_row_and_ids),
        cmocka_unit_test(address_decodes_what_it_has_split),
        cmocka_unit_test(address_keeps_ids_that_can_be_ids),
        cmocka_unit_test(address_takes_a_path_of_any_length),
        cmocka_unit_test(page_token_is_read_back),
        cmocka_unit_test(page_token_of_another_list_is_none),
        cmocka_unit_test(page_token_that_was_changed_is_none),
        cmocka_unit_test(access_token_ends_when_it_says),
        cmocka_unit_test(access_token_that_was_changed_is_none),
        cmocka_unit_test(proof_is_of_one_secret),
        cmocka_unit_test(base64_is_tidied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
