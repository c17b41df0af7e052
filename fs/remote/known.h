/*
 * What is known of the API: records, lists and contents, from the caches or fetched once for all
 * who ask. Any thread; with call->nowait -EWOULDBLOCK instead of a request.
 */
#ifndef LASFS_KNOWN_H
#define LASFS_KNOWN_H

#include "backend.h"

struct content_at;
struct folder;
struct listing;
struct name_index;
struct remote;

/*
 * The resource, from memory if fresh, else fetched: by GET (its content goes to the cache too),
 * or from its list where the API has no GET, or where the content is here already. 0 with a reference, -ENOENT, what backend_get()
 * gives.
 */
int known_record(struct remote *remote, struct call *call, const struct target *t,
                 struct record **out, struct failure *err);

/* The same as far as it is known, of a list's row: from memory if fresh, else the row itself if its
 * list is. Never blocks. 0 with a reference, -ENOENT, -EWOULDBLOCK. */
int known_row(struct remote *remote, const struct target *t, struct listing *l, struct record *row,
              struct record **out);

/* Has the API no way to ask for one again, nor to change it? Its answer to POST is kept. */
bool known_answer_is_final(const struct resource *res);

/* Has an answer shown that the server's API is today's? Never blocks. */
bool known_today(const struct remote *remote);

/* Has one shown that it is an older one's, and none that it is today's? Never blocks. */
bool known_older(const struct remote *remote);

/* Has it gone, as far as one remembers? What was deleted here is remembered for a minute: a list that was
 * asked for before may have it still. Never blocks. */
bool known_gone(struct remote *remote, const struct target *t);

/* The next look at this resource is a fresh one; lists: what lists said of it is forgotten too. */
void known_forget_record(struct remote *remote, const struct target *t, bool lists);

/*
 * The same for a dropped file in f: by GET it would cost its content too, so that its list is
 * read as far as it pays: a few pages, and one more each time that was not enough.
 */
int known_record_in_folder(struct remote *remote, struct call *call, const struct folder *f,
                           const struct target *t, struct record **out, struct failure *err);

/* The same, by GET, not older than max_age_ms: for what changes by itself. */
#define KNOWN_JUST_NOW_MS 1000 /* what was sent or asked for a moment ago is not asked for again */
int known_new_record(struct remote *remote, struct call *call, const struct target *t,
                     int64_t max_age_ms, struct record **out, struct failure *err);

/* The same as it is now: for who changes what differs. */
int known_current_record(struct remote *remote, struct call *call, const struct target *t,
                         struct record **out, struct failure *err);

/* What an answer about it alone has told, as long as that is remembered: no list. 0, -ENOENT it was removed,
 * -EWOULDBLOCK nobody knows. */
int known_told(struct remote *remote, const struct target *t, struct record **out);

/* Is it in the list of all of its kind, as far as a few pages tell? 0; -ENOENT it is not; -EAGAIN nobody can say;
 * -EWOULDBLOCK, what backend_list() gives. */
int known_in_list(struct remote *remote, struct call *call, const struct target *t);

/* The same for what was sent from here. fresh: so lately that lists may lag behind; then it is
 * asked for by itself before it counts as gone, or as being in another list. */
int known_sent_record(struct remote *remote, struct call *call, const struct folder *f,
                      const struct target *t, bool fresh, struct record **out, struct failure *err);

/* The same as it is now, for who decides by it: many in one folder cost one look at its list a
 * second, not one each. */
int known_sent_record_now(struct remote *remote, struct call *call, const struct folder *f,
                          const struct target *t, bool fresh, struct record **out,
                          struct failure *err);

/* The same for who reads fields: what changed here behind its back is fetched anew. */
int known_field_record(struct remote *remote, struct call *call, const struct target *t,
                       struct record **out, struct failure *err);

/* Has the server a list of what is in f? What an older API does not list, today's may list for some alone: that
 * is tried, and the answer remembered. 0; -EOPNOTSUPP: it has none; -EWOULDBLOCK, what the list gives. */
int known_list_is_there(struct remote *remote, struct call *call, const struct folder *f,
                        struct failure *err);

/* The names of all that the folder's list has (name_index_new()), with a reference; fetches the list. */
int known_folder_names(struct remote *remote, struct call *call, const struct folder *f,
                       bool titles, struct name_index **out, struct failure *err);

/* The id of what was made of a file called name, and has no name here: not unique, and for an index alone. As
 * known_id_in_folder(). */
int known_id_by_title(struct remote *remote, struct call *call, const struct folder *f,
                      const char *name, char out[RESOURCE_ID_MAX + 1], struct failure *err);

/* The id of NAME~DIGITS, as name_index_beside() has it, of names and of what files were called. As
 * known_id_in_folder(). */
int known_id_beside(struct remote *remote, struct call *call, const struct folder *f,
                    const char *name, char out[RESOURCE_ID_MAX + 1], struct failure *err);

/*
 * The id of what the API calls name in the folder's list, or whose id's digits begin so; fetches
 * the list. drops_hide_name() tells of a file that was dropped there and is called otherwise by
 * now. 0, -ENOENT, -ENOTUNIQ (err names them), what the list gives.
 */
int known_id_in_folder(struct remote *remote, struct call *call, const struct folder *f,
                       const char *name, char out[RESOURCE_ID_MAX + 1], struct failure *err);

/*
 * The bytes of a document or asset. Many who ask at once cost one GET. What stands at an address of
 * its own may be still on its way there (arrival.h), so that its first bytes are read before the last
 * have come. 0, -ENOENT, what backend_get() gives.
 */
int known_content_open(struct remote *remote, struct call *call, const struct target *t,
                       struct content_at *out, struct failure *err);

/* The same once they are all here: a read-only descriptor, the caller's. */
int known_content(struct remote *remote, struct call *call, const struct target *t, int *fd,
                  int64_t *size, struct failure *err);

/*
 * May the content of one have size bytes? Where that depends on the server, and it is not known
 * which this is, it is asked. 0, -EFBIG, what a list gives.
 */
int known_content_fits(struct remote *remote, struct call *call, const struct resource *res,
                       int64_t size, struct failure *err);

/* How long the content is. When that is not known, a HEAD of its address tells, if it has one; else
 * the content is fetched. */
int known_content_size(struct remote *remote, struct call *call, const struct target *t,
                       int64_t *size, struct failure *err);

/* It has changed behind its answer: who reads its fields has it fetched anew. */
void known_changed_again(struct remote *remote, const struct target *t);

/* The server has answered that it is so now, or is gone: memory follows. An answer that a later one
 * has overtaken says nothing: it is asked for anew. */
void known_changed(struct remote *remote, const struct target *t, struct record *now);
void known_removed(struct remote *remote, const struct target *t);

/* A request for one, or for some, of t's kind has failed so: where it may have had its effect, the
 * next look at their lists is a fresh one. */
void known_unsure(struct remote *remote, const struct target *t, const struct failure *why);

/* Its content is going to be sent, and has been, after known_changed() and the new size: who changes
 * a field of it meanwhile does not know how long it is. */
void known_content_changes(struct remote *remote, const struct target *t);
void known_content_changed(struct remote *remote, const struct target *t);

/* The bytes at path are this resource's content: they go to the cache. sha256 may be NULL. */
void known_content_adopt(struct remote *remote, const struct target *t, const struct record *r,
                         const char *path, const uint8_t *sha256);

/* Forgets everything but contents of what never changes. */
void known_forget_all(struct remote *remote);

/* Frees what known_* keep. */
void known_release(struct remote *remote);

#endif
