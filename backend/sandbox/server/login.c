#include "login.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "item.h"
#include "tokens.h"
#include "work.h"

#include "banned.h"

#define CREDENTIALS_MAX 4096

bool login_is_path(const char *path)
{
    return strcmp(path, "/oauth2/token") == 0 || strcmp(path, "/token") == 0;
}

/* What stands behind the scheme's name; NULL: another scheme. */
static const char *after_scheme(const char *authorization, const char *scheme)
{
    size_t len = strlen(scheme);

    if (!authorization || strncasecmp(authorization, scheme, len) != 0 || authorization[len] != ' ')
        return NULL;
    return authorization + len + strspn(authorization + len, " ");
}

bool login_check(const struct sandbox *sb, const char *authorization, char caller[ID_MAX])
{
    const char *token = after_scheme(authorization, "Bearer");

    if (token && tokens_check(sb->tokens, token, caller))
        return true;
    if (!sb->options->lenient)
        return false;
    snprintf(caller, ID_MAX, "%s", sb->client);
    return true;
}

/* --- Basic ----------------------------------------------------------------------------------- */

struct login {
    char text[CREDENTIALS_MAX]; /* id, NUL, secret */
    const char *id, *secret;
    char client[ID_MAX];
};

static bool read_basic(const char *authorization, struct login *l)
{
    const char *code = after_scheme(authorization, "Basic");
    struct base64_decode_ctx ctx;
    size_t len = 0;
    char *colon;

    if (!code || BASE64_DECODE_LENGTH(strlen(code)) >= sizeof(l->text))
        return false;
    base64_decode_init(&ctx);
    len = sizeof(l->text) - 1;
    if (!base64_decode_update(&ctx, &len, (uint8_t *)l->text, strlen(code), code) ||
        !base64_decode_final(&ctx))
        return false;
    l->text[len] = '\0';
    colon = strchr(l->text, ':');
    if (!colon)
        return false;
    *colon = '\0';
    l->id = l->text;
    l->secret = colon + 1;
    return true;
}

static int find_client(struct view *v, void *arg)
{
    struct login *l = arg;
    cleanup_row struct row row = { 0 };
    int rc = view_find(v, RES_APP_CLIENTS, l->id, &row);
    json_t *hidden;
    const char *proof;

    if (rc < 0)
        return rc;
    hidden = row.hidden ? json_loads(row.hidden, 0, NULL) : NULL;
    proof = json_string_value(json_object_get(hidden, "proof"));
    rc = proof && tokens_proven(l->secret, proof) ? 0 : -EACCES;
    json_decref(hidden);
    snprintf(l->client, sizeof(l->client), "%s", row.id);
    return rc;
}

static bool is_known(const struct sandbox *sb, struct login *l)
{
    const struct sandbox_options *o = sb->options;

    snprintf(l->client, sizeof(l->client), "%s", sb->client);
    if (o->client_id && o->client_secret && tokens_same(l->id, o->client_id) &&
        tokens_same(l->secret, o->client_secret))
        return true;
    if (store_read(sb->store, find_client, l) == 0)
        return true;
    snprintf(l->client, sizeof(l->client), "%s", sb->client);
    return o->lenient;
}

bool login_is_client(const struct sandbox *sb, const char *authorization)
{
    struct login l = { 0 };
    bool is = read_basic(authorization, &l) && is_known(sb, &l);

    explicit_bzero(&l, sizeof(l));
    return is;
}

static void give_token(const struct sandbox *sb, const struct login *l, struct answer *an)
{
    char token[TOKEN_MAX];
    json_t *v;

    tokens_give(sb->tokens, l->client, token);
    v = json_pack("{s:s, s:I, s:s}", "access_token", token, "expires_in",
                  (json_int_t)tokens_ttl_s(sb->tokens), "token_type", "Bearer");
    if (v)
        answer_json(an, 200, v);
    json_decref(v);
    explicit_bzero(token, sizeof(token));
}

/* The client says once who it is: by Basic, or in the form. */
static const char *why_malformed(const struct login_request *rq)
{
    const char *code = after_scheme(rq->authorization, "Basic");

    if (rq->malformed || !rq->grant_type || (code && rq->client_secret))
        return "invalid_request";
    if (strcmp(rq->grant_type, "client_credentials") != 0)
        return "unsupported_grant_type";
    if (!rq->authorization && (!rq->client_id || !rq->client_secret))
        return "invalid_client";
    return NULL;
}

static bool read_login(const struct login_request *rq, struct login *l)
{
    bool named = rq->client_id && rq->client_secret;

    if (after_scheme(rq->authorization, "Basic"))
        return read_basic(rq->authorization, l) &&
               (!rq->client_id || strcmp(rq->client_id, l->id) == 0);
    l->id = rq->client_id;
    l->secret = rq->client_secret;
    return named;
}

void login_answer(const struct sandbox *sb, const struct login_request *rq, struct answer *an)
{
    const char *error = why_malformed(rq);
    struct login l = { 0 };

    if (error)
        answer_message(an, 400, "error", error);
    else if (!read_login(rq, &l) || !is_known(sb, &l))
        answer_message(an, 401, "error", "invalid_client");
    else
        give_token(sb, &l, an);
    explicit_bzero(&l, sizeof(l));
}
