#include "front.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "address.h"
#include "describe.h"
#include "json_text.h"
#include "login.h"
#include "overview.h"
#include "work.h"

#include "banned.h"

#define PAGE_MAX ((size_t)1 << 20)
#define PAGE_TYPE "text/html; charset=utf-8"

/* --- Who may look ----------------------------------------------------------------------------- */

/* A name that means this machine: what another page in a browser calls by a name of its own, which
 * leads here, is not shown to it. */
static bool is_ours(const struct http *h, const char *host)
{
    const char *const names[] = { "localhost", "127.0.0.1", "[::1]", h->sb->options->host };
    const char *colon = host ? strrchr(host, ':') : NULL;
    size_t len = host ? (colon && !strchr(colon, ']') ? (size_t)(colon - host) : strlen(host)) : 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (host && strlen(names[i]) == len && strncasecmp(names[i], host, len) == 0)
            return true;
    return false;
}

static bool may_look(const struct http *h, const char *host, const char *authorization)
{
    char caller[ID_MAX];

    if (authorization &&
        (login_check(h->sb, authorization, caller) || login_is_client(h->sb, authorization)))
        return true;
    return !h->sb->options->public && is_ours(h, host);
}

/* --- HTML ------------------------------------------------------------------------------------- */

/* As text; what is no UTF-8, and what would not be seen, as a question mark. */
static int add_text(struct buf *b, const char *text)
{
    bool valid = json_text_utf8_ok(text, strlen(text));
    int rc = 0;

    for (const char *p = text; *p && rc == 0; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')
            rc = buf_addf(b, "&#%d;", c);
        else
            rc = buf_addc(b, c < 0x20 || c == 0x7f || (c >= 0x80 && !valid) ? '?' : *p);
    }
    return rc;
}

/* Within '', as any shell takes it for that. */
static int add_quoted(struct buf *b, const char *text)
{
    cleanup_buf struct buf quoted = BUF_INIT(PAGE_MAX);
    int rc = buf_addc(&quoted, '\'');

    for (const char *c = text; *c && rc == 0; c++)
        rc = *c == '\'' ? buf_adds(&quoted, "'\\''") : buf_addc(&quoted, *c);
    if (rc == 0)
        rc = buf_addc(&quoted, '\'');
    return rc < 0 ? rc : add_text(b, buf_str(&quoted));
}

static int add_head(struct buf *b)
{
    return buf_adds(b, "<!DOCTYPE html>\n"
                       "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<title>lasfs-sandbox</title>\n<style>\n"
                       "body { font-family: sans-serif; margin: 2em; max-width: 60em; }\n"
                       "td, th { text-align: left; padding: 0.1em 1em 0.1em 0; }\n"
                       "td.n { text-align: right; }\n"
                       "pre, code, td.p { font-family: monospace; overflow-wrap: anywhere; }\n"
                       "</style>\n</head>\n<body>\n<h1>lasfs-sandbox</h1>\n");
}

static int add_connect(struct buf *b, const struct http *h)
{
    cleanup_free char *state = realpath(h->sb->options->state, NULL);
    const char *ca_file = http_ca_file(h);
    char root[ORIGIN_MAX];
    int rc;

    http_root(h, root);
    rc = buf_addf(b,
                  "<p>It speaks the API of %s.</p>\n<h2>How to connect</h2>\n<table>\n"
                  "<tr><th>API</th><td class=\"p\">",
                  generation_of(h->sb->api) == API_2024 ? "2024" : "2021");
    if (rc == 0)
        rc = add_text(b, root);
    if (rc == 0)
        rc = buf_adds(b, "/v1</td></tr>\n<tr><th>Token</th><td class=\"p\">");
    if (rc == 0)
        rc = add_text(b, root);
    if (rc == 0)
        rc = buf_adds(b, "/oauth2/token</td></tr>\n<tr><th>Certificate</th><td class=\"p\">");
    if (rc == 0)
        rc = add_text(b, ca_file ? ca_file : "none: it is not https (--tls)");
    if (rc == 0)
        rc = buf_adds(b, "</td></tr>\n</table>\n<p>In a shell, with the files that the server was "
                         "started with:</p>\n<pre>eval \"$(lasfs-sandbox --state ");
    if (rc == 0)
        rc = state ? add_quoted(b, state) : buf_adds(b, "DIR");
    return rc < 0
               ? rc
               : buf_addf(b,
                          " --client-secret-file FILE --print-env)\"\nlasfs %sMOUNTPOINT</pre>\n"
                          "<p><a href=\"/openapi.json\">openapi.json</a> has all of the API.</p>\n",
                          ca_file ? "-o cacert=\"$CURL_CA_BUNDLE\" " : "");
}

/* All have the first verb, OPTIONS. */
static const char *after_first(const char *verbs)
{
    const char *comma = strchr(verbs, ',');

    return comma ? comma + 1 : "";
}

static int add_resource(struct buf *b, const struct resource *res, int64_t n)
{
    char list[ADDRESS_ALLOW_MAX], item[ADDRESS_ALLOW_MAX];
    struct address t = { .res = res };

    address_allow(&t, list);
    t.item = true;
    address_allow(&t, item);
    return buf_addf(b,
                    "<tr><td class=\"p\">/%s</td><td class=\"n\">%" PRId64
                    "</td><td>%s</td><td>%s</td></tr>\n",
                    res->path, n, after_first(list), after_first(item));
}

static int add_resources(struct buf *b, const struct http *h)
{
    int64_t counts[RES_COUNT] = { 0 };
    int rc = overview_counts(h->sb, counts);

    if (rc == 0)
        rc = buf_adds(b,
                      "<h2>Resources</h2>\n<table id=\"resources\">\n<tr><th>Path</th><th>There are"
                      "</th><th>All</th><th>One</th></tr>\n");
    for (int k = RES_NONE + 1; k < RES_COUNT && rc == 0; k++) {
        const struct resource *res = generation_resource(h->sb->api, (enum resource_kind)k);

        if (res && !(res->flags & R_COMMAND))
            rc = add_resource(b, res, counts[k]);
    }
    return rc < 0 ? rc : buf_adds(b, "</table>\n");
}

static int add_request(struct buf *b, const struct recent_line *l)
{
    char when[32] = "";
    time_t at = (time_t)l->at_s;
    struct tm tm;
    int rc;

    if (localtime_r(&at, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
    rc = buf_addf(b, "<tr><td>%s</td><td>", when);
    if (rc == 0)
        rc = add_text(b, l->verb);
    if (rc == 0)
        rc = buf_adds(b, "</td><td class=\"p\">");
    if (rc == 0)
        rc = add_text(b, l->path);
    return rc < 0 ? rc
                  : buf_addf(b,
                             "</td><td>%d</td><td class=\"n\">%" PRId64
                             " ms</td><td class=\"n\">%zu</td></tr>\n",
                             l->status, l->ms, l->bytes);
}

static int add_requests(struct buf *b, struct http *h)
{
    struct recent_line *lines = calloc(RECENT_MAX, sizeof(*lines));
    size_t n = lines ? recent_list(&h->recent, lines) : 0;
    int rc =
        buf_adds(b, "<h2>The last requests</h2>\n<table id=\"requests\">\n<tr><th>When</th><th>"
                    "</th><th>Path</th><th>Status</th><th>Took</th><th>Bytes</th></tr>\n");

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = add_request(b, &lines[i]);
    free(lines);
    return rc < 0 ? rc : buf_adds(b, "</table>\n</body>\n</html>\n");
}

/* --- Answers ---------------------------------------------------------------------------------- */

static int answer_page(struct http *h, struct answer *an)
{
    cleanup_buf struct buf b = BUF_INIT(PAGE_MAX);
    int rc = add_head(&b);

    if (rc == 0)
        rc = add_connect(&b, h);
    if (rc == 0)
        rc = add_resources(&b, h);
    if (rc == 0)
        rc = add_requests(&b, h);
    if (rc < 0)
        return rc;
    *an = (struct answer){ .status = 200, .len = b.len, .type = PAGE_TYPE };
    an->body = buf_take(&b);
    return 0;
}

static int answer_description(struct http *h, struct answer *an)
{
    char root[ORIGIN_MAX];
    json_auto_t *v = NULL;

    http_root(h, root);
    v = describe_api(h->sb->api, root);
    return v ? answer_json(an, 200, v) : -ENOMEM;
}

void front_answer(struct http *h, const char *path, const char *host, const char *authorization,
                  struct answer *an)
{
    if (may_look(h, host, authorization)) {
        if ((strcmp(path, "/") == 0 ? answer_page(h, an) : answer_description(h, an)) < 0)
            answer_message(an, 500, "message", "Internal Server Error");
        return;
    }
    if (h->sb->options->public)
        answer_message(an, 401, "message", "Unauthorized");
    else
        answer_message(an, 403, "message", "Forbidden");
}
