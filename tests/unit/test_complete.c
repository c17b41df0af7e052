/* What says that a document was cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "array.h"
#include "complete.h"

#include "banned.h"

#define PDF "application/pdf"
#define JPEG "image/jpeg"
#define PNG "image/png"
#define TIFF "image/tiff"

static int file_of(const char *bytes, size_t len)
{
    int fd = memfd_create("document", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    return fd;
}

static bool is_whole(const char *type, const char *bytes, size_t len)
{
    int fd = file_of(bytes, len);
    const char *missing = complete_missing(fd, type);

    if (missing)
        print_message("    %s\n", missing);
    close(fd);
    return !missing;
}

static void complete_looks_for_the_end(void **state)
{
#define BYTES(text) text, sizeof(text) - 1
    static const struct {
        const char *what, *type, *bytes;
        size_t len;
        bool whole;
    } cases[] = {
        { "a PDF", PDF, BYTES("%PDF-1.4\nxref\n%%EOF\n"), true },
        { "blanks behind it", PDF, BYTES("%PDF-1.4\nxref\n%%EOF\r\n\0\0\0   "), true },
        { "no end", PDF, BYTES("%PDF-1.4\nxref\nstartxref\n"), false },
        { "half an end", PDF, BYTES("%PDF-1.4\nxref\n%%EO"), false },
        { "nothing", PDF, BYTES(""), false },
        { "a JPEG", JPEG, BYTES("\xff\xd8\xff\xe0....\xff\xd9"), true },
        { "a byte behind it", JPEG, BYTES("\xff\xd8\xff\xe0....\xff\xd9\n"), true },
        { "an end without its last byte", JPEG, BYTES("\xff\xd8\xff\xe0....\xff"), false },
        { "a PNG", PNG, BYTES("\x89PNG....IEND\xae\x42\x60\x82"), true },
        { "an end without its sum", PNG, BYTES("\x89PNG....IEND\xae\x42\x60"), false },
        { "no end", PNG, BYTES("\x89PNG....IDAT...."), false },
        { "another type", "image/gif", BYTES("GIF89a"), true },
        { "another type, empty", "text/plain", BYTES(""), true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s: %s\n", cases[i].type, cases[i].what);
        assert_int_equal(is_whole(cases[i].type, cases[i].bytes, cases[i].len), cases[i].whole);
    }
}

static void complete_looks_at_the_last_4_kilobytes(void **state)
{
    static char bytes[10000];

    (void)state;
    memcpy(bytes, "%PDF-1.4\n%%EOF", 14);
    assert_true(is_whole(PDF, bytes, 14 + 4082));
    assert_true(is_whole(PDF, bytes, 9 + 4096));
    assert_false(is_whole(PDF, bytes, 9 + 4097)); /* an earlier revision's end counts no more */
}

/* --- TIFF ------------------------------------------------------------------------------------- */

struct tiff {
    unsigned char bytes[512];
    size_t len;
    bool big;
};

static void put(struct tiff *t, uint32_t n, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        t->bytes[t->len++] = (unsigned char)(n >> 8 * (t->big ? width - 1 - i : i));
}

static void put_entry(struct tiff *t, uint32_t tag, uint32_t type, uint32_t count, uint32_t value)
{
    put(t, tag, 2);
    put(t, type, 2);
    put(t, count, 4);
    put(t, value, 4);
}

/* They stand in the directory itself. */
static uint32_t two_shorts(const struct tiff *t, uint32_t first, uint32_t second)
{
    return t->big ? first << 16 | second : second << 16 | first;
}

/* One page: its directory, a name of 10 letters, two strips of 20 bytes; 120 bytes in all. */
static void make_page(struct tiff *t, bool big, uint32_t offsets, uint32_t sizes, uint32_t type)
{
    *t = (struct tiff){ .big = big };
    put(t, big ? 0x4d4d : 0x4949, 2);
    put(t, 42, 2);
    put(t, 8, 4);
    put(t, 3, 2);
    put_entry(t, 269, 2, 10, 50);
    put_entry(t, offsets, type, 2, type == 4 ? 60 : two_shorts(t, 80, 100));
    put_entry(t, sizes, type, 2, type == 4 ? 68 : two_shorts(t, 20, 20));
    put(t, 0, 4);
    memcpy(t->bytes + 50, "lasfs.tif", 10);
    t->len = 60;
    put(t, 80, 4);
    put(t, 100, 4);
    put(t, 20, 4);
    put(t, 20, 4);
    t->len = 120;
}

static void complete_follows_what_a_tiff_points_to(void **state)
{
    static const struct {
        bool big;
        uint32_t offsets, sizes, type;
    } cases[] = {
        { false, 273, 279, 4 },
        { true, 273, 279, 4 },
        { false, 324, 325, 4 },
        { true, 324, 325, 3 },
    };
    struct tiff t;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        make_page(&t, cases[i].big, cases[i].offsets, cases[i].sizes, cases[i].type);
        assert_true(is_whole(TIFF, (char *)t.bytes, 120));
        assert_true(is_whole(TIFF, (char *)t.bytes, 130));
        for (size_t len = 0; len < 120; len++) {
            print_message("case %zu, the first %zu bytes\n", i, len);
            assert_false(is_whole(TIFF, (char *)t.bytes, len));
        }
    }
}

static void complete_wants_the_first_page_of_a_tiff_to_be_linked(void **state)
{
    struct tiff t;

    (void)state;
    make_page(&t, false, 273, 279, 4);
    memset(t.bytes + 4, 0, 4);
    assert_false(is_whole(TIFF, (char *)t.bytes, 120));
}

static void complete_ends_on_a_circle_of_pages(void **state)
{
    struct tiff t;

    (void)state;
    make_page(&t, false, 273, 279, 4);
    t.bytes[46] = 8;
    assert_true(is_whole(TIFF, (char *)t.bytes, 120));
}

static void complete_does_not_judge_bigtiff(void **state)
{
    (void)state;
    assert_true(is_whole(TIFF, "II\x2b\0\x8\0\0\0\xff\xff\xff\xff\0\0\0\0", 16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_looks_for_the_end),
        cmocka_unit_test(complete_looks_at_the_last_4_kilobytes),
        cmocka_unit_test(complete_follows_what_a_tiff_points_to),
        cmocka_unit_test(complete_wants_the_first_page_of_a_tiff_to_be_linked),
        cmocka_unit_test(complete_ends_on_a_circle_of_pages),
        cmocka_unit_test(complete_does_not_judge_bigtiff),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
