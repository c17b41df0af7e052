#include "unsure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "content.h"
#include "deliver_content.h"
#include "journal_ask.h"
#include "known.h"
#include "list_walk.h"
#include "passes.h"
#include "remote_delete.h"
#include "stamp.h"
#include "state.h"
#include "uploads_context.h"

#include "drop.h"

#include "banned.h"

#define CLOCKS_APART_NS                                                                            \
    (INT64_C(300) *                                                                                \
     1000000000) /* and how much its clocks may differ: that of its answers, and that of its rows */
#define CANDIDATES_MAX 16
#define FIRST_LOOK_MS 100
#define VALUE_MAX 4096

#define FIELDS_MAX 10
#define QUERY_MAX (FIELDS_MAX + TARGET_ORDER_MAX)

/* Fields that were sent, by which it can be told. */
struct sent_fields {
    size_t n;
    struct sent_field {
        const char *name;
        bool filter; /* of the list */
        bool none;   /* it was not sent, and is of no other resource then */
        char value[VALUE_MAX];
    } fields[FIELDS_MAX];
};

struct look {
    struct uploads *uploads;
    struct call *call;
    const struct intent_row *row;
    const struct resource *res;
    char key[STAMP_KEY_CHARS + 1]; /* of the stamp that it was sent with, or "" */
    struct list_order order;       /* in which the rows come */
    struct sent_fields sent;
    struct record *found[CANDIDATES_MAX + 1];
    size_t n;
};

/* --- Which could be it ------------------------------------------------------------------------ */

/* Does it hold another resource's id? */
static bool refers(const struct resource *res, const char *name)
{
    const struct field *f = resource_field(res, name);

    return f && f->schema && f->schema->refers != RES_NONE;
}

static int add_field(struct look *l, const char *name, bool filter)
{
    struct sent_field *f = &l->sent.fields[l->sent.n];
    int rc;

    if (!name || l->sent.n == FIELDS_MAX)
        return 0;
    rc = body_text_string(l->row->look, name, f->value, sizeof(f->value));
    f->none = rc == -ENOENT;
    if (f->none && !refers(l->res, name))
        return 0;
    if (rc < 0 && !f->none)
        return rc;
    f->name = name;
    f->filter = filter && !f->none;
    l->sent.n++;
    return 0;
}

/* Can a POST say it? Of what only an answer has nothing can be told. */
static bool is_sent(const struct resource *res, const char *name)
{
    const struct field *f = resource_field(res, name);

    return f && (f->flags & F_IN_POST);
}

static int read_sent(struct look *l)
{
    int rc = add_field(l, l->res->name_field, false);

    if (rc == 0)
        rc = add_field(l, l->res->type_field, false);
    for (const struct filter *f = l->res->filters; rc == 0 && f && f->name; f++)
        if (is_sent(l->res, f->name))
            rc = add_field(l, f->name, true);
    return rc;
}

/* A field that was sent is what the resource has. */
static bool agrees(const struct record *r, const struct sent_field *f)
{
    cleanup_buf struct buf is = BUF_INIT(VALUE_MAX);
    int rc = record_string(r, f->name, &is);

    if (f->none)
        return rc < 0 || !is.len;
    return rc == 0 && strcmp(f->value, buf_str(&is)) == 0;
}

static int is_there(void *arg, const struct drop_row *row)
{
    (void)arg;
    (void)row;
    return 1;
}

bool unsure_is_known(struct uploads *uploads, const struct intent_row *row, const char *id)
{
    return journal_has_id(uploads->journal, id, row->number) ||
           state_find_by_id(uploads->state, id, is_there, NULL, NULL) != 0;
}

int64_t unsure_since_ns(struct uploads *uploads, const struct intent_row *row)
{
    int64_t now_ns = clock_realtime_ns(uploads->clock), there_ns = backend_now_ns(uploads->backend);
    int64_t since_ns = row->since_ns < now_ns ? row->since_ns : now_ns; /* the clock was set back */

    if (row->server_ns)
        return row->server_ns - CLOCKS_APART_NS;
    return since_ns + (there_ns ? there_ns - now_ns : 0) - CLOCKS_APART_NS;
}

static bool is_candidate(const struct look *l, const struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];

    if (record_id(r, id) < 0 || record_made_ns(r) < unsure_since_ns(l->uploads, l->row))
        return false;
    for (size_t i = 0; i < l->sent.n; i++)
        if (!agrees(r, &l->sent.fields[i]))
            return false;
    return !unsure_is_known(l->uploads, l->row, id);
}

/* 1: it has the bytes. */
static int has_bytes(const struct look *l, const struct record *r, struct failure *err)
{
    struct target t = { .res = l->res };
    uint8_t digest[DIGEST_BYTES];
    char id[RESOURCE_ID_MAX + 1];
    cleanup_fd int fd = -1;
    int64_t size;
    int rc = record_id(r, id);

    t.id = id;
    if (rc == 0)
        rc = known_content(l->uploads->remote, l->call, &t, &fd, &size, err);
    if (rc == -ENOENT)
        return 0; /* gone meanwhile */
    if (rc == 0 && size != l->row->size)
        return 0;
    if (rc == 0)
        rc = content_digest(fd, digest);
    return rc < 0 ? rc : memcmp(digest, l->row->sha256, sizeof(digest)) == 0;
}

/* By its key. What has no bytes yet never gets them: who was to send them has no answer. 1: it is. */
static int has_key(struct look *l, const struct record *r, struct failure *err)
{
    struct target t = { .res = l->res };
    char id[RESOURCE_ID_MAX + 1];
    struct stamp s;
    int rc = stamp_read(r, &s);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    if (strcmp(s.key, l->key) != 0 || record_id(r, id) < 0)
        return 0;
    if (!record_is_handle(r)) {
        deliver_content_forget(l->uploads, id); /* whole, it is no leftover */
        return 1;
    }
    t.id = id;
    rc = l->uploads->nodelete ? 0 : remote_delete(l->uploads->remote, l->call, &t, NULL, err);
    if (rc == 0 || rc == -ENOENT)
        deliver_content_forget(l->uploads, id);
    return rc < 0 && failure_passes(rc, err) ? rc : 0;
}

/* 1: it is found, or cannot follow any more. */
static int look_for_key(struct look *l, const struct page *p, struct failure *err)
{
    for (size_t i = 0; i < p->n; i++) {
        int has = has_key(l, p->rows[i], err);

        if (has > 0)
            l->found[l->n++] = record_ref(p->rows[i]);
        if (has != 0)
            return has;
    }
    return list_is_past(&l->order, p, unsure_since_ns(l->uploads, l->row));
}

static int look_at_page(void *arg, const struct page *p, struct failure *err)
{
    struct look *l = arg;

    if (l->key[0])
        return look_for_key(l, p, err);

    for (size_t i = 0; i < p->n && l->n < CANDIDATES_MAX; i++) {
        int has = is_candidate(l, p->rows[i]) ? has_bytes(l, p->rows[i], err) : 0;

        if (has < 0)
            return has;
        if (has)
            l->found[l->n++] = record_ref(p->rows[i]);
    }
    return l->n == CANDIDATES_MAX;
}

/* The list's filters, with what was sent. */
static void make_query(const struct look *l, struct query query[QUERY_MAX + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < l->sent.n; i++)
        if (l->sent.fields[i].filter)
            query[n++] = (struct query){ l->sent.fields[i].name, l->sent.fields[i].value };
    if (l->key[0])
        n += target_newest_first(l->res, query + n);
    query[n] = (struct query){ NULL, NULL };
}

static int look_at_list(struct look *l, struct failure *err)
{
    struct target t = { .res = l->res };
    struct query query[QUERY_MAX + 1];
    int rc;

    make_query(l, query);
    rc = list_walk(l->uploads->backend, l->call, &t, query[0].name ? query : NULL, look_at_page, l,
                   err);
    return rc < 0 ? rc : 0;
}

/* --- The verdict ------------------------------------------------------------------------------ */

static void name_them(const struct look *l, char words[FAILURE_TEXT_MAX])
{
    size_t len = 0;

    words[0] = '\0';
    for (size_t i = 0; i < l->n && len < FAILURE_TEXT_MAX - 1; i++) {
        char id[RESOURCE_ID_MAX + 1];

        if (record_id(l->found[i], id) == 0)
            len += (size_t)snprintf(words + len, FAILURE_TEXT_MAX - len, "%s%s", i ? ", " : "", id);
    }
}

/* Another one with the same bytes may have gone out and been answered during the look: what that has made
 * was in the list before anybody here knew of it. */
static void forget_known(struct look *l)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++) {
        char id[RESOURCE_ID_MAX + 1];

        if (record_id(l->found[i], id) == 0 && !unsure_is_known(l->uploads, l->row, id))
            l->found[n++] = l->found[i];
        else
            record_unref(l->found[i]);
    }
    l->n = n;
}

/* Of those that are as good as each other, for two looks that end at once do not take the same. */
static int claim_one(const struct look *l, struct record **out)
{
    int rc = -EEXIST;

    for (size_t i = 0; i < l->n && rc == -EEXIST; i++) {
        char id[RESOURCE_ID_MAX + 1];

        rc = record_id(l->found[i], id);
        if (rc == 0)
            rc = journal_claim(l->uploads->journal, l->row->number, id);
        if (rc == 0)
            *out = record_ref(l->found[i]);
    }
    return rc == 0 ? UNSURE_FOUND : rc == -EEXIST ? UNSURE_NONE : rc;
}

static int judge(struct look *l, struct record **out, char words[FAILURE_TEXT_MAX])
{
    struct journal *j = l->uploads->journal;
    size_t unsure = journal_count_alike(j, l->row->sha256, INTENT_UNSURE);

    if (!l->key[0] && journal_count_alike(j, l->row->sha256, INTENT_SENDING))
        return -EAGAIN;
    if (!l->key[0])
        forget_known(l);
    if (l->n == 0)
        return UNSURE_NONE;
    if (l->n > (unsure ? unsure : 1)) {
        name_them(l, words);
        return UNSURE_SEVERAL;
    }
    return claim_one(l, out);
}

int unsure_look(struct uploads *uploads, struct call *call, const struct intent_row *row,
                struct record **out, char words[FAILURE_TEXT_MAX], struct failure *err)
{
    struct look l = { .uploads = uploads, .call = call, .row = row };
    int rc;

    l.res = resource_get((enum resource_kind)row->resource);
    if (!l.res || !row->has_sha256 || !row->look)
        return fail(err, -EIO, 0, "it cannot be looked for");
    rc = stamp_key_of(l.res, row->look, l.key);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    if (backend_speaks_today(uploads->backend) && !backend_keeps_stamps(uploads->backend))
        l.key[0] = '\0'; /* it has lost others: only the bytes tell */
    if (!l.key[0] && journal_count_alike(uploads->journal, row->sha256, INTENT_SENDING))
        return fail(err, -EAGAIN, 0, "another one with the same bytes is on its way");
    rc = read_sent(&l);
    if (rc == 0)
        rc = look_at_list(&l, err);
    if (rc == 0)
        rc = judge(&l, out, words);
    for (size_t i = 0; i < l.n; i++)
        record_unref(l.found[i]);
    return rc;
}

int unsure_wait(struct uploads *uploads, struct call *call, const struct intent_row *row,
                int64_t ms, struct record **out, char words[FAILURE_TEXT_MAX], struct failure *err)
{
    int64_t end = clock_now_ms(uploads->clock) + ms, pause = FIRST_LOOK_MS;
    int rc;

    for (;;) {
        int64_t now;

        rc = unsure_look(uploads, call, row, out, words, err);
        now = clock_now_ms(uploads->clock);
        if ((rc != UNSURE_NONE && rc != -EAGAIN) || now >= end)
            return rc;
        if (call_wait(call, uploads->clock, now + pause < end ? now + pause : end) == -EINTR)
            return -EINTR;
        pause *= 2;
    }
}

bool unsure_may_land(struct uploads *uploads, const struct intent_row *row)
{
    return clock_now_ms(uploads->clock) < row->since_ms + uploads->unsure_ms;
}
