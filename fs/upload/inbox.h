/*
 * models/ID/inbox: a document that is put here is predicted by that model, and the answer appears
 * beside it, whatever it is called by then: NAME.json has {label: value}, NAME.prediction.json all of it; or
 * NAME.error.txt says why there is none. All three are local files; what somebody else wrote under such a
 * name stays.
 *
 * What is asked is an intent of the journal (INTENT_ANSWER) before its first byte goes out: of the document
 * (look), in the inbox of that key (folder), and of the prediction (id) once that is made. Nobody holds the
 * document meanwhile.
 */
#ifndef LASFS_INBOX_H
#define LASFS_INBOX_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct drop;
struct folder;
struct intent_change;
struct uploads;

/* Is the answer for the document called name there? */
bool inbox_has_answer(struct uploads *uploads, struct folder *f, const char *name);

/* The document of this id, called name in f, is owed an answer: the journal asks for it, unless it does so
 * already. On disk. A failure is written beside it, and to the error log. */
void inbox_owe(struct uploads *uploads, struct folder *f, const char *name, const char *document);

/* The same of one that is new, in two halves: a step for the state database, as journal_add(), and once that
 * is applied. 0, -ENOMEM. */
int inbox_add(struct uploads *uploads, struct folder *f, const char *name, const char *document,
              int64_t *number, struct intent_change *out);
void inbox_begun(struct uploads *uploads, int64_t number);

/* For who has put d there and waits a while, unless with writeback: until its answer is written, or the call is
 * cancelled, or it has been pending for a timeout, with a line in the error log; the journal goes on then. d
 * is not held. */
void inbox_wait(struct uploads *uploads, struct call *call, struct drop *d);

#endif
