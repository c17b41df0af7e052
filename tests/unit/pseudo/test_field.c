/* A field's file has the field as text, and takes a new one. */
#include "pseudo_fixture.h"

#include "banned.h"

/* What is at the server, for all tests here. */
static const char *const there[][2] = {
    /* clang-format off */
    { "datasets", "{'datasetId': 'dataset#1', 'name': 'invoices', 'description': null,"
                  " 'retentionInDays': 30, 'containsPersonallyIdentifiableInformation': false,"
                  " 'storageLocation': 'EU', 'updatedTime': null}" },
    { "datasets", "{'datasetId': 'dataset#2', 'name': '', 'description': 'a b'}" },
    { "documents", "{'documentId': 'document#3', 'contentType': 'image/png', 'retentionInDays': 7,"
                   " 'groundTruth': [{'label': 'total', 'value': '1.50'}]}" },
    { "users", "{'userId': 'user#4', 'email': 'a@example.com', 'avatar': 'aGVsbG8='}" },
    { "models", "{'modelId': 'model#5', 'name': 'm', 'width': 768, 'height': 768,"
                " 'fieldConfig': {'total': {'type': 'amount', 'maxLength': 12}}, 'status': 'active'}" },
    { "models/model#5/dataBundles", "{'dataBundleId': 'model-data-bundle#6', 'name': 'b'}" },
    { "secrets", "{'secretId': 'secret#7', 'name': 's', 'data': {'k': 'never shown'}}" },
    { "transitions", "{'transitionId': 'transition#8', 'parameters': {'environment': {'A': 'b'}}}" },
    { "transitions/transition#8/executions",
      "{'executionId': 'transition-execution#9', 'transitionId': 'transition#8',"
      " 'status': 'running', 'input': {'x': 1}}" },
    { "workflows", "{'workflowId': 'workflow#10', 'name': 'w'}" },
    { "workflows/workflow#10/executions",
      "{'executionId': 'workflow-execution#11', 'status': 'failed', 'input': {}}" },
    { "logs", "{'logId': 'log#12', 'events':"
              " [{'timestamp': 1600000000, 'message': 'begins'},"
              "  {'timestamp': 1600000001.5, 'message': 'ends'}]}" },
    /* clang-format on */
};

static void start_there(struct mount *m)
{
    start_mount(m);
    for (size_t i = 0; i < ARRAY_LEN(there); i++)
        api_add(&m->w.api, there[i][0], there[i][1]);
}

/* --- Reading ---------------------------------------------------------------------------------- */

#define EXECUTION "/transitions/transition#8/executions/transition-execution#9/"

static const struct {
    const char *path, *text; /* text NULL: there is no such file */
} texts[] = {
    /* clang-format off */
    { "/datasets/dataset#1/name", "invoices\n" },
    { "/datasets/invoices/name", "invoices\n" },
    { "/datasets/dataset#1/description", "" },           /* null */
    { "/datasets/dataset#2/name", "\n" },                /* an empty string */
    { "/datasets/dataset#2/description", "a b\n" },
    { "/datasets/dataset#1/retentionInDays", "30\n" },
    { "/datasets/dataset#1/containsPersonallyIdentifiableInformation", "false\n" },
    { "/datasets/dataset#1/updatedTime", "" },
    { "/datasets/dataset#2/name/x", NULL },
    { "/datasets/dataset#1/nothing", NULL },
    { "/datasets/dataset#2/resource.json",
      "{\n  'datasetId': 'dataset#2',\n  'name': '',\n  'description': 'a b'\n}\n" },
    { "/documents/document#3/contentType", "image/png\n" },
    { "/documents/document#3/datasetId", "" },           /* there to be written */
    { "/documents/document#3/consentId", NULL },         /* it has none, and gets none */
    { "/documents/document#3/groundTruth.json",
      "[\n  {\n    'label': 'total',\n    'value': '1.50'\n  }\n]\n" },
    { "/users/user#4/avatar.jpg", "hello" },
    { "/models/m/width", "768\n" },
    { "/models/m/fieldConfig.json",
      "{\n  'total': {\n    'type': 'amount',\n    'maxLength': 12\n  }\n}\n" },
    { "/secrets/s/data.json", "" },                      /* never, whoever gives it back */
    { "/transitions/transition#8/environment.json", "{\n  'A': 'b'\n}\n" },
    { EXECUTION "status", "running\n" },
    { EXECUTION "input.json", "{\n  'x': 1\n}\n" },
    { EXECUTION "output.json", "" },
    { EXECUTION "startTime", "" },
    { "/logs/log#12/events.txt",
      "2020-09-13T12:26:40.000000+0000 begins\n2020-09-13T12:26:41.500000+0000 ends\n" },
    /* clang-format on */
};

static void a_field_is_a_text(void **state)
{
    struct mount *m = *state;

    start_there(m);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);

        print_message("%s\n", texts[i].path);
        if (texts[i].text)
            expect_text(m, texts[i].path, texts[i].text);
        else
            assert_true(read_path(m, texts[i].path, &text) < 0);
    }
}

static void many_fields_cost_one_look_at_their_resource(void **state)
{
    struct mount *m = *state;

    start_there(m);
    expect_text(m, "/datasets/dataset#1/name", "invoices\n");
    expect_text(m, "/datasets/dataset#1/retentionInDays", "30\n");
    expect_said(&m->w.api, "GET datasets/dataset#1\n");
    api_change(&m->w.api, "datasets/dataset#1", "{'name': 'other'}");
    expect_text(m, "/datasets/dataset#1/name", "invoices\n");
    pass(&m->w, HOUR_MS + 1);
    expect_text(m, "/datasets/dataset#1/name", "other\n");
}

static void a_log_is_looked_at_each_time(void **state)
{
    struct mount *m = *state;

    start_there(m);
    expect_text(m, "/logs/log#12/events.txt", texts[ARRAY_LEN(texts) - 1].text);
    api_change(&m->w.api, "logs/log#12",
               "{'events': [{'timestamp': 1600000000, 'message': 'more'}]}");
    pass(&m->w, 200);
    expect_text(m, "/logs/log#12/events.txt", texts[ARRAY_LEN(texts) - 1].text); /* one look */
    pass(&m->w, 200);
    expect_text(m, "/logs/log#12/events.txt", "2020-09-13T12:26:40.000000+0000 more\n");
    api_change(&m->w.api, "logs/log#12", "{'events': []}");
    pass(&m->w, 400);
    expect_text(m, "/logs/log#12/events.txt", "");
}

static void what_only_the_answer_had_is_there_until_the_mount_ends(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    api_rule(&m->w.api, 1, "POST", "appClients", 200,
             "{'appClientId': 'app-client#7', 'clientSecret': 'the secret'}");
    api_add(&m->w.api, "appClients", "{'appClientId': 'app-client#7', 'name': 'a'}");
    assert_int_equal(put(&m->w, "appClients", "a.json", "{}"), 0);
    expect_text(m, "/appClients/a/clientSecret", "the secret\n");
    remount_mount(m);
    assert_int_equal(find_node(m, "/appClients/a/clientSecret", &(struct node *){ NULL }), -ENOENT);
}

/* The API of 2021 never does; a later one might. */
static void a_secret_is_not_shown_though_the_server_gives_it_back(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    api_rule(&m->w.api, -1, "GET", "secrets*", 200,
             "{'secrets': [{'secretId': 'secret#7', 'name': 's', 'data': {'k': 'the secret'}}]}");
    expect_text(m, "/secrets/s/name", "s\n");
    expect_text(m, "/secrets/s/data.json", "");
}

static void what_would_have_to_wait_says_so(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    struct mount *m = *state;
    struct call now = { .nowait = true };
    struct node *n;

    start_there(m);
    assert_int_equal(find_node(m, "/datasets/dataset#1/name", &n), 0);
    pass(&m->w, HOUR_MS + 1);
    assert_int_equal(text_of(m->pseudo, &now, n, &text, &m->w.err), -EWOULDBLOCK);
    assert_int_equal(text.len, 0);
    node_unref(m->nodes, n);
}

/* --- Writing ---------------------------------------------------------------------------------- */

static const struct {
    const char *path, *text, *said;
} written[] = {
    /* clang-format off */
    { "/datasets/dataset#1/name", "other\n", "PATCH datasets/dataset#1 {'name':'other'}\n" },
    { "/datasets/dataset#1/name", "no newline", "PATCH datasets/dataset#1 {'name':'no newline'}\n" },
    { "/datasets/dataset#1/name", "a\r\n", "PATCH datasets/dataset#1 {'name':'a'}\n" },
    { "/datasets/dataset#1/description", "", "PATCH datasets/dataset#1 {'description':null}\n" },
    { "/datasets/dataset#1/description", "\n", "PATCH datasets/dataset#1 {'description':''}\n" },
    { "/documents/document#3/retentionInDays", "30\n",
      "PATCH documents/document#3 {'retentionInDays':30}\n" },
    { "/documents/document#3/datasetId", "dataset#2\n",
      "PATCH documents/document#3 {'datasetId':'dataset#2'}\n" },
    { "/documents/document#3/datasetId", "invoices\n",
      "GET datasets\nPATCH documents/document#3 {'datasetId':'dataset#1'}\n" },
    { "/documents/document#3/groundTruth.json", "{'total': 2}",
      "PATCH documents/document#3 {'groundTruth':[{'label':'total','value':'2'}]}\n" },
    { "/users/user#4/avatar.jpg", "hello", "PATCH users/user#4 {'avatar':'aGVsbG8='}\n" },
    { "/models/model#5/status", "training\n", "PATCH models/model#5 {'status':'training'}\n" },
    { "/secrets/s/data.json", "{'k': 'v'}", "PATCH secrets/secret#7 {'data':{'k':'v'}}\n" },
    { "/transitions/transition#8/environment.json", "{'A': 'c'}",
      "PATCH transitions/transition#8 {'environment':{'A':'c'}}\n" },
    { EXECUTION "output.json", "{'y': 2}",
      "PATCH transitions/transition#8/executions/transition-execution#9 "
      "{'output':{'y':2},'status':'succeeded'}\n" },
    { EXECUTION "error.json", "{'message': 'no'}",
      "PATCH transitions/transition#8/executions/transition-execution#9 "
      "{'error':{'message':'no'},'status':'failed'}\n" },
    { "/workflows/workflow#10/executions/workflow-execution#11/nextTransitionId",
      "las:transition:commons-failed\n",
      "PATCH workflows/workflow#10/executions/workflow-execution#11 "
      "{'nextTransitionId':'las:transition:commons-failed'}\n" },
    /* resource.json is a merge */
    { "/datasets/dataset#1/resource.json", "{'name': 'new', 'retentionInDays': 30}",
      "PATCH datasets/dataset#1 {'name':'new'}\n" },
    { "/datasets/dataset#1/resource.json", "{'name': 'invoices', 'description': null}", "" },
    { "/datasets/dataset#1/resource.json", "{}", "" },
    { "/documents/document#3/resource.json", "{'datasetId': 'invoices', 'retentionInDays': 8}",
      "GET datasets\nPATCH documents/document#3 {'datasetId':'dataset#1','retentionInDays':8}\n" },
    { "/models/model#5/dataBundles/b/resource.json", " {\n} ", /* a command there */
      "GET models/model#5/dataBundles\nPATCH models/model#5/dataBundles/model-data-bundle#6 {}\n" },
    { "/models/model#5/dataBundles/b/resource.json", "{'name': 'b'}",
      "GET models/model#5/dataBundles\n" },
    /* clang-format on */
};

static void a_text_becomes_one_patch_of_that_field(void **state)
{
    struct mount *m = *state;

    for (size_t i = 0; i < ARRAY_LEN(written); i++) {
        struct node *n;

        print_message("%s\n", written[i].path);
        start_there(m);
        assert_int_equal(find_node(m, written[i].path, &n), 0); /* what it is, is known */
        node_unref(m->nodes, n);
        cleanup_buf struct buf ignored = BUF_INIT(TEXT_BYTES);
        assert_int_equal(read_path(m, written[i].path, &ignored), 0);
        forget_said(m);
        assert_int_equal(write_path(m, written[i].path, written[i].text), 0);
        expect_said(&m->w.api, written[i].said);
        stop_mount(m);
    }
}

static const struct {
    const char *path, *text;
    int rc;
    const char *words; /* that are among what is said */
} refused[] = {
    /* clang-format off */
    { "/documents/document#3/retentionInDays", "many\n", -EINVAL, "retentionInDays" },
    { "/documents/document#3/groundTruth.json", "{'total': ", -EINVAL, "groundTruth" },
    { "/documents/document#3/datasetId", "nobody\n", -EINVAL, "there is no datasets called nobody" },
    { "/models/model#5/fieldConfig.json", "{'a': NaN}", -EINVAL, "fieldConfig" },
    { "/datasets/dataset#1/resource.json", "{'numberOfDocuments': 31}", -EINVAL,
      "numberOfDocuments cannot be changed" },
    { "/datasets/dataset#1/resource.json", "[]", -EINVAL, "JSON object" },
    { "/datasets/dataset#1/resource.json", "{'version': 7}", -EINVAL, "version" },
    /* clang-format on */
};

static void a_text_that_cannot_be_that_field_is_not_sent(void **state)
{
    struct mount *m = *state;

    start_there(m);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        print_message("%s: %s\n", refused[i].path, refused[i].text);
        assert_int_equal(write_path(m, refused[i].path, refused[i].text), refused[i].rc);
        print_message("  %s\n", m->w.err.text);
        assert_non_null(strstr(m->w.err.text, refused[i].words));
        assert_string_equal(m->told, "");
    }
    assert_null(strstr(m->w.api.said, "PATCH"));
}

static void what_the_api_refuses_is_said_in_its_words(void **state)
{
    struct mount *m = *state;

    start_there(m);
    api_rule(&m->w.api, -1, "PATCH", "*", 400, "{'message': 'no such days'}");
    assert_int_equal(write_path(m, "/documents/document#3/retentionInDays", "9999\n"), -EINVAL);
    assert_string_equal(m->w.err.text, "no such days");
    assert_int_equal(m->w.err.status, 400);
    expect_text(m, "/documents/document#3/retentionInDays", "7\n");
}

static void what_was_written_is_read_at_once(void **state)
{
    struct mount *m = *state;

    start_there(m);
    expect_text(m, "/datasets/dataset#1/name", "invoices\n");
    assert_int_equal(write_path(m, "/datasets/dataset#1/name", "new\n"), 0);
    assert_string_equal(m->told, "attr:/datasets/dataset#1 "); /* its times */
    forget_said(m);
    expect_text(m, "/datasets/dataset#1/name", "new\n");
    expect_text(m, "/datasets/new/name", "new\n");
    expect_said(&m->w.api, "GET datasets\n");
}

static void a_merge_is_with_what_is_there_now(void **state)
{
    struct mount *m = *state;

    start_there(m);
    expect_text(m, "/datasets/dataset#1/name", "invoices\n");
    pass(&m->w, 1);
    api_change(&m->w.api, "datasets/dataset#1", "{'name': 'theirs', 'description': 'theirs'}");
    forget_said(m);
    assert_int_equal(write_path(m, "/datasets/dataset#1/resource.json",
                                "{'name': 'invoices', 'description': 'theirs'}"),
                     0);
    expect_said(&m->w.api, "GET datasets/dataset#1\n"
                           "PATCH datasets/dataset#1 {'name':'invoices'}\n");
}

static void a_read_only_mount_changes_no_field(void **state)
{
    struct mount *m = *state;

    m->w.ro = true;
    start_there(m);
    assert_int_equal(write_path(m, "/datasets/dataset#1/name", "new\n"), -EROFS);
    assert_int_equal(write_path(m, "/datasets/dataset#1/resource.json", "{}"), -EROFS);
    assert_int_equal(write_path(m, EXECUTION "heartbeat", ""), -EROFS);
    assert_non_null(strstr(m->w.err.text, "mount it without ro"));
    assert_null(strstr(m->w.api.said, "PATCH"));
    assert_null(strstr(m->w.api.said, "POST"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_field_is_a_text),
        TEST(many_fields_cost_one_look_at_their_resource),
        TEST(a_log_is_looked_at_each_time),
        TEST(what_only_the_answer_had_is_there_until_the_mount_ends),
        TEST(a_secret_is_not_shown_though_the_server_gives_it_back),
        TEST(what_would_have_to_wait_says_so),
        TEST(a_text_becomes_one_patch_of_that_field),
        TEST(a_text_that_cannot_be_that_field_is_not_sent),
        TEST(what_the_api_refuses_is_said_in_its_words),
        TEST(what_was_written_is_read_at_once),
        TEST(a_merge_is_with_what_is_there_now),
        TEST(a_read_only_mount_changes_no_field),
    };

    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
