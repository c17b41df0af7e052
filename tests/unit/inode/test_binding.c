/* From a node to its resource, its folder, and where a link leads. */
#include "binding.h"

#include "drop_folders.h"
#include "inode_fixture.h"
#include "links.h"

#include "banned.h"

#define MODEL "las:model:" ONE
#define DOC "las:document:" ONE
#define DATASET "las:dataset:" ONE
#define BUNDLE "las:model-data-bundle:" ONE

static int begin(void **state)
{
    int rc = tree_setup(state);
    struct fixture *x = *state;

    answer(x, "GET /models", "{\"models\": [" A_MODEL(ONE, "plain", "") "]}");
    answer(x, "GET /models/" MODEL, A_MODEL(ONE, "plain", ""));
    answer(x, "GET /models/" MODEL "/dataBundles",
           "{\"dataBundles\": [" A_RESOURCE("dataBundleId", BUNDLE, "bundle",
                                            ", \"status\": \"ready\"") "]}");
    answer(x, "GET /documents",
           "{\"documents\": [" A_DOCUMENT(ONE, "a", ", \"datasetId\": \"" DATASET "\"") "]}");
    answer(x, "GET /documents/" DOC, A_DOCUMENT(ONE, "a", ", \"datasetId\": \"" DATASET "\""));
    answer(x, "GET /datasets/" DATASET, A_RESOURCE("datasetId", DATASET, "set", ""));
    put(*state, "documents", "2026", DROP_SUBFOLDER, NULL);
    put(*state, "documents/2026", "nov", DROP_SUBFOLDER, NULL);
    put(*state, "documents/2026/nov", "scan.pdf", DROP_FILE, DOC);
    return rc;
}

#undef A_TREE_TEST
#define A_TREE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, tree_teardown)

/* "COLLECTION ID" with "PARENT/" before it, or the name of an errno. */
static const char *of(int rc, const struct target_ids *b)
{
    static char text[512];

    if (rc < 0)
        return strerrorname_np(-rc);
    assert_ptr_equal(b->target.id, b->id);
    snprintf(text, sizeof(text), "%s%s%s %s", b->target.parent ? b->target.parent : "",
             b->target.parent ? "/" : "", b->target.res->name, b->id);
    return text;
}

static void what_a_node_is_of(void **state)
{
    static const struct path_case cases[] = {
        { "/models/plain", "models " MODEL },
        { "/models/plain/name", "models " MODEL },
        { "/models/plain/resource.json", "models " MODEL },
        { "/models/plain/dataBundles", "models " MODEL },
        { "/models/plain/dataBundles/bundle", MODEL "/dataBundles " BUNDLE },
        { "/models/plain/dataBundles/bundle/status", MODEL "/dataBundles " BUNDLE },
        { "/datasets/" DATASET "/documents/" DOC "/content", "documents " DOC },
        { "/models", "EINVAL" },
        { "/README", "EINVAL" },
        { "/", "EINVAL" },
        { "/.lasfs/status", "EINVAL" },
    };
    struct tree *t = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct node *n = walk(t, cases[i].path);
        struct target_ids b;
        int rc = bind_resource(t->inodes, n, &b);

        print_message("%s\n", cases[i].path);
        assert_string_equal(of(rc, &b), cases[i].is);
        node_unref(t->nodes, n);
    }
}

static void what_an_id_in_a_folder_is_of(void **state)
{
    static const struct {
        const char *path, *id, *is;
    } cases[] = {
        { "/models", MODEL, "models " MODEL },
        { "/models/plain/dataBundles", BUNDLE, MODEL "/dataBundles " BUNDLE },
        { "/documents/2026/nov", DOC, "documents " DOC },
        { "/datasets/" DATASET "/documents", DOC, "documents " DOC },
        { "/models", NULL, "EINVAL" },
    };
    struct tree *t = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct node *n = walk(t, cases[i].path);
        struct target_ids b;
        int rc = bind_entry(t->inodes, n, cases[i].id, &b);

        print_message("%s\n", cases[i].path);
        assert_string_equal(of(rc, &b), cases[i].is);
        node_unref(t->nodes, n);
    }
}

static const char *folder_at(struct tree *t, struct call *call, const char *path, bool create)
{
    static char text[512];
    struct node *n = walk(t, path);
    struct folder *f = NULL;
    int rc = bind_folder(t->inodes, call, n, create, &f);

    node_unref(t->nodes, n);
    snprintf(text, sizeof(text), "%s", rc < 0 ? strerrorname_np(-rc) : f->key);
    return text;
}

static void all_spellings_of_a_folder_are_one(void **state)
{
    static const struct path_case cases[] = {
        { "/models", "models" },
        { "/documents/2026/nov", "documents/2026/nov" },
        { "/models/plain/dataBundles", "models/" MODEL "/dataBundles" },
        { "/models/" MODEL "/dataBundles", "models/" MODEL "/dataBundles" },
        { "/models/11111111/dataBundles", "models/" MODEL "/dataBundles" },
        { "/models/plain", "models/" MODEL },
        { "/models/plain/dataBundles/bundle", "models/" MODEL "/dataBundles/" BUNDLE },
        { "/datasets/" DATASET "/documents/" DOC, "documents/" DOC },
        { "/consents/las:consent:" ONE "/documents", "consents/las:consent:" ONE "/documents" },
        { "/", "ENOTDIR" },
        { "/README", "ENOTDIR" },
        { "/consents/las:consent:" ONE, "ENOTDIR" },
        { "/models/plain/name", "ENOTDIR" },
        { "/models/.by-name", "ENOTDIR" },
    };
    struct tree *t = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].path);
        assert_string_equal(folder_at(t, &t->api.call, cases[i].path, true), cases[i].is);
    }
}

static void no_folder_is_made_only_to_look(void **state)
{
    struct tree *t = *state;
    struct call now = { .nowait = true };
    bool loaded;

    assert_string_equal(folder_at(t, &t->api.call, "/models/plain", false), "ENOENT");
    assert_false(drops_has_folder(t->drops, "models/" MODEL, &loaded));
    assert_string_equal(folder_at(t, &now, "/models/plain", true), "EAGAIN");
    put_row(t->api.state, "models/" MODEL, ".name.swp", NULL); /* of an earlier mount */
    assert_string_equal(folder_at(t, &t->api.call, "/models/plain", false), "models/" MODEL);
    assert_string_equal(folder_at(t, &now, "/models/plain", false), "models/" MODEL);
}

static void where_links_lead(void **state)
{
    static const struct {
        const char *path, *target, *of;
    } cases[] = {
        { "/models/.by-name/plain", "../" MODEL, "models " MODEL },
        { "/models/.by-id/" MODEL, "../" MODEL, "models " MODEL },
        { "/documents/.by-datasetId/" DATASET "/" DOC, "../../" DOC, "documents " DOC },
        { "/documents/2026/nov/.by-name/scan.pdf", "../../../" DOC, "documents " DOC },
        { "/models/plain/dataBundles/.by-status/ready/" BUNDLE, "../../" BUNDLE,
          MODEL "/dataBundles " BUNDLE },
    };
    struct tree *t = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct node *n = walk(t, cases[i].path);
        char target[FS_LINK_MAX];
        struct target_ids b;
        int rc;

        print_message("%s\n", cases[i].path);
        assert_int_equal(link_target(t->inodes, n, target), 0);
        assert_string_equal(target, cases[i].target);
        rc = link_bind(t->inodes, n, &b);
        assert_string_equal(of(rc, &b), cases[i].of);
        node_unref(t->nodes, n);
    }
}

static void a_link_can_lead_too_far(void **state)
{
    struct tree *t = *state;
    struct node *n = walk(t, "/documents");
    struct place subfolder = { .kind = NODE_SUBFOLDER, .res = resource_get(RES_DOCUMENTS) };
    struct place link = { .kind = NODE_LINK, .res = resource_get(RES_DOCUMENTS) };
    char target[FS_LINK_MAX];
    struct node *next;

    for (int depth = 0; depth < 100; depth++) {
        assert_int_equal(node_make(t->nodes, n, "d", &subfolder, NULL, NULL, 0, &next), 0);
        node_unref(t->nodes, n);
        n = next;
    }
    assert_int_equal(node_make(t->nodes, n, "l", &link, DOC, NULL, 0, &next), 0);
    assert_int_equal(link_target(t->inodes, next, target), -ENAMETOOLONG);
    node_unref(t->nodes, next);
    node_unref(t->nodes, n);
}

static void what_a_link_is_in(void **state)
{
    static const struct path_case cases[] = {
        { "/documents/2026/.by-name", "documents/2026" },
        { "/models/.by-id", "models" },
        { "/documents/.by-datasetId/" DATASET, "documents" },
        { "/models", "models" },
        { "/.lasfs", "ENOENT" },
    };
    struct tree *t = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct node *n = walk(t, cases[i].path);
        struct folder *f = NULL;
        int rc = link_folder(t->inodes, &t->api.call, n, &f);

        print_message("%s\n", cases[i].path);
        assert_string_equal(rc < 0 ? strerrorname_np(-rc) : f->key, cases[i].is);
        node_unref(t->nodes, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TREE_TEST(what_a_node_is_of),
        A_TREE_TEST(what_an_id_in_a_folder_is_of),
        A_TREE_TEST(all_spellings_of_a_folder_are_one),
        A_TREE_TEST(no_folder_is_made_only_to_look),
        A_TREE_TEST(where_links_lead),
        A_TREE_TEST(a_link_can_lead_too_far),
        A_TREE_TEST(what_a_link_is_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
