/*
 * What is known of the API: records, lists and contents, from the caches or fetched once for all
 * who ask. Any thread; with call->nowait -EWOULDBLOCK instead of a request.
 */
#ifndef LASFS_KNOWN_H
#define LASFS_KNOWN_H

#include "core.h"

/*
 * The resource, from memory if fresh, else fetched: by GET (its content goes to the cache too),
 * or from its list where the API has no GET. 0 with a reference, -ENOENT, what backend_get()
 * gives.
 */
int known_record(struct fs *fs, struct call *call, const struct target *t, struct record **out,
                 struct failure *err);

/* Has the API no way to ask for one again, nor to change it? Its answer to POST is kept. */
bool known_answer_is_final(const struct resource *res);

/* The next look at this resource is a fresh one; lists: what lists said of it is forgotten too. */
void known_forget_record(struct fs *fs, const struct target *t, bool lists);

/*
 * The same for a dropped file in f: by GET it would cost its content too, so that its list is
 * read as far as it pays: a few pages, and one more each time that was not enough.
 */
int known_record_in_folder(struct fs *fs, struct call *call, struct folder *f,
                           const struct target *t, struct record **out, struct failure *err);

/* The same, by GET, not older than max_age_ms: for what changes by itself. */
int known_new_record(struct fs *fs, struct call *call, const struct target *t, int64_t max_age_ms,
                     struct record **out, struct failure *err);

/* The same as it is now: for who changes what differs. */
int known_current_record(struct fs *fs, struct call *call, const struct target *t,
                         struct record **out, struct failure *err);

/* The same for what was sent from here. fresh: so lately that the list may lag behind; then it is
 * asked for by itself before it counts as gone. */
int known_sent_record(struct fs *fs, struct call *call, struct folder *f, const struct target *t,
                      bool fresh, struct record **out, struct failure *err);

/* The same for who reads fields: what changed here behind its back is fetched anew. */
int known_field_record(struct fs *fs, struct call *call, const struct target *t,
                       struct record **out, struct failure *err);

/* The list, as fresh as list_ttl says, with a reference. Rows are loaded when asked for. */
int known_listing(struct fs *fs, const struct resource *res, const char *parent, const char *filter,
                  const char *value, struct listing **out);

/* The next look at this folder's list is a fresh one. */
void known_forget_listing(struct fs *fs, const struct folder *f);

/* The same for a folder's list. */
int known_folder_listing(struct fs *fs, const struct folder *f, struct listing **out);

/* The names of all that the folder's list has, with a reference; fetches the list. */
int known_folder_names(struct fs *fs, struct call *call, const struct folder *f,
                       struct name_index **out, struct failure *err);

/*
 * The id of what is called name, or whose id's digits begin so, in the list of folder or (in
 * the whole of) res; fetches the list. 0, -ENOENT, -ENOTUNIQ (err names them), what the list
 * gives.
 */
int known_id_in_folder(struct fs *fs, struct call *call, const struct folder *f, const char *name,
                       char out[RESOURCE_ID_MAX + 1], struct failure *err);
int known_id_of_name(struct fs *fs, struct call *call, const struct resource *res, const char *name,
                     char out[RESOURCE_ID_MAX + 1], struct failure *err);

/* For a body that is put together in this call: names, and drops by their path below their
 * collection's folder, in the place of ids. None is -EINVAL. */
struct id_search {
    struct id_finder finder;
    struct fs *fs;
    struct call *call;
};
void known_id_search(struct id_search *s, struct fs *fs, struct call *call);

/*
 * The bytes of a document or asset: a read-only descriptor, the caller's. Many who ask at once
 * cost one GET. 0, -ENOENT, what backend_get() gives.
 */
int known_content(struct fs *fs, struct call *call, const struct target *t, int *fd, int64_t *size,
                  struct failure *err);

/*
 * May the content of one have size bytes? Where that depends on the server, and it is not known
 * which this is, it is asked. 0, -EFBIG, what a list gives.
 */
int known_content_fits(struct fs *fs, struct call *call, const struct resource *res, int64_t size,
                       struct failure *err);

/* How long the content is; fetches it when that is not known. */
int known_content_size(struct fs *fs, struct call *call, const struct target *t, int64_t *size,
                       struct failure *err);

/* It has changed behind its answer: who reads its fields has it fetched anew. */
void known_changed_again(struct fs *fs, const struct target *t);

/* The server has answered that it is so now, or is gone: memory follows. */
void known_changed(struct fs *fs, const struct target *t, struct record *now);
void known_removed(struct fs *fs, const struct target *t);

/* The bytes at path are this resource's content: they go to the cache. sha256 may be NULL. */
void known_content_adopt(struct fs *fs, const struct target *t, const struct record *r,
                         const char *path, const uint8_t *sha256);

/* Forgets everything but contents of what never changes. */
void known_forget_all(struct fs *fs);

/* Frees what known_* keep in fs. */
void known_release(struct fs *fs);

#endif
