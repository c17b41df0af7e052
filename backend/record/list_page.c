#include "list_page.h"

#include <stdlib.h>

#include "banned.h"

void page_free(struct page *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++)
        record_unref(p->rows[i]);
    free(p->rows);
    free(p->next_token);
    free(p);
}
