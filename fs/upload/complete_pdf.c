/*
 * PDF: its end is a cross-reference's place and %%EOF. But a PDF can be written on behind its end,
 * and one that is linearized has an end at its front too.
 */
#include <ctype.h>
#include <string.h>

#include "array.h"
#include "complete_formats.h"
#include "pdf_header.h"

#include "banned.h"

#define END_MARK "%%EOF"
#define PIECE_BYTES 2048 /* for a header and what follows it, or a trailer */
#define NUMBER_MAX (UINT64_MAX / 100)
#define BLANKS " \t\r\n\f"

/* A piece of the file, with a 0 behind it. */
struct piece {
    char text[PIECE_BYTES + 1];
    size_t len;
};

/* As much of it as there is from off on, to end at most. */
static void read_piece(struct view *v, uint64_t off, uint64_t end, struct piece *out)
{
    end = end < v->size ? end : v->size;
    out->len = off < end ? (size_t)(end - off < PIECE_BYTES ? end - off : PIECE_BYTES) : 0;
    if (!view_read(v, off, out->text, out->len))
        out->len = 0;
    out->text[out->len] = '\0';
}

/* What stands before end. */
static uint64_t read_piece_before(struct view *v, uint64_t end, struct piece *out)
{
    uint64_t off = end > PIECE_BYTES ? end - PIECE_BYTES : 0;

    read_piece(v, off, end, out);
    return off;
}

/* word in p for the last time; NULL: nowhere. */
static const char *last_word(const struct piece *p, const char *word)
{
    const char *found = NULL, *at = p->text;

    while ((at = memmem(at, p->len - (size_t)(at - p->text), word, strlen(word))))
        found = at++;
    return found;
}

/* The number that stands behind key, from text on, which ends with a 0. */
static bool number_behind(const char *text, const char *key, uint64_t *out)
{
    while ((text = strstr(text, key))) {
        text += strlen(key);
        text += strspn(text, BLANKS);
        if (!isdigit((unsigned char)*text))
            continue;
        for (*out = 0; isdigit((unsigned char)*text) && *out < NUMBER_MAX; text++)
            *out = *out * 10 + (uint64_t)(*text - '0');
        return true;
    }
    return false;
}

/* --- Does it go on behind its end? ------------------------------------------------------------ */

/* Blanks and comments. */
static uint64_t skip_nothing(struct view *v, uint64_t off)
{
    const unsigned char *p;
    bool comment = false;
    size_t n;

    while ((p = view_some(v, off, &n)))
        for (size_t i = 0; i < n; i++, off++) {
            if (p[i] == '\r' || p[i] == '\n')
                comment = false;
            else if (p[i] == '%')
                comment = true;
            else if (!comment && p[i] && !isspace(p[i]))
                return off;
        }
    return off;
}

/* Objects, or the rest of what an end within another file's bytes belongs to. */
static bool goes_on(struct view *v, uint64_t mark)
{
    static const char *const words[] = { "xref", "trailer", "endstream", "endobj" };
    uint64_t off = skip_nothing(v, mark + strlen(END_MARK));
    struct piece p;

    read_piece(v, off, v->size, &p);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strncmp(p.text, words[i], strlen(words[i])) == 0)
            return true;
    return pdf_is_object(p.text, p.len);
}

/* --- What it says of itself ------------------------------------------------------------------- */

struct pdf {
    uint64_t header; /* where it begins: offsets may be counted from there */
    bool linearized;
    uint64_t end;  /* where startxref stands */
    uint64_t xref; /* where the cross-reference is said to be */
};

static void read_beginning(struct view *v, struct pdf *out)
{
    struct piece p;
    const char *header;

    read_piece(v, 0, v->size, &p);
    header = pdf_header(p.text, p.len);
    out->header = header ? (uint64_t)(header - p.text) : 0;
    out->linearized = last_word(&p, "/Linearized") != NULL;
}

/* false: what stands before the end mark is no end. */
static bool read_end(struct view *v, uint64_t mark, struct pdf *out)
{
    struct piece p;
    uint64_t off = read_piece_before(v, mark, &p);
    const char *word = last_word(&p, "startxref");

    if (!word || !number_behind(word, "startxref", &out->xref))
        return false;
    out->end = off + (uint64_t)(word - p.text);
    return true;
}

/* --- Linearized: its first page stands at its front, with an end of its own ------------------- */

static bool is_behind_all(const struct view *v, const struct pdf *f, const char *dictionary)
{
    uint64_t previous;

    return number_behind(dictionary, "/Prev", &previous) && previous >= v->size - f->header;
}

/* Does the trailer of this end name another cross-reference that would be behind all there is? */
static bool names_what_is_missing(struct view *v, const struct pdf *f)
{
    struct piece p;
    const char *trailer;

    read_piece_before(v, f->end, &p);
    trailer = last_word(&p, "trailer");
    if (trailer)
        return is_behind_all(v, f, trailer);
    read_piece(v, f->header + f->xref, v->size, &p);
    return is_behind_all(v, f, p.text);
}

/* The end at the front says 0 for its place, or has the rest of the file still before it. */
static bool is_front_of_linearized(struct view *v, const struct pdf *f)
{
    return f->linearized && (f->xref == 0 || names_what_is_missing(v, f));
}

/* --- The cross-reference ---------------------------------------------------------------------- */

static bool xref_is_at(struct view *v, uint64_t off)
{
    struct piece p;
    size_t blank;

    read_piece(v, off, v->size, &p);
    blank = strspn(p.text, BLANKS);
    return strncmp(p.text + blank, "xref", 4) == 0 || pdf_is_object(p.text + blank, p.len - blank);
}

/* Many programs write a wrong place: readers look for a trailer then. */
static bool has_xref(struct view *v, const struct pdf *f)
{
    uint64_t off;

    return xref_is_at(v, f->xref) || xref_is_at(v, f->header + f->xref) ||
           view_find_last(v, f->end, "trailer", &off) || view_find_last(v, f->end, "/XRef", &off);
}

bool complete_pdf(struct view *v)
{
    struct pdf f;
    uint64_t mark;

    if (!view_find_last(v, v->size, END_MARK, &mark) || goes_on(v, mark))
        return false;
    read_beginning(v, &f);
    if (!read_end(v, mark, &f))
        return true; /* damaged, but it has an end */
    return !is_front_of_linearized(v, &f) && has_xref(v, &f);
}
