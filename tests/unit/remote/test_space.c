/* What df says: so many documents, so many of them left, as far as one knows. */
#include "space.h"

#include "known.h"
#include "remote_fixture.h"

#include "banned.h"

#define GET_ME "GET /organizations/me"
#define ME(numbers) A_RESOURCE("organizationId", "las:organization:" ONE, "mine", numbers)
#define DOCUMENTS(allowed, created)                                                                \
    ", \"monthlyNumberOfDocumentsAllowed\": " allowed                                              \
    ", \"monthlyNumberOfDocumentsCreated\": " created

static struct statvfs space_of(struct fixture *x)
{
    struct statvfs st;

    space_get(x->remote, &st);
    return st;
}

static void expect(struct fixture *x, int64_t files, int64_t left)
{
    struct statvfs st = space_of(x);

    assert_int_equal(st.f_files, files);
    assert_int_equal(st.f_ffree, left);
    assert_int_equal(st.f_favail, left);
}

/* The answer comes by itself. */
static void wait_for(struct fixture *x, int64_t files)
{
    for (int i = 0; i < 5000 && (int64_t)space_of(x).f_files != files; i++)
        fake_sleep_ms(1);
    assert_int_equal(space_of(x).f_files, files);
}

static void bytes_have_no_end(void **state)
{
    struct statvfs st = space_of(*state);

    assert_int_equal(st.f_bsize, SPACE_BLOCK_BYTES);
    assert_int_equal(st.f_frsize, SPACE_BLOCK_BYTES);
    assert_int_equal((int64_t)(st.f_blocks * st.f_frsize), SPACE_BYTES);
    assert_int_equal(st.f_bfree, st.f_blocks);
    assert_int_equal(st.f_bavail, st.f_blocks);
    assert_int_equal(st.f_namemax, 255);
}

static void files_are_documents_as_the_organization_says(void **state)
{
    static const struct {
        const char *me;
        int64_t files, left;
    } cases[] = {
        { ME(DOCUMENTS("100", "30")), 100, 70 },
        { ME(DOCUMENTS("100", "0")), 100, 100 },
        { ME(DOCUMENTS("100", "100")), 100, 0 },
        { ME(DOCUMENTS("100", "130")), 100, 0 }, /* none is left, and none owed */
        { ME(DOCUMENTS("100", "-1")), 100, 100 },
        { ME(DOCUMENTS("0", "0")), 0, 0 },
        { ME(DOCUMENTS("-1", "0")), SPACE_FILES, SPACE_FILES },
        { ME(DOCUMENTS("null", "0")), SPACE_FILES, SPACE_FILES },
        { ME(", \"monthlyNumberOfDocumentsAllowed\": 100"), SPACE_FILES, SPACE_FILES },
        { ME(""), SPACE_FILES, SPACE_FILES },
    };
    struct fixture *x = *state;
    struct target t = target_of(RES_ORGANIZATIONS, "me");

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].me);
        answer(x, GET_ME, cases[i].me);
        known_forget_all(x->remote);
        assert_string_equal(says(x, known_record, &t), "mine");
        expect(x, cases[i].files, cases[i].left);
    }
}

static void who_asks_never_waits(void **state)
{
    struct fixture *x = *state;

    answer_with(
        x, GET_ME,
        (struct fake_reply){ .status = 200, .body = ME(DOCUMENTS("100", "30")), .gated = true });
    for (int i = 0; i < 10; i++)
        expect(x, SPACE_FILES, SPACE_FILES);
    fake_open_gate(&x->server);
    wait_for(x, 100);
    expect(x, 100, 70);
    assert_int_equal(requests(x), 1);
}

static void it_is_asked_anew_when_it_is_old(void **state)
{
    struct fixture *x = *state;

    answer(x, GET_ME, ME(DOCUMENTS("100", "30")));
    wait_for(x, 100);
    answer(x, GET_ME, ME(DOCUMENTS("200", "30")));
    pass(x, META_TTL_MS - 1);
    expect(x, 100, 70);
    assert_int_equal(requests(x), 1);
    pass(x, 2);
    wait_for(x, 200); /* what was known is said as long as it takes */
    assert_int_equal(requests(x), 2);
}

static void a_server_that_says_nothing_is_not_asked_at_every_call(void **state)
{
    struct fixture *x = *state;

    x->config.meta_ttl_ms = 0;
    reopen_remote(x);
    answer_status(x, GET_ME, 400);
    for (unsigned round = 1; round <= 3; round++) {
        for (int i = 0; i < 5000 && requests(x) < round; i++) {
            expect(x, SPACE_FILES, SPACE_FILES);
            fake_sleep_ms(1);
        }
        pass(x, 999);
        for (int i = 0; i < 20; i++) { /* long enough for the answer to have come */
            expect(x, SPACE_FILES, SPACE_FILES);
            fake_sleep_ms(1);
        }
        assert_int_equal(requests(x), round);
        pass(x, 1);
    }
}

static void the_end_of_the_mount_ends_the_question(void **state)
{
    struct fixture *x = *state;

    answer_with(x, GET_ME, (struct fake_reply){ .status = 200, .body = ME(""), .gated = true });
    expect(x, SPACE_FILES, SPACE_FILES);
    for (int i = 0; i < 5000 && requests(x) == 0; i++)
        fake_sleep_ms(1);
    assert_int_equal(requests(x), 1);
    reopen_remote(x); /* would wait for ever for an answer */
    space_stop(NULL);
    space_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(bytes_have_no_end),
        A_TEST(files_are_documents_as_the_organization_says),
        A_TEST(who_asks_never_waits),
        A_TEST(it_is_asked_anew_when_it_is_old),
        A_TEST(a_server_that_says_nothing_is_not_asked_at_every_call),
        A_TEST(the_end_of_the_mount_ends_the_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
