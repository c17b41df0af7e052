/*
 * The last look at a request before it goes out, by the table and whatever was meant before: what
 * changes or deletes names one thing, or says what of a list. Pure.
 */
#ifndef LASFS_WIRE_H
#define LASFS_WIRE_H

#include "failure.h"

/*
 * api: the API's URL without a slash at its end; NULL: url is not of the API.
 * A PATCH must be of one resource that has it, a DELETE too, or of a list that has it with a value
 * of one of its filters. GET, POST and PUT may be of anything; there is no other method.
 * 0; -EPERM with words: it is never sent.
 */
int wire_check(const char *method, const char *url, const char *api, struct failure *err);

#endif
