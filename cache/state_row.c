#include "state_row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

size_t packed_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

const char *pack(char **at, const char *text)
{
    size_t bytes = packed_bytes(text);
    char *start = *at;

    if (!text)
        return NULL;
    memcpy(start, text, bytes);
    *at += bytes;
    return start;
}

static size_t row_bytes(const struct drop_row *row)
{
    return packed_bytes(row->folder) + packed_bytes(row->name) + packed_bytes(row->id) +
           packed_bytes(row->error) + packed_bytes(row->xattrs) + packed_bytes(row->parked) +
           packed_bytes(row->taken);
}

static void pack_row(char **at, struct drop_row *to, const struct drop_row *from)
{
    *to = *from;
    to->folder = pack(at, from->folder);
    to->name = pack(at, from->name);
    to->id = pack(at, from->id);
    to->error = pack(at, from->error);
    to->xattrs = pack(at, from->xattrs);
    to->parked = pack(at, from->parked);
    to->taken = pack(at, from->taken);
}

struct drop_row *drop_row_copy(const struct drop_row *row)
{
    struct drop_row *copy = malloc(sizeof(*copy) + row_bytes(row));
    char *at;

    if (!copy)
        return NULL;
    at = (char *)(copy + 1);
    pack_row(&at, copy, row);
    return copy;
}

static size_t intent_bytes(const struct intent_row *row)
{
    return packed_bytes(row->folder) + packed_bytes(row->name) + packed_bytes(row->id) +
           packed_bytes(row->old) + packed_bytes(row->look) + packed_bytes(row->undo) +
           packed_bytes(row->to_folder) + packed_bytes(row->to_name);
}

static void pack_intent(char **at, struct intent_row *to, const struct intent_row *from)
{
    *to = *from;
    to->folder = pack(at, from->folder);
    to->name = pack(at, from->name);
    to->id = pack(at, from->id);
    to->old = pack(at, from->old);
    to->look = pack(at, from->look);
    to->undo = pack(at, from->undo);
    to->to_folder = pack(at, from->to_folder);
    to->to_name = pack(at, from->to_name);
}

struct intent_row *intent_row_copy(const struct intent_row *row)
{
    struct intent_row *copy = malloc(sizeof(*copy) + intent_bytes(row));
    char *at;

    if (!copy)
        return NULL;
    at = (char *)(copy + 1);
    pack_intent(&at, copy, row);
    return copy;
}

static size_t step_bytes(const struct state_step *step)
{
    return packed_bytes(step->folder) + packed_bytes(step->name) + packed_bytes(step->to_folder) +
           packed_bytes(step->to_name) + (step->row ? row_bytes(step->row) : 0) +
           (step->intent ? intent_bytes(step->intent) : 0);
}

/* A step, and the rows that it may have. */
struct copied_step {
    struct drop_row row;
    struct intent_row intent;
};

static void pack_step(char **at, struct state_step *to, struct copied_step *rows,
                      const struct state_step *from)
{
    *to = *from;
    to->folder = pack(at, from->folder);
    to->name = pack(at, from->name);
    to->to_folder = pack(at, from->to_folder);
    to->to_name = pack(at, from->to_name);
    if (from->row) {
        pack_row(at, &rows->row, from->row);
        to->row = &rows->row;
    }
    if (from->intent) {
        pack_intent(at, &rows->intent, from->intent);
        to->intent = &rows->intent;
    }
}

struct state_step *state_steps_copy(const struct state_step *steps, size_t n)
{
    size_t bytes = n * (sizeof(struct state_step) + sizeof(struct copied_step));
    struct state_step *copies;
    struct copied_step *rows;
    char *at;

    for (size_t i = 0; i < n; i++)
        bytes += step_bytes(&steps[i]);
    copies = malloc(bytes ? bytes : 1);
    if (!copies)
        return NULL;
    rows = (struct copied_step *)(copies + n);
    at = (char *)(rows + n);
    for (size_t i = 0; i < n; i++)
        pack_step(&at, &copies[i], &rows[i], &steps[i]);
    return copies;
}

int row_list_add(struct row_list *list, const struct drop_row *row)
{
    struct drop_row *copy;

    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 16;
        struct drop_row **rows = reallocarray(list->rows, cap, sizeof(rows[0]));

        if (!rows)
            return -ENOMEM;
        list->rows = rows;
        list->cap = cap;
    }
    copy = drop_row_copy(row);
    if (!copy)
        return -ENOMEM;
    list->rows[list->n++] = copy;
    return 0;
}

void row_list_release(struct row_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->rows[i]);
    free(list->rows);
    *list = (struct row_list){ .rows = NULL };
}

int intent_list_add(struct intent_list *list, const struct intent_row *row)
{
    struct intent_row *copy;

    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 16;
        struct intent_row **rows = reallocarray(list->rows, cap, sizeof(rows[0]));

        if (!rows)
            return -ENOMEM;
        list->rows = rows;
        list->cap = cap;
    }
    copy = intent_row_copy(row);
    if (!copy)
        return -ENOMEM;
    list->rows[list->n++] = copy;
    return 0;
}

void intent_list_release(struct intent_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->rows[i]);
    free(list->rows);
    *list = (struct intent_list){ .rows = NULL };
}
