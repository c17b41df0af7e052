/* Intents in a world of uploads_fixture.h, and what the server has that they may have made. */
#ifndef LASFS_INTENTS_FIXTURE_H
#define LASFS_INTENTS_FIXTURE_H

#include "uploads_fixture.h"

#include "intent_row.h"
#include "journal.h"
#include "uploads_context.h"

#define SENT "{'contentType':'application/pdf','datasetId':'dataset#7'}"
#define IN_7 "datasets/dataset#7/documents"

static inline void sha256_of(struct world *w, const char *text, uint8_t sha256[STATE_DIGEST_BYTES])
{
    void *dir = w->dir;
    int fd;

    write_file(in_dir(&dir, "digested"), text, strlen(text));
    fd = open(in_dir(&dir, "digested"), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(content_digest(fd, sha256), 0);
    close(fd);
}

/* The server has one with these bytes: "document#9", "'datasetId': 'dataset#7'". */
static inline void add_made(struct world *w, const char *id, const char *text, const char *more)
{
    cleanup_free char *content = api_base64(text, strlen(text));
    cleanup_buf struct buf row = BUF_INIT(4096);

    buf_addf(&row,
             "{'documentId': '%s', 'contentType': 'application/pdf', 'content': '%s', "
             "'createdTime': '2024-01-01T00:00:00.000000+00:00'%s%s}",
             id, content, *more ? ", " : "", more);
    api_add(&w->api, "documents", row.data);
}

/* A POST of these bytes as a.pdf into IN_7, in that state; the texts are kept until the next one. */
static inline struct intent_row posted_row(struct world *w, const char *text, int state)
{
    static char *look, *folder;
    struct intent_row row = { .kind = INTENT_CREATE,
                              .state = state,
                              .resource = RES_DOCUMENTS,
                              .name = "a.pdf",
                              .size = (int64_t)strlen(text),
                              .has_sha256 = true,
                              .since_ns = clock_realtime_ns(&w->fake.clock),
                              .since_ms = clock_now_ms(&w->fake.clock) };

    free(look);
    free(folder);
    row.look = look = api_long(SENT);
    row.folder = folder = api_long(IN_7);
    sha256_of(w, text, row.sha256);
    return row;
}

/* In the journal, held by the test. */
static inline int64_t begin_intent(struct world *w, const struct intent_row *row)
{
    int64_t number = 0;

    assert_int_equal(journal_begin(w->uploads->journal, row, NULL, 0, &number, NULL), 0);
    return number;
}

/* -1: it is done. */
static inline int state_of_intent(struct world *w, int64_t number)
{
    cleanup_free struct intent_row *row = journal_copy(w->uploads->journal, number);

    return row && row->state != INTENT_DONE ? row->state : -1;
}

#endif
