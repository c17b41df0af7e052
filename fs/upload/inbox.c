#include "inbox.h"

#include <errno.h>
#include <string.h>

#include "drop_folders.h"
#include "errlog.h"
#include "folder.h"
#include "inbox_put.h"
#include "inbox_work.h"
#include "journal.h"
#include "journal_ask.h"
#include "names.h"
#include "uploads_context.h"

#include "drop.h"

#include "banned.h"

#define SOON_MS 1000
#define BUSY_MS 100

bool inbox_has_answer(struct uploads *uploads, struct folder *f, const char *name)
{
    return inbox_has(uploads, f, name, NAMES_JSON_ENDING);
}

/* --- Owing ------------------------------------------------------------------------------------ */

/* Whoever has put it there goes first, where he waits. */
static int64_t begin_in_ms(const struct uploads *uploads)
{
    return uploads->writeback ? 0 : SOON_MS;
}

/* The key of the inbox that f is, or is in; the caller frees. NULL: no memory. */
static char *inbox_key(struct uploads *uploads, const struct folder *f)
{
    char *key = drops_key(uploads->drops, f);
    const char *below = key ? folder_below(f, key) : "";

    if (below[0])
        key[below - key - 1] = '\0';
    return key;
}

/* Which intent asks about a document in an inbox. */
struct wanted {
    const char *key, *document;
    int64_t number;
};

static int is_wanted(void *arg, const struct intent_row *row)
{
    struct wanted *w = arg;

    if (row->kind != INTENT_ANSWER || row->state == INTENT_DONE || !row->folder || !row->look ||
        strcmp(row->folder, w->key) != 0 || strcmp(row->look, w->document) != 0)
        return 0;
    w->number = row->number;
    return 1;
}

/* Its number; 0: there is none. */
static int64_t find_open(struct uploads *uploads, const char *key, const char *document)
{
    struct wanted w = { .key = key, .document = document };

    journal_each(uploads->journal, is_wanted, &w);
    return w.number;
}

int inbox_add(struct uploads *uploads, struct folder *f, const char *name, const char *document,
              int64_t *number, struct intent_change *out)
{
    cleanup_free char *key = inbox_key(uploads, f);
    struct intent_row row;

    if (!key)
        return -ENOMEM;
    row = inbox_row(uploads, key, name, document, NULL);
    return journal_add(uploads->journal, &row, number, out);
}

void inbox_begun(struct uploads *uploads, int64_t number)
{
    journal_leave(uploads->journal, number, begin_in_ms(uploads));
}

void inbox_owe(struct uploads *uploads, struct folder *f, const char *name, const char *document)
{
    cleanup_free char *key = inbox_key(uploads, f), *called = strdup(name);
    int64_t number = key ? find_open(uploads, key, document) : 0;
    struct inbox_place at = { .folder = f, .name = called };
    struct failure err = { 0 };
    struct intent_row row;
    int rc = key && called ? 0 : -ENOMEM;

    if (number) {
        journal_put_off(uploads->journal, number, begin_in_ms(uploads));
        return;
    }
    if (rc == 0) {
        row = inbox_row(uploads, key, name, document, NULL);
        rc = journal_begin(uploads->journal, &row, NULL, 0, &number, &err);
    }
    if (rc == 0)
        inbox_begun(uploads, number);
    else if (called)
        inbox_put_refusal(uploads, &at, false, rc, &err);
}

/* --- Waiting ---------------------------------------------------------------------------------- */

/* Who waits for an answer, and works for it meanwhile. */
struct patient {
    struct uploads *uploads;
    struct call *call;
    const char *key, *document;
    char *name;
    int64_t end_ms;
};

static bool pause_ms(const struct patient *p, int64_t ms)
{
    struct clock *clock = p->uploads->clock;
    int64_t until = clock_now_ms(clock) + ms;
    int rc = 0;

    until = until < p->end_ms ? until : p->end_ms;
    while (rc == 0)
        rc = call_wait(p->call, clock, until);
    return rc != -EINTR;
}

static void say(const struct patient *p, int rc, const struct failure *why)
{
    if (!call_cancelled(p->call) && (rc < 0 || why->text[0]))
        errlog_add(p->uploads->errlog, "predict", p->name, rc, why);
}

/* One after the other for this intent, held, until it is done: true; or until it takes too long: false. */
static bool work_for(struct patient *p, int64_t number)
{
    struct uploads *uploads = p->uploads;
    bool first = true;

    for (;; first = false) {
        cleanup_free struct intent_row *row = journal_copy(uploads->journal, number);
        struct failure why = { 0 };
        int64_t again;

        if (!row || row->state == INTENT_DONE)
            return true;
        again = inbox_turn(uploads, p->call, row, first, &why);
        if (again == 0 && row->id) /* it moves */
            p->end_ms = clock_now_ms(uploads->clock) + uploads->timeout_ms;
        if (again == 0)
            continue;
        if (again == -EAGAIN)
            again = BUSY_MS;
        if (again < 0 || !why.text[0] || clock_now_ms(uploads->clock) >= p->end_ms) {
            say(p, again < 0 ? (int)again : 0, &why);
            return false;
        }
        if (!pause_ms(p, again))
            return false;
    }
}

static void wait_for(struct patient *p)
{
    struct journal *j = p->uploads->journal;
    int64_t number;

    p->end_ms = clock_now_ms(p->uploads->clock) + p->uploads->timeout_ms;
    while ((number = find_open(p->uploads, p->key, p->document)) != 0) {
        cleanup_free struct intent_row *row = NULL;
        int rc = journal_take_number(j, number, &row);
        bool done;

        if (rc == -EBUSY && clock_now_ms(p->uploads->clock) < p->end_ms && pause_ms(p, BUSY_MS))
            continue;
        if (rc == -ENOENT)
            continue;
        if (rc < 0)
            return;
        done = work_for(p, number);
        journal_leave(j, number, SOON_MS);
        if (!done)
            return;
    }
}

void inbox_wait(struct uploads *uploads, struct call *call, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);
    cleanup_free char *key = NULL, *name = NULL;

    if (!s.folder->model || !s.id[0] || s.dirty || uploads->writeback || uploads->ro)
        return;
    key = inbox_key(uploads, s.folder);
    name = drop_name(uploads->drops, d);
    if (key && name)
        wait_for(&(struct patient){
            .uploads = uploads, .call = call, .key = key, .document = s.id, .name = name });
}
