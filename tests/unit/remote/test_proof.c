/* Whether a content is bytes that are here, by the digest that a server tells of it. */
#include "proof.h"

#include <sys/mman.h>
#include <unistd.h>

#include "record.h"
#include "remote_fixture.h"

#include "banned.h"

#define HEX "900150983cd24fb0d6963f7d28e17f72" /* of "abc" */
#define BASE64 "kAFQmDzST7DWlj99KOF/cg=="
#define OTHER_HEX "900150983cd24fb0d6963f7d28e17f73"

static struct record *with_digest(const char *json)
{
    char text[512];
    struct record *r = NULL;

    snprintf(text, sizeof(text), A_DOCUMENT(ONE, "d", ", \"contentMD5\": %s"), json);
    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text, strlen(text), &r), 0);
    return r;
}

static int file_of(const char *text)
{
    int fd = memfd_create("bytes", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

/* Bytes "abc" are known to be the content of what says learnt; is then what says asked proved to be these? */
static void a_digest_proves_once_it_was_learnt(void **state)
{
    static const struct {
        const char *learnt, *asked;
        bool holds, may;
    } cases[] = {
        { "null", "\"" HEX "\"", false, true },
        { "\"" HEX "\"", "\"" HEX "\"", true, true },
        { "\"" HEX "\"", "\"900150983CD24FB0D6963F7D28E17F72\"", true, true },
        { "\"" BASE64 "\"", "\"" BASE64 "\"", true, true },
        { "\"" HEX "\"", "\"" BASE64 "\"", false, true },
        { "\"" HEX "\"", "\"" OTHER_HEX "\"", false, false },
        { "\"" HEX "\"", "null", false, false },
        { "\"" OTHER_HEX "\"", "\"" HEX "\"", false, true }, /* of something else than the bytes */
        { "\"" HEX "-2\"", "\"" HEX "\"", false, true },     /* of parts: nothing is learnt */
        { "\"\"", "\"\"", false, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *x = *state;
        struct remote *remote = (reopen_remote(x), x->remote);
        struct record *a = with_digest(cases[i].learnt), *b = with_digest(cases[i].asked);
        int fd = file_of("abc");
        struct proof p;

        print_message("%s %s\n", cases[i].learnt, cases[i].asked);
        assert_false(proof_holds(remote, b, fd));
        proof_learn(remote, a, fd);
        assert_int_equal(proof_holds(remote, b, fd), cases[i].holds);
        assert_true(proof_is_learnt(remote) || !cases[i].holds);
        proof_make(remote, fd, &p);
        assert_int_equal(proof_fits(&p, b), cases[i].holds);
        assert_int_equal(proof_may_fit(&p, b), cases[i].may);
        close(fd);
        record_unref(a);
        record_unref(b);
    }
}

/* What is none of the bytes that are known is none for good: another record may be one by chance. */
static void what_was_none_once_is_not_believed_again(void **state)
{
    struct fixture *x = *state;
    struct remote *remote = x->remote;
    struct record *other = with_digest("\"" OTHER_HEX "\""), *is = with_digest("\"" HEX "\"");
    int fd = file_of("abc");

    proof_learn(remote, other, fd);
    proof_learn(remote, is, fd);
    assert_false(proof_holds(remote, is, fd));
    close(fd);
    record_unref(other);
    record_unref(is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_digest_proves_once_it_was_learnt),
        A_TEST(what_was_none_once_is_not_believed_again),
    };

    return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
