/* JSON bodies with a document in them, parsed without reading its bytes one by one. */
#ifndef SANDBOX_BULK_H
#define SANDBOX_BULK_H

#include <jansson.h>
#include <stddef.h>

#include "failure.h"

/*
 * Parses text; name is the member in which a long base64 text may stand, or NULL. The result is
 * that of json_text_parse(text, len, true, ...), only sooner.
 */
int bulk_parse(const char *text, size_t len, const char *name, json_t **out, struct failure *err);

#endif
