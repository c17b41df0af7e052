/*
 * How often the list of a folder is worth a look, as far as the mount has learnt it. Any thread;
 * none blocks. Without memory nothing is learnt.
 */
#ifndef LASFS_LIST_PACE_H
#define LASFS_LIST_PACE_H

#include <stdbool.h>

struct folder;
struct remote;

/* How often its pages, as many as were worth it, did not have what was looked for. */
unsigned list_pace_cold(struct remote *remote, const struct folder *f);
void list_pace_add_cold(struct remote *remote, const struct folder *f);

/* Has nobody looked at it anew for a second? From now on somebody has. */
bool list_pace_look(struct remote *remote, const struct folder *f);

void list_paces_release(struct remote *remote);

#endif
