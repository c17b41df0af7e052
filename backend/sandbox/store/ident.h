/* Ids, random words and times as the API spells them. Any thread. */
#ifndef SANDBOX_IDENT_H
#define SANDBOX_IDENT_H

#include <stddef.h>
#include <stdint.h>

#include "resources.h"
#include "time_text.h"

#define ID_MAX (RESOURCE_ID_MAX + 1)

/* las:WORD:<32 hex>, new. 0, -EIO: the machine has no random numbers. */
int ident_new(const char *word, char out[ID_MAX]);

/* n (at most 256) random letters and digits, and a NUL behind them. 0, -EIO. */
int ident_word(char *out, size_t n);

/* Microseconds since the epoch as the API writes times. */
void stamp_format(int64_t us, char out[TIME_TEXT_MAX]);

/* 0, -EINVAL. */
int stamp_parse(const char *text, int64_t *us);

#endif
