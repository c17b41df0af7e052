/*
 * The inside of a record: its fields one after the other, each a byte that names it, a byte that
 * says how its value is packed, and the value. For record.c and codec.c alone.
 */
#ifndef LASFS_PACK_H
#define LASFS_PACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "resources.h"

struct record {
    const struct resource *res; /* set once */
    atomic_uint refs;
    uint32_t len; /* set once */
    unsigned char data[];
};

enum pack_tag {
    PACK_NULL,
    PACK_FALSE,
    PACK_TRUE,
    PACK_INTEGER, /* varint, zigzag */
    PACK_REAL,    /* a double */
    PACK_ENUM,    /* a byte: which of the schema's words */
    PACK_ID,      /* a byte: of which resource; 16 bytes */
    PACK_TIME,    /* varint of nanoseconds, 2 bytes of shape, varint of the zone's minutes */
    PACK_STRING,  /* varint of its length, its bytes */
    PACK_JSON,    /* the same, of a structure's text */
};

/* One field of a record; points into it. */
struct packed {
    const struct field *field; /* NULL: the table does not have it */
    const char *key;           /* its name, key_len bytes without a NUL */
    size_t key_len;
    enum pack_tag tag;
    const unsigned char *value;
    size_t len;                 /* of value */
    const unsigned char *start; /* the whole entry: up to value + len */
};

/* The entry at *pos, which moves on; false at the end. Start with 0. */
bool pack_next(const struct record *r, size_t *pos, struct packed *out);

bool pack_find(const struct record *r, const char *name, struct packed *out);

/* Each adds one entry. 0, -EFBIG, -ENOMEM (out may then hold half of it). */
int pack_key(struct buf *out, const struct resource *res, const char *key, size_t len);
int pack_tag_only(struct buf *out, enum pack_tag tag);
int pack_integer(struct buf *out, int64_t value);
int pack_real(struct buf *out, double value);
int pack_text(struct buf *out, enum pack_tag tag, const char *text, size_t len);
/* A string in the smallest form that gives it back exactly. f: its field, or NULL. */
int pack_string(struct buf *out, const struct field *f, const char *text, size_t len);

bool pack_is_string(const struct packed *p);
/* The string's text, *len bytes: in place, or put into room. It takes no memory. */
#define PACK_ROOM 128
const char *unpack_string_at(const struct packed *p, char room[PACK_ROOM], size_t *len);
/* The same, added to out. -EFBIG, -ENOMEM. */
int unpack_string(const struct packed *p, struct buf *out);
int64_t unpack_integer(const struct packed *p);
double unpack_real(const struct packed *p);
/* The text of PACK_STRING and PACK_JSON, in place. */
const char *unpack_text(const struct packed *p, size_t *len);
/* Nanoseconds since the epoch, of a time in any form; false when it is none. */
bool unpack_time(const struct packed *p, int64_t *ns);

/* A record of these bytes, one reference. 0, -EFBIG, -ENOMEM. */
int pack_record(const struct resource *res, const struct buf *data, struct record **out);

#endif
