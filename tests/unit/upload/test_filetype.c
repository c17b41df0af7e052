/* What a file is, from its bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array.h"
#include "cleanup.h"
#include "filetype.h"
#include "pdf_header.h"
#include "temp_dir.h"

#include "banned.h"

#define BYTES(literal) (literal), sizeof(literal) - 1
#define ZIP "PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0a.pdf"
#define LINE "So much was said before that libmagic does not look for it any more.\r\n"
#define MAIL "From: a@example.com\r\nSubject: scan\r\n\r\n" LINE LINE LINE LINE LINE

static const struct {
    const char *what;
    const char *bytes;
    size_t len;
    const char *type;
} cases[] = {
    /* clang-format off */
    { "nothing", "", 0, "application/x-empty" },
    { "a text", BYTES("hello\n"), "text/plain" },
    { "a JPEG", BYTES("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"), "image/jpeg" },
    { "a PNG", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x8\6\0\0\0"), "image/png" },
    { "a TIFF of Intel", BYTES("II*\0\x8\0\0\0\0\0\0\0"), "image/tiff" },
    { "a TIFF of Motorola", BYTES("MM\0*\0\0\0\x8\0\0\0\0"), "image/tiff" },
    { "a PDF", BYTES("%PDF-1.7\n1 0 obj\n"), "application/pdf" },
    { "a PDF behind bytes that are nothing", BYTES("\1\2\3\4\5\6\7%PDF-1.7\n1 0 obj\n"),
      "application/pdf" },
    { "a PDF behind a letter's head", BYTES(MAIL "%PDF-1.7\n1 0 obj\n"), "application/pdf" },
    { "a PDF behind a web page", BYTES("<html>" LINE LINE LINE LINE LINE "%PDF-1.7\n12 0 obj\n"),
      "application/pdf" },
    { "a letter that talks of one", BYTES(MAIL "It begins with %PDF-1.7, 1 object.\n"),
      "message/rfc822" },
    { "a text that talks of one", BYTES(LINE LINE LINE LINE LINE "%PDF-1.7, 1 object\n"),
      "text/plain" },
    { "an archive that has one in it", BYTES(ZIP "%PDF-1.7\n1 0 obj\n"), "application/zip" },
    /* clang-format on */
};

/* Into a file; its descriptor. */
static int file_of(void **state, const char *bytes, size_t len)
{
    const char *path = in_dir(state, "file");
    int fd;

    write_file(path, bytes, len);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void a_file_is_what_its_bytes_say(void **state)
{
    struct filetype *t = NULL;
    char type[FILETYPE_MAX];

    assert_int_equal(filetype_new(&t), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_fd int fd = file_of(state, cases[i].bytes, cases[i].len);

        print_message("%s\n", cases[i].what);
        assert_int_equal(filetype_of(t, fd, type), 0);
        assert_string_equal(type, cases[i].type);
    }
    filetype_free(t);
    filetype_free(NULL);
}

static void a_pdf_that_begins_too_late_is_none(void **state)
{
    char bytes[PDF_HEADER_WITHIN + 64];
    struct filetype *t = NULL;
    char type[FILETYPE_MAX];

    assert_int_equal(filetype_new(&t), 0);
    for (int at = PDF_HEADER_WITHIN - 2; at <= PDF_HEADER_WITHIN + 2; at++) {
        cleanup_fd int fd = -1;
        bool within = at <= PDF_HEADER_WITHIN;

        memset(bytes, 'x', sizeof(bytes));
        memcpy(bytes + at, "%PDF-1.7\n1 0 obj\n", 17);
        fd = file_of(state, bytes, sizeof(bytes));
        assert_int_equal(filetype_of(t, fd, type), 0);
        print_message("at %d: %s\n", at, type);
        assert_int_equal(strcmp(type, "application/pdf") == 0, within);
    }
    filetype_free(t);
}

static void what_cannot_be_read_has_no_type(void **state)
{
    cleanup_fd int fd = open(in_dir(state, "file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    struct filetype *t = NULL;
    char type[FILETYPE_MAX] = "as before";

    assert_int_equal(filetype_new(&t), 0);
    assert_int_equal(filetype_of(t, fd, type), -EBADF);
    assert_string_equal(type, "as before");
    filetype_free(t);
}

static void a_header_has_a_version_and_an_object_two_numbers(void **state)
{
    static const struct {
        const char *text;
        bool header, object;
    } texts[] = {
        /* clang-format off */
        { "%PDF-1.4",   true,  false },
        { "%PDF-2.0",   true,  false },
        { "xx%PDF-1.4", true,  false },
        { "%PDF-1",     false, false },
        { "%PDF-x.y",   false, false },
        { "%pdf-1.4",   false, false },
        { "12 0 obj",   false, true  },
        { "1  0\nobj",  false, true  },
        { "1 0 obj<<",  false, true  },
        { "1 0 object", false, false },
        { "1 obj",      false, false },
        { "obj",        false, false },
        { "",           false, false },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        print_message("%s\n", texts[i].text);
        assert_int_equal(pdf_header(texts[i].text, strlen(texts[i].text)) != NULL, texts[i].header);
        assert_int_equal(pdf_is_object(texts[i].text, strlen(texts[i].text)), texts[i].object);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_what_its_bytes_say),
        TEST(a_pdf_that_begins_too_late_is_none),
        TEST(what_cannot_be_read_has_no_type),
        cmocka_unit_test(a_header_has_a_version_and_an_object_two_numbers),
    };

    return cmocka_run_group_tests_name("filetype", tests, NULL, NULL);
}
