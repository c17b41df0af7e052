/* lasfs-sandbox: the order of start-up and end, nothing else. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "access.h"
#include "clock.h"
#include "demo.h"
#include "descriptors.h"
#include "due.h"
#include "endpoints.h"
#include "http.h"
#include "import.h"
#include "kinds.h"
#include "rest.h"
#include "rules.h"
#include "sandbox.h"
#include "sandbox_options.h"
#include "states.h"
#include "store.h"
#include "tokens.h"

#include "banned.h"

#define EXIT_USAGE 2
#define ARENAS 4
#define KEPT_BYTES (64 << 20)
#define MMAP_BYTES (16 << 20)

struct program {
    struct sandbox_options options;
    struct sandbox sandbox;
    struct access *access;
    struct http *http;
};

static int complain(const struct failure *err)
{
    fprintf(stderr, "lasfs-sandbox: %s\n", err->text);
    return EXIT_FAILURE;
}

/* Answers are large and short-lived: the heap keeps them rather than ask the kernel each time. */
static void tune(void)
{
    mallopt(M_ARENA_MAX, ARENAS);
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    prctl(PR_SET_DUMPABLE, 0);
    descriptors_raise_limit();
}

static int start(struct program *p, struct failure *err)
{
    struct sandbox *sb = &p->sandbox;
    const struct sandbox_options *o = &p->options;
    int rc;

    sb->options = o;
    sb->kinds = &kinds;
    sb->epoch_us = clock_realtime_ns(clock_real()) / 1000 - clock_now_ms(clock_real()) * 1000;
    rc = generation_new(o->api, &sb->api);
    if (rc == 0 && o->access_log)
        rc = access_new(o->access_log, &p->access, err);
    if (rc == 0)
        rc = store_open(o->state, &sb->store, err);
    if (rc == 0)
        endpoints_withdraw(o); /* of one that was killed */
    if (rc == 0)
        rc = rules_new(o->lenient, o->file_url, &sb->rules);
    if (rc == 0)
        rc = tokens_new(o->client_secret, clock_real(), o->token_ttl_s, &sb->tokens);
    if (rc == 0)
        rc = rest_prepare(sb, err);
    if (rc == 0)
        rc = due_start(sb, &sb->due, err);
    if (rc == 0 && o->seed_demo)
        rc = demo_seed(sb, err);
    if (rc == 0 && o->import)
        rc = import_folder(sb, o->import, err);
    return rc < 0 ? rc : http_start(sb, p->access, &p->http, err);
}

static void stop(struct program *p)
{
    if (p->sandbox.store)
        endpoints_withdraw(&p->options);
    http_stop(p->http);
    due_stop(p->sandbox.due);
    tokens_free(p->sandbox.tokens);
    rules_free(p->sandbox.rules);
    store_close(p->sandbox.store);
    access_free(p->access);
    generation_free(p->sandbox.api);
    sandbox_options_release(&p->options);
}

static int serve(struct program *p)
{
    struct failure err = { .text = "out of memory" };
    sigset_t ends;
    int got, rc;

    /* before any thread is there: all of them leave these to sigwait() */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    rc = start(p, &err);
    if (rc == 0)
        rc = endpoints_announce(&p->options, p->http, &err);
    if (rc < 0)
        return complain(&err);
    sigwait(&ends, &got);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct program p = { 0 };
    struct failure err = { 0 };
    struct completion tab;
    int status = EXIT_SUCCESS;

    if (completion_asked(argc, argv, &tab)) {
        sandbox_options_complete(&tab);
        return EXIT_SUCCESS;
    }
    tune();
    if (sandbox_options_parse(argc, argv, &p.options, &err) < 0) {
        complain(&err);
        fprintf(stderr, "Try lasfs-sandbox --help.\n");
        sandbox_options_release(&p.options);
        return EXIT_USAGE;
    }
    if (p.options.help)
        sandbox_options_help();
    else if (p.options.version)
        printf("lasfs-sandbox %s\n", LASFS_VERSION);
    else if (p.options.print_env)
        status = endpoints_print_env(&p.options);
    else if (p.options.list_state)
        status = states_list();
    else if (p.options.reset)
        status = states_reset(p.options.reset_dir, p.options.yes);
    else
        status = serve(&p);
    stop(&p);
    return status;
}
