/* Lists: pages, filters, sorting, and the DELETE of many. Returns as item.h's functions do. */
#ifndef SANDBOX_LIST_H
#define SANDBOX_LIST_H

#include "work.h"

int list_answer(struct work *w);
int list_delete(struct work *w);

#endif
