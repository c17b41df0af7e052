/*
 * Copies of rows and steps, each in one allocation with its strings.
 */
#ifndef LASFS_STATE_ROW_H
#define LASFS_STATE_ROW_H

#include <stddef.h>

#include "drop_row.h"
#include "intent_row.h"

/* The bytes of text with its NUL; 0 for NULL. */
size_t packed_bytes(const char *text);

/* Copies text to *at and moves *at behind it; NULL stays NULL. */
const char *pack(char **at, const char *text);

/* free(). NULL out of memory. */
struct drop_row *drop_row_copy(const struct drop_row *row);

/* n steps with their rows; free(). NULL out of memory. */
struct state_step *state_steps_copy(const struct state_step *steps, size_t n);

/* free(). NULL out of memory. */
struct intent_row *intent_row_copy(const struct intent_row *row);

struct row_list {
    struct drop_row **rows;
    size_t n, cap;
};

/* Adds a copy. 0, -ENOMEM. */
int row_list_add(struct row_list *list, const struct drop_row *row);
void row_list_release(struct row_list *list); /* the caller's memory; then empty again */

/* The same of intents. */
struct intent_list {
    struct intent_row **rows;
    size_t n, cap;
};
int intent_list_add(struct intent_list *list, const struct intent_row *row);
void intent_list_release(struct intent_list *list);

#endif
