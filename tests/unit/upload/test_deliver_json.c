/* NAME.json in a collection of structured resources is the body of one. */
#include "uploads_fixture.h"

#include "deliver_json.h"
#include "drops.h"
#include "folder.h"
#include "kept.h"
#include "make.h"
#include "once.h"
#include "target.h"
#include "upload_patch.h"

#include "banned.h"

#define ASK "documents/document#5/predictions"

/* put() of a text with ' for " and TYPE#7 for ids. */
static int put_json(struct world *w, const char *key, const char *name, const char *text)
{
    cleanup_free char *whole = api_long(text);

    return put(w, key, name, whole);
}

/* --- What is made ----------------------------------------------------------------------------- */

static const struct {
    const char *folder, *name, *text, *said;
} made[] = {
    /* clang-format off */
    { "datasets", "invoices.json", "{'description': 'all of them'}",
      "POST datasets {'description':'all of them','name':'invoices'}\n" },
    { "datasets", "a.json", "{'name': 'another name'}", "POST datasets {'name':'another name'}\n" },
    { "users", "joe@example.com.json", "{'name': 'Joe'}",
      "POST users {'email':'joe@example.com','name':'Joe'}\n" },
    { "models", "m.json", "{'width': 768, 'height': 768, 'fieldConfig': {}}",
      "POST models {'fieldConfig':{},'height':768,'name':'m','width':768}\n" },
    { "models/model#5/dataBundles", "b.json", "{'datasetIds': ['dataset#7']}",
      "POST models/model#5/dataBundles {'datasetIds':['dataset#7'],'name':'b'}\n" },
    { "predictions", "p.json", "{'documentId': 'document#5', 'modelId': 'model#6'}",
      "POST predictions {'documentId':'document#5','modelId':'model#6'}\n" },
    { "workflows", "w.json", "{'definition': {'States': {}}}", /* a bare specification */
      "POST workflows {'name':'w','specification':{'definition':{'States':{}},'language':'ASL',"
      "'version':'1.0.0'}}\n" },
    { ASK, "model#6.json", "{'maxPages': 2}",
      "POST predictions {'documentId':'document#5','maxPages':2,'modelId':'model#6'}\n" },
    { ASK, "any.json", "{'modelId': 'model#8'}",
      "POST predictions {'documentId':'document#5','modelId':'model#8'}\n" },
    /* clang-format on */
};

static void a_text_is_the_body_of_what_is_made(void **state)
{
    struct world *w = *state;

    start(w);
    for (size_t i = 0; i < ARRAY_LEN(made); i++) {
        cleanup_free char *name = api_long(made[i].name);
        cleanup_drop struct drop *d = NULL;

        print_message("%s/%s\n", made[i].folder, made[i].name);
        assert_int_equal(put_json(w, made[i].folder, name, made[i].text), 0);
        expect_said(&w->api, made[i].said);
        d = find_file(w, made[i].folder, name);
        assert_non_null(d->id);
    }
    expect_lines(w, 0, "");
}

static const struct {
    const char *folder, *name, *text;
    int rc;
    const char *words;
} wrong[] = {
    /* clang-format off */
    { "datasets", "a.json", "{'description': ", -EINVAL,
      "not JSON: line 1: unexpected token near end of file" },
    { "datasets", "a.json", "{'version': 7}", -EINVAL, "version cannot be set at creation" },
    { "datasets", "a.json", "{'version': 7}", -EINVAL, "version cannot be set at creation" },
    { "datasets", "\xff.json", "{}", -EILSEQ,
      "its name is not UTF-8, as a name of the API must be" },
    { ASK, "nobody.json", "{}", -EINVAL, "there is no models called nobody" },
    /* clang-format on */
};

static void what_is_no_body_is_not_sent(void **state)
{
    struct world *w = *state;

    start(w);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        print_message("%s\n", wrong[i].words);
        assert_int_equal(put_json(w, wrong[i].folder, wrong[i].name, wrong[i].text), wrong[i].rc);
        assert_string_equal(w->err.text, wrong[i].words);
        expect_file(w, wrong[i].folder, wrong[i].name, NULL);
    }
    expect_there(&w->api, "datasets", "");
    expect_there(&w->api, "predictions", "");
}

static void a_text_that_is_too_large_is_not_sent(void **state)
{
    struct world *w = *state;
    cleanup_drop struct drop *d = NULL;
    struct bytes *b;

    start(w);
    d = write_drop(w, "datasets", "a.json", "{}", 2);
    b = drop_bytes(w->drops, d);
    assert_int_equal(ftruncate(b->fd, 40 << 20), 0);
    bytes_unref(b);
    assert_int_equal(commit(w, d), -EFBIG);
    assert_non_null(strstr(w->err.text, "write a shorter one"));
    expect_said(&w->api, "");
}

/* --- Names for ids ---------------------------------------------------------------------------- */

static const struct {
    const char *what, *model; /* in a body's place of an id */
    const char *is;           /* the id that it stands for; NULL: it is refused */
    int rc;
    const char *words;
} names[] = {
    /* clang-format off */
    { "an id", "model#3", "model#3", 0, NULL },
    { "what was made here", "mine", "model#1", 0, NULL },
    { "the file that made it", "mine.json", "model#1", 0, NULL },
    { "a name of the API's", "theirs", "model#3", 0, NULL },
    { "nothing", "nobody", NULL, -EINVAL, "there is no models called nobody" },
    { "nothing in a folder", "a/nobody", NULL, -EINVAL, "there is no models called a/nobody" },
    { "two of them", "twins", NULL, -ENOTUNIQ, NULL },
    /* clang-format on */
};

static void a_name_may_stand_for_an_id(void **state)
{
    struct world *w = *state;

    start(w);
    api_add(&w->api, "models", "{'modelId': 'model#3', 'name': 'theirs'}");
    api_add(&w->api, "models", "{'modelId': 'model#4', 'name': 'twins'}");
    api_add(&w->api, "models", "{'modelId': 'model#5', 'name': 'twins'}");
    assert_int_equal(put_json(w, "models", "mine.json", "{'width': 99, 'height': 99}"), 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cleanup_buf struct buf text = BUF_INIT(256), said = BUF_INIT(256);

        print_message("%s\n", names[i].what);
        w->api.said[0] = '\0';
        buf_addf(&text, "{'documentId': 'document#7', 'modelId': '%s'}", names[i].model);
        assert_int_equal(put_json(w, "predictions", "p.json", text.data), names[i].rc);
        if (names[i].words)
            assert_string_equal(w->err.text, names[i].words);
        if (!names[i].is)
            continue;
        buf_addf(&said, "POST predictions {'documentId':'document#7','modelId':'%s'}\n",
                 names[i].is);
        assert_non_null(strstr(w->api.said, said.data));
    }
}

static void a_document_goes_by_the_path_that_it_was_put_to(void **state)
{
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents/2026/11", "a.pdf", pdf("a")), 0);
    assert_int_equal(put_json(w, "predictions", "p.json",
                              "{'documentId': '2026/11/a.pdf', 'modelId': 'model#7'}"),
                     0);
    expect_said(&w->api, "POST documents {'contentType':'application/pdf'}\n"
                         "POST predictions {'documentId':'document#1','modelId':'model#7'}\n");
    assert_int_equal(put_json(w, "predictions", "p.json",
                              "{'documentId': '2026/12/a.pdf', 'modelId': 'model#7'}"),
                     -EINVAL);
}

/* A file that is called otherwise by now does not answer to what the API still calls it. */
static void an_old_name_of_what_was_put_here_is_nobodys(void **state)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "assets", "a.js", "one"), 0);
    d = find_file(w, "assets", "a.js");
    assert_int_equal(drops_move(w->drops, d, folder_at(w, "assets"), "b.js"), 0);
    w->api.said[0] = '\0';
    assert_int_equal(put_json(w, "transitions", "t.json",
                              "{'transitionType': 'manual', 'parameters': "
                              "{'assets': {'jsRemoteComponent': 'a.js'}}}"),
                     -EINVAL);
    assert_int_equal(put_json(w, "transitions", "t.json",
                              "{'transitionType': 'manual', 'parameters': "
                              "{'assets': {'jsRemoteComponent': 'b.js'}}}"),
                     0);
    expect_said(&w->api, "GET assets\n"
                         "POST transitions {'name':'t','parameters':{'assets':{'jsRemoteComponent':"
                         "'asset#1'}},'transitionType':'manual'}\n");
}

static void a_field_takes_names_too(void **state)
{
    const struct resource *documents = resource_get(RES_DOCUMENTS);
    struct target t = { .res = documents, .id = id_of("document", 1) };
    const struct field *field = resource_field(documents, "datasetId");
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put_json(w, "datasets", "invoices.json", "{}"), 0);
    w->api.said[0] = '\0';
    assert_int_equal(upload_field(w->uploads, &w->call, &t, field, "invoices\n", 9, &w->err), 0);
    assert_int_equal(upload_field(w->uploads, &w->call, &t, field, "nobody\n", 7, &w->err),
                     -EINVAL);
    expect_said(&w->api, "PATCH documents/document#1 {'datasetId':'dataset#2'}\n"
                         "GET datasets\n");
}

/* --- Written again ---------------------------------------------------------------------------- */

static void put_dataset(struct world *w, const char *text)
{
    assert_int_equal(put_json(w, "datasets", "a.json", text), 0);
    pass(w, 1);
}

static void writing_it_again_is_a_patch_of_what_differs(void **state)
{
    struct world *w = *state;

    start(w);
    put_dataset(w, "{'description': 'one', 'retentionInDays': 5}");
    put_dataset(w, "{'description': 'two', 'retentionInDays': 5}");
    expect_said(&w->api, "POST datasets {'description':'one','name':'a','retentionInDays':5}\n"
                         "GET datasets/dataset#1\n"
                         "PATCH datasets/dataset#1 {'description':'two'}\n");
    expect_file(w, "datasets", "a.json", "dataset#1");
    put_dataset(w, "{\n  'retentionInDays': 5,\n  'description': 'two'\n}");
    expect_said(&w->api, "GET datasets/dataset#1\n");
    api_change(&w->api, "datasets/dataset#1", "{'description': 'theirs'}");
    put_dataset(w, "{ 'description': 'two' }");
    expect_said(&w->api, "GET datasets/dataset#1\n"
                         "PATCH datasets/dataset#1 {'description':'two'}\n");
}

static void what_cannot_be_changed_is_refused_by_name(void **state)
{
    struct world *w = *state;

    start(w);
    put_dataset(w, "{'retentionInDays': 5}");
    assert_int_equal(put_json(w, "datasets", "a.json", "{'numberOfDocuments': 6}"), -EINVAL);
    assert_string_equal(w->err.text, "numberOfDocuments cannot be changed");
    expect_file(w, "datasets", "a.json", "dataset#1");
    expect_failed(w, "datasets", "a.json", "{\"numberOfDocuments\": 6}", w->err.text);
}

static void what_was_deleted_elsewhere_is_made_anew(void **state)
{
    struct world *w = *state;

    start(w);
    put_dataset(w, "{}");
    api_change(&w->api, "datasets/dataset#1", NULL);
    put_dataset(w, "{'description': 'two'}");
    expect_said(&w->api, "POST datasets {'name':'a'}\n"
                         "GET datasets/dataset#1\n"
                         "POST datasets {'description':'two','name':'a'}\n");
    expect_file(w, "datasets", "a.json", "dataset#2");
}

static void what_has_no_patch_is_made_anew(void **state)
{
    static const char text[] = "{'documentId': 'document#5', 'modelId': 'model#6'}";
    cleanup_free char *old = NULL, *new = NULL;
    struct world *w = *state;

    start(w);
    assert_int_equal(put_json(w, "predictions", "p.json", text), 0);
    assert_int_equal(
        put_json(w, "predictions", "p.json", "{'documentId': 'document#5', 'modelId': 'model#7'}"),
        0);
    expect_there(&w->api, "predictions", "prediction#1 prediction#2 ");
    expect_file(w, "predictions", "p.json", "prediction#2");
    /* the text of the old one is nobody's any more */
    assert_int_equal(kept_get(w->remote, KEPT_BODY, id_of("prediction", 1), &old), -ENOENT);
    assert_int_equal(kept_get(w->remote, KEPT_BODY, id_of("prediction", 2), &new), 0);
}

static void the_same_question_is_asked_again(void **state)
{
    cleanup_free char *name = api_long("model#6.json");
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, ASK, name, "{}"), 0);
    assert_int_equal(put(w, ASK, name, "{}"), 0);
    expect_said(&w->api, "POST predictions {'documentId':'document#5','modelId':'model#6'}\n"
                         "POST predictions {'documentId':'document#5','modelId':'model#6'}\n");
}

/* --- What is kept ----------------------------------------------------------------------------- */

static void its_text_is_kept_or_the_answer_to_who_asked(void **state)
{
    cleanup_free char *name = api_long("model#6.json"), *body = NULL, *answer = NULL, *whole = NULL;
    struct world *w = *state;

    start(w);
    assert_int_equal(put(w, "datasets", "a.json", "{ }"), 0);
    assert_int_equal(kept_get(w->remote, KEPT_BODY, id_of("dataset", 1), &body), 0);
    assert_string_equal(body, "{ }");
    assert_int_equal(put(w, ASK, name, "{}"), 0);
    assert_int_equal(kept_get(w->remote, KEPT_BODY, id_of("prediction", 2), &answer), 0);
    assert_non_null(strstr(answer, "\"predictionId\": \"las:prediction:"));
    /* the API has no way to ask for it again */
    assert_int_equal(kept_get(w->remote, KEPT_ANSWER, id_of("prediction", 2), &whole), 0);
    assert_non_null(strstr(whole, "las:prediction:"));
}

static void nothing_of_a_secret_is_kept(void **state)
{
    cleanup_free char *body = NULL;
    struct world *w = *state;

    start(w);
    assert_int_equal(put_json(w, "secrets", "s.json", "{'data': {'password': 'the secret'}}"), 0);
    expect_said(&w->api, "POST secrets {'data':{'password':'the secret'},'name':'s'}\n");
    expect_file(w, "secrets", "s.json", "secret#1");
    assert_int_equal(kept_get(w->remote, KEPT_BODY, id_of("secret", 1), &body), -ENOENT);
    api_rule(&w->api, -1, "PATCH", "*", 400, "{'message': 'bad password: another secret'}");
    assert_int_equal(put_json(w, "secrets", "s.json", "{'data': {'password': 'another secret'}}"),
                     -EINVAL);
    assert_null(strstr(w->err.text, "another secret"));
    expect_failed(w, "secrets", "s.json", NULL, NULL);
}

/* --- make.h ----------------------------------------------------------------------------------- */

/* POST of {} from a folder. */
static int make(struct world *w, const char *key, struct record **out)
{
    struct folder *f = folder_at(w, key);
    struct body *body = NULL;
    int rc;

    w->err = (struct failure){ .text = "" };
    assert_int_equal(body_new(f->res, BODY_POST, &body), 0);
    rc = make_resource(w->uploads, &w->call, f, body, out, &w->err);
    body_free(body);
    return rc;
}

static void that_nothing_waits_to_be_claimed_is_no_failure(void **state)
{
    static const char key[] = "transitions/transition#5/executions";
    static const struct {
        int status;
        const char *body;
    } nothing[] = { { 204, NULL }, { 200, "{}" }, { 404, "{'message': 'none'}" } };
    struct record *r = NULL;
    struct world *w = *state;

    start(w);
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
        api_rule(&w->api, 1, "POST", "transitions/*/executions", nothing[i].status,
                 nothing[i].body);
        assert_int_equal(make(w, key, &r), -EAGAIN);
        assert_string_equal(w->err.text, "");
        assert_null(r);
    }
    assert_int_equal(make(w, key, &r), 0);
    assert_non_null(r);
    record_unref(r);
}

static void what_only_the_answer_has_is_kept_aside(void **state)
{
    const struct field *secret = resource_field(resource_get(RES_APP_CLIENTS), "clientSecret");
    cleanup_buf struct buf text = BUF_INIT(4096), once = BUF_INIT(4096);
    cleanup_record struct record *r = NULL;
    struct world *w = *state;

    start(w);
    api_rule(&w->api, 1, "POST", "appClients", 200,
             "{'appClientId': 'app-client#7', 'clientSecret': 'the secret'}");
    assert_int_equal(make(w, "appClients", &r), 0);
    assert_int_equal(record_json(r, false, &text), 0);
    assert_null(strstr(text.data, "the secret"));
    assert_int_equal(once_text(w->remote, id_of("app-client", 7), secret, &once), 0);
    assert_string_equal(once.data, "the secret\n");
}

/* --- Renamed ---------------------------------------------------------------------------------- */

static const struct {
    const char *folder, *from, *to;
    const char *said;
} renamed[] = {
    /* clang-format off */
    { "datasets", "a.json", "b.json", "PATCH datasets/dataset#1 {'name':'b'}\n" },
    { "datasets", "other.json", "b.json", "" }, /* it was never called after its file */
    { "datasets", "a.json", "b", "" },
    { "predictions", "a.json", "b.json", "" },
    /* clang-format on */
};

static void the_apis_name_follows_the_files_where_it_came_from_it(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(renamed); i++) {
        struct target t;

        print_message("%s to %s\n", renamed[i].from, renamed[i].to);
        start(w);
        assert_int_equal(put_json(w, "datasets", "a.json", "{}"), 0);
        t.res = folder_at(w, renamed[i].folder)->res;
        t.parent = NULL;
        t.id = id_of(t.res->id_type, 1);
        w->api.said[0] = '\0';
        assert_int_equal(
            deliver_json_renamed(w->uploads, &w->call, &t, renamed[i].from, renamed[i].to, &w->err),
            0);
        expect_said(&w->api, renamed[i].said);
        stop(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_is_the_body_of_what_is_made),
        TEST(what_is_no_body_is_not_sent),
        TEST(a_text_that_is_too_large_is_not_sent),
        TEST(a_name_may_stand_for_an_id),
        TEST(a_document_goes_by_the_path_that_it_was_put_to),
        TEST(an_old_name_of_what_was_put_here_is_nobodys),
        TEST(a_field_takes_names_too),
        TEST(writing_it_again_is_a_patch_of_what_differs),
        TEST(what_cannot_be_changed_is_refused_by_name),
        TEST(what_was_deleted_elsewhere_is_made_anew),
        TEST(what_has_no_patch_is_made_anew),
        TEST(the_same_question_is_asked_again),
        TEST(its_text_is_kept_or_the_answer_to_who_asked),
        TEST(nothing_of_a_secret_is_kept),
        TEST(that_nothing_waits_to_be_claimed_is_no_failure),
        TEST(what_only_the_answer_has_is_kept_aside),
        TEST(the_apis_name_follows_the_files_where_it_came_from_it),
    };

    return cmocka_run_group_tests_name("deliver_json", tests, NULL, NULL);
}
