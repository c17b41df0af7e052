/*
 * Texts of fields and resource.json that were refused: in .lasfs/failed as NUMBER-FIELD, while the
 * field's file shows the server's value again. They lie in the resource's folder under the
 * field's name, where no listing shows them.
 */
#ifndef LASFS_FAILED_TEXT_H
#define LASFS_FAILED_TEXT_H

#include "backend.h"

struct drop;
struct node;
struct pseudo;

/*
 * field_commit(). What is refused is kept, unless it may hold a secret; what is taken supersedes
 * what was kept of n before.
 */
int failed_text_commit(struct pseudo *pseudo, struct call *call, struct node *n, const char *text,
                       size_t len, struct failure *err);

/* d's text once more: n is what d stands for. The caller holds d exclusively. */
int failed_text_retry(struct pseudo *pseudo, struct call *call, struct node *n, struct drop *d,
                      struct failure *err);

#endif
