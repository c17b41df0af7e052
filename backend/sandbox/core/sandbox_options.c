#include "sandbox_options.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "array.h"
#include "file.h"
#include "number.h"
#include "resources.h"

#include "banned.h"

#define SECRET_FILE_MAX 4096

struct context {
    struct sandbox_options *o;
    struct failure *err;
};

struct option_row {
    const char *name, *argument;
    int (*set)(struct context *c, const char *value);
    const char *help;
};

static int set_text(struct context *c, char **to, const char *value)
{
    free(*to);
    *to = strdup(value);
    return *to ? 0 : fail(c->err, -ENOMEM, 0, "out of memory");
}

static int set_listen(struct context *c, const char *value)
{
    const char *colon = strrchr(value, ':');
    int64_t port;
    int rc;

    if (!colon || colon == value || number_parse(colon + 1, 0, 65535, &port) < 0)
        return fail(c->err, -EINVAL, 0, "--listen takes HOST:PORT, not %s", value);
    rc = set_text(c, &c->o->port, colon + 1);
    if (rc == 0)
        rc = set_text(c, &c->o->host, value);
    if (rc == 0)
        c->o->host[colon - value] = '\0';
    /* [::1]:8080 */
    if (rc == 0 && value[0] == '[' && colon > value + 1 && colon[-1] == ']') {
        memmove(c->o->host, c->o->host + 1, (size_t)(colon - value));
        c->o->host[colon - value - 2] = '\0';
    }
    return rc;
}

static int set_state(struct context *c, const char *value)
{
    return set_text(c, &c->o->state, value);
}

static int set_client_id(struct context *c, const char *value)
{
    return set_text(c, &c->o->client_id, value);
}

static int set_client_secret(struct context *c, const char *value)
{
    return set_text(c, &c->o->client_secret, value);
}

static int set_client_secret_file(struct context *c, const char *value)
{
    cleanup_buf struct buf text = BUF_INIT(SECRET_FILE_MAX);
    int rc = file_read(value, &text);

    if (rc < 0)
        return fail(c->err, -EINVAL, 0, "--client-secret-file %s: %s", value, strerror(-rc));
    while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
        text.data[--text.len] = '\0';
    if (text.len == 0)
        return fail(c->err, -EINVAL, 0, "--client-secret-file %s is empty", value);
    rc = set_text(c, &c->o->client_secret, text.data);
    if (rc == 0)
        rc = set_text(c, &c->o->client_secret_file, value);
    explicit_bzero(text.data, text.len);
    return rc;
}

static int set_public(struct context *c, const char *value)
{
    (void)value;
    c->o->public = true;
    return 0;
}

static int set_tls(struct context *c, const char *value)
{
    (void)value;
    c->o->tls = true;
    return 0;
}

static int set_print_env(struct context *c, const char *value)
{
    (void)value;
    c->o->print_env = true;
    return 0;
}

static int set_print_secret(struct context *c, const char *value)
{
    (void)value;
    c->o->print_secret = true;
    return 0;
}

static int set_lenient(struct context *c, const char *value)
{
    (void)value;
    c->o->lenient = true;
    return 0;
}

static int set_file_url(struct context *c, const char *value)
{
    (void)value;
    c->o->file_url = true;
    return 0;
}

static int set_no_inline(struct context *c, const char *value)
{
    (void)value;
    c->o->no_inline = true;
    return set_file_url(c, value);
}

static int set_api(struct context *c, const char *value)
{
    if (strcmp(value, "2021") != 0 && strcmp(value, "2024") != 0)
        return fail(c->err, -EINVAL, 0, "--api takes 2021 or 2024, not %s", value);
    c->o->api = strcmp(value, "2021") == 0 ? API_2021 : API_2024;
    return 0;
}

static int set_md5(struct context *c, const char *value)
{
    if (strcmp(value, "hex") != 0 && strcmp(value, "base64") != 0)
        return fail(c->err, -EINVAL, 0, "--md5 takes hex or base64, not %s", value);
    c->o->md5 = strcmp(value, "hex") == 0 ? DIGEST_HEX : DIGEST_BASE64;
    return 0;
}

static int set_number(struct context *c, const char *name, const char *value, int64_t min,
                      int64_t max, int64_t *to)
{
    if (number_parse(value, min, max, to) == 0)
        return 0;
    return fail(c->err, -EINVAL, 0, "%s takes a number from %lld to %lld, not %s", name,
                (long long)min, (long long)max, value);
}

static int set_latency(struct context *c, const char *value)
{
    return set_number(c, "--latency", value, 0, 600000, &c->o->latency_ms);
}

static int set_fault(struct context *c, const char *value)
{
    if (c->o->n_faults == FAULTS_MAX)
        return fail(c->err, -EINVAL, 0, "--fault: at most %d of them", FAULTS_MAX);
    return fault_parse(value, &c->o->faults[c->o->n_faults++], c->err);
}

static int set_token_ttl(struct context *c, const char *value)
{
    return set_number(c, "--token-ttl", value, 1, 31536000, &c->o->token_ttl_s);
}

static int set_page_size(struct context *c, const char *value)
{
    return set_number(c, "--page-size", value, 1, 100000, &c->o->page_size);
}

static int set_heartbeat_timeout(struct context *c, const char *value)
{
    return set_number(c, "--heartbeat-timeout", value, 1, 31536000, &c->o->heartbeat_s);
}

/* Seconds, with a point or without. */
static int set_model_time(struct context *c, const char *value)
{
    char *end;
    double s = isdigit((unsigned char)*value) ? strtod(value, &end) : -1;

    if (s < 0 || *end || s > 31536000)
        return fail(c->err, -EINVAL, 0, "--model-time takes seconds, not %s", value);
    c->o->model_ms = (int64_t)(s * 1000);
    return 0;
}

static int set_prediction_time(struct context *c, const char *value)
{
    char *end;
    double s = isdigit((unsigned char)*value) ? strtod(value, &end) : -1;

    if (s < 0 || *end || s > 31536000)
        return fail(c->err, -EINVAL, 0, "--prediction-time takes seconds, not %s", value);
    c->o->prediction_ms = (int64_t)(s * 1000);
    return 0;
}

/* numberOfAppClientsAllowed -> AppClients; its length. */
static size_t quota_name(const struct quota *q, const char **name)
{
    const char *of = strstr(q->allowed, "Of");

    *name = of + strlen("Of");
    return strlen(*name) - strlen("Allowed");
}

static int set_quota(struct context *c, const char *value)
{
    const char *equals = strchr(value, '='), *name;
    size_t len = equals ? (size_t)(equals - value) : 0;

    for (size_t i = 0; equals && resource_quotas[i].allowed; i++)
        if (resource_quotas[i].kind != RES_NONE && quota_name(&resource_quotas[i], &name) == len &&
            strncasecmp(name, value, len) == 0)
            return set_number(c, "--quota", equals + 1, 0, INT32_MAX, &c->o->quotas[i]);
    return fail(c->err, -EINVAL, 0, "--quota takes COLLECTION=N with a collection it knows, not %s",
                value);
}

static int set_access_log(struct context *c, const char *value)
{
    return set_text(c, &c->o->access_log, value);
}

static int set_import(struct context *c, const char *value)
{
    return set_text(c, &c->o->import, value);
}

static int set_seed_demo(struct context *c, const char *value)
{
    (void)value;
    c->o->seed_demo = true;
    return 0;
}

static int set_list_state(struct context *c, const char *value)
{
    (void)value;
    c->o->list_state = true;
    return 0;
}

static int set_reset(struct context *c, const char *value)
{
    (void)value;
    c->o->reset = true;
    return 0;
}

static int set_yes(struct context *c, const char *value)
{
    (void)value;
    c->o->yes = true;
    return 0;
}

static int set_help(struct context *c, const char *value)
{
    (void)value;
    c->o->help = true;
    return 0;
}

static int set_version(struct context *c, const char *value)
{
    (void)value;
    c->o->version = true;
    return 0;
}

/* clang-format off */
static const struct option_row rows[] = {
    { "listen", "HOST:PORT", set_listen, "where; port 0 is any free one (" DEFAULT_LISTEN ")" },
    { "state", "DIR", set_state, "where it keeps everything; made when it is missing" },
    { "client-id", "ID", set_client_id, "who gets tokens" },
    { "client-secret", "SECRET", set_client_secret, "and what proves it" },
    { "client-secret-file", "FILE", set_client_secret_file, "the same, from a file or /dev/fd/N" },
    { "tls", NULL, set_tls, "https, with a certificate that it makes and keeps in DIR; the\n"
      "                             line has its caFile, for clients to trust" },
    { "public", NULL, set_public, "listen beyond this machine" },
    { "latency", "MS", set_latency, "wait before each answer" },
    { "fault", "SPEC", set_fault, "'VERB PATH WHAT [TIMES]', as 'POST /documents 503 2' or\n"
      "                             '* /documents/* close': WHAT is a status, close (nothing\n"
      "                             is done) or lose (only the answer). Repeatable" },
    { "lenient", NULL, set_lenient, "make up what is not there, take any token: for clients\n"
      "                             that keep no state" },
    { "api", "2021|2024", set_api, "the generation of the API that it speaks: today's, or\n"
      "                             that of 2021" },
    { "file-url", NULL, set_file_url, "documents' bytes as the API of 2023 has them: answers have a\n"
      "                             fileUrl for GET and PUT, and no content" },
    { "no-inline", NULL, set_no_inline, "the same, and a POST of a document that has content is refused"
      " with\n                             400" },
    { "md5", "hex|base64", set_md5, "how contentMD5 is written (hex)" },
    { "token-ttl", "S", set_token_ttl, "how long a token lives (3600)" },
    { "heartbeat-timeout", "S", set_heartbeat_timeout, "a claimed execution fails without a heartbeat for S s\n"
      "                             (60)" },
    { "model-time", "S", set_model_time, "how long a model trains and a data bundle is made (1)" },
    { "prediction-time", "S", set_prediction_time, "how long each prediction of --api 2024 is pending; else those\n"
      "                             alone that are asked for with async, for 1 s" },
    { "page-size", "N", set_page_size, "the largest page (1000); the usual one is 100, or N\n"
      "                             where that is less" },
    { "quota", "COLLECTION=N", set_quota, "refuse more than N with 429: documents, predictions,\n"
      "                             dataBundles, transitionExecutions, workflowExecutions a\n"
      "                             month; appClients, assets, datasets, models, secrets,\n"
      "                             transitions, users, workflows in all. Repeatable" },
    { "import", "DIR", set_import, "make documents of the files in DIR, datasets of its\n"
      "                             subfolders, ground truths of FILE.json beside FILE" },
    { "seed-demo", NULL, set_seed_demo, "where there is nothing yet: documents, a model, a workflow" },
    { "access-log", "FILE", set_access_log, "a line a request: VERB PATH?QUERY STATUS MS BYTES" },
    { "print-env", NULL, set_print_env, "what a shell is to eval to use the one that serves --state;\n"
      "                             --client-secret-file FILE: the secret too, from FILE" },
    { "print-secret", NULL, set_print_secret, "with --print-env: the secret itself, not its file's name" },
    { "list-state", NULL, set_list_state, "what lasfs --sandbox has left: size, when it was used,\n"
      "                             by whom it is, where" },
    { "reset", "[DIR]", set_reset, "remove that of lasfs --sandbox, or of --sandbox=DIR, after\n"
      "                             a question" },
    { "yes", NULL, set_yes, "without the question" },
    { "help", NULL, set_help, "this" },
    { "version", NULL, set_version, "which one it is" },
};
/* clang-format on */

/* One in brackets is a word of its own, behind the options. */
static bool takes_argument(const struct option_row *row)
{
    return row->argument && row->argument[0] != '[';
}

void sandbox_options_help(void)
{
    printf("Usage: lasfs-sandbox --state DIR --client-id ID --client-secret SECRET [options]\n\n"
           "Serves the LAS API on this machine, for lasfs, for tests and for trying things out.\n"
           "Prints one line of JSON with its endpoints when it is ready.\n\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char left[64];

        snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        printf("  %-26s %s\n", left, rows[i].help);
    }
    printf(
        "\nWorkflows run. Transitions of type docker are run by a runner that gives their input\n"
        "back as their output; a model that is set to training is active after --model-time,\n"
        "and predicts what a document's ground truth says.\n");
}

/* documents=, as --quota takes it. */
static void offer_quotas(const struct completion *c, const char *head)
{
    for (size_t i = 0; resource_quotas[i].allowed; i++) {
        const char *name;
        char word[64];
        size_t len = quota_name(&resource_quotas[i], &name);

        if (resource_quotas[i].kind == RES_NONE)
            continue;
        snprintf(word, sizeof(word), "%c%.*s=", tolower((unsigned char)*name), (int)len - 1,
                 name + 1);
        completion_offer(c, head, word, NULL, true);
    }
}

static void offer_value(const struct completion *c, const char *head, const struct option_row *row)
{
    struct completion_option o = { row->name, row->argument, NULL, row->help };

    if (row->set == set_quota)
        offer_quotas(c, head);
    else
        completion_offer_value(c, head, &o, false);
}

void sandbox_options_complete(const struct completion *c)
{
    const char *last = c->n_before ? c->before[c->n_before - 1] : "";
    char head[64];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        snprintf(head, sizeof(head), "--%s", rows[i].name);
        if (rows[i].argument && strcmp(last, head) == 0) {
            offer_value(c, "", &rows[i]);
            return;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct completion_option o = { rows[i].name, rows[i].argument, NULL, rows[i].help };

        snprintf(head, sizeof(head), "--%s=", rows[i].name);
        if (o.value && strncmp(c->current, head, strlen(head)) == 0)
            offer_value(c, head, &rows[i]);
        else
            completion_offer_option(c, "--", &o, false);
    }
}

static int finish(struct context *c)
{
    struct sandbox_options *o = c->o;

    if (o->help || o->version || o->list_state || o->reset)
        return 0;
    if (!o->state)
        return fail(c->err, -EINVAL, 0, "--state is missing");
    if (o->print_secret && !o->print_env)
        return fail(c->err, -EINVAL, 0, "--print-secret goes with --print-env");
    if (o->print_env)
        return 0;
    if (!o->lenient && (!o->client_id || !o->client_secret))
        return fail(c->err, -EINVAL, 0, "--client-id and --client-secret are missing");
    if (o->client_id && strchr(o->client_id, ':'))
        return fail(c->err, -EINVAL, 0, "--client-id may not have a colon");
    o->file_url = o->file_url || o->api == API_2024;
    return o->host ? 0 : set_listen(c, DEFAULT_LISTEN);
}

static void blot(char *value)
{
    for (; value && *value; value++)
        *value = 'x';
}

int sandbox_options_parse(int argc, char **argv, struct sandbox_options *out, struct failure *err)
{
    struct context c = { .o = out, .err = err };
    struct option longs[ARRAY_LEN(rows) + 1];
    int at, rc = 0;

    memset(out, 0, sizeof(*out));
    memset(longs, 0, sizeof(longs));
    for (size_t i = 0; i < QUOTAS_MAX; i++)
        out->quotas[i] = QUOTA_NONE;
    out->api = API_2024;
    out->token_ttl_s = DEFAULT_TOKEN_TTL_S;
    out->page_size = DEFAULT_PAGE_SIZE;
    out->heartbeat_s = DEFAULT_HEARTBEAT_S;
    out->model_ms = DEFAULT_MODEL_MS;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        longs[i] =
            (struct option){ rows[i].name,
                             takes_argument(&rows[i]) ? required_argument : no_argument, NULL, 0 };
    opterr = 0;
    while (rc == 0) {
        int found = getopt_long(argc, argv, ":", longs, &at);

        if (found == -1)
            break;
        if (found != 0)
            return fail(err, -EINVAL, 0, "%s %s", argv[optind - 1],
                        found == ':' ? "takes an argument" : "is not an option");
        rc = rows[at].set(&c, optarg);
        if (rows[at].set == set_client_secret)
            blot(optarg);
    }
    if (rc == 0 && out->reset && optind < argc)
        rc = set_text(&c, &out->reset_dir, argv[optind++]);
    if (rc == 0 && optind < argc)
        rc = fail(err, -EINVAL, 0, "%s is not an option", argv[optind]);
    return rc < 0 ? rc : finish(&c);
}

void sandbox_options_release(struct sandbox_options *o)
{
    if (o->client_secret)
        explicit_bzero(o->client_secret, strlen(o->client_secret));
    free(o->host);
    free(o->port);
    free(o->state);
    free(o->client_id);
    free(o->client_secret);
    free(o->client_secret_file);
    free(o->access_log);
    free(o->import);
    free(o->reset_dir);
    memset(o, 0, sizeof(*o));
}
