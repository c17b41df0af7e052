/* The access log: a line a request. Any thread. */
#ifndef SANDBOX_ACCESS_H
#define SANDBOX_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

struct access;

/* Opens path for appending. 0, -errno with words in err, -ENOMEM. */
int access_new(const char *path, struct access **out, struct failure *err);
void access_free(struct access *a);

/* VERB URI STATUS MS BYTES, in one write(2). a NULL: nothing. */
void access_line(struct access *a, const char *verb, const char *uri, int status, int64_t ms,
                 size_t bytes);

#endif
