#include "scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base64_groups.h"
#include "file.h"

#include "banned.h"

#define NAME "content"
#define NAME_LEN (sizeof(NAME) - 1)
#define NO_HIT (NAME_LEN + 1)
/* The bytes wait for each other: few large writes cost less than many small ones. More than a processor
 * has at hand, with 16 of them under way, costs more again. */
#define BLOCK_BYTES ((size_t)64 << 10)

enum where {
    OUTSIDE,      /* between strings */
    IN_STRING,    /* in one that is kept */
    IN_ESCAPE,    /* after its backslash */
    IN_UNICODE,   /* in its \uXXXX */
    AFTER_NAME,   /* the name "content" has ended: a colon comes */
    BEFORE_VALUE, /* the colon has come */
    IN_CONTENT,   /* in the value */
    CONTENT_ESCAPE,
    CONTENT_UNICODE,
};

void scan_init(struct scan *s, int fd, struct buf *rest)
{
    *s = (struct scan){ .rest = rest, .fd = fd, .size = -1, .where = OUTSIDE };
}

void scan_release(struct scan *s)
{
    free(s->block);
    s->block = NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* --- Content --------------------------------------------------------------------------------- */

static int write_block(struct scan *s)
{
    int rc = s->fd < 0 ? 0 : file_pwrite_all(s->fd, s->block, s->held, (off_t)s->written);

    if (rc < 0)
        return rc;
    s->written += (int64_t)s->held;
    s->held = 0;
    return 0;
}

/* What is not plain base64, and within a group: padding, and white space. */
static bool decode_one(struct scan *s, char c)
{
    size_t n = BASE64_DECODE_LENGTH(1);

    if (!base64_decode_update(&s->base64, &n, s->block + s->held, 1, &c))
        return false;
    s->held += n;
    return true;
}

/* As much of text as there is room for; how much that was, or -EIO. */
static ssize_t decode_some(struct scan *s, const char *text, size_t len)
{
    bool within = s->base64.bits > 0 || s->base64.padding > 0;
    size_t room = (BLOCK_BYTES - s->held) / 3 * 4, n;

    n = within ? 0 : base64_groups(text, len < room ? len : room, s->block + s->held);
    if (n > 0) {
        s->held += n / 4 * 3;
        return (ssize_t)n;
    }
    return decode_one(s, *text) ? 1 : -EIO;
}

static int decode(struct scan *s, const char *text, size_t len)
{
    while (len) {
        int rc = BLOCK_BYTES - s->held < 3 ? write_block(s) : 0;
        ssize_t n = rc < 0 ? rc : decode_some(s, text, len);

        if (n < 0)
            return (int)n;
        text += n;
        len -= (size_t)n;
    }
    s->size = s->written + (int64_t)s->held;
    return 0;
}

static int decode_char(struct scan *s, unsigned c)
{
    char one = (char)c;

    return c < 0x80 ? decode(s, &one, 1) : -EIO;
}

static int begin_content(struct scan *s)
{
    if (s->size >= 0)
        return -EIO;
    s->block = malloc(BLOCK_BYTES);
    if (!s->block)
        return -ENOMEM;
    s->size = 0;
    base64_decode_init(&s->base64);
    s->where = IN_CONTENT;
    return 0;
}

static int end_content(struct scan *s)
{
    int rc = base64_decode_final(&s->base64) ? write_block(s) : -EIO;

    if (rc < 0)
        return rc;
    scan_release(s);
    s->where = OUTSIDE;
    return buf_adds(s->rest, "\"\"");
}

/* As much of data as needs no look at single characters; how much that was. */
static size_t feed_content(struct scan *s, const char *data, size_t len, int *rc)
{
    const char *quote = memchr(data, '"', len);
    size_t run = quote ? (size_t)(quote - data) : len;
    const char *slash = memchr(data, '\\', run);

    if (slash)
        run = (size_t)(slash - data);
    *rc = decode(s, data, run);
    if (*rc < 0 || run == len)
        return run;
    if (data[run] == '\\')
        s->where = CONTENT_ESCAPE;
    else
        *rc = end_content(s);
    return run + 1;
}

static int feed_content_escape(struct scan *s, char c)
{
    s->where = IN_CONTENT;
    switch (c) {
    case '/':
        return decode_char(s, '/');
    case 'n':
    case 'r':
    case 't':
        return 0; /* white space says nothing in base64 */
    case 'u':
        s->where = CONTENT_UNICODE;
        s->escape = 4;
        s->escaped = 0;
        return 0;
    default:
        return -EIO;
    }
}

/* One digit of \uXXXX; true when it was the last. -1 in *value: no digit. */
static bool unicode_digit(struct scan *s, char c, int *value)
{
    int digit = hex_value(c);

    *value = digit;
    if (digit < 0)
        return true;
    s->escaped = s->escaped << 4 | (unsigned)digit;
    *value = (int)s->escaped;
    return --s->escape == 0;
}

static int feed_content_unicode(struct scan *s, char c)
{
    int value;

    if (!unicode_digit(s, c, &value))
        return 0;
    s->where = IN_CONTENT;
    return value < 0 ? -EIO : decode_char(s, (unsigned)value);
}

/* --- Everything else ------------------------------------------------------------------------- */

static void name_char(struct scan *s, unsigned c)
{
    if (s->key_hit < NAME_LEN && c == (unsigned char)NAME[s->key_hit])
        s->key_hit++;
    else
        s->key_hit = NO_HIT;
}

static void feed_outside(struct scan *s, char c)
{
    if (c == '{' || c == '[') {
        s->depth++;
        s->key_next = c == '{' && s->depth == 1;
    } else if (c == '}' || c == ']') {
        s->depth -= s->depth ? 1 : 0;
        s->key_next = false;
    } else if (c == ',') {
        s->key_next = s->depth == 1;
    } else if (c == '"') {
        s->where = IN_STRING;
        s->key_hit = s->key_next ? 0 : NO_HIT;
        s->key_next = false;
    }
}

static void feed_string(struct scan *s, char c)
{
    if (c == '\\')
        s->where = IN_ESCAPE;
    else if (c == '"')
        s->where = s->key_hit == NAME_LEN ? AFTER_NAME : OUTSIDE;
    else
        name_char(s, (unsigned char)c);
}

static void feed_escape(struct scan *s, char c)
{
    s->where = c == 'u' ? IN_UNICODE : IN_STRING;
    s->escape = 4;
    s->escaped = 0;
    if (c != 'u')
        s->key_hit = NO_HIT; /* no letter of the name is escaped in this way */
}

static void feed_unicode(struct scan *s, char c)
{
    int value;

    if (!unicode_digit(s, c, &value))
        return;
    s->where = IN_STRING;
    name_char(s, value < 0 ? 0 : (unsigned)value);
}

/* Up to the value; true when it was its opening quote. */
static bool feed_before(struct scan *s, char c)
{
    if (s->where == BEFORE_VALUE && c == '"')
        return true;
    if (s->where == AFTER_NAME && c == ':')
        s->where = BEFORE_VALUE;
    else if (!is_blank(c)) {
        s->where = OUTSIDE; /* null, or no JSON at all: the parser will tell */
        feed_outside(s, c);
    }
    return false;
}

/* The run of characters that are kept, to the content's opening quote or the end. */
static size_t feed_kept(struct scan *s, const char *data, size_t len, int *rc)
{
    size_t i;

    for (i = 0; i < len; i++) {
        enum where where = (enum where)s->where;

        if (where == OUTSIDE)
            feed_outside(s, data[i]);
        else if (where == IN_STRING)
            feed_string(s, data[i]);
        else if (where == IN_ESCAPE)
            feed_escape(s, data[i]);
        else if (where == IN_UNICODE)
            feed_unicode(s, data[i]);
        else if (feed_before(s, data[i]))
            break;
    }
    *rc = buf_add(s->rest, data, i);
    if (*rc == 0 && i < len) {
        *rc = begin_content(s);
        i++;
    }
    return i;
}

int scan_feed(struct scan *s, const char *data, size_t len)
{
    int rc = 0;

    for (size_t i = 0; i < len && rc == 0;) {
        switch ((enum where)s->where) {
        case IN_CONTENT:
            i += feed_content(s, data + i, len - i, &rc);
            break;
        case CONTENT_ESCAPE:
            rc = feed_content_escape(s, data[i++]);
            break;
        case CONTENT_UNICODE:
            rc = feed_content_unicode(s, data[i++]);
            break;
        case OUTSIDE:
        case IN_STRING:
        case IN_ESCAPE:
        case IN_UNICODE:
        case AFTER_NAME:
        case BEFORE_VALUE:
            i += feed_kept(s, data + i, len - i, &rc);
            break;
        }
    }
    return rc;
}

int scan_end(struct scan *s)
{
    bool within =
        s->where == IN_CONTENT || s->where == CONTENT_ESCAPE || s->where == CONTENT_UNICODE;

    return within ? -EIO : 0;
}
