/* The inside of a body. For body.c, stamp.c and answer.c alone, behind body.h. */
#ifndef LASFS_BODY_INSIDE_H
#define LASFS_BODY_INSIDE_H

#include <jansson.h>
#include <stdbool.h>

struct id_finder;
struct resource;

struct body {
    const struct resource *res;
    enum body_use use;
    const struct id_finder *finder; /* NULL: names stand for nothing */
    json_t *object;
    json_t *plain; /* as it was before it had a stamp; NULL: it has none */
    bool names;    /* its labels are names and values alone: labels_read() */
};

#endif
