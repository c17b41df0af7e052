/* What stat(2) says of each kind of file, and for how long the kernel may believe it. */
#include "dirs_fixture.h"

#include "banned.h"

#define MADE_NS INT64_C(1577836800000000000)    /* 2020-01-01 */
#define CHANGED_NS INT64_C(1580515200000000000) /* 2020-02-01 */
#define NOW_S 1700003600                        /* as the fixture's clock begins */
#define EXECUTION "/transitions/transition#8/executions/transition-execution#9/"

static const char *const there[][2] = {
    /* clang-format off */
    { "datasets", "{'datasetId': 'dataset#1', 'name': 'invoices', 'description': 'twelve chars',"
                  " 'createdTime': '2020-01-01T00:00:00Z', 'updatedTime': '2020-02-01T00:00:00Z'}" },
    { "documents", "{'documentId': 'document#3', 'contentType': 'image/png',"
                   " 'content': 'aGVsbG8=', 'createdTime': '2020-01-01T00:00:00Z'}" },
    { "secrets", "{'secretId': 'secret#7', 'name': 's'}" },
    { "transitions", "{'transitionId': 'transition#8'}" },
    { "transitions/transition#8/executions",
      "{'executionId': 'transition-execution#9', 'transitionId': 'transition#8',"
      " 'status': 'running', 'input': {}}" },
    /* clang-format on */
};

static void start_there(struct shown *s)
{
    start_shown(s);
    for (size_t i = 0; i < ARRAY_LEN(there); i++)
        api_add(&s->m.w.api, there[i][0], there[i][1]);
}

static int64_t ns_of(const struct timespec *ts)
{
    return ts->tv_sec * INT64_C(1000000000) + ts->tv_nsec;
}

/* --- Each kind -------------------------------------------------------------------------------- */

static const struct {
    const char *path;
    mode_t mode;
    int64_t size, changed_ns;
} kinds[] = {
    /* clang-format off */
    { "/",                              S_IFDIR | 0777,  0, STARTED_NS },
    { "/documents",                     S_IFDIR | 0777,  0, STARTED_NS },
    { "/datasets/invoices",             S_IFDIR | 0777,  0, CHANGED_NS },
    { "/datasets/invoices/description", S_IFREG | 0666, 13, CHANGED_NS },
    { "/datasets/invoices/datasetId",   S_IFREG | 0444, 45, CHANGED_NS },
    { "/datasets/.by-id/dataset#1",     S_IFLNK | 0777, 47, CHANGED_NS },
    { "/datasets/.list.jsonl",          S_IFREG | 0444,  0, STARTED_NS },
    { "/documents/document#3/content",  S_IFREG | 0444,  5, MADE_NS },
    { "/documents/document#3/content.png", S_IFLNK | 0777, 7, MADE_NS },
    { "/secrets/s/data.json",           S_IFREG | 0200, 0, 0 },
    { EXECUTION "output.json",          S_IFREG | 0222,  0, 0 },
    { EXECUTION "heartbeat",            S_IFREG | 0222,  0, 0 },
    { "/.lasfs/status",                 S_IFREG | 0444,  0, STARTED_NS },
    { "/.lasfs/control",                S_IFREG | 0222,  0, STARTED_NS },
    { "/.lasfs/errors",                 S_IFREG | 0444,  0, STARTED_NS },
    { "/documents/.sha256sums",         S_IFREG | 0444,  0, STARTED_NS },
    /* clang-format on */
};

static void each_kind_has_its_mode_size_and_time(void **state)
{
    struct shown *s = *state;

    start_there(s);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct stat st;

        print_message("%s\n", kinds[i].path);
        st = stat_of(s, kinds[i].path);
        assert_int_equal(st.st_mode, kinds[i].mode);
        assert_int_equal(st.st_size, kinds[i].size);
        assert_int_equal(st.st_blocks, (kinds[i].size + 511) / 512 * (S_ISLNK(st.st_mode) ? 0 : 1));
        assert_int_equal(st.st_uid, OUR_UID);
        assert_int_equal(st.st_gid, OUR_GID);
        assert_int_equal(st.st_nlink, 1);
        if (kinds[i].changed_ns)
            assert_int_equal(ns_of(&st.st_mtim), kinds[i].changed_ns);
        if (kinds[i].changed_ns == CHANGED_NS)
            assert_int_equal(ns_of(&st.st_ctim), MADE_NS);
    }
}

static void umask_takes_from_what_was_not_put_here(void **state)
{
    struct shown *s = *state;

    s->umask = 077;
    start_there(s);
    assert_int_equal(stat_of(s, "/documents").st_mode, S_IFDIR | 0700);
    assert_int_equal(stat_of(s, "/datasets/invoices/description").st_mode, S_IFREG | 0600);
    assert_int_equal(stat_of(s, "/documents/document#3/content").st_mode, S_IFREG | 0400);
}

/* With default_permissions the kernel goes by the mode: who opens it all the same finds it empty. */
static void with_allow_other_what_is_not_given_back_may_be_opened(void **state)
{
    struct shown *s = *state;

    s->allow_other = true;
    start_there(s);
    assert_int_equal(stat_of(s, EXECUTION "output.json").st_mode, S_IFREG | 0622);
    assert_int_equal(stat_of(s, "/secrets/s/data.json").st_mode, S_IFREG | 0600);
}

static void the_same_path_has_the_same_number_after_a_remount(void **state)
{
    struct shown *s = *state;
    ino_t one, other, document;

    start_there(s);
    one = stat_of(s, "/datasets/invoices").st_ino;
    other = stat_of(s, "/datasets").st_ino;
    document = stat_of(s, "/documents/document#3").st_ino;
    assert_true(one != other && one != document && one);
    remount_shown(s);
    assert_int_equal(stat_of(s, "/documents/document#3").st_ino, document);
    assert_int_equal(stat_of(s, "/datasets/invoices").st_ino, one);
}

/* --- What was put here ------------------------------------------------------------------------ */

static void a_dropped_file_is_as_it_was_put(void **state)
{
    struct shown *s = *state;
    struct world *w = &s->m.w;
    cleanup_drop struct drop *d = NULL;
    struct stat st;

    s->umask = 077; /* says nothing of it */
    start_shown(s);
    d = write_drop(w, "documents", "a.pdf", pdf("a"), strlen(pdf("a")));
    drops_lock(w->drops);
    d->mode = 0640;
    d->mtime_ns = CHANGED_NS + 7;
    drops_unlock(w->drops);
    for (int sent = 0; sent < 2; sent++) {
        st = stat_of(s, "/documents/a.pdf");
        assert_int_equal(st.st_mode, S_IFREG | 0640);
        assert_int_equal(st.st_size, strlen(pdf("a")));
        assert_int_equal(ns_of(&st.st_mtim), CHANGED_NS + 7);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(commit(w, d), 0);
    }
}

/* Who has it open is told that it was removed. */
static void a_removed_file_has_no_links(void **state)
{
    struct shown *s = *state;
    struct world *w = &s->m.w;
    struct stat st;
    struct node *n;
    int64_t ttl_ms;

    start_shown(s);
    assert_int_equal(put(w, "documents", "a.pdf~", "text"), 0);
    assert_int_equal(find_node(&s->m, "/documents/a.pdf~", &n), 0);
    assert_int_equal(drops_remove(w->drops, n->drop, false), 0);
    assert_int_equal(attr_of(s->dirs, &w->call, n, &st, &ttl_ms, &w->err), 0);
    assert_int_equal(st.st_nlink, 0);
    node_unref(s->m.nodes, n);
}

static void a_secret_can_be_written_by_its_owner_alone(void **state)
{
    static const mode_t modes[] = { 0200, 0600 };

    for (int other = 0; other < 2; other++) {
        struct shown *s = *state;

        s->allow_other = other;
        start_shown(s);
        assert_int_equal(put(&s->m.w, "secrets", "s.json", "{\"data\": {\"k\": \"v\"}}"), 0);
        assert_int_equal(stat_of(s, "/secrets/s.json").st_mode & 07777, modes[other]);
        if (!other) {
            dirs_free(s->dirs);
            stop_mount(&s->m);
        }
    }
}

/* An asset that others have changed is as long as its content is now. */
static void what_others_changed_is_as_long_as_it_is_now(void **state)
{
    struct shown *s = *state;
    struct stat st;
    struct node *n;
    int64_t ttl_ms;

    start_shown(s);
    assert_int_equal(put(&s->m.w, "assets", "a.js", "twelve chars"), 0);
    assert_int_equal(find_node(&s->m, "/assets/a.js", &n), 0);
    assert_int_equal(attr_of(s->dirs, &s->m.w.call, n, &st, &ttl_ms, &s->m.w.err), 0);
    assert_int_equal(st.st_size, 12);
    api_change(&s->m.w.api, "assets/asset#1", "{'content': 'aGVsbG8='}");
    pass(&s->m.w, HOUR_MS + 1);
    assert_int_equal(attr_of(s->dirs, &s->m.w.call, n, &st, &ttl_ms, &s->m.w.err), 0);
    assert_int_equal(st.st_size, 5);
    api_rule(&s->m.w.api, -1, "GET", "*", 403, "{'message': 'not yours'}");
    pass(&s->m.w, HOUR_MS + 1);
    assert_int_equal(attr_of(s->dirs, &s->m.w.call, n, &st, &ttl_ms, &s->m.w.err), 0);
    assert_int_equal(st.st_size, 12); /* what was sent has to do */
    node_unref(s->m.nodes, n);
}

static void a_note_is_as_old_as_the_failure(void **state)
{
    struct shown *s = *state;
    struct stat st;

    start_shown(s);
    pass(&s->m.w, 5000);
    assert_int_equal(put(&s->m.w, "documents", "a.txt", "no document"), -EINVAL);
    pass(&s->m.w, 5000);
    st = stat_of(s, "/documents/a.txt.error.txt");
    assert_int_equal(st.st_mode, S_IFREG | 0444);
    assert_true(st.st_size > 0);
    assert_int_equal(ns_of(&st.st_mtim), (NOW_S + 5) * INT64_C(1000000000));
    assert_int_equal(stat_of(s, "/.lasfs/failed/1-a.txt").st_mode, S_IFREG | 0444);
    assert_int_equal(stat_of(s, "/.lasfs/failed/1-a.txt").st_size, strlen("no document"));
}

/* A folder is as new as what was put into it last. */
static void a_folder_is_as_new_as_the_last_change_in_it(void **state)
{
    struct shown *s = *state;

    start_shown(s);
    assert_int_equal(stat_of(s, "/documents").st_mtim.tv_sec, STARTED_NS / 1000000000);
    pass(&s->m.w, 3000);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(stat_of(s, "/documents").st_mtim.tv_sec, NOW_S + 3);
}

static void the_page_of_errors_grows_and_is_never_believed(void **state)
{
    struct shown *s = *state;
    struct stat st;
    int64_t ttl_ms;

    start_shown(s);
    errlog_add(s->m.w.errlog, "close", "/documents/c.txt", -EINVAL, NULL);
    assert_int_equal(stat_path(s, "/.lasfs/errors", &st, &ttl_ms), 0);
    assert_int_equal(ttl_ms, 0);
    assert_true(st.st_size > 0);
    assert_int_equal(st.st_size, errlog_size(s->m.w.errlog));
    assert_int_equal(st.st_mtim.tv_sec, NOW_S);
    assert_int_equal(stat_path(s, "/documents", &st, &ttl_ms), 0);
    assert_int_equal(ttl_ms, TTL_DYNAMIC_MS);
}

/* --- What it costs ---------------------------------------------------------------------------- */

/* A look-up asks for no content: the kernel asks for its size when somebody wants to know. */
static void a_look_up_does_not_fetch_a_content(void **state)
{
    struct shown *s = *state;
    struct stat st;
    struct node *n;
    int64_t ttl_ms;

    start_there(s);
    expect_list(s, "/documents", "00000000 ");
    assert_int_equal(find_node(&s->m, "/documents/document#3/content", &n), 0);
    forget_said(&s->m);
    assert_int_equal(attr_for_lookup(s->dirs, &s->m.w.call, n, &st, &ttl_ms, &s->m.w.err), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(ttl_ms, 0);
    expect_said(&s->m.w.api, "");
    node_unref(s->m.nodes, n);
}

static void an_entry_of_a_listing_asks_nothing(void **state)
{
    struct shown *s = *state;
    struct stat st;
    struct node *n;
    int64_t ttl_ms;

    start_there(s);
    assert_int_equal(find_node(&s->m, "/documents/document#3/content", &n), 0);
    forget_said(&s->m);
    pass(&s->m.w, HOUR_MS + 1);
    assert_int_equal(attr_of_entry(s->dirs, n, NULL, NULL, &st, &ttl_ms), -EWOULDBLOCK);
    expect_said(&s->m.w.api, "");
    node_unref(s->m.nodes, n);
}

static void what_has_gone_is_not_there(void **state)
{
    struct shown *s = *state;
    struct stat st;
    struct node *n;
    int64_t ttl_ms;

    start_there(s);
    assert_int_equal(find_node(&s->m, "/datasets/dataset#1/description", &n), 0);
    api_change(&s->m.w.api, "datasets/dataset#1", NULL);
    pass(&s->m.w, HOUR_MS + 1);
    assert_int_equal(attr_of(s->dirs, &s->m.w.call, n, &st, &ttl_ms, &s->m.w.err), -ENOENT);
    node_unref(s->m.nodes, n);
}

/* --- For how long a name may be believed ------------------------------------------------------- */

static const struct {
    const char *path, *name;
    int64_t ttl_ms;
} names[] = {
    { "/datasets", "datasets", TTL_STATIC_MS },
    { "/datasets/dataset#1", "dataset#1", 500 },
    { "/datasets/invoices", "invoices", 0 }, /* another one may be called so in a moment */
    { "/datasets/dataset#1", "00000000", 500 },
    { "/datasets/.by-id/dataset#1", "dataset#1", 500 },
    { "/datasets/.by-name/invoices", "invoices", 0 },
    { "/datasets/dataset#1/name", "name", 500 },
    { "/documents/a.pdf", "a.pdf", 0 },
    { "/documents/a.txt.error.txt", "a.txt.error.txt", 0 },
    { "/assets/asset#2", "asset#2", 0 }, /* renamed, it gives its file that name */
};

static void only_an_id_is_believed(void **state)
{
    struct shown *s = *state;

    start_there(s);
    assert_int_equal(put(&s->m.w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(&s->m.w, "assets", "a.js", "text"), 0);
    assert_int_equal(put(&s->m.w, "documents", "a.txt", "no document"), -EINVAL);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cleanup_free char *name = api_long(names[i].name);
        struct node *n;

        print_message("%s\n", names[i].path);
        assert_int_equal(find_node(&s->m, names[i].path, &n), 0);
        assert_int_equal(attr_name_ttl(n, name, 500), names[i].ttl_ms);
        node_unref(s->m.nodes, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_kind_has_its_mode_size_and_time),
        TEST(umask_takes_from_what_was_not_put_here),
        TEST(with_allow_other_what_is_not_given_back_may_be_opened),
        TEST(the_same_path_has_the_same_number_after_a_remount),
        TEST(a_dropped_file_is_as_it_was_put),
        TEST(a_removed_file_has_no_links),
        TEST(a_secret_can_be_written_by_its_owner_alone),
        TEST(what_others_changed_is_as_long_as_it_is_now),
        TEST(a_note_is_as_old_as_the_failure),
        TEST(a_folder_is_as_new_as_the_last_change_in_it),
        TEST(the_page_of_errors_grows_and_is_never_believed),
        TEST(a_look_up_does_not_fetch_a_content),
        TEST(an_entry_of_a_listing_asks_nothing),
        TEST(what_has_gone_is_not_there),
        TEST(only_an_id_is_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
