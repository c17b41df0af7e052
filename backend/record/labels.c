#include "labels.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "json_bounds.h"
#include "json_text.h"

#include "banned.h"

#define NUMBER_MAX 64

/* --- Numbers as they are written -------------------------------------------------------------- */

#define IS_OBJECT 1u
#define IS_ITEM 2u   /* an object that stands in a list */
#define IS_LABELS 4u /* labels, or a part of them */

struct quoter {
    const char *member; /* NULL: all of it is labels */
    bool keep;          /* the numbers in entries that lose nothing */
    size_t depth;
    bool at_name;       /* a string that comes now is a member's name */
    bool value, wanted; /* the newest name was "value", was member */
    unsigned char levels[JSON_DEPTH_MAX];
};

static unsigned top(const struct quoter *q)
{
    return q->depth ? q->levels[q->depth - 1] : 0;
}

static bool open_level(struct quoter *q, bool object)
{
    unsigned outer = top(q), level = object ? IS_OBJECT : 0;

    if (q->depth == JSON_DEPTH_MAX)
        return false;
    if (object && q->depth && !(outer & IS_OBJECT))
        level |= IS_ITEM;
    if ((outer & IS_LABELS) || (q->member ? q->depth == 1 && q->wanted : q->depth == 0))
        level |= IS_LABELS;
    q->levels[q->depth++] = (unsigned char)level;
    q->at_name = object;
    return true;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* The length of a string with its quotes, at most left. */
static size_t string_length(const char *text, size_t left)
{
    size_t i = 1;

    while (i < left && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
    return i < left ? i + 1 : left;
}

static size_t take_string(struct quoter *q, const char *text, size_t left)
{
    size_t len = string_length(text, left);

    if (q->at_name && len >= 2) {
        q->value = is_word(text + 1, len - 2, "value");
        q->wanted = q->member && q->depth == 1 && is_word(text + 1, len - 2, q->member);
    }
    q->at_name = false;
    return len;
}

static size_t digits(const char *text, size_t left)
{
    size_t n = 0;

    while (n < left && text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

/* Is all of it a number, by JSON's rules? */
static bool is_number(const char *text, size_t len)
{
    size_t i = len && text[0] == '-', n = digits(text + i, len - i);

    if (n == 0 || (n > 1 && text[i] == '0'))
        return false;
    i += n;
    if (i < len && text[i] == '.') {
        n = digits(text + i + 1, len - i - 1);
        i += n ? n + 1 : 0;
    }
    if (n && i < len && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        i += i < len && (text[i] == '-' || text[i] == '+');
        n = digits(text + i, len - i);
        i += n;
    }
    return n && i == len;
}

static size_t number_length(const char *text, size_t left)
{
    size_t n = 0;

    while (n < left && text[n] && (isalnum((unsigned char)text[n]) || strchr("+-._", text[n])))
        n++;
    return n;
}

/* Of an object in a list only "value" is a value; of any other, every member. */
static bool is_value(const struct quoter *q)
{
    unsigned level = top(q);

    return level & IS_LABELS && level & IS_OBJECT && !q->at_name &&
           (!(level & IS_ITEM) || q->value);
}

/* Would it be written again with the same letters? Not 6.50, nor what has too many digits. */
static bool keeps_letters(const char *text, size_t len)
{
    cleanup_buf struct buf again = BUF_INIT(NUMBER_MAX);
    json_auto_t *number = NULL;

    return json_text_parse(text, len, true, &number, NULL) == 0 &&
           json_text_write(number, false, &again) == 0 && is_word(text, len, buf_str(&again));
}

static bool stays_number(const struct quoter *q, const char *text, size_t len)
{
    return q->keep && top(q) & IS_ITEM && keeps_letters(text, len);
}

static int add_number(const struct quoter *q, const char *text, size_t len, struct buf *out)
{
    bool word = is_value(q) && is_number(text, len) && !stays_number(q, text, len);
    const char *quote = word ? "\"" : "";
    int rc = buf_adds(out, quote);

    if (rc == 0)
        rc = buf_add(out, text, len);
    return rc < 0 ? rc : buf_adds(out, quote);
}

/* One letter between strings and numbers; false: it is deeper than the parser goes. */
static bool take_letter(struct quoter *q, char c)
{
    if (c == '{' || c == '[')
        return open_level(q, c == '{');
    if (c == '}' || c == ']')
        q->depth -= q->depth > 0;
    if (c == ',')
        q->at_name = top(q) & IS_OBJECT;
    return true;
}

int labels_quote_numbers(const char *text, size_t len, const char *member, bool keep,
                         struct buf *out)
{
    struct quoter q = { .member = member, .keep = keep };
    int rc = 0;

    for (size_t i = 0, n; i < len && rc == 0; i += n) {
        bool number = text[i] == '-' || isdigit((unsigned char)text[i]);

        if (text[i] == '"')
            n = take_string(&q, text + i, len - i);
        else if (number)
            n = number_length(text + i, len - i);
        else
            n = take_letter(&q, text[i]) ? 1 : len - i;
        rc = number ? add_number(&q, text + i, n, out) : buf_add(out, text + i, n);
    }
    return rc;
}

/* --- Forms ------------------------------------------------------------------------------------ */

static int no_memory(struct failure *err)
{
    return fail(err, -ENOMEM, 0, "out of memory");
}

struct reader {
    const char *name; /* of the field, for words */
    bool numbers;     /* they stay */
    struct failure *err;
};

/* The number's own text, as far as a parser has left it. */
static int number_text(json_t *number, json_t **out, struct failure *err)
{
    struct buf text = BUF_INIT(NUMBER_MAX);
    int rc = json_text_write(number, false, &text);

    if (rc == 0)
        *out = json_stringn(text.data, text.len);
    buf_release(&text);
    return rc < 0 || !*out ? no_memory(err) : 0;
}

/* Lists nest: this and read_list call each other, as deep as the parser goes. */
static int read_list(const struct reader *r, json_t *items, json_t *list);

/* What v means as the value of a label. *out is a new reference. */
static int read_value(const struct reader *r, json_t *v, const char *label, json_t **out)
{
    json_auto_t *list = NULL;
    int rc;

    if (json_is_number(v) && !r->numbers)
        return number_text(v, out, r->err);
    if (json_is_object(v))
        return fail(r->err, -EINVAL, 0,
                    "%s: the value of %.40s must be a text, a number, true, false or null", r->name,
                    label);
    if (!json_is_array(v)) {
        *out = json_incref(v);
        return 0;
    }
    list = json_array();
    rc = list ? read_list(r, v, list) : no_memory(r->err);
    if (rc == 0)
        *out = steal_pointer(&list);
    return rc;
}

/* item with what its value means; whole: and with all else that it has. Takes neither. */
static int add_item(const struct reader *r, json_t *list, json_t *item, bool whole)
{
    json_t *label = json_object_get(item, "label"), *value = json_object_get(item, "value");
    json_auto_t *copy = whole ? json_copy(item) : json_object();
    json_auto_t *meant = NULL;
    int rc = 0;

    if (!copy)
        return no_memory(r->err);
    if (value)
        rc = read_value(r, value, json_is_string(label) ? json_string_value(label) : "a label",
                        &meant);
    if (rc < 0)
        return rc;
    if (!whole && json_object_set(copy, "label", label) < 0)
        return no_memory(r->err);
    if (!meant && !whole)
        meant = json_null();
    if ((meant && json_object_set(copy, "value", meant) < 0) || json_array_append(list, copy) < 0)
        return no_memory(r->err);
    return 0;
}

static int read_list(const struct reader *r, json_t *items, json_t *list)
{
    json_t *item;
    int rc = 0;
    size_t i;

    json_array_foreach(items, i, item) {
        if (json_is_object(item)) {
            rc = add_item(r, list, item, true);
        } else { /* lines of a table are lists; what is none of these the API refuses */
            json_auto_t *meant = NULL;

            rc = read_value(r, item, "a label", &meant);
            if (rc == 0 && json_array_append(list, meant) < 0)
                rc = no_memory(r->err);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- Predictions ------------------------------------------------------------------------------ */

json_t *labels_plain_value(json_t *value)
{
    json_auto_t *lines = json_array();
    json_t *line, *cell;
    size_t i, k;

    if (!json_is_array(value))
        return value ? json_incref(value) : json_null();
    json_array_foreach(value, i, line) {
        json_t *plain = json_array();

        if (json_array_append_new(lines, plain) < 0)
            return NULL;
        json_array_foreach(line, k, cell) {
            json_t *v = labels_plain_value(json_object_get(cell, "value"));
            json_t *pair =
                json_pack("{s:O*, s:o}", "label", json_object_get(cell, "label"), "value", v);

            if (!v || !pair || json_array_append_new(plain, pair) < 0)
                return NULL;
        }
    }
    return steal_pointer(&lines);
}

/* The guesses of one label: each with its name, but for its lines, which are one guess's. */
static int list_label(const char *label, json_t *entries, json_t *list);

/* {column: [...]} as a line. */
static int list_line(json_t *columns, json_t *lines)
{
    json_t *line = json_array(), *cells;
    const char *column;
    int rc = json_array_append_new(lines, line) < 0 ? -ENOMEM : 0;

    json_object_foreach(columns, column, cells)
        if (rc == 0)
            rc = list_label(column, cells, line);
    return rc;
}

static int list_entry(const char *label, json_t *entry, json_t **lines, json_t *list)
{
    json_auto_t *guess = NULL;

    if (!json_is_object(entry))
        return -EINVAL;
    guess = json_pack("{s:s}", "label", label);
    if (!guess)
        return -ENOMEM;
    if (json_object_get(entry, "value") && !json_is_array(json_object_get(entry, "value")))
        return json_object_update(guess, entry) < 0 || json_array_append(list, guess) < 0 ? -ENOMEM
                                                                                          : 0;
    if (!*lines) {
        *lines = json_array();
        if (json_object_set_new(guess, "value", *lines) < 0 || json_array_append(list, guess) < 0)
            return -ENOMEM;
    }
    return list_line(entry, *lines);
}

static int list_label(const char *label, json_t *entries, json_t *list)
{
    json_t *entry, *lines = NULL;
    size_t i;

    if (!json_is_array(entries))
        return -EINVAL;
    json_array_foreach(entries, i, entry) {
        int rc = list_entry(label, entry, &lines, list);

        if (rc < 0)
            return rc;
    }
    return 0;
}

int labels_list_guesses(json_t *guesses, json_t **out)
{
    json_auto_t *list = NULL;
    const char *label;
    json_t *entries;

    if (json_is_array(guesses)) {
        *out = json_incref(guesses);
        return 0;
    }
    if (!json_is_object(guesses))
        return -EINVAL;
    list = json_array();
    if (!list)
        return -ENOMEM;
    json_object_foreach(guesses, label, entries) {
        int rc = list_label(label, entries, list);

        if (rc < 0)
            return rc;
    }
    *out = steal_pointer(&list);
    return 0;
}

static int read_guess(const struct reader *r, json_t *guess, json_t *list)
{
    json_auto_t *plain = json_object(), *value = NULL;

    if (!json_is_string(json_object_get(guess, "label")))
        return fail(r->err, -EINVAL, 0, "%s: a prediction without a label", r->name);
    value = labels_plain_value(json_object_get(guess, "value"));
    if (!plain || !value || json_object_set(plain, "label", json_object_get(guess, "label")) < 0 ||
        json_object_set(plain, "value", value) < 0)
        return no_memory(r->err);
    return add_item(r, list, plain, false);
}

static int read_prediction(const struct reader *r, json_t *guesses, json_t *list)
{
    json_auto_t *flat = NULL;
    json_t *guess;
    size_t i;
    int rc = labels_list_guesses(guesses, &flat);

    if (rc < 0)
        return rc == -EINVAL ? fail(r->err, rc, 0, "%s: no prediction", r->name)
                             : no_memory(r->err);
    json_array_foreach(flat, i, guess) {
        rc = read_guess(r, guess, list);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- All forms -------------------------------------------------------------------------------- */

static int read_map(const struct reader *r, json_t *map, json_t *list)
{
    const char *key;
    json_t *value;

    json_object_foreach(map, key, value) {
        json_auto_t *item = json_object();
        int rc;

        if (!item || json_object_set_new(item, "label", json_string(key)) < 0 ||
            json_object_set(item, "value", value) < 0)
            return no_memory(r->err);
        rc = add_item(r, list, item, true);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int labels_read(json_t *v, const char *name, bool numbers, json_t **out, bool *plain,
                struct failure *err)
{
    const struct reader r = { .name = name, .numbers = numbers, .err = err };
    json_auto_t *list = json_array();
    json_t *within = json_object_get(v, "labels"), *guesses;
    int rc;

    /* as other programs lay files out; a label may be called so, too */
    while (json_is_object(within) || json_is_array(within)) {
        v = within;
        within = json_object_get(v, "labels");
    }
    guesses = json_object_get(v, "predictions");
    *plain = json_is_object(v);
    if (!list)
        return no_memory(err);
    if (json_is_null(guesses))
        return fail(err, -EINVAL, 0, "%s: no prediction, but one that has no answer", name);
    if (json_is_array(guesses) || json_is_object(guesses)) /* no label's value is an object */
        rc = read_prediction(&r, guesses, list);
    else if (json_is_object(v))
        rc = read_map(&r, v, list);
    else if (json_is_array(v))
        rc = read_list(&r, v, list);
    else { /* null, or what the API refuses */
        *out = json_incref(v);
        return 0;
    }
    if (rc == 0)
        *out = steal_pointer(&list);
    return rc;
}
