/* What an answer that is an error says. Pure. */
#ifndef LASFS_ERROR_TEXT_H
#define LASFS_ERROR_TEXT_H

#include <stddef.h>

/* The message of an answer that is an error: "message", "Message" or "error" of an object, else
 * the first words of a text, or the title of a page; "" when there is none. text ends with a
 * NUL. */
#define ERROR_TEXT_MAX 400
void error_text(const char *text, size_t len, char out[ERROR_TEXT_MAX]);

#endif
