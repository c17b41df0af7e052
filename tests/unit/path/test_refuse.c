/* What the mount does not do: which errno a program sees, and what its user is told to do instead. */
#include "refuse.h" /* before cmocka.h, which has a fail() too */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"

#include "banned.h"

/* clang-format off */
static const struct {
    int (*refuse)(const struct place *p, struct failure *err);
    enum node_kind kind;
    int rc;
    const char *text;
} of_places[] = {
    { refuse_write, NODE_FIELD, -EACCES, "it cannot be changed: the API has no way to do it" },
    { refuse_write, NODE_WHOLE, -EACCES, "it cannot be changed: the API has no way to do it" },
    { refuse_write, NODE_CONTENT, -EACCES,
      "it cannot be changed: write the file that was dropped, or drop a new one" },
    { refuse_write, NODE_ERROR_NOTE, -EACCES,
      "it cannot be changed: remove it, or write the file again that it is about" },
    { refuse_write, NODE_FAILED_FILE, -EACCES,
      "it cannot be changed: copy it to the folder where it belongs" },
    { refuse_write, NODE_PENDING_FILE, -EACCES,
      "it cannot be changed: copy it to the folder where it belongs" },
    { refuse_write, NODE_README, -EACCES, "it cannot be changed: the mount makes it" },
    { refuse_write, NODE_SHA256SUMS, -EACCES, "it cannot be changed: the mount makes it" },

    { refuse_removal, NODE_COLLECTION, -EPERM,
      "it cannot be removed: it is a collection of the API: remove what is in it" },
    { refuse_removal, NODE_CONSENTS, -EPERM,
      "it cannot be removed: it is a collection of the API: remove what is in it" },
    { refuse_removal, NODE_PENDING_FILE, -EPERM,
      "it cannot be removed: it is on its way to the server: remove it where it was dropped" },
    { refuse_removal, NODE_LINK, -EPERM,
      "it cannot be removed: it is a link that the mount makes: remove what it leads to" },
    { refuse_removal, NODE_STATUS, -EPERM,
      "it cannot be removed: it is the mount's own, and is gone when that is unmounted" },
    { refuse_removal, NODE_BY_NAME, -EPERM,
      "it cannot be removed: it is the mount's own, and is gone when that is unmounted" },

    { refuse_rename, NODE_COLLECTION, -EPERM,
      "it cannot be renamed: it is called as the API calls it; what is in it can be moved" },
    { refuse_rename, NODE_CONSENTS, -EPERM,
      "it cannot be renamed: it is called as the API calls it; what is in it can be moved" },
    { refuse_rename, NODE_CONSENT, -EPERM,
      "it cannot be renamed: it is called as the API calls it; what is in it can be moved" },
    { refuse_rename, NODE_RESOURCE, -EPERM,
      "it cannot be renamed: it has no name that can be changed, and stays in its collection; "
      "change its fields, or make a new one where it belongs" },
    { refuse_rename, NODE_FIELD, -EPERM,
      "it cannot be renamed: it is called as the API calls it; cp makes a copy" },
    { refuse_rename, NODE_WHOLE, -EPERM,
      "it cannot be renamed: it is called as the API calls it; cp makes a copy" },
    { refuse_rename, NODE_LINES, -EPERM,
      "it cannot be renamed: it is called as the API calls it; cp makes a copy" },
    { refuse_rename, NODE_HEARTBEAT, -EPERM,
      "it cannot be renamed: it is called as the API calls it; cp makes a copy" },
    { refuse_rename, NODE_CONTENT, -EPERM,
      "it cannot be renamed: it is called as the API calls it; cp makes a copy" },
    { refuse_rename, NODE_CONTENT_LINK, -EPERM,
      "it cannot be renamed: it is called as the API calls it; cp makes a copy" },
    { refuse_rename, NODE_FAILED_FILE, -EPERM,
      "it cannot be renamed: copy it to the folder where it belongs, then remove it" },
    { refuse_rename, NODE_PENDING_FILE, -EPERM,
      "it cannot be renamed: copy it to the folder where it belongs, then remove it" },
    { refuse_rename, NODE_LINK, -EPERM,
      "it cannot be renamed: it is a link that the mount makes; rename what it leads to" },
    { refuse_rename, NODE_ERROR_NOTE, -EPERM,
      "it cannot be renamed: it tells of a file beside it; remove it, or copy it elsewhere" },
    { refuse_rename, NODE_METRICS, -EPERM,
      "it cannot be renamed: it is the mount's own; cp makes a copy" },
};

static const struct {
    int (*refuse)(struct failure *err);
    int rc;
    const char *text;
} always[] = {
    { refuse_read_only, -EROFS, "the mount is read-only: mount it without ro to change anything" },
    { refuse_size, -EFBIG, "it is larger than a text may be here: write a shorter one" },
    { refuse_long_name, -ENAMETOOLONG, "a name has at most 255 bytes: give it a shorter one" },
    { refuse_id, -EPERM, "an id is given by the API: give it a name" },
    { refuse_read_and_write, -EACCES, "it is not given back: open it for writing alone" },
};
/* clang-format on */

static void a_refusal_says_what_to_do_instead(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(of_places); i++) {
        struct place p = { .kind = of_places[i].kind };
        struct failure err = { .status = 1 };

        print_message("%s\n", of_places[i].text);
        assert_int_equal(of_places[i].refuse(&p, &err), of_places[i].rc);
        assert_string_equal(err.text, of_places[i].text);
        assert_int_equal(err.status, 0); /* no server has said it */
        assert_int_equal(of_places[i].refuse(&p, NULL), of_places[i].rc);
    }
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        struct failure err = { .status = 1 };

        print_message("%s\n", always[i].text);
        assert_int_equal(always[i].refuse(&err), always[i].rc);
        assert_string_equal(err.text, always[i].text);
        assert_int_equal(err.status, 0);
        assert_int_equal(always[i].refuse(NULL), always[i].rc);
    }
}

/* Whatever stands there, and whatever is added to the tree: there are words for it. */
static void every_kind_has_words(void **state)
{
    static const struct {
        int (*refuse)(const struct place *p, struct failure *err);
        int rc;
        const char *start;
    } ways[] = {
        { refuse_write, -EACCES, "it cannot be changed: " },
        { refuse_removal, -EPERM, "it cannot be removed: " },
        { refuse_rename, -EPERM, "it cannot be renamed: " },
    };

    (void)state;
    for (int kind = NODE_NONE + 1; kind < NODE_KINDS; kind++)
        for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
            struct place p = { .kind = (enum node_kind)kind };
            struct failure err = { 0 };

            assert_int_equal(ways[i].refuse(&p, &err), ways[i].rc);
            print_message("%d: %s\n", kind, err.text);
            assert_memory_equal(err.text, ways[i].start, strlen(ways[i].start));
            assert_true(strlen(err.text) > strlen(ways[i].start));
            assert_true(strlen(err.text) < sizeof(err.text) - 1);
        }
}

/* What a program keeps for itself beside the user's files is refused without a word. */
static void a_name_of_the_mounts_own_is_refused_but_to_programs_without_a_word(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        { "resource.json", "resource.json is a name of the mount's own here: give it another one" },
        { ".by-name", ".by-name is a name of the mount's own here: give it another one" },
        { ".Trash-1000", "" },
        { ".README.swp", "" },
        { "._README", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct failure err = { 0 };

        print_message("%s\n", cases[i].name);
        assert_int_equal(refuse_taken(cases[i].name, &err), -EPERM);
        assert_string_equal(err.text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_says_what_to_do_instead),
        cmocka_unit_test(every_kind_has_words),
        cmocka_unit_test(a_name_of_the_mounts_own_is_refused_but_to_programs_without_a_word),
    };

    return cmocka_run_group_tests_name("refuse", tests, NULL, NULL);
}
