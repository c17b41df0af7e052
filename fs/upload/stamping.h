/* What a POST of a file says of it (stamp.h), where the server keeps that. */
#ifndef LASFS_STAMPING_H
#define LASFS_STAMPING_H

#include "body.h"
#include "record.h"
#include "stamp.h"

struct call;
struct drop;
struct folder;
struct uploads;

/* Of which nothing is said. */
#define STAMP_NONE ((struct stamp){ .size = -1, .mode = -1 })

struct stamping {
    struct drop *drop;
    const struct folder *folder;
    const char *name;
    int64_t size;
    const uint8_t *sha256;
};

/* Into body, with a new key. call: for a question, which
 * blocks, where nothing has answered yet; or NULL. key: "" where the server keeps none. 0, -EIO, -ENOMEM. */
int stamping_put(struct uploads *uploads, struct call *call, const struct stamping *what,
                 struct body *body, char key[STAMP_KEY_CHARS + 1], struct failure *err);

/* Where a file of that name in f is, into s. 0, -ENOMEM. */
int stamping_place(struct uploads *uploads, const struct folder *f, const char *name,
                   struct stamp *s);

/* A POST with that key has made r: what an answer leaves out is not relied on again. */
void stamping_check(struct uploads *uploads, const char *key, const struct record *r);

#endif
