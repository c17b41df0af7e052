#include "id_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

#include "banned.h"

#define DIGITS 16

struct key {
    uint64_t digits;
    uint32_t row;
};

struct id_order {
    size_t n;
    struct key keys[];
};

/* The first digits behind an id's last colon, as a number that is in their order; 0: there are not so many. */
static uint64_t digits_of(const char *id)
{
    const char *colon = strrchr(id, ':');
    uint8_t bytes[DIGITS / 2] = { 0 };
    uint64_t digits = 0;

    if (!colon || strlen(colon + 1) < DIGITS || !hex_decode(colon + 1, sizeof(bytes), bytes))
        return 0;
    for (size_t i = 0; i < sizeof(bytes); i++)
        digits = digits << 8 | bytes[i];
    return digits;
}

static int compare(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    return x->digits < y->digits ? -1 : x->digits > y->digits;
}

int id_order_new(struct record *const *rows, size_t n, struct id_order **out)
{
    struct id_order *x;

    if (n > ID_ORDER_ROWS_MAX)
        return -EFBIG;
    x = malloc(sizeof(*x) + n * sizeof(x->keys[0]));
    if (!x)
        return -ENOMEM;
    x->n = 0;
    for (size_t i = 0; i < n; i++) {
        char id[RESOURCE_ID_MAX + 1];

        if (rows[i] && record_id(rows[i], id) == 0)
            x->keys[x->n++] = (struct key){ digits_of(id), (uint32_t)i };
    }
    qsort(x->keys, x->n, sizeof(x->keys[0]), compare);
    *out = x;
    return 0;
}

void id_order_free(struct id_order *x)
{
    free(x);
}

int64_t id_order_place(const struct id_order *x, const char *id)
{
    struct key wanted = { .digits = digits_of(id) };
    const struct key *found = bsearch(&wanted, x->keys, x->n, sizeof(wanted), compare);

    return found ? found - x->keys : -1;
}

int64_t id_order_row(const struct id_order *x, int64_t place)
{
    return place >= 0 && (size_t)place < x->n ? (int64_t)x->keys[place].row : -1;
}
