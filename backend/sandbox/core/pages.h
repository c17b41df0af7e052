/* How many pages a document has, as far as a stand-in for a model needs to know. Pure. */
#ifndef SANDBOX_PAGES_H
#define SANDBOX_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* Of a content, as base64: the pages that a PDF names outside of compressed streams; of all else 1. */
int64_t pages_of(const char *text, size_t len);

#endif
