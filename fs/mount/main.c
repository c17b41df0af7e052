/* The order of start-up, and of the end. */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fuse3/fuse_lowlevel.h>

#include "cleanup.h"
#include "command.h"
#include "credentials.h"
#include "daemon.h"
#include "descriptors.h"
#include "file.h"
#include "fs.h"
#include "haste.h"
#include "herald.h"
#include "holders.h"
#include "notify.h"
#include "ops.h"
#include "options.h"
#include "sandbox_child.h"
#include "sandbox_dirs.h"
#include "service.h"
#include "state_paths.h"
#include "unmount.h"
#include "words.h"

#include "banned.h"

#define END_TIMEOUT_MS 60000
#define ADVICE_MAX_BYTES 16384

struct mount {
    struct options options;
    struct log *log;
    struct trace *trace; /* NULL: there is none */
    bool advised;        /* all is said */
    struct credentials credentials;
    struct sandbox_child sandbox;
    struct state_paths paths;
    struct service service;
    struct backend *backend;
    struct herald *herald;
    struct fs *fs;
    struct fuse_session *session;
    struct notifier *notifier;
    struct ops_context context;
    struct daemon daemon;
    dev_t device; /* of what is mounted */
    struct haste haste;
    struct call draining; /* cancelled: what waits to be sent is left to the next mount */
    pthread_t main;       /* set with haste: where signals come to */
    int told;             /* how many signals have ended it: 0 or 1 */
};

static int start_sandbox(struct mount *m, struct failure *err)
{
    cleanup_free char *server = NULL;
    cleanup_free char *fallback = NULL;
    const char *dir = m->options.sandbox_dir;
    int rc;

    if (!dir)
        fallback = sandbox_dirs_default();
    dir = dir ? dir : fallback;
    if (!dir)
        return fail(err, -ENOENT, 0, "no home directory for the sandbox: use --sandbox=DIR");
    server = path_join(dir, SANDBOX_SERVER);
    if (!server)
        return fail(err, -ENOMEM, 0, "no memory");
    rc = sandbox_child_start(server, m->options.seed_demo, m->daemon.ready_fd >= 0, &m->sandbox,
                             err);
    if (rc < 0)
        return rc;
    if (m->options.sandbox_dir)
        sandbox_dirs_note(dir); /* for lasfs-sandbox --list-state */
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
        .trace = m->trace,
    };
}

/* Which account it is, for df, findmnt and mount; by its ':' df -l knows that it is not local. */
static const char *account_of(const struct mount *m)
{
    const char *profile = m->options.profile;

    if (m->options.sandbox)
        return "sandbox";
    if (!profile)
        return "default";
    /* it stands among options, and in a line of words */
    return strpbrk(profile, ", \\\"'\t\n") ? "account" : profile;
}

static int start_herald(struct mount *m, const struct backend_config *c)
{
    bool own = m->options.sandbox;
    struct herald_config config = {
        .backend = m->backend,
        .log = m->log,
        .clock = c->clock,
        .service = &m->service,
        .account = account_of(m),
        .mountpoint = m->options.mountpoint,
        .api_from = own ? "the sandbox" : m->credentials.api_from,
        .api_endpoint = c->api_endpoint,
        .auth_endpoint = c->auth_endpoint,
        .timeout_ms = c->timeout_ms,
    };

    return herald_new(&config, &m->herald);
}

/* The API is asked while the state is opened. */
static int start_core(struct mount *m, struct failure *err)
{
    struct backend_config backend;
    struct fs_config config;
    int rc;

    set_backend_config(m, &backend);
    rc = backend_new(&backend, &m->backend, err);
    if (rc < 0)
        return rc;
    rc = start_herald(m, &backend);
    if (rc < 0)
        return rc;
    config =
        (struct fs_config){ &m->options,        m->backend,         clock_real(),        m->log,
                            m->paths.state_dir, m->paths.cache_dir, backend.api_endpoint };
    rc = fs_new(&config, &m->fs, err);
    return rc < 0 ? rc : herald_await(m->herald, err);
}

/* libfuse's own options, made of ours. */
static int add_mount_options(struct mount *m, struct fuse_args *args)
{
    char fixed[NAME_MAX + 80];

    snprintf(fixed, sizeof(fixed), "-ofsname=lasfs:%.*s,subtype=lasfs,nosuid,nodev,noatime",
             NAME_MAX, account_of(m));
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

    m->context = (struct ops_context){ .fs = m->fs, .options = &m->options, .trace = m->trace };
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
        rc = holders_device(m->options.mountpoint, &m->device);
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

/* Away from its place it may be already, and another one be there. */
static void unmount_session(struct mount *m)
{
    dev_t device;

    if (!m->device || (holders_device(m->options.mountpoint, &device) == 0 && device == m->device))
        fuse_session_unmount(m->session);
}

/* The requests that are under way end, and what hangs on them: nothing is lost of it, the journal has
 * it. */
static void begin_haste(void *arg)
{
    struct mount *m = arg;

    call_cancel(&m->draining);
    backend_stop(m->backend);
    pthread_kill(m->main, SIGTERM); /* where it does not end yet */
}

/* The next mount finds it as after a kill. */
static void give_up(void *arg)
{
    struct mount *m = arg;

    log_line(m->log, LOG_LEVEL_WARNING, "something has no end: it is left as it is");
    unmount_session(m);
    sandbox_child_stop(&m->sandbox);
    _exit(0);
}

static int start_haste(struct mount *m)
{
    int rc = call_init(&m->draining);

    m->haste.begin = begin_haste;
    m->haste.give_up = give_up;
    m->haste.arg = m;
    m->main = pthread_self();
    if (rc == 0) {
        rc = haste_start(&m->haste);
        if (rc < 0)
            call_release(&m->draining);
    }
    return rc;
}

static int start(struct mount *m, struct failure *err)
{
    int rc = m->options.sandbox ? start_sandbox(m, err) : 0;

    if (rc == 0)
        rc = start_core(m, err);
    if (rc == 0)
        rc = start_session(m, err);
    if (rc == 0)
        rc = start_haste(m);
    return rc;
}

static int serve(struct mount *m, struct failure *err)
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
    herald_mounted(m->herald, m->fs);
    daemon_ready(&m->daemon);
    rc = fuse_session_loop_mt(m->session, loop);
    m->told = rc > 0;
    fuse_loop_cfg_destroy(loop);
    if (herald_gave_up(m->herald, err))
        return -EACCES;
    /* a signal that ended it is a good end, and so is an unmount while something was under way */
    return rc > 0 || rc == -ECONNABORTED ? 0 : rc;
}

/* What still runs is let finish, and replied to. But for so long only: then its requests are ended,
 * and what they should have sent is kept as what could not be. */
static void finish(struct mount *m)
{
    fs_end_reading(m->fs);
    if (pool_drain(fs_pool(m->fs), END_TIMEOUT_MS))
        return;
    backend_stop(m->backend);
    pool_drain(fs_pool(m->fs), END_TIMEOUT_MS);
}

/* Backwards. */
static void end(struct mount *m)
{
    bool hasty = m->haste.stop >= 0;

    herald_stopping(m->herald);
    haste_ending(&m->haste, m->told);
    if (m->fs) {
        finish(m);
        fs_set_kernel(m->fs, NULL);
    }
    if (m->session) {
        unmount_session(m);
        fuse_remove_signal_handlers(m->session);
    }
    fs_stop(m->fs, hasty ? &m->draining : NULL, END_TIMEOUT_MS);
    haste_stop(&m->haste);
    if (hasty)
        call_release(&m->draining);
    herald_free(m->herald);
    notifier_free(m->notifier);
    fs_free(m->fs);
    if (m->session)
        fuse_session_destroy(m->session);
    backend_free(m->backend);
    sandbox_child_stop(&m->sandbox);
    credentials_release(&m->credentials);
    state_paths_release(&m->paths);
}

/* The daemon's working directory is another. In place; 0, -errno. */
static int make_absolute(char **path)
{
    char *here, *whole;

    if (!*path || (*path)[0] == '/')
        return 0;
    here = get_current_dir_name();
    whole = here ? path_join(here, *path) : NULL;
    free(here);
    if (!whole)
        return -ENOMEM;
    free(*path);
    *path = whole;
    return 0;
}

/* With a file that is named the environment counts as little as with a profile. */
static int load_credentials(struct mount *m, struct failure *err)
{
    cleanup_buf struct buf advice = BUF_INIT(ADVICE_MAX_BYTES);
    const char *path, *profile = m->options.profile;
    int rc = make_absolute(&m->options.credentials);

    if (rc < 0)
        return rc;
    path = m->options.credentials;
    rc = credentials_load(path, path && !profile ? "default" : profile, m->log, &m->credentials,
                          err);
    if (rc != -ENOENT || credentials_advise(path, profile, m->options.mountpoint, &advice) < 0)
        return rc;
    log_line(m->log, LOG_LEVEL_ERROR, "%s", err->text);
    for (char *line = advice.data, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        log_line(m->log, LOG_LEVEL_ERROR, "%s", line);
    }
    m->advised = true;
    return -ENOENT;
}

/* What can be checked while the terminal is still there. */
static int check(struct mount *m, struct failure *err)
{
    int rc = mountpoint_check(m->options.mountpoint, m->options.nonempty, err);
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
    rc = load_credentials(m, err);
    if (rc < 0)
        return rc;
    log_secret(m->log, m->credentials.client_secret);
    return state_paths_for(m->credentials.api_endpoint, m->credentials.client_id,
                           m->options.state_dir, &m->paths, err);
}

/* A file that a program moves away, as logrotate does, needs no signal; but some send this one. */
static int start_log(struct mount *m, struct failure *err)
{
    int rc = make_absolute(&m->options.log_file);

    if (rc == 0 && m->options.log_file)
        rc = log_to_file(m->log, m->options.log_file);
    if (rc < 0)
        return fail(err, rc, 0, "cannot write the log file %s: %s", m->options.log_file,
                    strerror(-rc));
    if (m->options.log_file)
        signal(SIGHUP, SIG_IGN);
    return 0;
}

/* Below the mount point each line of it would be an operation with a line of its own. */
static bool is_inside(const char *mountpoint, const char *path)
{
    cleanup_free char *folder = strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
    cleanup_free char *real = realpath(path, NULL);
    size_t len = strlen(mountpoint);

    if (!real && folder) /* it is not there yet */
        real = realpath(folder, NULL);
    return real && strncmp(real, mountpoint, len) == 0 && (real[len] == '/' || !real[len]);
}

static int start_trace(struct mount *m, struct failure *err)
{
    const char *path;
    int rc = make_absolute(&m->options.trace);

    path = m->options.trace;
    if (rc < 0 || !path)
        return rc;
    if (is_inside(m->options.mountpoint, path))
        return fail(err, -EINVAL, 0, "trace=%s: it must not be inside the mount", path);
    rc = trace_new(path, m->log, &m->trace);
    return rc < 0 ? fail(err, rc, 0, "trace=%s: cannot be written: %s", path, strerror(-rc)) : 0;
}

static int run_mount(struct mount *m)
{
    struct failure err = { 0 };
    int rc;

    prctl(PR_SET_DUMPABLE, 0); /* no core dump has a secret in it */
    descriptors_raise_limit(); /* what waits to be sent, and what has failed, is a file each */
    service_init(&m->service);
    rc = start_log(m, &err);
    if (rc == 0)
        rc = check(m, &err);
    if (rc == 0)
        rc = start_trace(m, &err);
    if (rc == 0)
        rc = daemon_start(&m->daemon, m->options.foreground);
    if (rc == 0)
        rc = start(m, &err);
    if (rc == 0)
        rc = serve(m, &err);
    if (rc < 0 && !m->advised)
        log_line(m->log, LOG_LEVEL_ERROR, "%s", err.text[0] ? err.text : strerror(-rc));
    end(m);
    if (rc < 0)
        service_tell(&m->service, "STATUS=%s", err.text[0] ? err.text : strerror(-rc));
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
        if (unmount_and_wait(m->options.mountpoint, m->options.no_wait, &err) == 0)
            return 0;
        log_line(m->log, LOG_LEVEL_ERROR, "%s", err.text);
        return 1;
    case COMMAND_MOUNT:
        break;
    }
    return run_mount(m);
}

/* mount(8) gives its helpers none: the home is that of who mounts. Before there are threads. */
static void set_home(void)
{
    const char *home = getenv("HOME");
    const struct passwd *user;

    if (home && *home)
        return;
    user = getpwuid(getuid());
    if (user && user->pw_dir[0] == '/')
        setenv("HOME", user->pw_dir, 1);
}

int main(int argc, char **argv)
{
    struct mount m = { .daemon = { .ready_fd = -1 }, .haste = HASTE_INIT };
    struct completion tab;
    int status = 2;

    if (completion_asked(argc, argv, &tab)) {
        words_offer(&tab);
        return 0;
    }
    if (command_run(argc, argv, &status))
        return status;
    signal(SIGPIPE, SIG_IGN);
    set_home();
    if (options_parse(argc, argv, &m.options) == 0 &&
        log_new("lasfs", m.options.debug ? LOG_LEVEL_DEBUG : (enum log_level)m.options.log_level,
                &m.log) == 0)
        status = run(&m);
    options_release(&m.options);
    trace_free(m.trace);
    log_free(m.log);
    return status;
}
