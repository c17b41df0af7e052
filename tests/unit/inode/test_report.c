/* What users read when something is refused: the path in the line, and what to do instead. */
#include "report.h"

#include "inode_fixture.h"
#include "refuse_made.h"

#include "banned.h"

#define MODEL "las:model:" ONE
#define DOC "las:document:" ONE
#define DATASET "las:dataset:" ONE
#define EXECUTION "las:transition-execution:" ONE
#define TRANSITION "las:transition:" ONE

static int begin(void **state)
{
    int rc = tree_setup(state);
    struct fixture *x = *state;

    answer(x, "GET /models/" MODEL, A_MODEL(ONE, "m", ""));
    answer(x, "GET /models", "{\"models\": [" A_MODEL(ONE, "m", "") "]}");
    answer(x, "GET /documents/" DOC, A_DOCUMENT(ONE, "a", ""));
    answer(x, "GET /datasets/" DATASET, A_RESOURCE("datasetId", DATASET, "set", ""));
    answer(x, "GET /transitions/" TRANSITION, A_RESOURCE("transitionId", TRANSITION, "t", ""));
    put(*state, "documents", "2026", DROP_SUBFOLDER, NULL);
    return rc;
}

#undef A_TREE_TEST
#define A_TREE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, tree_teardown)

/* --- Lines ------------------------------------------------------------------------------------ */

/* Is it the only line, behind its time? */
static void expect_line(struct tree *t, const char *line)
{
    char page[1024] = "";
    const char *text;

    assert_int_equal(errlog_read(t->api.errlog, 0, page, sizeof(page) - 1),
                     errlog_size(t->api.errlog));
    text = strchr(page, ' ');
    assert_non_null(text);
    assert_string_equal(text + 1, line);
}

static void a_line_names_the_path(void **state)
{
    struct tree *t = *state;
    struct node *m = walk(t, "/models/m");
    struct failure err = { .status = 400, .text = "the API's words" };

    report_failure(t->inodes, "write", m->ino, "name", -EINVAL, &err);
    expect_line(t, "write /models/m/name: Invalid argument (HTTP 400): the API's words\n");
    node_unref(t->nodes, m);
}

static void a_line_may_be_of_the_directory_itself(void **state)
{
    struct tree *t = *state;
    struct node *m = walk(t, "/documents/2026");

    report_failure(t->inodes, "rmdir", m->ino, NULL, -ENOTEMPTY, NULL);
    expect_line(t, "rmdir /documents/2026: Directory not empty\n");
    node_unref(t->nodes, m);
}

static void a_line_may_be_of_the_top(void **state)
{
    struct tree *t = *state;
    struct failure err = { .text = "no" };

    report_failure(t->inodes, "create", NODE_ROOT_INO, "x", -EPERM, &err);
    expect_line(t, "create /x: Operation not permitted: no\n");
}

static void a_line_of_a_rename_has_both_names(void **state)
{
    struct tree *t = *state;
    struct node *m = walk(t, "/documents/2026");
    struct failure err = { .text = "why" };

    report_rename(t->inodes, NODE_ROOT_INO, "a", m->ino, "b", -EPERM, &err);
    expect_line(t, "rename /a to /documents/2026/b: Operation not permitted: why\n");
    node_unref(t->nodes, m);
}

static void what_nobody_knows_any_more_has_no_path(void **state)
{
    struct tree *t = *state;
    struct failure err = { .text = "gone" };

    report_failure(t->inodes, "read", 4711, "x", -EIO, &err);
    expect_line(t, "read : Input/output error: gone\n");
}

/* --- Words ------------------------------------------------------------------------------------ */

typedef int refuses(struct inodes *inodes, struct node *parent, const char *name,
                    struct failure *err);

struct words {
    const char *path, *name, *says; /* says "": nothing is said */
};

static void expect_words(struct tree *t, refuses *fn, const struct words *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct node *at = walk(t, cases[i].path);
        struct failure err = { 0 };

        print_message("%s/%s\n", cases[i].path, cases[i].name);
        assert_int_equal(fn(t->inodes, at, cases[i].name, &err), -EPERM);
        assert_string_equal(err.text, cases[i].says);
        node_unref(t->nodes, at);
    }
}

#define LINKS "the links here are made by the mount alone: make it in the folder that they lead to"
#define CONSENTS                                                                                   \
    "consents are those that documents carry: documents go into "                                  \
    "consents/las:consent:ID/documents/"
#define PUT_HERE "what is here the mount has put here: copy it to the folder where it belongs"
#define OWN "what is here is the mount's own: copy it into a collection"

static void where_no_file_can_be_made(void **state)
{
    static const struct words cases[] = {
        { "/", "x",
          "no file can be made at the top: documents go into documents/ or "
          "datasets/NAME/documents/, NAME.json into the collection that it is of" },
        { "/", ".DS_Store", "" },
        { "/models", "x",
          "a file in models must be called NAME.json, and is the body of its POST" },
        { "/models", ".x.swp", "" },
        { "/logs", "x", "no file can be made in logs: the API itself makes what is there" },
        { "/models/m", "x",
          "only temporary files can be made in a resource's directory: documents go into "
          "/models/m/inbox/" },
        { "/datasets/" DATASET, "x",
          "only temporary files can be made in a resource's directory: documents go into "
          "/datasets/" DATASET "/documents/" },
        { "/transitions/" TRANSITION, "x",
          "only temporary files can be made in a resource's directory: its fields are the files "
          "to write" },
        { "/models/.by-name", "x", LINKS },
        { "/models/.by-id", "x", LINKS },
        { "/documents/.by-datasetId", "x", LINKS },
        { "/documents/.by-datasetId/" DATASET, "x", LINKS },
        { "/consents", "x", CONSENTS },
        { "/consents/las:consent:" ONE, "x", CONSENTS },
        { "/.lasfs/failed", "x", PUT_HERE },
        { "/.lasfs/pending", "x", PUT_HERE },
        { "/.lasfs", "x", OWN },
    };
    struct tree *t = *state;

    expect_words(t, refuse_file, cases, ARRAY_LEN(cases));
}

static void where_no_directory_can_be_made(void **state)
{
    static const struct words cases[] = {
        { "/", "x",
          "the directories at the top are the API's: make folders in documents/, a dataset by "
          "mkdir datasets/NAME" },
        { "/", ".Trash-1000", "" },
        { "/documents", ".git",
          "a repository has no place here: keep it elsewhere and copy its files" },
        { "/assets", "x", "no directory can be made in assets: put its files there one by one" },
        { "/models", "x",
          "no directory can be made in models: copy a file NAME.json there, the body of its "
          "POST" },
        { "/logs", "x", "no directory can be made in logs: the API itself makes what is there" },
        { "/models/m", "x",
          "what a resource's directory has is given by the API: make folders in "
          "/models/m/inbox/" },
        { "/transitions/" TRANSITION, "x",
          "what a resource's directory has is given by the API: no directory can be made in it, "
          "use those that are there" },
        { "/models/.by-name", "x", LINKS },
        { "/consents", "x", CONSENTS },
        { "/.lasfs/failed", "x", PUT_HERE },
        { "/.lasfs", "x", OWN },
    };
    struct tree *t = *state;

    expect_words(t, refuse_folder, cases, ARRAY_LEN(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TREE_TEST(a_line_names_the_path),
        A_TREE_TEST(a_line_may_be_of_the_directory_itself),
        A_TREE_TEST(a_line_may_be_of_the_top),
        A_TREE_TEST(a_line_of_a_rename_has_both_names),
        A_TREE_TEST(what_nobody_knows_any_more_has_no_path),
        A_TREE_TEST(where_no_file_can_be_made),
        A_TREE_TEST(where_no_directory_can_be_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
