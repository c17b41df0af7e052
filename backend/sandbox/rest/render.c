#include "render.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "number.h"
#include "tool.h"

#include "banned.h"

#define SIDE_MAX 4096
#define DENSITY_MAX 600
#define PAGES_MAX 100000
#define DENSITY_USUAL 150
#define FACTS_MAX ((size_t)8 << 20)
#define WORD_MAX 64
#define WORDS_MAX 32

#define PDF "application/pdf"
#define JPEG "image/jpeg"
#define TIFF "image/tiff"

/* --- The query ------------------------------------------------------------------------------- */

static int parse_number(const struct argument *a, int64_t min, int64_t max, int64_t *to,
                        struct failure *err)
{
    if (number_parse(a->value, min, max, to) == 0)
        return 0;
    return fail(err, -EINVAL, 400, "%s: a number from %lld to %lld", a->name, (long long)min,
                (long long)max);
}

static int parse_rotation(const struct argument *a, struct render *r, struct failure *err)
{
    if (number_parse(a->value, 0, 270, &r->rotation) == 0 && r->rotation % 90 == 0)
        return 0;
    return fail(err, -EINVAL, 400, "rotation: one of 0, 90, 180, 270");
}

static int parse_page(const struct argument *a, struct render *r, struct failure *err)
{
    bool back = a->value[0] == '-';

    r->page_asked = true;
    if (number_parse(a->value + back, back, PAGES_MAX, &r->page) < 0)
        return fail(err, -EINVAL, 400, "page: a number, from 0 on, or from the end below 0");
    if (back)
        r->page = -r->page;
    return 0;
}

static int parse_quality(const struct argument *a, struct render *r, struct failure *err)
{
    r->low = strcmp(a->value, "low") == 0;
    return r->low ? 0 : fail(err, -EINVAL, 400, "quality: only low is one");
}

int render_parse(const struct argument *args, size_t n, struct render *out, struct failure *err)
{
    int rc = 0;

    *out = (struct render){ 0 };
    for (const struct argument *a = args; a < args + n && rc == 0; a++) {
        if (strcmp(a->name, "width") == 0)
            rc = parse_number(a, 1, SIDE_MAX, &out->width, err);
        else if (strcmp(a->name, "height") == 0)
            rc = parse_number(a, 1, SIDE_MAX, &out->height, err);
        else if (strcmp(a->name, "density") == 0)
            rc = parse_number(a, 1, DENSITY_MAX, &out->density, err);
        else if (strcmp(a->name, "rotation") == 0)
            rc = parse_rotation(a, out, err);
        else if (strcmp(a->name, "page") == 0)
            rc = parse_page(a, out, err);
        else if (strcmp(a->name, "quality") == 0)
            rc = parse_quality(a, out, err);
    }
    return rc;
}

static bool wants_picture(const struct render *r)
{
    return r->width || r->height || r->density || r->rotation || r->page_asked;
}

bool render_is_asked(const struct render *r)
{
    return r->low || wants_picture(r);
}

/* --- Command lines --------------------------------------------------------------------------- */

struct job {
    const struct render *r;
    const void *data;
    size_t len;
    int stop;
    int64_t page;      /* from 0 */
    double wide, high; /* of a PDF's page before it is turned as it says; 0: not known */
    bool lies;         /* it says that it is turned by 90 or 270 degrees */
    const char *argv[WORDS_MAX];
    char words[WORDS_MAX][WORD_MAX]; /* those of argv that are made here */
    unsigned n;
};

static void say(struct job *j, const char *word)
{
    if (j->n < WORDS_MAX - 1)
        j->argv[j->n++] = word;
    j->argv[j->n] = NULL;
}

static void say_number(struct job *j, const char *before, int64_t number, const char *behind)
{
    if (j->n >= WORDS_MAX - 1)
        return;
    snprintf(j->words[j->n], WORD_MAX, "%s%lld%s", before, (long long)number, behind);
    say(j, j->words[j->n]);
}

/* package: of Debian, which has the program. */
static int run(struct job *j, const char *package, struct buf *out, struct failure *err)
{
    int rc = tool_run(j->argv, j->data, j->len, j->stop, out);

    switch (rc) {
    case -ENOENT:
        return fail(err, -EINVAL, 400, "that needs the program %s, which is not installed (%s)",
                    j->argv[0], package);
    case -EINVAL:
        return fail(err, -EINVAL, 400, "%s cannot read the document, or it is too large for that",
                    j->argv[0]);
    case -EFBIG:
        return fail(err, -EINVAL, 400, "what %s makes of the document is too large", j->argv[0]);
    case -ETIMEDOUT:
        return fail(err, -EINVAL, 400, "%s takes longer than %d s for it", j->argv[0],
                    TOOL_SECONDS);
    default:
        return rc;
    }
}

/* Where the page is that is asked for, of n. */
static int find_page(struct job *j, int64_t n, struct failure *err)
{
    j->page = j->r->page < 0 ? n + j->r->page : j->r->page;
    if (j->page >= 0 && j->page < n)
        return 0;
    return fail(err, -ENOENT, 404, "page: the document has %lld of them", (long long)n);
}

static int64_t quality(const struct render *r)
{
    return r->low ? 40 : 90;
}

static bool is_turned(const struct render *r)
{
    return r->rotation % 180 != 0;
}

/* --- Other formats than PDF ------------------------------------------------------------------ */

static const char *format_of(const char *type)
{
    static const struct {
        const char *type, *format;
    } known[] = {
        { JPEG, "jpeg" }, { "image/png", "png" }, { TIFF, "tiff" }, { "image/webp", "webp" }
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(known[i].type, type) == 0)
            return known[i].format;
    return NULL;
}

/* Nothing of it in files, and no picture that would need them. */
static void say_bounds(struct job *j)
{
    say(j, "-limit");
    say(j, "Pixels");
    say(j, "64MP");
    say(j, "-limit");
    say(j, "Disk");
    say(j, "0");
}

static int count_images(struct job *j, const char *type, struct failure *err)
{
    cleanup_buf struct buf lines = BUF_INIT(FACTS_MAX);
    int64_t n = 0;
    int rc;

    if (strcmp(type, TIFF) != 0)
        return find_page(j, 1, err);
    j->n = 0;
    say(j, "gm");
    say(j, "identify");
    say_bounds(j);
    say(j, "-ping");
    say(j, "-format");
    say(j, "%p\\n");
    say(j, "tiff:" TOOL_INPUT);
    rc = run(j, "graphicsmagick", &lines, err);
    for (const char *p = buf_str(&lines); *p; p++)
        n += *p >= '0' && *p <= '9' && (p[1] < '0' || p[1] > '9');
    return rc < 0 ? rc : find_page(j, n, err);
}

/* "300x200": the larger of the two within it. */
static void say_size(struct job *j)
{
    const struct render *r = j->r;

    if ((!r->width && !r->height) || j->n + 2 >= WORDS_MAX)
        return;
    say(j, "-resize");
    if (r->width && r->height)
        snprintf(j->words[j->n], WORD_MAX, "%lldx%lld", (long long)r->width, (long long)r->height);
    else
        snprintf(j->words[j->n], WORD_MAX, r->width ? "%lldx" : "x%lld",
                 (long long)(r->width ? r->width : r->height));
    say(j, j->words[j->n]);
}

/* White stands behind what can be seen through. */
static int picture_of_image(struct job *j, const char *type, struct buf *out, struct failure *err)
{
    const struct render *r = j->r;
    char source[WORD_MAX / 2];
    int rc = r->page ? count_images(j, type, err) : 0;

    if (rc < 0)
        return rc;
    snprintf(source, sizeof(source), "%s:" TOOL_INPUT "[", format_of(type));
    j->n = 0;
    say(j, "gm");
    say(j, "convert");
    say_bounds(j);
    say_number(j, source, j->page, "]");
    say(j, "-background");
    say(j, "white");
    say(j, "-extent");
    say(j, "0x0");
    say(j, "+matte");
    if (r->density && strcmp(type, TIFF) == 0) {
        say(j, "-resample");
        say_number(j, "", r->density, "");
    }
    if (r->rotation) {
        say(j, "-rotate");
        say_number(j, "", r->rotation, "");
    }
    say_size(j);
    say(j, "-strip");
    say(j, "-quality");
    say_number(j, "", quality(r), "");
    say(j, "jpeg:-");
    return run(j, "graphicsmagick", out, err);
}

/* --- PDF ------------------------------------------------------------------------------------- */

/* "Page    3 size: 595 x 842 pts (A4)", "Page    3 rot: 90" */
static void read_size(struct job *j, const char *text)
{
    char name[WORD_MAX];
    const char *at;
    int turn = 0;

    snprintf(name, sizeof(name), "\nPage %4lld size:", (long long)j->page + 1);
    at = strstr(text, name);
    if (!at || sscanf(at + strlen(name), " %lf x %lf", &j->wide, &j->high) != 2)
        return;
    snprintf(name, sizeof(name), "\nPage %4lld rot:", (long long)j->page + 1);
    at = strstr(text, name);
    j->lies = at && sscanf(at + strlen(name), " %d", &turn) == 1 && turn % 180 != 0;
}

static int look_at_pdf(struct job *j, struct failure *err)
{
    cleanup_buf struct buf facts = BUF_INIT(FACTS_MAX);
    long long pages = 0;
    const char *at;
    int rc;

    j->n = 0;
    say(j, "pdfinfo");
    say(j, "-f");
    say(j, "1");
    say(j, "-l");
    say(j, "-1");
    say(j, TOOL_INPUT);
    rc = run(j, "poppler-utils", &facts, err);
    if (rc < 0)
        return rc;
    at = strstr(buf_str(&facts), "\nPages:");
    if (!at || sscanf(at, "\nPages: %lld", &pages) != 1)
        return fail(err, -EINVAL, 400, "pdfinfo cannot read the document");
    rc = find_page(j, pages, err);
    if (rc == 0)
        read_size(j, buf_str(&facts));
    return rc;
}

/* The side that decides, as pdftoppm takes it: of the page before anything turns it. */
static void say_scale(struct job *j)
{
    const struct render *r = j->r;
    bool swap = is_turned(r) != j->lies;
    int64_t width = swap ? r->height : r->width;
    int64_t height = swap ? r->width : r->height;

    if (width && height && j->high > 0) {
        bool wider = j->wide / j->high > (double)width / (double)height;

        *(wider ? &height : &width) = 0;
    }
    say(j, "-scale-to-x");
    say_number(j, "", width ? width : -1, "");
    say(j, "-scale-to-y");
    say_number(j, "", height ? height : -1, "");
}

static int turn(struct job *j, struct buf *out, struct failure *err)
{
    cleanup_buf struct buf straight = *out;
    struct render only = { .rotation = j->r->rotation, .low = j->r->low };
    struct job then = { .r = &only, .data = straight.data, .len = straight.len, .stop = j->stop };

    buf_init(out, straight.max);
    return picture_of_image(&then, JPEG, out, err);
}

static int picture_of_pdf(struct job *j, struct buf *out, struct failure *err)
{
    const struct render *r = j->r;
    int rc = r->page || r->width || r->height ? look_at_pdf(j, err) : 0;

    if (rc < 0)
        return rc;
    j->n = 0;
    say(j, "pdftoppm");
    say(j, "-q");
    say(j, "-jpeg");
    say(j, "-jpegopt");
    say_number(j, "quality=", quality(r), "");
    say(j, "-singlefile");
    say(j, "-f");
    say_number(j, "", j->page + 1, "");
    say(j, "-l");
    say_number(j, "", j->page + 1, "");
    if (r->width || r->height) {
        say_scale(j);
    } else {
        say(j, "-r");
        say_number(j, "", r->density ? r->density : DENSITY_USUAL, "");
    }
    say(j, TOOL_INPUT);
    rc = run(j, "poppler-utils", out, err);
    return rc == 0 && r->rotation ? turn(j, out, err) : rc;
}

/* The same pages, its pictures as JPEGs; as it was where that is not less. */
static int smaller_pdf(struct job *j, struct buf *out, struct failure *err)
{
    int rc;

    j->n = 0;
    say(j, "qpdf");
    say(j, "--warning-exit-0");
    say(j, "--optimize-images");
    say(j, "--object-streams=generate");
    say(j, "--recompress-flate");
    say(j, "--compression-level=9");
    say(j, TOOL_INPUT);
    say(j, "-");
    rc = run(j, "qpdf", out, err);
    if (rc < 0 || out->len < j->len)
        return rc;
    buf_reset(out);
    return buf_add(out, j->data, j->len);
}

/* --- What is asked for ----------------------------------------------------------------------- */

int render_run(const struct render *r, const char *type, const void *data, size_t len, int stop,
               struct buf *out, const char **made, struct failure *err)
{
    struct job j = { .r = r, .data = data, .len = len, .stop = stop };
    bool pdf = strcmp(type, PDF) == 0;

    *made = wants_picture(r) ? JPEG : type;
    if (!pdf && !format_of(type))
        return fail(err, -EINVAL, 400, "of %s there are no pictures", *type ? type : "no type");
    if (!wants_picture(r))
        return pdf ? smaller_pdf(&j, out, err) : buf_add(out, data, len);
    return pdf ? picture_of_pdf(&j, out, err) : picture_of_image(&j, type, out, err);
}
