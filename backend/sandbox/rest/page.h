/* Page tokens: a list's place behind a row, as text that means nothing to who gets it. Pure. */
#ifndef SANDBOX_PAGE_H
#define SANDBOX_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "ident.h"
#include "resources.h"

struct page {
    enum resource_kind kind;
    bool by_end, descending;
    int64_t key;
    char id[ID_MAX];
};

#define PAGE_TOKEN_MAX 512

void page_write(const struct page *p, char out[PAGE_TOKEN_MAX]);

/* 0; -EINVAL: never was a token of such a list (kind, by_end, descending are given). */
int page_read(const char *token, struct page *p);

#endif
