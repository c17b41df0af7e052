/* The command line of lasfs-sandbox. */
#ifndef SANDBOX_OPTIONS_H
#define SANDBOX_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "completion.h"
#include "digest.h"
#include "failure.h"
#include "fault.h"
#include "generation.h"

#define QUOTA_NONE (-1)
#define QUOTAS_MAX 32 /* of resource_quotas */

#define DEFAULT_LISTEN "127.0.0.1:0"
#define DEFAULT_TOKEN_TTL_S 3600
#define DEFAULT_PAGE_SIZE 1000
#define DEFAULT_HEARTBEAT_S 60
#define DEFAULT_MODEL_MS 1000

struct sandbox_options {
    char *host, *port;
    char *state;
    char *client_id, *client_secret; /* NULL: none */
    char *client_secret_file;        /* where that is from; NULL: the command line */
    char *access_log;                /* NULL: none */
    char *import;                    /* a folder to fill it from; NULL: none */
    bool seed_demo;
    bool public;
    bool tls;
    bool lenient;
    enum generation api;
    bool no_inline; /* no content in a POST of a document */
    bool file_url;  /* documents' bytes stand at an address of their own */
    enum digest_form md5;
    int64_t latency_ms;
    struct fault faults[FAULTS_MAX];
    unsigned n_faults;
    int64_t token_ttl_s;
    int64_t heartbeat_s; /* a claimed execution whose worker is silent for so long fails */
    int64_t model_ms;    /* how long a model trains and a data bundle is made */
    int64_t
        prediction_ms; /* how long every prediction is pending, today; 0: only those that may be */
    int64_t page_size; /* the largest, and the usual one where it is smaller than that */
    int64_t quotas[QUOTAS_MAX];
    bool help, version;
    bool print_env, print_secret; /* how to use the one that serves: instead of serving */
    bool list_state, reset, yes;  /* of what lasfs --sandbox has left: instead of serving */
    char *reset_dir;              /* NULL: the default one */
};

/*
 * Reads argv; blots a secret that stands in it out. 0; -EINVAL with words in err: exit status 2.
 * The caller releases it in any case.
 */
int sandbox_options_parse(int argc, char **argv, struct sandbox_options *out, struct failure *err);
void sandbox_options_release(struct sandbox_options *o);

/* What --help prints. */
void sandbox_options_help(void);

/* Answers a shell's TAB. */
void sandbox_options_complete(const struct completion *c);

#endif
