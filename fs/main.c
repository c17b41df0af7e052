/* The order of start-up, and of the end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <fuse3/fuse_lowlevel.h>

#include "cleanup.h"
#include "credentials.h"
#include "daemon.h"
#include "file.h"
#include "fs.h"
#include "notify.h"
#include "ops.h"
#include "options.h"
#include "sandbox_child.h"
#include "state_paths.h"
#include "unmount.h"

#include "banned.h"

#define END_TIMEOUT_MS 60000

struct mount {
    struct options options;
    struct log *log;
    struct credentials credentials;
    struct sandbox_child sandbox;
    struct state_paths paths;
    struct backend *backend;
    struct fs *fs;
    struct fuse_session *session;
    struct notifier *notifier;
    struct ops_context context;
    struct daemon daemon;
};

static int start_sandbox(struct mount *m, struct failure *err)
{
    cleanup_free char *server = NULL;
    cleanup_free char *fallback = NULL;
    const char *dir = m->options.sandbox_dir;
    int rc;

    if (!dir)
        dir = fallback = sandbox_default_dir();
    if (!dir)
        return fail(err, -ENOENT, 0, "no home directory for the sandbox: use --sandbox=DIR");
    server = path_join(dir, "server");
    if (!server)
        return fail(err, -ENOMEM, 0, "no memory");
    rc = sandbox_child_start(server, m->options.seed_demo, m->daemon.ready_fd >= 0, &m->sandbox,
                             err);
    if (rc < 0)
        return rc;
    log_secret(m->log, m->sandbox.client_secret);
    return state_paths_in(dir, m->options.state_dir, &m->paths, err);
}

/* The endpoints and the identity: of the sandbox, or of the user's account. */
static void set_backend_config(struct mount *m, struct backend_config *c)
{
    bool own = m->options.sandbox;

    *c = (struct backend_config){
        .api_endpoint = own ? m->sandbox.api_endpoint : m->credentials.api_endpoint,
        .auth_endpoint = own ? m->sandbox.auth_endpoint : m->credentials.auth_endpoint,
        .client_id = own ? m->sandbox.client_id : m->credentials.client_id,
        .client_secret = own ? m->sandbox.client_secret : m->credentials.client_secret,
        .token_cache = own ? NULL : m->credentials.token_cache,
        .profile = own ? NULL : m->credentials.profile,
        .cacert = m->options.cacert,
        .max_conns = (unsigned)m->options.max_conns,
        .max_rps = m->options.max_rps,
        .timeout_ms = m->options.timeout_ms,
        .log = m->log,
        .clock = clock_real(),
    };
}

static int start_core(struct mount *m, struct failure *err)
{
    struct backend_config backend;
    struct fs_config config;
    struct failure why = { 0 };
    struct call call;
    int rc;

    set_backend_config(m, &backend);
    rc = backend_new(&backend, &m->backend, err);
    if (rc < 0)
        return rc;
    config =
        (struct fs_config){ &m->options,        m->backend,         clock_real(),        m->log,
                            m->paths.state_dir, m->paths.cache_dir, backend.api_endpoint };
    rc = fs_new(&config, &m->fs, err);
    if (rc < 0)
        return rc;
    rc = call_init(&call);
    if (rc < 0)
        return rc;
    rc = backend_check(m->backend, &call, &why);
    call_release(&call);
    return rc < 0 ? fail(err, rc, why.status, "no token from %s: %s", backend.auth_endpoint,
                         why.text[0] ? why.text : strerror(-rc))
                  : 0;
}

/* libfuse's own options, made of ours. */
static int add_mount_options(struct mount *m, struct fuse_args *args)
{
    static const char *const fixed = "-ofsname=lasfs,subtype=lasfs,nosuid,nodev,noatime";

    if (fuse_opt_add_arg(args, "lasfs") < 0 || fuse_opt_add_arg(args, fixed) < 0)
        return -ENOMEM;
    if (m->options.allow_other && fuse_opt_add_arg(args, "-oallow_other,default_permissions") < 0)
        return -ENOMEM;
    if (m->options.debug && fuse_opt_add_arg(args, "-odebug") < 0)
        return -ENOMEM;
    return 0;
}

static int start_session(struct mount *m, struct failure *err)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    int rc = add_mount_options(m, &args);

    m->context = (struct ops_context){ .fs = m->fs, .options = &m->options };
    if (rc == 0) {
        m->session = fuse_session_new(&args, &lasfs_ops, sizeof(lasfs_ops), &m->context);
        rc = m->session ? 0 : -EINVAL;
    }
    fuse_opt_free_args(&args);
    if (rc == 0 && fuse_set_signal_handlers(m->session) < 0)
        rc = -EINVAL;
    if (rc == 0 && fuse_session_mount(m->session, m->options.mountpoint) < 0)
        rc = -EPERM; /* libfuse has said why */
    if (rc == 0)
        rc = session_take_over(m->session);
    if (rc == 0)
        rc = notifier_new(m->session, fs_nodes(m->fs), &m->notifier);
    if (rc < 0)
        return fail(err, rc, 0, "cannot mount on %s: %s", m->options.mountpoint, strerror(-rc));
    fs_set_kernel(m->fs, &(struct fs_kernel){ notifier_forget_all, notifier_attr_changed,
                                              notifier_entry_changed, m->notifier });
    return 0;
}

static int start(struct mount *m, struct failure *err)
{
    int rc = m->options.sandbox ? start_sandbox(m, err) : 0;

    if (rc == 0)
        rc = start_core(m, err);
    if (rc == 0)
        rc = start_session(m, err);
    return rc;
}

static int serve(struct mount *m)
{
    struct fuse_loop_config *loop = fuse_loop_cfg_create();
    int rc;

    if (!loop)
        return -ENOMEM;
    fuse_loop_cfg_set_clone_fd(loop, 0);
    fuse_loop_cfg_set_max_threads(loop, 10);
    fuse_loop_cfg_set_idle_threads(loop, 10);
    if (m->daemon.ready_fd >= 0)
        log_to_journal(m->log);
    daemon_ready(&m->daemon);
    rc = fuse_session_loop_mt(m->session, loop);
    fuse_loop_cfg_destroy(loop);
    /* a signal that ended it is a good end, and so is an unmount while something was under way */
    return rc > 0 || rc == -ECONNABORTED ? 0 : rc;
}

/* Backwards: what still runs is let finish, and replied to, before the mount goes. */
static void end(struct mount *m)
{
    if (m->fs)
        pool_drain(fs_pool(m->fs), END_TIMEOUT_MS);
    if (m->fs)
        fs_set_kernel(m->fs, NULL);
    if (m->session) {
        fuse_session_unmount(m->session);
        fuse_remove_signal_handlers(m->session);
    }
    fs_stop(m->fs, END_TIMEOUT_MS);
    notifier_free(m->notifier);
    fs_free(m->fs);
    if (m->session)
        fuse_session_destroy(m->session);
    backend_free(m->backend);
    sandbox_child_stop(&m->sandbox);
    credentials_release(&m->credentials);
    state_paths_release(&m->paths);
}

/* What can be checked while the terminal is still there. */
static int check(struct mount *m, struct failure *err)
{
    int rc = mountpoint_check(m->options.mountpoint, err);
    char *absolute;

    if (rc < 0)
        return rc;
    absolute = realpath(m->options.mountpoint, NULL);
    if (!absolute)
        return fail(err, -errno, 0, "cannot mount on %s: %s", m->options.mountpoint,
                    strerror(errno));
    free(m->options.mountpoint);
    m->options.mountpoint = absolute;
    if (m->options.sandbox)
        return 0;
    rc = credentials_load(NULL, m->options.profile, m->log, &m->credentials, err);
    if (rc < 0)
        return rc;
    log_secret(m->log, m->credentials.client_secret);
    return state_paths_for(m->credentials.api_endpoint, m->credentials.client_id,
                           m->options.state_dir, &m->paths, err);
}

static int run_mount(struct mount *m)
{
    struct failure err = { 0 };
    int rc;

    prctl(PR_SET_DUMPABLE, 0); /* no core dump has a secret in it */
    rc = check(m, &err);
    if (rc == 0)
        rc = daemon_start(&m->daemon, m->options.foreground);
    if (rc == 0)
        rc = start(m, &err);
    if (rc == 0)
        rc = serve(m);
    if (rc < 0)
        log_line(m->log, LOG_LEVEL_ERROR, "%s", err.text[0] ? err.text : strerror(-rc));
    end(m);
    return rc < 0 ? 1 : 0;
}

static int run(struct mount *m)
{
    struct failure err = { 0 };

    switch (m->options.command) {
    case COMMAND_HELP:
        options_help();
        return 0;
    case COMMAND_VERSION:
        printf("lasfs %s\n", LASFS_VERSION);
        return 0;
    case COMMAND_UNMOUNT:
        if (unmount_and_wait(m->options.mountpoint, &err) == 0)
            return 0;
        log_line(m->log, LOG_LEVEL_ERROR, "%s", err.text);
        return 1;
    case COMMAND_MOUNT:
        break;
    }
    return run_mount(m);
}

int main(int argc, char **argv)
{
    struct mount m = { .daemon = { .ready_fd = -1 } };
    int status = 2;

    signal(SIGPIPE, SIG_IGN);
    if (options_parse(argc, argv, &m.options) == 0 &&
        log_new("lasfs", m.options.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, &m.log) == 0)
        status = run(&m);
    options_release(&m.options);
    log_free(m.log);
    return status;
}
