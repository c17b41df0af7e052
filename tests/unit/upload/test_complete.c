/* What says that a document was cut off. */
#include <fcntl.h>
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

#define BYTES(text) text, sizeof(text) - 1

struct sample {
    const char *what, *bytes;
    size_t len;
    bool whole;
};

static void check_samples(const char *type, const struct sample *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        print_message("%s: %s\n", type, samples[i].what);
        assert_int_equal(is_whole(type, samples[i].bytes, samples[i].len), samples[i].whole);
    }
}

/* Whole with all its bytes, and with any others behind them; cut off with fewer than least. */
static void check_cuts(const char *type, const char *bytes, size_t len, size_t least)
{
    static const struct sample behind[] = {
        { "a line end", BYTES("\r\n"), true },
        { "a marker", BYTES("\xff\xe1\xff\xff...."), true },
        { "a chunk", BYTES("\0\0\xff\xffIDAT...."), true },
        { "a page", BYTES("<html>not found</html>"), true },
        { "a boundary", BYTES("\n--5f3b7c--\n"), true },
    };
    static char more[64 * 1024];

    for (size_t cut = 0; cut < least; cut++) {
        if (is_whole(type, bytes, cut))
            fail_msg("%s is whole with %zu of its %zu bytes", type, cut, len);
    }
    memcpy(more, bytes, len);
    for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
        memset(more + len, 0, sizeof(more) - len);
        memcpy(more + len, behind[i].bytes, behind[i].len);
        assert_true(is_whole(type, more, len));
        assert_true(is_whole(type, more, len + behind[i].len));
        assert_true(is_whole(type, more, len + 20000)); /* and zeros behind that */
        assert_true(is_whole(type, more, sizeof(more)));
    }
}

static void complete_says_nothing_of_other_types(void **state)
{
    (void)state;
    assert_true(is_whole("image/gif", BYTES("GIF89a")));
    assert_true(is_whole("text/plain", BYTES("")));
}

/* --- PDF -------------------------------------------------------------------------------------- */

#define OBJECT "1 0 obj\n<< /Type /Catalog >>\nendobj\n"
#define XREF_AT(off) "trailer\n<< /Size 2 /Root 1 0 R >>\nstartxref\n" off "\n%%EOF"
#define A_PDF "%PDF-1.4\n" OBJECT "xref\n0 1\n0000000000 65535 f \n" XREF_AT("45")
#define STREAM_AT(off) "\nstartxref\n" off "\n%%EOF"
#define AN_XREF_STREAM "3 0 obj\n<< /Type /XRef /Prev 9 >>\nstream\n\0\1\2\nendstream\nendobj"
/* Its first page stands at its front; the xref of the others, and an end, at its end. */
#define FRONT                                                                                      \
    "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n4 0 obj\n<< /Linearized 1 /L 341 /O 6 /T 249 >>\nendobj\n"       \
    "xref\n4 1\n0000000015 00000 n \ntrailer\n<< /Size 6 /Prev 260 /Root 5 0 R >>\nstartxref\n"
#define REST                                                                                       \
    "\n%%EOF\n5 0 obj\n<< /Type /Catalog >>\nendobj\nxref\n0 4\n0000000000 65535 f \ntrailer\n"    \
    "<< /Size 4 >>\nstartxref\n70\n%%EOF"

static void complete_finds_the_last_end_of_a_pdf(void **state)
{
    static const struct sample samples[] = {
        { "one", BYTES(A_PDF), true },
        { "an xref stream", BYTES("%PDF-1.5\n" AN_XREF_STREAM STREAM_AT("9")), true },
        { "without its end mark", BYTES("%PDF-1.4\n" OBJECT "startxref\n45\n"), false },
        { "half an end mark", BYTES("%PDF-1.4\n" OBJECT "startxref\n45\n%%EO"), false },
        { "nothing", BYTES(""), false },
        { "a header", BYTES("%PDF-1.4\n"), false },
        { "changed later", BYTES(A_PDF "\n" OBJECT XREF_AT("190")), true },
        { "changed later, cut off", BYTES(A_PDF "\r\n2 0 obj\n<< >>\nendo"), false },
        { "changed later, room for the rest", BYTES(A_PDF "\n2 0 obj\n<< >>\0\0\0\0"), false },
        { "a comment before what is cut off", BYTES(A_PDF "\n%more\n2 0 obj\n<<"), false },
        { "in another one's bytes", BYTES("%PDF-1.4\n" A_PDF "\nendstream\nendobj\n7 0"), false },
        { "something that is no object", BYTES(A_PDF "\n2 0 objections"), true },
        { "numbers", BYTES(A_PDF "\n2 0"), true },
    };

    (void)state;
    check_samples(PDF, samples, ARRAY_LEN(samples));
    check_cuts(PDF, BYTES(A_PDF), sizeof(A_PDF) - 1);
}

static void complete_tells_the_front_of_a_linearized_pdf(void **state)
{
    static const struct sample samples[] = {
        { "all of it", BYTES(FRONT "0" REST), true },
        { "changed later", BYTES(FRONT "0" REST "\n" OBJECT XREF_AT("330")), true },
        { "its front", BYTES(FRONT "0\n%%EOF"), false },
        { "its front, with a place", BYTES(FRONT "70\n%%EOF\n"), false },
        { "its front, and a little", BYTES(FRONT "0\n%%EOF\n5 0 ob"), false },
        { "its front, with room for the rest", BYTES(FRONT "0\n%%EOF\n\0\0\0\0\0\0\0\0"), false },
    };

    (void)state;
    check_samples(PDF, samples, ARRAY_LEN(samples));
    check_cuts(PDF, BYTES(FRONT "0" REST), sizeof(FRONT "0" REST) - 1);
    check_cuts(PDF, BYTES(FRONT "70" REST), sizeof(FRONT "70" REST) - 1);
    check_cuts(PDF, BYTES("HTTP/1.1 200 OK\r\n\r\n" FRONT "70" REST),
               sizeof("HTTP/1.1 200 OK\r\n\r\n" FRONT "70" REST) - 1);
}

/* What is damaged in another way says nothing of that. */
static void complete_does_not_judge_damaged_pdfs(void **state)
{
    static const struct sample samples[] = {
        { "a wrong place", BYTES("%PDF-1.4\n" OBJECT XREF_AT("40")), true },
        { "a place behind its end", BYTES("%PDF-1.4\n" OBJECT XREF_AT("99999")), true },
        { "no place", BYTES("%PDF-1.4\n" OBJECT XREF_AT("0")), true },
        { "a huge place", BYTES("%PDF-1.4\n" XREF_AT("99999999999999999999999999")), true },
        { "no startxref", BYTES("%PDF-1.4\n" OBJECT "%%EOF\n"), true },
        { "no number", BYTES("%PDF-1.4\n" OBJECT "startxref\n%%EOF\n"), true },
        { "an xref stream elsewhere", BYTES("%PDF-1.5\n" AN_XREF_STREAM STREAM_AT("8")), true },
        { "no cross-reference", BYTES("%PDF-1.4\n2 0 R" STREAM_AT("900")), false },
        { "places counted from the header",
          BYTES("HTTP/1.1 200 OK\r\n\r\n%PDF-1.4\n" OBJECT "xref\n0 0\n" STREAM_AT("45")), true },
    };

    (void)state;
    check_samples(PDF, samples, ARRAY_LEN(samples));
}

static void complete_finds_an_end_across_its_buffers(void **state)
{
    static char bytes[3 * 16384 + 100];
    size_t len = sizeof(A_PDF) - 1;

    (void)state;
    for (size_t behind = 16384 - 12; behind < 16384 + 12; behind++) {
        memset(bytes, '\n', sizeof(bytes));
        memcpy(bytes, A_PDF, len);
        assert_true(is_whole(PDF, bytes, len + behind));
        assert_true(is_whole(PDF, bytes, len + behind + 16384 - 4));
        memcpy(bytes + len + behind, OBJECT, sizeof(OBJECT) - 1);
        assert_false(is_whole(PDF, bytes, sizeof(bytes)));
    }
}

/* --- JPEG ------------------------------------------------------------------------------------- */

#define SOI "\xff\xd8"
#define EOI "\xff\xd9"
#define JFIF "\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
#define A_FRAME "\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0"
#define A_PROGRESSIVE_FRAME "\xff\xc2\0\x0b\x08\0\1\0\1\1\1\x11\0"
#define A_TABLE "\xff\xc4\0\x05\0\0\0"
#define A_SCAN                                                                                     \
    "\xff\xda\0\x08\1\1\0\0\x3f\0"                                                                 \
    "\x12\xff\0\x34\xff\xd0\x56\xff\xd7\x78"
#define A_SMALL_PICTURE SOI JFIF A_FRAME A_SCAN EOI
#define EXIF                                                                                       \
    "\xff\xe1\0\x4b"                                                                               \
    "Exif\0\0" A_SMALL_PICTURE /* a thumbnail: has an end of its own */
#define A_JPEG SOI EXIF A_FRAME A_TABLE A_SCAN EOI

static void complete_follows_the_segments_of_a_jpeg(void **state)
{
    static const struct sample samples[] = {
        { "one", BYTES(A_JPEG), true },
        { "nothing", BYTES(""), false },
        { "no end mark", BYTES(SOI JFIF A_FRAME A_SCAN), false },
        { "half an end mark", BYTES(SOI JFIF A_FRAME A_SCAN "\xff"), false },
        { "several scans", BYTES(SOI JFIF A_PROGRESSIVE_FRAME A_SCAN A_TABLE A_SCAN EOI), true },
        { "lines counted later", BYTES(SOI A_FRAME A_SCAN "\xff\xdc\0\4\0\1" EOI), true },
        { "fill bytes", BYTES(SOI "\xff\xff" JFIF A_FRAME A_SCAN "\xff\xff\xff\xff\xd9"), true },
        { "a comment with an end mark", BYTES(SOI "\xff\xfe\0\4" EOI), false },
        { "and an end", BYTES(SOI "\xff\xfe\0\4" EOI EOI), true },
        { "an empty segment", BYTES(SOI "\xff\xfe\0\2" EOI), true },
        { "a segment shorter than its length", BYTES(SOI "\xff\xfe\0\0" EOI), true },
        { "a byte too many before a segment", BYTES(SOI JFIF "\0" A_FRAME A_SCAN EOI), true },
        { "a second picture that is cut off", BYTES(A_JPEG SOI EXIF A_FRAME A_SCAN), true },
        { "a segment behind all", BYTES(SOI "\xff\xe2\xff\xff" EOI), false },
    };

    (void)state;
    check_samples(JPEG, samples, ARRAY_LEN(samples));
    check_cuts(JPEG, BYTES(A_JPEG), sizeof(A_JPEG) - 1);
    check_cuts(JPEG, BYTES(SOI JFIF A_PROGRESSIVE_FRAME A_SCAN A_TABLE A_SCAN A_TABLE A_SCAN EOI),
               sizeof(SOI JFIF A_PROGRESSIVE_FRAME A_SCAN A_TABLE A_SCAN A_TABLE A_SCAN EOI) - 1);
}

/* --- PNG -------------------------------------------------------------------------------------- */

#define PNG_START "\x89PNG\r\n\x1a\n"
#define IHDR "\0\0\0\x0dIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3a\x7e\x9b\x55"
#define IDAT "\0\0\0\x0aIDATIEND\xae\x42\x60\x82..\1\2\3\4" /* an end mark in its data */
#define IEND "\0\0\0\0IEND\xae\x42\x60\x82"
#define A_PNG PNG_START IHDR IDAT IDAT IEND

static void complete_follows_the_chunks_of_a_png(void **state)
{
    static const struct sample samples[] = {
        { "one", BYTES(A_PNG), true },
        { "nothing", BYTES(""), false },
        { "no end", BYTES(PNG_START IHDR IDAT), false },
        { "an end without its sum", BYTES(PNG_START IHDR IDAT "\0\0\0\0IEND\xae\x42\x60"), false },
        { "room for the rest", BYTES(PNG_START IHDR IDAT "\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), false },
        { "a chunk behind all", BYTES(PNG_START IHDR "\x7f\xff\xff\xffIDAT" IEND), false },
        { "damaged: no length", BYTES(PNG_START IHDR "\xff\xff\xff\xffIDAT" IEND), true },
        { "damaged: no type", BYTES(PNG_START IHDR "\0\0\0\1I\xc1\0T" IEND), true },
    };

    (void)state;
    check_samples(PNG, samples, ARRAY_LEN(samples));
    check_cuts(PNG, BYTES(A_PNG), sizeof(A_PNG) - 1);
}

/* --- TIFF ------------------------------------------------------------------------------------- */

struct tiff {
    unsigned char bytes[512];
    size_t len;
    bool big; /* its numbers' first byte counts most */
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

static void put_big_entry(struct tiff *t, uint32_t tag, uint32_t type, uint32_t count,
                          uint64_t value)
{
    put(t, tag, 2);
    put(t, type, 2);
    for (int i = 0; i < 2; i++) {
        uint64_t n = i ? value : count;

        put(t, (uint32_t)(t->big ? n >> 32 : n), 4);
        put(t, (uint32_t)(t->big ? n : n >> 32), 4);
    }
}

/* BigTIFF: three strips of 20 bytes, whose places need 8 bytes each; 180 bytes in all. */
static void make_big_page(struct tiff *t, bool big, uint64_t first)
{
    *t = (struct tiff){ .big = big };
    put(t, big ? 0x4d4d : 0x4949, 2);
    put(t, 43, 2);
    put(t, 8, 2);
    put(t, 0, 2);
    put_big_entry(t, 0, 0, 0, 0); /* room: where the first page is */
    t->len = 8;
    put(t, big ? 0 : 16, 4);
    put(t, big ? 16 : 0, 4);
    put(t, big ? 0 : 2, 4);
    put(t, big ? 2 : 0, 4);
    put_big_entry(t, 273, 16, 3, 80);
    put_big_entry(t, 279, 3, 3, big ? 20ULL << 48 | 20ULL << 32 | 20 << 16 : 0x001400140014ULL);
    t->len = 80;
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t off = i ? 120 + 20 * i : first;

        put(t, (uint32_t)(t->big ? off >> 32 : off), 4);
        put(t, (uint32_t)(t->big ? off : off >> 32), 4);
    }
    t->len = 180;
}

static void complete_follows_what_a_bigtiff_points_to(void **state)
{
    struct tiff t;

    (void)state;
    for (int big = 0; big < 2; big++) {
        make_big_page(&t, big, 120);
        assert_true(is_whole(TIFF, (char *)t.bytes, 180));
        assert_true(is_whole(TIFF, (char *)t.bytes, 200));
        for (size_t len = 0; len < 180; len++) {
            print_message("%d, the first %zu bytes\n", big, len);
            assert_false(is_whole(TIFF, (char *)t.bytes, len));
        }
    }
}

static void complete_looks_at_every_strip_of_a_tiff(void **state)
{
    static const uint64_t behind[] = { 161, 181, 1ULL << 40, UINT64_MAX - 10, UINT64_MAX };
    struct tiff t;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
        make_big_page(&t, i % 2, behind[i]);
        assert_false(is_whole(TIFF, (char *)t.bytes, 180));
    }
}

static void complete_does_not_judge_what_is_no_tiff(void **state)
{
    (void)state;
    assert_true(is_whole(TIFF, BYTES("II\x55\0\x18\0\0\0....")));             /* a camera's own */
    assert_true(is_whole(TIFF, BYTES("II\x2b\0\x10\0\0\0\xff\xff\xff\xff"))); /* offsets of 16 */
}

/* A long list of strips that many pages share: looking at it takes a while, not for ever. */
static void complete_ends_on_many_pages_with_one_long_list(void **state)
{
    enum { PAGES = 20000, LIST = 100000, PAGE_BYTES = 2 + 2 * 12 + 4 };
    struct tiff t = { .big = false };
    int fd = memfd_create("document", MFD_CLOEXEC);

    (void)state;
    assert_int_equal(ftruncate(fd, 8 + PAGES * PAGE_BYTES + 4 * LIST), 0);
    put(&t, 0x4949, 2);
    put(&t, 42, 2);
    put(&t, 8, 4);
    for (uint32_t i = 0; i < PAGES; i++) {
        put(&t, 2, 2);
        put_entry(&t, 273, 4, LIST, 8 + PAGES * PAGE_BYTES);
        put_entry(&t, 279, 4, LIST, 8 + PAGES * PAGE_BYTES);
        put(&t, i + 1 < PAGES ? 8 + (i + 1) * PAGE_BYTES : 0, 4);
        assert_int_equal(write(fd, t.bytes, t.len), t.len);
        t.len = 0;
    }
    assert_null(complete_missing(fd, TIFF));
    close(fd);
}

/* --- Bytes of no sense ------------------------------------------------------------------------ */

/* Marks and numbers that mean something, in any order: it answers, whatever it says. */
static void complete_answers_of_any_bytes(void **state)
{
    static const char *const types[] = { PDF, JPEG, PNG, TIFF };
    static const struct sample pieces[] = {
        { "", BYTES("%PDF-1.4\n"), true },
        { "", BYTES("%%EOF"), true },
        { "", BYTES("startxref\n"), true },
        { "", BYTES("99999999999999999999"), true },
        { "", BYTES("1 0 obj"), true },
        { "", BYTES("/Linearized 1"), true },
        { "", BYTES("/Prev 7"), true },
        { "", BYTES("trailer"), true },
        { "", BYTES("\xff\xd8"), true },
        { "", BYTES("\xff\xe1\xff\xff"), true },
        { "", BYTES("\xff"), true },
        { "", BYTES("\xff\xd9"), true },
        { "", BYTES("\0\0\0\4IDAT"), true },
        { "", BYTES("\x7f\xff\xff\xffIEND"), true },
        { "", BYTES("II*\0\x08\0\0\0"), true },
        { "", BYTES("MM\0+\0\x08\0\0"), true },
        { "", BYTES("\x11\1\4\0\xff\xff\xff\xff\x10\0\0\0"), true },
        { "", BYTES("\0"), true },
        { "", BYTES(PNG_START), true },
        { "", BYTES("\x02\0\0\0\0\0\0\0"), true },
    };
    uint32_t chance = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        const char *type = types[round % 4];
        char bytes[512];
        size_t len = 0;
        int fd;

        while (len < sizeof(bytes) - 40 && (chance = chance * 1664525 + 1013904223) >> 28) {
            const struct sample *p = &pieces[(chance >> 16) % ARRAY_LEN(pieces)];

            memcpy(bytes + len, p->bytes, p->len);
            len += p->len;
        }
        fd = file_of(bytes, len);
        complete_missing(fd, type);
        close(fd);
    }
}

static void complete_says_nothing_of_what_cannot_be_read(void **state)
{
    int fd = memfd_create("document", MFD_CLOEXEC);
    char path[64];
    int unreadable;

    (void)state;
    assert_int_equal(write(fd, "\xff\xd8....................", 20), 20);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    unreadable = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(unreadable >= 0);
    assert_non_null(complete_missing(fd, JPEG));
    assert_null(complete_missing(unreadable, JPEG));
    assert_null(complete_missing(unreadable, PDF));
    assert_null(complete_missing(-1, PDF));
    close(unreadable);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_says_nothing_of_other_types),
        cmocka_unit_test(complete_finds_the_last_end_of_a_pdf),
        cmocka_unit_test(complete_tells_the_front_of_a_linearized_pdf),
        cmocka_unit_test(complete_does_not_judge_damaged_pdfs),
        cmocka_unit_test(complete_finds_an_end_across_its_buffers),
        cmocka_unit_test(complete_follows_the_segments_of_a_jpeg),
        cmocka_unit_test(complete_follows_the_chunks_of_a_png),
        cmocka_unit_test(complete_follows_what_a_tiff_points_to),
        cmocka_unit_test(complete_wants_the_first_page_of_a_tiff_to_be_linked),
        cmocka_unit_test(complete_ends_on_a_circle_of_pages),
        cmocka_unit_test(complete_follows_what_a_bigtiff_points_to),
        cmocka_unit_test(complete_looks_at_every_strip_of_a_tiff),
        cmocka_unit_test(complete_does_not_judge_what_is_no_tiff),
        cmocka_unit_test(complete_ends_on_many_pages_with_one_long_list),
        cmocka_unit_test(complete_answers_of_any_bytes),
        cmocka_unit_test(complete_says_nothing_of_what_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
