/* .sha256sums and .files.tsv: what the server has of what was put into a folder. */
#include "pseudo_fixture.h"

#include "banned.h"

#define SUMS "/documents/.sha256sums"
#define TSV "/documents/.files.tsv"
#define LAG_MS 3000 /* a list must have by then what was sent */

/* The SHA-256 of a text in digits; valid until the fourth next call. */
static const char *sum(struct mount *m, const char *text)
{
    static char digits[4][65];
    static unsigned next;
    char *out = digits[next++ % 4];
    uint8_t digest[CONTENT_DIGEST_BYTES];
    void *dir = m->w.dir;
    cleanup_fd int fd = -1;

    write_file(in_dir(&dir, "text"), text, strlen(text));
    fd = open(in_dir(&dir, "text"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(content_digest(fd, digest), 0);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return out;
}

static void put_as(struct mount *m, const char *key, const char *name, const char *text,
                   int64_t mtime_ns)
{
    cleanup_drop struct drop *d = write_drop(&m->w, key, name, text, strlen(text));

    d->mtime_ns = mtime_ns;
    assert_int_equal(commit(&m->w, d), 0);
    settle_drop(m->w.uploads, d);
}

static void a_sum_is_what_the_standard_says(void **state)
{
    struct mount *m = *state;

    start_mount(m);
    assert_string_equal(sum(m, "abc"),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void all_that_was_delivered_is_there_by_path(void **state)
{
    cleanup_buf struct buf sums = BUF_INIT(4096), tsv = BUF_INIT(4096);
    struct mount *m = *state;
    cleanup_drop struct drop *d = NULL;

    start_mount(m);
    put_as(m, "documents", "b.pdf", pdf("b"), 1);
    put_as(m, "documents/2026/11", "a.pdf", pdf("a"), INT64_C(1700000000123456789));
    put_as(m, "documents", "a.pdf", pdf("c"), -INT64_C(1500000000)); /* before 1970 */
    assert_int_equal(
        drops_add(m->w.drops, folder_at(&m->w, "documents"), "2026", DROP_SUBFOLDER, &d), 0);
    drop_unref(d);
    assert_int_equal(
        drops_add(m->w.drops, folder_at(&m->w, "documents/2026"), "11", DROP_SUBFOLDER, &d), 0);
    pass(&m->w, LAG_MS);
    buf_addf(&sums, "%s  2026/11/a.pdf\n%s  a.pdf\n%s  b.pdf\n", sum(m, pdf("a")), sum(m, pdf("c")),
             sum(m, pdf("b")));
    expect_text(m, SUMS, sums.data);
    buf_addf(&tsv,
             "2026/11/a.pdf\tdocument#2\t%zu\t%s\t1700000000.123456789\n"
             "a.pdf\tdocument#3\t%zu\t%s\t-1.500000000\n"
             "b.pdf\tdocument#1\t%zu\t%s\t0.000000001\n",
             strlen(pdf("a")), sum(m, pdf("a")), strlen(pdf("c")), sum(m, pdf("c")),
             strlen(pdf("b")), sum(m, pdf("b")));
    expect_text(m, TSV, tsv.data);
}

static void what_was_not_delivered_is_not_there(void **state)
{
    struct mount *m = *state;
    cleanup_drop struct drop *d = NULL;

    start_mount(m);
    assert_int_equal(put(&m->w, "documents", "gone.pdf", pdf("a")), 0);
    assert_int_equal(put(&m->w, "documents", "changing.pdf", pdf("b")), 0);
    assert_int_equal(put(&m->w, "documents", "local.pdf~", pdf("c")), 0);
    assert_int_equal(put(&m->w, "documents", "failed.txt", "hello"), -EINVAL);
    d = write_drop(&m->w, "documents", "changing.pdf", pdf("d"), strlen(pdf("d")));
    pass(&m->w, LAG_MS);
    api_change(&m->w.api, "documents/document#1", NULL);
    forget_said(m);
    expect_text(m, SUMS, "");
    expect_text(m, TSV, "");
    expect_said(&m->w.api, "GET documents\nGET documents\n"); /* each is a fresh look */
}

static void what_was_sent_a_moment_ago_is_there_though_no_list_has_it(void **state)
{
    cleanup_buf struct buf sums = BUF_INIT(4096);
    struct mount *m = *state;

    start_mount(m);
    assert_int_equal(put(&m->w, "documents", "a.pdf", pdf("a")), 0);
    api_rule(&m->w.api, -1, "GET", "documents*", 200, "{'documents': []}");
    buf_addf(&sums, "%s  a.pdf\n", sum(m, pdf("a")));
    expect_text(m, SUMS, sums.data);
    pass(&m->w, LAG_MS);
    expect_text(m, SUMS, "");
}

static void labels_that_a_document_took_have_a_sum_and_no_id(void **state)
{
    cleanup_buf struct buf sums = BUF_INIT(4096), tsv = BUF_INIT(4096);
    static const char labels[] = "{\"total\": \"1\"}";
    struct mount *m = *state;

    start_mount(m);
    assert_int_equal(put(&m->w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(&m->w, "documents", "a.pdf.json", labels), 0);
    assert_int_equal(put(&m->w, "documents", "waits.pdf.json", labels), 0);
    buf_addf(&sums, "%s  a.pdf\n%s  a.pdf.json\n", sum(m, pdf("a")), sum(m, labels));
    expect_text(m, SUMS, sums.data);
    buf_addf(&tsv, "a.pdf\tdocument#1\t%zu\t%s\t1700003600.000000000\n", strlen(pdf("a")),
             sum(m, pdf("a")));
    expect_text(m, TSV, tsv.data);
}

static const struct {
    const char *name;
    const char *sums; /* "\\" first: the line begins with one */
    const char *tsv;
} names[] = {
    { "a b.pdf", "a b.pdf", "a b.pdf" },
    { "\xc3\xa9.pdf", "\xc3\xa9.pdf", "\xc3\xa9.pdf" },
    { "a\\b.pdf", "\\a\\\\b.pdf", "a\\\\b.pdf" },
    { "a\nb.pdf", "\\a\\nb.pdf", "a\\nb.pdf" },
    { "a\rb.pdf", "\\a\\rb.pdf", "a\\x0db.pdf" },
    { "a\tb.pdf", "a\tb.pdf", "a\\tb.pdf" },
    { "a\1b\177.pdf", "a\1b\177.pdf", "a\\x01b\\x7f.pdf" },
};

static void a_name_ends_no_line_and_no_column(void **state)
{
    struct mount *m = *state;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cleanup_buf struct buf sums = BUF_INIT(4096), tsv = BUF_INIT(4096);
        bool marked = names[i].sums[0] == '\\';

        print_message("%s\n", names[i].tsv);
        start_mount(m);
        assert_int_equal(put(&m->w, "documents", names[i].name, pdf("a")), 0);
        buf_addf(&sums, "%s%s  %s\n", marked ? "\\" : "", sum(m, pdf("a")), names[i].sums + marked);
        expect_text(m, SUMS, sums.data);
        buf_addf(&tsv, "%s\tdocument#1\t%zu\t%s\t1700003600.000000000\n", names[i].tsv,
                 strlen(pdf("a")), sum(m, pdf("a")));
        expect_text(m, TSV, tsv.data);
        stop_mount(m);
    }
}

static void each_folder_has_its_own(void **state)
{
    cleanup_buf struct buf sums = BUF_INIT(4096);
    struct mount *m = *state;

    start_mount(m);
    api_add(&m->w.api, "datasets", "{'datasetId': 'dataset#7'}");
    assert_int_equal(put(&m->w, "datasets/dataset#7/documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(&m->w, "documents", "b.pdf", pdf("b")), 0);
    forget_said(m);
    buf_addf(&sums, "%s  a.pdf\n", sum(m, pdf("a")));
    expect_text(m, "/datasets/dataset#7/documents/.sha256sums", sums.data);
    expect_said(&m->w.api, "GET datasets/dataset#7\nGET documents?datasetId=dataset#7\n");
}

static void what_the_server_has_must_be_known(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(4096);
    struct mount *m = *state;

    start_mount(m);
    assert_int_equal(put(&m->w, "documents", "a.pdf", pdf("a")), 0);
    api_rule(&m->w.api, -1, "GET", "documents*", 403, "{'message': 'Forbidden'}");
    assert_int_equal(read_path(m, SUMS, &text), -EACCES);
    assert_string_equal(m->w.err.text, "Forbidden");
    assert_int_equal(text.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sum_is_what_the_standard_says),
        TEST(all_that_was_delivered_is_there_by_path),
        TEST(what_was_not_delivered_is_not_there),
        TEST(what_was_sent_a_moment_ago_is_there_though_no_list_has_it),
        TEST(labels_that_a_document_took_have_a_sum_and_no_id),
        TEST(a_name_ends_no_line_and_no_column),
        TEST(each_folder_has_its_own),
        TEST(what_the_server_has_must_be_known),
    };

    return cmocka_run_group_tests_name("checksums", tests, NULL, NULL);
}
