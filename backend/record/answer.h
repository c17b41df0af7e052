/*
 * An answer that does not come at once: of what is passing (the table's) it is asked for until it is
 * not, and of what is looked at part by part (next_field) each next part is a POST of its own, until
 * there is none, or as many pages as were asked for (most_pages). Together they are one answer: the first
 * one's, with what all of them have found. Whoever asked for a page of their own (paged_by) gets that part
 * alone.
 *
 * What is known of the question, without the parts, is kept over a remount by answer_write() and
 * answer_parse(), and each part for itself as answer_newest() has it, so that a long answer costs no more
 * for each part than a short one; answer_join() puts them together in the end. For one thread.
 */
#ifndef LASFS_ANSWER_H
#define LASFS_ANSWER_H

#include "body.h"
#include "buf.h"
#include "failure.h"
#include "record_ref.h"

struct answer;

/* Numbers are kept: only add at the end. */
enum answer_state {
    ANSWER_WHOLE,   /* nothing more comes */
    ANSWER_PENDING, /* answer_id() is to be asked for */
    ANSWER_GOES_ON, /* answer_next() is to be asked */
    ANSWER_ASKED,   /* that was begun: nobody knows what came of it until answer_add() */
};

/* asked: the POST's body; first: what it has made. 0, -ENOMEM. */
int answer_new(const struct body *asked, const struct record *first, struct answer **out);

void answer_free(struct answer *a); /* NULL is fine */
#define cleanup_answer CLEANUP(answer_free_p)
static inline void answer_free_p(struct answer **a)
{
    answer_free(*a);
}

enum answer_state answer_state(const struct answer *a);

/* Of the part that came last: ANSWER_PENDING waits for it. Valid until the next change of a. */
const char *answer_id(const struct answer *a);

/* The POST of the next part, into b, which is empty; from now on it is ANSWER_ASKED. */
int answer_next(struct answer *a, struct body *b, struct failure *err);

/* It was not made, for sure: it is ANSWER_GOES_ON again. */
void answer_unasked(struct answer *a);

/* What a GET of answer_id(), or the POST of the next part, has said. 0, -ENOMEM. */
int answer_add(struct answer *a, const struct record *part);

/* How many parts have come. */
int64_t answer_parts(const struct answer *a);

/* The one that came last, as record_json() has it, pretty-printed, to be kept. 0, -ENOENT: none has come
 * since answer_parse(); -EFBIG, -ENOMEM. */
int answer_newest(const struct answer *a, struct buf *out);

/* One part after the other, from the first on. 0; -EIO: it is of another form than those before it, or
 * none; -ENOMEM. */
int answer_join(struct answer *a, const char *part);

/* The page where the next part begins, or the newest one did. */
int64_t answer_page(const struct answer *a);

/* The parts that were joined, as record_json() has one. 0, -ENOENT: there is none; -EFBIG, -ENOMEM. */
int answer_text(const struct answer *a, struct buf *out);

/* 0, -EFBIG, -ENOMEM; -EIO: it is none of these. */
int answer_write(const struct answer *a, struct buf *out);
int answer_parse(const struct resource *res, const char *text, struct answer **out);

#endif
