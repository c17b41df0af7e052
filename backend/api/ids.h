/*
 * What an id of the API looks like: the one check for every place where one comes in, from an
 * answer, a list, the state database or a user. Pure: any thread, nothing to free.
 */
#ifndef LASFS_IDS_H
#define LASFS_IDS_H

#include <stdbool.h>
#include <stddef.h>

#define RESOURCE_ID_MAX 200

/*
 * Can this be an id, of whatever resource? "las:" or "cradl:" and two words or more with colons
 * between, none of them empty, "." or ".."; of letters that stand in a URL's path as they are (so
 * no '?', '#', '%', '\\', space or control character); at most RESOURCE_ID_MAX bytes. What belongs to
 * another organization may have that one's id and a '/' before its own; no other has a '/'.
 */
bool id_ok(const char *id);

/* The same of len bytes, which may have a NUL among them: that is no id. */
bool id_ok_n(const char *id, size_t len);

/* Does text begin as an id does? It is then never taken for a name. */
bool id_begins(const char *text);

/* Where its own id begins, behind an organization's. */
const char *id_own(const char *id);

/* The '/' of an id, as a path of a URL has it. */
#define ID_SLASH "%2F"

/* What follows the word in "las:WORD:..." of id_own(), NULL when it is another word or nothing
 * follows. */
const char *id_after_word(const char *id, const char *word);

/* A text that is no id, for a message: one line of ASCII, \xNN for everything else, cut. */
#define ID_SHOWN_MAX 96
void id_show(const char *text, size_t len, char out[ID_SHOWN_MAX]);

#endif
