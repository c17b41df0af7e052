/*
 * What a file was when it was put here, kept by the service beside its bytes: its name in the table's
 * title_field, the rest under a key of ours in notes_field, where others keep what is theirs. By it
 * every machine knows the file, and a POST without an answer is known again. For one thread.
 *
 * What is read was written by anybody: it is well-formed, no name in it leads anywhere, and it may be a
 * lie. What is not well-formed counts as absent.
 */
#ifndef LASFS_STAMP_H
#define LASFS_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "body.h"
#include "record_ref.h"
#include "resources.h"

#define STAMP_KEY_CHARS 32
#define STAMP_MOST_BYTES 1000 /* of ours, as JSON */

struct stamp {
    char key[STAMP_KEY_CHARS + 1];   /* of this upload, by which it is known again; "": none */
    char path[STAMP_MOST_BYTES + 1]; /* below the folder, with the name; "": none */
    char of[STAMP_KEY_CHARS + 1];    /* the filter whose list that folder is; "": of all */
    int64_t size;                    /* -1: none */
    int64_t mtime_ns;                /* 0: none */
    int mode;                        /* permission bits; -1: none */
    bool has_sha256;
    uint8_t sha256[32];
};

/* A random key. 0; -EIO: the machine has none. */
int stamp_make_key(char out[STAMP_KEY_CHARS + 1]);

/*
 * Puts it into b, which keeps what else stands there, and name (NULL: none), unless it has one. What
 * does not fit beside what is there is left out, what is worth least first and the key last; then s has
 * none either. 0, -ENOMEM. The resource has notes.
 */
int body_stamp(struct body *b, struct stamp *s, const char *name, struct failure *err);

/* b as it was before. false: it has no stamp. */
bool body_unstamp(struct body *b);

/* What others keep there goes from r into b, without what is ours. 0, -ENOMEM. */
int body_keep_notes(struct body *b, const struct record *r, struct failure *err);

/*
 * Into the PATCH b what differs from what now has: others' as theirs has it, ours as now has it, and of
 * that what s says (key "", size -1 and so on: nothing); but where it is, s alone says. 0, -ENOMEM.
 */
int body_restamp(struct body *b, const struct record *theirs, const struct record *now,
                 const struct stamp *s, struct failure *err);

/* A PATCH of the notes that does not speak of ours leaves what now has of it, as far as there is room; a
 * null there takes it away. 0, -ENOMEM. */
int body_keep_stamp(struct body *b, const struct record *now, struct failure *err);

/* Into the PATCH b the name, where now has another; what is not UTF-8 is no title, and leaves it as it
 * is. 0, -ENOMEM. */
int body_retitle(struct body *b, const struct record *now, const char *name, struct failure *err);

/* The key in what body_write() gave. 0, -ENOENT, -ENOMEM. */
int stamp_key_of(const struct resource *res, const char *text, char out[STAMP_KEY_CHARS + 1]);

/* What the file was called that r was made of, as far as anybody says: its title, else the last part of the
 * path that other clients note; any text, added to out. 0; -ENOENT nobody does, -ENOMEM, -EFBIG. */
int stamp_title(const struct record *r, struct buf *out);

/* What r has of it. 0; -ENOENT nothing, -ENOMEM. */
int stamp_read(const struct record *r, struct stamp *out);

#endif
