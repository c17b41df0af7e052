/* What may be done with what stands at a path, told from its kind alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "array.h"
#include "node_kinds.h"

#include "banned.h"

#define AVATAR_MAX (131072 / 4 * 3) /* 131,072 characters of base64 */

enum { TEXT = 1, READ = 2, WRITE = 4, AT_ONCE = 8, COMMAND = 16 };

/* clang-format off */
static const struct {
    const char *path;
    mode_t mode;
    unsigned is;
    int64_t max_bytes;
} cases[] = {
    { "/",                                 S_IFDIR, READ, TEXT_MAX_BYTES },
    { "/documents",                        S_IFDIR, READ, TEXT_MAX_BYTES },
    { "/datasets/x/documents/.by-name",    S_IFDIR, READ, TEXT_MAX_BYTES },
    { "/transitions/.by-transitionType/manual", S_IFDIR, READ, TEXT_MAX_BYTES },
    { "/.lasfs/failed",                    S_IFDIR, READ, TEXT_MAX_BYTES },
    /* links: two kinds of them */
    { "/documents/x/content.pdf",          S_IFLNK, READ, TEXT_MAX_BYTES },
    { "/documents/.by-name/x",             S_IFLNK, READ, TEXT_MAX_BYTES },
    /* bytes, not texts */
    { "/documents/x/content",              S_IFREG, READ, TEXT_MAX_BYTES },
    { "/documents/.list.jsonl",            S_IFREG, READ, TEXT_MAX_BYTES },
    { "/.lasfs/errors",                    S_IFREG, READ, TEXT_MAX_BYTES },
    { "/.lasfs/failed/1-x.pdf",            S_IFREG, READ, TEXT_MAX_BYTES },
    /* texts that the mount makes */
    { "/README",                           S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    { "/.lasfs/status",                    S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    { "/.lasfs/metrics",                   S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    { "/documents/.sha256sums",            S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    { "/documents/.files.tsv",             S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    { "/logs/x/events.txt",                S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    /* commands to the daemon: nothing to read, sent inside write(2), good on a read-only mount */
    { "/.lasfs/refresh",                   S_IFREG, TEXT | WRITE | AT_ONCE | COMMAND, TEXT_MAX_BYTES },
    { "/.lasfs/control",                   S_IFREG, TEXT | WRITE | AT_ONCE | COMMAND, TEXT_MAX_BYTES },
    /* one to the API, which a read-only mount refuses */
    { "/transitions/x/executions/y/heartbeat", S_IFREG, TEXT | WRITE, TEXT_MAX_BYTES },
    /* resource.json may be written where the API has a PATCH */
    { "/documents/x/resource.json",        S_IFREG, TEXT | READ | WRITE, TEXT_MAX_BYTES },
    { "/logs/x/resource.json",             S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    { "/predictions/x/resource.json",      S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    /* fields: as the table of the API has them */
    { "/documents/x/contentType",          S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    { "/documents/x/groundTruth.json",     S_IFREG, TEXT | READ | WRITE, TEXT_MAX_BYTES },
    { "/documents/x/datasetId",            S_IFREG, TEXT | READ | WRITE | AT_ONCE, TEXT_MAX_BYTES },
    { "/models/x/status",                  S_IFREG, TEXT | READ | WRITE | AT_ONCE, TEXT_MAX_BYTES },
    { "/appClients/x/clientSecret",        S_IFREG, TEXT | READ, TEXT_MAX_BYTES },
    { "/secrets/x/data.json",              S_IFREG, TEXT | WRITE, TEXT_MAX_BYTES },
    { "/workflows/x/executions/y/nextTransitionId", S_IFREG, TEXT | READ | WRITE | AT_ONCE, TEXT_MAX_BYTES },
    /* one whose file has bytes, not their base64 */
    { "/users/x/avatar.jpg",               S_IFREG, TEXT | READ | WRITE, AVATAR_MAX },
};
/* clang-format on */

static unsigned what_is(const struct place *p)
{
    return (kind_is_text(p->kind) ? TEXT : 0u) | (kind_is_readable(p) ? READ : 0u) |
           (kind_is_writable(p) ? WRITE : 0u) | (kind_is_at_once(p) ? AT_ONCE : 0u) |
           (kind_is_command(p) ? COMMAND : 0u);
}

static void kinds_are_what_their_paths_promise(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct place p = { .kind = NODE_NONE };

        print_message("%s\n", cases[i].path);
        assert_int_equal(route_parse(cases[i].path, &p), 0);
        assert_int_equal(kind_mode(p.kind), cases[i].mode);
        assert_int_equal(what_is(&p), cases[i].is);
        assert_int_equal(kind_max_bytes(&p), cases[i].max_bytes);
    }
}

static void folders_are_no_texts_and_texts_no_folders(void **state)
{
    (void)state;
    for (int kind = NODE_NONE + 1; kind < NODE_KINDS; kind++) {
        print_message("%d\n", kind);
        assert_false(tree_is_dir((enum node_kind)kind) && kind_is_text((enum node_kind)kind));
        assert_int_equal(S_ISDIR(kind_mode((enum node_kind)kind)),
                         tree_is_dir((enum node_kind)kind));
        if (kind_is_text((enum node_kind)kind))
            assert_int_equal(kind_mode((enum node_kind)kind), S_IFREG);
    }
}

/* Who may write a field by itself may write it inside the whole too. */
static void a_field_that_may_be_written_is_in_a_whole_that_may(void **state)
{
    (void)state;
    for (int kind = RES_NONE + 1; kind < RES_COUNT; kind++) {
        const struct resource *res = resource_get((enum resource_kind)kind);
        struct place whole = { .kind = NODE_WHOLE, .res = res };

        for (const struct field *f = res->fields; f->name; f++) {
            struct place p = { .kind = NODE_FIELD, .res = res, .field = f };

            print_message("%s %s\n", res->name, f->name);
            if (route_field_shown(f) && kind_is_writable(&p))
                assert_true(kind_is_writable(&whole));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_what_their_paths_promise),
        cmocka_unit_test(folders_are_no_texts_and_texts_no_folders),
        cmocka_unit_test(a_field_that_may_be_written_is_in_a_whole_that_may),
    };

    return cmocka_run_group_tests_name("node_kinds", tests, NULL, NULL);
}
