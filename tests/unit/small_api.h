/*
 * An API in memory over fake_server.h: it keeps what is sent to it, answers lists, filters and pages,
 * gives each new thing the next number, and writes down what it was asked. Rules make it say
 * something else instead. It checks nothing: what it was told is what a test looks at. All texts
 * are as api_text.h has them.
 */
#ifndef LASFS_SMALL_API_H
#define LASFS_SMALL_API_H

#include <fnmatch.h>

#include <jansson.h>

#include "api_text.h"
#include "array.h"
#include "cleanup.h"
#include "fake_server.h"
#include "resources.h"

#define API_SAID_MAX (64 * 1024)
#define API_RULES_MAX 64
#define API_ANSWERS_MAX 1024
#define API_FILES_MAX 16
#define API_ROOT "/v1/"
#define API_FILES "/files/"

/* What it says instead: the first rule that fits, as often as left says. */
struct api_rule {
    const char *method, *path; /* fnmatch(3) of what follows /v1/, with short ids */
    struct fake_reply reply;
    char *body;
    int left; /* negative: always */
};

/* By the server's lock, but page_size and file_urls, which a test sets before it begins. */
struct small_api {
    struct fake_server server;
    json_t *rows; /* {"documents": [{...}], "models/ID/dataBundles": []} */
    struct api_file {
        char id[RESOURCE_ID_MAX + 1];
        char *bytes;
        size_t len;
    } files[API_FILES_MAX]; /* what was put at /files/ID */
    unsigned n_files;
    struct api_rule rules[API_RULES_MAX];
    unsigned n_rules;
    unsigned made;      /* the number of the last thing that was made */
    unsigned seconds;   /* of its clock: one more for each change */
    unsigned page_size; /* of a list; 0: what is asked for */
    bool file_urls;     /* contents stand at /files/ID */
    char said[API_SAID_MAX];
    char *answers[API_ANSWERS_MAX]; /* kept until its end */
    unsigned n_answers;
};

/* --- What was asked --------------------------------------------------------------------------- */

/* The body without its content, which a test looks at by itself: expect_content(). */
static inline void api_note(struct small_api *a, const struct fake_request *rq, const char *path)
{
    size_t len = strlen(a->said);
    json_t *body = rq->body_len ? json_loads(rq->body, 0, NULL) : NULL;
    cleanup_free char *text = NULL, *brief = NULL, *brief_path = api_short(path);
    char *page = strstr(brief_path, "?maxResults=100");

    if (page && strcmp(rq->method, "GET") == 0) { /* as every GET of a list has it */
        const char *rest = page + strlen("?maxResults=100");

        memmove(page, rest, strlen(rest) + 1);
        if (*page == '&')
            *page = '?';
    }
    if (json_is_object(body)) {
        json_object_del(body, "content");
        text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
        brief = api_short(text);
    }
    snprintf(a->said + len, sizeof(a->said) - len, "%s %s%s%s\n", rq->method, brief_path,
             brief ? " " : "", brief ? brief : "");
    json_decref(body);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static inline const char *api_keep(struct small_api *a, char *text)
{
    if (!text || a->n_answers == API_ANSWERS_MAX)
        abort();
    return a->answers[a->n_answers++] = text;
}

static inline void api_say(struct small_api *a, struct fake_reply *reply, int status, json_t *body)
{
    reply->status = status;
    reply->body = api_keep(a, json_dumps(body, JSON_COMPACT));
    json_decref(body);
}

static inline void api_refuse(struct small_api *a, struct fake_reply *reply, int status,
                              const char *words)
{
    api_say(a, reply, status, json_pack("{s:s}", "message", words));
}

static inline json_t *api_time(struct small_api *a)
{
    char text[64];

    a->seconds++;
    snprintf(text, sizeof(text), "2024-01-01T%02u:%02u:%02u.000000+00:00", a->seconds / 3600,
             a->seconds / 60 % 60, a->seconds % 60);
    return json_string(text);
}

/* Where a request goes: a list, and perhaps one of it. */
struct api_place {
    char list[512]; /* "models/ID/dataBundles": the key in rows */
    char id[RESOURCE_ID_MAX + 1];
    char query[1024];
    const struct resource *res;
};

static inline bool api_find_place(const char *path, struct api_place *p)
{
    const char *words[5] = { NULL };
    char copy[512];
    size_t n = 0;
    char *rest = copy, *word;

    *p = (struct api_place){ .res = NULL };
    if (strchr(path, '?'))
        snprintf(p->query, sizeof(p->query), "%s", strchr(path, '?') + 1);
    snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(path, "?"), path);
    snprintf(p->list, sizeof(p->list), "%s", copy);
    while ((word = strsep(&rest, "/")) && n < ARRAY_LEN(words))
        words[n++] = word;
    if (n == 0)
        return false;
    if (n % 2 == 0) {
        snprintf(p->id, sizeof(p->id), "%s", words[n - 1]);
        *strrchr(p->list, '/') = '\0';
    }
    p->res = resource_by_name(RES_NONE, words[0]);
    if (p->res && n > 2)
        p->res = resource_by_name(p->res->kind, words[2]);
    if (p->res && n > 4)
        p->res = resource_by_name(p->res->kind, words[4]);
    return p->res != NULL;
}

/* A value of the query into out; false: there is none. */
static inline bool api_query(const struct api_place *p, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);

    for (const char *at = p->query; at; at = strchr(at, '&')) {
        at += *at == '&';
        if (strncmp(at, name, len) != 0 || at[len] != '=')
            continue;
        snprintf(out, size, "%.*s", (int)strcspn(at + len + 1, "&"), at + len + 1);
        return true;
    }
    return false;
}

static inline json_t *api_list_of(struct small_api *a, const char *list)
{
    json_t *rows = json_object_get(a->rows, list);

    if (!rows) {
        rows = json_array();
        json_object_set_new(a->rows, list, rows);
    }
    return rows;
}

static inline json_t *api_row(struct small_api *a, const struct api_place *p, size_t *at)
{
    json_t *rows = api_list_of(a, p->list), *row;
    size_t i;

    json_array_foreach(rows, i, row) {
        const char *id = json_string_value(json_object_get(row, p->res->id_field));

        if (id && strcmp(id, p->id) == 0) {
            if (at)
                *at = i;
            return row;
        }
    }
    return NULL;
}

/* As answers have it: nothing that is not given back, the content only where it was asked for. */
static inline json_t *api_shown(struct small_api *a, const struct api_place *p, json_t *row,
                                bool content)
{
    json_t *shown = json_copy(row);
    const char *id = json_string_value(json_object_get(row, p->res->id_field));
    char url[RESOURCE_ID_MAX + 64];

    for (const struct field *f = p->res->fields; f->name; f++)
        if (!(f->flags & F_READABLE))
            json_object_del(shown, f->name);
    if (!content || a->file_urls)
        json_object_del(shown, "content");
    if (a->file_urls && p->res->url_field) {
        snprintf(url, sizeof(url), "http://127.0.0.1:%d" API_FILES "%s", a->server.port, id);
        json_object_set_new(shown, p->res->url_field, json_string(url));
    }
    return shown;
}

static inline bool api_matches(const struct api_place *p, json_t *row)
{
    for (const struct filter *f = p->res->filters; f && f->name; f++) {
        const char *is = json_string_value(json_object_get(row, f->name));
        char want[256];

        if (api_query(p, f->name, want, sizeof(want)) && (!is || strcmp(is, want) != 0))
            return false;
    }
    return true;
}

/* --- Verbs ------------------------------------------------------------------------------------ */

/* A page: GET of a list, or with remove its DELETE. */
static inline void api_page(struct small_api *a, const struct api_place *p, bool remove,
                            struct fake_reply *reply)
{
    json_t *rows = api_list_of(a, p->list), *page = json_array(), *answer = json_object();
    char text[32] = "0", next[32];
    size_t from, max = 1000, i = 0, seen = 0;

    if (api_query(p, "maxResults", text, sizeof(text)))
        max = strtoul(text, NULL, 10);
    if (a->page_size && a->page_size < max)
        max = a->page_size;
    from = api_query(p, "nextToken", text, sizeof(text)) ? strtoul(text, NULL, 10) : 0;
    while (i < json_array_size(rows) && json_array_size(page) < max) {
        json_t *row = json_array_get(rows, i++);

        if (!api_matches(p, row) || (!remove && seen++ < from))
            continue;
        json_array_append_new(page, api_shown(a, p, row, false));
        if (remove)
            json_array_remove(rows, --i);
    }
    snprintf(next, sizeof(next), "%zu", from + json_array_size(page));
    json_object_set_new(answer, p->res->list_key, page);
    json_object_set_new(answer, "nextToken",
                        i < json_array_size(rows) ? json_string(next) : json_null());
    api_say(a, reply, 200, answer);
}

static inline void api_post(struct small_api *a, const struct api_place *p, json_t *body,
                            struct fake_reply *reply)
{
    json_t *row = body ? json_deep_copy(body) : json_object();

    if (!p->res->id_type) { /* a command */
        json_decref(row);
        api_say(a, reply, 200, json_object());
        return;
    }
    json_object_set_new(row, p->res->id_field, json_string(id_of(p->res->id_type, ++a->made)));
    if (p->res->made_field)
        json_object_set_new(row, p->res->made_field, api_time(a));
    json_array_append_new(api_list_of(a, p->list), row);
    api_say(a, reply, 200, api_shown(a, p, row, false));
}

static inline void api_one(struct small_api *a, const char *method, const struct api_place *p,
                           json_t *body, struct fake_reply *reply)
{
    size_t at = 0;
    json_t *row = api_row(a, p, &at);

    if (!row) {
        api_refuse(a, reply, 404, "Not Found");
    } else if (strcmp(method, "GET") == 0) {
        api_say(a, reply, 200, api_shown(a, p, row, true));
    } else if (strcmp(method, "DELETE") == 0) {
        json_t *shown = api_shown(a, p, row, false);

        json_array_remove(api_list_of(a, p->list), at);
        api_say(a, reply, 200, shown);
    } else {
        json_object_update(row, body);
        json_object_set_new(row, p->res->changed_field, api_time(a));
        api_say(a, reply, 200, api_shown(a, p, row, false));
    }
}

static inline struct api_file *api_find_file(struct small_api *a, const char *id)
{
    for (unsigned i = 0; i < a->n_files; i++)
        if (strcmp(a->files[i].id, id) == 0)
            return &a->files[i];
    return NULL;
}

/* The bytes as they are, at an address of their own. */
static inline void api_file(struct small_api *a, const struct fake_request *rq, const char *id,
                            struct fake_reply *reply)
{
    struct api_file *f = api_find_file(a, id);

    if (strcmp(rq->method, "PUT") == 0) {
        if (!f && a->n_files == API_FILES_MAX)
            abort();
        f = f ? f : &a->files[a->n_files++];
        free(f->bytes);
        *f = (struct api_file){ .bytes = api_alloc(rq->body_len + 1), .len = rq->body_len };
        snprintf(f->id, sizeof(f->id), "%.*s", RESOURCE_ID_MAX, id);
        memcpy(f->bytes, rq->body, rq->body_len);
        reply->body = "";
    } else if (f) {
        reply->body = f->bytes;
        reply->body_len = f->len;
    } else {
        reply->status = 404;
    }
}

static inline bool api_ruled(struct small_api *a, const char *method, const char *path,
                             struct fake_reply *reply)
{
    cleanup_free char *brief = api_short(path);

    for (unsigned i = 0; i < a->n_rules; i++) {
        struct api_rule *r = &a->rules[i];

        if (!r->left || strcmp(r->method, method) != 0 || fnmatch(r->path, brief, 0) != 0)
            continue;
        if (r->left > 0)
            r->left--;
        *reply = r->reply;
        return true;
    }
    return false;
}

static inline void api_answer(struct fake_server *s, const struct fake_request *rq,
                              struct fake_reply *reply)
{
    struct small_api *a = s->arg;
    char path[2048];
    struct api_place p;
    json_t *body;

    if (fake_is_token(rq)) {
        reply->body = "{\"access_token\": \"a-token\", \"expires_in\": 3600}";
        return;
    }
    api_unescape(rq->path, path, sizeof(path));
    if (strncmp(path, API_FILES, strlen(API_FILES)) == 0) {
        api_note(a, rq, path);
        if (!api_ruled(a, rq->method, path, reply))
            api_file(a, rq, path + strlen(API_FILES), reply);
        return;
    }
    if (strncmp(path, API_ROOT, strlen(API_ROOT)) == 0)
        memmove(path, path + strlen(API_ROOT), strlen(path + strlen(API_ROOT)) + 1);
    api_note(a, rq, path);
    if (api_ruled(a, rq->method, path, reply))
        return;
    if (!api_find_place(path, &p)) {
        api_refuse(a, reply, 404, "there is no such list");
        return;
    }
    body = rq->body_len ? json_loads(rq->body, 0, NULL) : NULL;
    if (p.id[0])
        api_one(a, rq->method, &p, body, reply);
    else if (strcmp(rq->method, "POST") == 0)
        api_post(a, &p, body, reply);
    else
        api_page(a, &p, strcmp(rq->method, "DELETE") == 0, reply);
    json_decref(body);
}

/* --- For tests -------------------------------------------------------------------------------- */

static inline void api_start(struct small_api *a)
{
    a->rows = json_object();
    fake_start(&a->server, api_answer, a);
}

static inline void api_stop(struct small_api *a)
{
    fake_stop(&a->server);
    for (unsigned i = 0; i < a->n_answers; i++)
        free(a->answers[i]);
    for (unsigned i = 0; i < a->n_rules; i++)
        free(a->rules[i].body);
    json_decref(a->rows);
    for (unsigned i = 0; i < a->n_files; i++)
        free(a->files[i].bytes);
}

/* times: negative: always. status 0: the connection ends without an answer. body may be NULL. */
static inline void api_rule(struct small_api *a, int times, const char *method, const char *path,
                            int status, const char *body)
{
    pthread_mutex_lock(&a->server.lock);
    struct api_rule *r = &a->rules[a->n_rules++];

    if (a->n_rules == API_RULES_MAX)
        abort();
    *r = (struct api_rule){ .method = method, .path = path, .left = times };
    r->body = body ? api_long(body) : NULL;
    r->reply = (struct fake_reply){ .status = status, .body = r->body };
    pthread_mutex_unlock(&a->server.lock);
}

/* It says what it has again. What it said may still be on its way: that is freed at the end. */
static inline void api_forget_rules(struct small_api *a)
{
    pthread_mutex_lock(&a->server.lock);
    for (unsigned i = 0; i < a->n_rules; i++)
        a->rules[i].left = 0;
    pthread_mutex_unlock(&a->server.lock);
}

/* It has one of its own: "documents", "{'documentId': 'document#7'}". */
static inline void api_add(struct small_api *a, const char *list, const char *row)
{
    cleanup_free char *text = api_long(row), *key = api_long(list);
    json_t *json = json_loads(text, 0, NULL);

    if (!json)
        abort();
    pthread_mutex_lock(&a->server.lock);
    json_array_append_new(api_list_of(a, key), json);
    pthread_mutex_unlock(&a->server.lock);
}

/* Others change one of its things, or, change NULL, delete it. */
static inline void api_change(struct small_api *a, const char *path, const char *change)
{
    cleanup_free char *place = api_long(path), *text = change ? api_long(change) : NULL;
    struct fake_reply ignored = { 0 };
    struct api_place p;
    json_t *body = text ? json_loads(text, 0, NULL) : NULL;

    if ((text && !body) || !api_find_place(place, &p))
        abort();
    pthread_mutex_lock(&a->server.lock);
    api_one(a, change ? "PATCH" : "DELETE", &p, body, &ignored);
    pthread_mutex_unlock(&a->server.lock);
    if (ignored.status != 200)
        abort();
    json_decref(body);
}

/* These are all requests since the last look, in their order. */
static inline void expect_said(struct small_api *a, const char *want)
{
    static char said[API_SAID_MAX];

    pthread_mutex_lock(&a->server.lock);
    memcpy(said, a->said, sizeof(said));
    a->said[0] = '\0';
    pthread_mutex_unlock(&a->server.lock);
    assert_string_equal(said, want);
}

/* It has these, of a whole list: their ids, a blank after each. */
static inline void expect_there(struct small_api *a, const char *list, const char *want)
{
    cleanup_free char *key = api_long(list), *brief = NULL;
    struct api_place p;
    char ids[4096] = "";
    json_t *row;
    size_t i;

    assert_true(api_find_place(key, &p));
    pthread_mutex_lock(&a->server.lock);
    json_array_foreach(api_list_of(a, key), i, row) {
        size_t len = strlen(ids);

        snprintf(ids + len, sizeof(ids) - len, "%s ",
                 json_string_value(json_object_get(row, p.res->id_field)));
    }
    pthread_mutex_unlock(&a->server.lock);
    brief = api_short(ids);
    assert_string_equal(brief, want);
}

/* The content of "documents/document#7" is these bytes. */
static inline void expect_content(struct small_api *a, const char *path, const char *bytes,
                                  size_t len)
{
    cleanup_free char *place = api_long(path), *want = api_base64(bytes, len), *is = NULL;
    struct api_place p;
    struct api_file *f;
    const char *text;

    assert_true(api_find_place(place, &p));
    pthread_mutex_lock(&a->server.lock);
    f = api_find_file(a, p.id);
    text = json_string_value(json_object_get(api_row(a, &p, NULL), "content"));
    is = f ? api_base64(f->bytes, f->len) : text ? strdup(text) : NULL;
    pthread_mutex_unlock(&a->server.lock);
    assert_non_null(is);
    assert_string_equal(is, want);
}

#endif
