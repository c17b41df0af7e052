#include "title_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resources.h"

#include "banned.h"

#define TITLE_MAX 4096
#define TITLES_MAX ((size_t)TITLE_ORDER_ROWS_MAX * 256) /* of all together: most are file names */

struct title_order {
    size_t n_rows, n; /* n of them have a title */
    uint32_t *rows;   /* by place */
    uint32_t *places; /* by row; n: it has none */
};

/* While it is made. */
struct titled {
    const char *title;
    uint32_t row;
};

static int compare(const void *a, const void *b)
{
    const struct titled *x = a, *y = b;
    int order = strcmp(x->title, y->title);

    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* Adds r's title with its NUL. 0; -ENOENT it has none; -EFBIG, -ENOMEM. */
static int add_title(struct buf *titles, const struct record *r)
{
    const char *field = record_resource(r)->title_field;
    cleanup_buf struct buf title = BUF_INIT(TITLE_MAX);

    if (!field || record_string(r, field, &title) < 0 || !title.len)
        return -ENOENT;
    return buf_add(titles, buf_str(&title), strlen(buf_str(&title)) + 1);
}

/* The titles of rows, one after the other, and to[]'s rows; how many, -EFBIG, -ENOMEM. */
static ssize_t collect(struct record *const *rows, size_t n, struct buf *titles, struct titled *to)
{
    const char *at;
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        int rc = rows[i] ? add_title(titles, rows[i]) : -ENOENT;

        if (rc == 0)
            to[found++].row = (uint32_t)i;
        else if (rc != -ENOENT)
            return rc;
    }
    at = buf_str(titles);
    for (size_t i = 0; i < found; i++) { /* now that they stay where they are */
        to[i].title = at;
        at += strlen(at) + 1;
    }
    return (ssize_t)found;
}

static int fill(struct title_order *x, struct titled *sorted)
{
    x->rows = calloc(x->n + 1, sizeof(*x->rows));
    x->places = calloc(x->n_rows + 1, sizeof(*x->places));
    if (!x->rows || !x->places)
        return -ENOMEM;
    for (size_t i = 0; i < x->n_rows; i++)
        x->places[i] = (uint32_t)x->n;
    qsort(sorted, x->n, sizeof(*sorted), compare);
    for (size_t i = 0; i < x->n; i++) {
        x->rows[i] = sorted[i].row;
        x->places[sorted[i].row] = (uint32_t)i;
    }
    return 0;
}

int title_order_new(struct record *const *rows, size_t n, struct title_order **out)
{
    cleanup_buf struct buf titles = BUF_INIT(TITLES_MAX);
    cleanup_free struct titled *titled = NULL;
    struct title_order *x;
    ssize_t found;
    int rc;

    if (n > TITLE_ORDER_ROWS_MAX)
        return -EFBIG;
    titled = calloc(n + 1, sizeof(*titled));
    found = titled ? collect(rows, n, &titles, titled) : -ENOMEM;
    if (found < 0)
        return (int)found;
    x = calloc(1, sizeof(*x));
    if (!x)
        return -ENOMEM;
    x->n_rows = n;
    x->n = (size_t)found;
    rc = fill(x, titled);
    if (rc < 0) {
        title_order_free(x);
        return rc;
    }
    *out = x;
    return 0;
}

void title_order_free(struct title_order *x)
{
    if (!x)
        return;
    free(x->rows);
    free(x->places);
    free(x);
}

int64_t title_order_place(const struct title_order *x, int64_t row)
{
    if (row < 0 || (size_t)row >= x->n_rows || x->places[row] == x->n)
        return -1;
    return x->places[row];
}

int64_t title_order_row(const struct title_order *x, int64_t place)
{
    return place >= 0 && (size_t)place < x->n ? (int64_t)x->rows[place] : -1;
}
