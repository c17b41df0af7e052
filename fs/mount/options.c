#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "command.h"
#include "number.h"

#include <fuse3/fuse_opt.h>

#include "banned.h"

enum value_kind {
    NOTHING,
    FLAG,
    TEXT,
    SECONDS,
    MORE_SECONDS,
    SIZE,
    COUNT,
    COUNT_OR_0,
    RATE,
    OCTAL,
    ID,
    CHOICE
};

struct option_row {
    const char *name; /* as after -o */
    enum value_kind kind;
    size_t offset; /* in struct options */
    const char *fallback;
    const char *value; /* how the help calls it; of a CHOICE: what it may be, ',' between */
    const char *help;
};

#define AT(member) offsetof(struct options, member)

/* clang-format off */
static const struct option_row rows[] = {
    { "profile",       TEXT,    AT(profile),       NULL,    "NAME",   "section of ~/.lucidtech/credentials.cfg (default)" },
    { "state",         TEXT,    AT(state_dir),     NULL,    "DIR",    "where names and what is not yet sent are kept" },
    { "list",          CHOICE,  AT(list),          "names", "names,ids,drops", "how what was not made here is listed; drops: documents not" },
    { "ro",            FLAG,    AT(ro),            NULL,    NULL,     "refuse every change (EROFS)" },
    { "nodelete",      FLAG,    AT(nodelete),      NULL,    NULL,     "refuse every delete (EPERM)" },
    { "other",         CHOICE,  AT(other),         "refuse", "refuse,local", "a file that is no document: refuse it, or keep it here" },
    { "complete",      CHOICE,  AT(complete),      "warn",  "warn,refuse,off", "a document that looks cut off: send it and say so, or not" },
    { "dedupe",        CHOICE,  AT(dedupe),        "off",   "off,content", "bytes that the folder has under another name: send them, or not" },
    { "scratch",       TEXT,    AT(scratch),       NULL,    "PATTERNS", "more names that stay local, ':' between" },
    { "meta_ttl",      SECONDS, AT(meta_ttl_ms),   "30",    "SECONDS", "how long a resource is taken as known" },
    { "list_ttl",      SECONDS, AT(list_ttl_ms),   "10",    "SECONDS", "how long a listing is taken as known" },
    { "cache_size",    SIZE,    AT(cache_bytes),   "256M",  "SIZE",   "memory for what is known" },
    { "content_cache", SIZE,    AT(content_bytes), "1G",    "SIZE",   "disk for documents' bytes, 0: none" },
    { "readahead",     COUNT_OR_0, AT(readahead),   "16",    "N",      "documents fetched ahead of who reads one after the other, 0: none" },
    { "timeout",       MORE_SECONDS, AT(timeout_ms),    "30",    "SECONDS", "an operation without progress ends after this" },
    { "writeback",     FLAG,    AT(writeback),     NULL,    NULL,     "close() returns once a file is on disk here; it is sent afterwards" },
    { "workers",       COUNT,   AT(workers),       "16",    "N",      "so many files are sent at once, with writeback" },
    { "settle",        SECONDS, AT(settle_ms),     "1",     "SECONDS", "a file is sent once it was left alone for so long, with writeback" },
    { "unsure",        SECONDS, AT(unsure_ms),     "35",    "SECONDS", "how long what was sent without an answer may still arrive" },
    { "max_conns",     COUNT,   AT(max_conns),     "32",    "N",      "connections at once" },
    { "max_rps",       RATE,    AT(max_rps),       "0",     "RATE",   "requests a second, 0: no limit" },
    { "cacert",        TEXT,    AT(cacert),        NULL,    "FILE",   "certificates to trust instead of the system's" },
    { "credentials",   TEXT,    AT(credentials),   NULL,    "FILE",   "instead of ~/.lucidtech/credentials.cfg" },
    { "log_file",      TEXT,    AT(log_file),      NULL,    "FILE",   "the log, instead of the journal" },
    { "log_level",     CHOICE,  AT(log_level),     "info",  "error,warning,info,debug", "how much is in it" },
    { "trace",         TEXT,    AT(trace),         NULL,    "FILE",   "a line for each operation and each request, to debug with" },
    { "nonempty",      FLAG,    AT(nonempty),      NULL,    NULL,     "mount over what is in the mount point, or mounted there" },
    { "allow_other",   FLAG,    AT(allow_other),   NULL,    NULL,     "let other users in, by mode, owner and group" },
    { "xattr",         FLAG,    AT(xattr),         NULL,    NULL,     "extended attributes: fields of a resource, and a file's own" },
    { "no_xattr",      FLAG,    AT(no_xattr),      NULL,    NULL,     "does nothing: there are none without xattr" },
    { "uid",           ID,      AT(uid),           NULL,    "N",      "owner of all that is shown" },
    { "gid",           ID,      AT(gid),           NULL,    "N",      "group of all that is shown" },
    { "umask",         OCTAL,   AT(umask),         "077",   "MODE",   "permission bits that are taken away" },
};

/* What stands by itself alone, and never after -o. */
static const struct switch_row {
    const char *letter, *name, *value, *help;
    enum options_command command;
    size_t sets[2]; /* in struct options; 0, where command is: none */
} switches[] = {
    { "-f", "foreground", NULL,  "stay in front, log to stderr", .sets = { AT(foreground) } },
    { "-d", "debug",      NULL,  "the same, and log more", .sets = { AT(foreground), AT(debug) } },
    { NULL, "sandbox",    "DIR", "start a server on this machine and mount that", .sets = { AT(sandbox) } },
    { NULL, "seed-demo",  NULL,  "the same, with a small demo where there is nothing yet", .sets = { AT(sandbox), AT(seed_demo) } },
    { "-p", "profile",    "NAME", "section of ~/.lucidtech/credentials.cfg (default)" }, /* a row too */
    { "-u", "unmount",    NULL,  "end the mount, and wait until all is sent", COMMAND_UNMOUNT },
    { NULL, "no-wait",    NULL,  "with it: leave what is not sent yet to the next mount", .sets = { AT(no_wait) } },
    { "-h", "help",       NULL,  "this page", COMMAND_HELP },
    { "-V", "version",    NULL,  "the version", COMMAND_VERSION },
};
/* clang-format on */

/* What mount(8) hands on, and fstab may say, that is not for the one who mounts: a mount of FUSE is
 * nosuid and nodev anyway, and atimes are not kept. */
static const char *const passed_on[] = {
    "rw",         "defaults", "suid",        "nosuid",        "dev",      "nodev",      "exec",
    "noexec",     "sync",     "async",       "dirsync",       "auto",     "noauto",     "user",
    "nouser",     "users",    "owner",       "group",         "_netdev",  "nofail",     "sloppy",
    "atime",      "noatime",  "strictatime", "nostrictatime", "relatime", "norelatime", "diratime",
    "nodiratime", "lazytime", "nolazytime",  "mand",          "nomand",   "silent",     "loud",
};

static bool is_passed_on(const char *arg)
{
    for (size_t i = 0; i < ARRAY_LEN(passed_on); i++)
        if (strcmp(arg, passed_on[i]) == 0)
            return true;
    return strncmp(arg, "x-", 2) == 0 || strncmp(arg, "X-", 2) == 0 ||
           strncmp(arg, "comment=", 8) == 0;
}

/* 30, 0.5, 30s, 500ms, 5m, 1h. */
static int set_seconds(int64_t *out, const char *value)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {
        { "", 1 }, { "s", 1 }, { "ms", 0.001 }, { "m", 60 }, { "min", 60 }, { "h", 3600 }
    };
    double seconds = -1;
    char *end;

    errno = 0;
    seconds = strtod(value, &end);
    if (errno || end == value)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            seconds *= units[i].seconds;
            end += strlen(end);
            break;
        }
    }
    if (*end || !(seconds >= 0 && seconds <= 1e9))
        return -EINVAL;
    *out = (int64_t)(seconds * 1000 + 0.5);
    return 0;
}

static int set_rate(double *out, const char *value)
{
    char *end;
    double rate;

    errno = 0;
    rate = strtod(value, &end);
    if (errno || end == value || *end || !(rate >= 0 && rate <= 1e6))
        return -EINVAL;
    *out = rate;
    return 0;
}

/* While the arguments come, one at a time. */
struct parse {
    struct options *options;
    const struct option_row *wants_value; /* the next argument is its value */
    char *source;                         /* the first of two places */
};

static int set_text(char **out, const char *value)
{
    char *copy = strdup(value);

    if (!copy)
        return -ENOMEM;
    free(*out);
    *out = copy;
    return 0;
}

/* The number of the word among the row's. */
static int set_choice(const struct option_row *row, int *field, const char *value)
{
    size_t len = strlen(value);
    const char *p = row->value;

    for (int i = 0; *p; i++) {
        size_t n = strcspn(p, ",");

        if (n == len && strncmp(p, value, n) == 0) {
            *field = i;
            return 0;
        }
        p += n + (p[n] == ',');
    }
    return -EINVAL;
}

static int set_id(void *field, const char *value)
{
    int64_t n;
    int rc = number_parse(value, 0, UINT32_MAX - 1, &n);

    if (rc == 0)
        *(uint32_t *)field = (uint32_t)n;
    return rc;
}

static int row_set(const struct option_row *row, struct options *o, const char *value)
{
    void *field = (char *)o + row->offset;
    uint32_t octal;
    int rc;

    switch (row->kind) {
    case FLAG:
        *(bool *)field = true;
        return 0;
    case TEXT:
        return *value ? set_text(field, value) : -EINVAL;
    case SECONDS:
        return set_seconds(field, value);
    case MORE_SECONDS: /* than none */
        rc = set_seconds(field, value);
        return rc == 0 && *(int64_t *)field == 0 ? -EINVAL : rc;
    case SIZE:
        return number_parse_size(value, field);
    case COUNT:
        return number_parse(value, 1, 1000, field);
    case COUNT_OR_0:
        return number_parse(value, 0, 1000, field);
    case RATE:
        return set_rate(field, value);
    case ID:
        return set_id(field, value);
    case OCTAL:
        rc = number_parse_octal(value, 0777, &octal);
        if (rc == 0)
            *(mode_t *)field = octal;
        return rc;
    case CHOICE:
        return set_choice(row, field, value);
    case NOTHING:
        break;
    }
    return -EINVAL;
}

static int wrong(const char *what, const char *arg)
{
    fprintf(stderr, "lasfs: %s: %s (lasfs --help lists the options)\n", what, arg);
    return -EINVAL;
}

/* What a value of this kind looks like. */
static const char *value_form(const struct option_row *row)
{
    switch (row->kind) {
    case SECONDS:
        return "seconds, as in 30, 0.5, 500ms, 5m or 1h";
    case MORE_SECONDS:
        return "seconds, more than 0, as in 30, 500ms or 5m";
    case SIZE:
        return "a number of bytes, as in 1048576, 512K, 256M or 1GB";
    case COUNT:
        return "a number from 1 to 1000";
    case COUNT_OR_0:
        return "a number from 0 to 1000";
    case RATE:
        return "a number from 0 to 1000000";
    case OCTAL:
        return "octal permission bits, as in 077";
    case ID:
        return "a number";
    case NOTHING:
    case FLAG:
    case TEXT:
    case CHOICE:
        break;
    }
    return "not empty";
}

/* One line that says what would do. */
static int wrong_value(const struct option_row *row, const char *value)
{
    char words[128];
    char *comma;

    if (row->kind != CHOICE) {
        fprintf(stderr, "lasfs: %s=%s: the value must be %s\n", row->name, value, value_form(row));
        return -EINVAL;
    }
    snprintf(words, sizeof(words), "%s", row->value);
    while ((comma = strchr(words, ',')))
        *comma = ' ';
    fprintf(stderr, "lasfs: %s=%s: the value must be one of: %s\n", row->name, value, words);
    return -EINVAL;
}

/* Is it the row's name, as after -o or, dash, as a long option (list-ttl)? */
static bool is_name(const struct option_row *row, const char *name, size_t len, bool dash)
{
    if (strlen(row->name) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (row->name[i] != (dash && name[i] == '-' ? '_' : name[i]))
            return false;
    return true;
}

static const struct option_row *find_row(const char *arg, size_t len, bool dash)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (is_name(&rows[i], arg, len, dash))
            return &rows[i];
    return NULL;
}

static int set_row(struct options *o, const struct option_row *row, const char *arg,
                   const char *equals)
{
    if ((row->kind == FLAG) == (equals != NULL))
        return wrong(equals ? "this option takes no value" : "this option needs a value", arg);
    return row_set(row, o, equals ? equals + 1 : "") < 0
               ? wrong_value(row, equals ? equals + 1 : "")
               : 0;
}

/* One NAME or NAME=VALUE from -o. */
static int set_option(struct options *o, const char *arg)
{
    const char *equals = strchr(arg, '=');
    const struct option_row *row =
        find_row(arg, equals ? (size_t)(equals - arg) : strlen(arg), false);

    if (row)
        return set_row(o, row, arg, equals);
    return is_passed_on(arg) ? 0 : wrong("unknown option", arg);
}

/* --NAME=VALUE, --NAME of a flag, or --NAME with the value to come. */
static int set_long_option(struct parse *p, const char *arg)
{
    const char *name = arg + 2, *equals = strchr(name, '=');
    const struct option_row *row =
        find_row(name, equals ? (size_t)(equals - name) : strlen(name), true);

    if (!row)
        return wrong("unknown option", arg);
    if (row->kind == FLAG || equals)
        return set_row(p->options, row, arg, equals);
    p->wants_value = row;
    return 0;
}

/* "lasfs:work" is how mount(8) shows it, and "/here/work" what it makes of the word where there is
 * a file of that name. */
static void take_profile(char *source)
{
    const char *slash = strrchr(source, '/');
    const char *profile = slash ? slash + 1 : source;

    if (strncmp(profile, "lasfs:", 6) == 0)
        profile += 6;
    memmove(source, profile, strlen(profile) + 1);
}

/* The mount point; of two, as mount(8) and fstab have it, the first says whose account: a profile,
 * unless another was named, or none. */
static int set_place(struct parse *p, const char *arg)
{
    struct options *o = p->options;

    if (p->source)
        return wrong("more than one mount point", arg);
    if (o->mountpoint) {
        p->source = steal_pointer(&o->mountpoint);
        take_profile(p->source);
    }
    return set_text(&o->mountpoint, arg);
}

static bool set_switch(struct options *o, const char *arg)
{
    for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
        const struct switch_row *row = &switches[i];
        bool is_long = strncmp(arg, "--", 2) == 0 && strcmp(arg + 2, row->name) == 0;

        if (!row->command && !row->sets[0])
            continue;
        if (!is_long && (!row->letter || strcmp(arg, row->letter) != 0))
            continue;
        if (row->command)
            o->command = row->command;
        for (size_t k = 0; k < ARRAY_LEN(row->sets); k++)
            if (row->sets[k])
                *(bool *)((char *)o + row->sets[k]) = true;
        return true;
    }
    return false;
}

/* libfuse's parser gives each option, and each argument that is none, one at a time. */
static int on_argument(void *data, const char *arg, int key, struct fuse_args *args)
{
    struct parse *p = data;
    struct options *o = p->options;

    (void)args;
    if (p->wants_value) {
        const struct option_row *row = steal_pointer(&p->wants_value);

        return row_set(row, o, arg) < 0 ? wrong_value(row, arg) : 0;
    }
    if (key == FUSE_OPT_KEY_NONOPT)
        return set_place(p, arg) < 0 ? -1 : 0;
    if (set_switch(o, arg))
        return 0;
    if (strncmp(arg, "--sandbox=", 10) == 0 && arg[10])
        o->sandbox = true, set_text(&o->sandbox_dir, arg + 10);
    else if (strcmp(arg, "-n") == 0 || strcmp(arg, "-s") == 0 || strcmp(arg, "-v") == 0)
        return 0; /* of mount(8), to its helpers */
    else if (strcmp(arg, "-p") == 0)
        p->wants_value = find_row("profile", strlen("profile"), false);
    else if (strncmp(arg, "--", 2) == 0)
        return set_long_option(p, arg) < 0 ? -1 : 0;
    else if (arg[0] == '-')
        return wrong("unknown option", arg) < 0 ? -1 : 0;
    else
        return set_option(o, arg) < 0 ? -1 : 0;
    return 0;
}

static int set_defaults(struct options *o)
{
    *o = (struct options){ .uid = getuid(), .gid = getgid() };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].fallback && row_set(&rows[i], o, rows[i].fallback) < 0)
            return -ENOMEM;
    return 0;
}

int options_parse(int argc, char **argv, struct options *out)
{
    struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
    struct parse p = { .options = out };
    cleanup_free char *source = NULL;
    int rc = set_defaults(out);

    if (rc < 0)
        return rc;
    rc = fuse_opt_parse(&args, &p, NULL, on_argument) < 0 ? -EINVAL : 0;
    fuse_opt_free_args(&args);
    source = p.source;
    if (rc == 0 && p.wants_value)
        rc = wrong("this option needs a value", p.wants_value->name);
    if (rc < 0)
        return rc;
    if (source && *source && !out->profile && strcmp(source, "none") != 0 &&
        strcmp(source, "lasfs") != 0)
        out->profile = steal_pointer(&source);
    if (!out->mountpoint && (out->command == COMMAND_MOUNT || out->command == COMMAND_UNMOUNT))
        return wrong("no mount point", "lasfs [options] MOUNTPOINT");
    if (out->no_wait && out->command == COMMAND_MOUNT)
        return wrong("this goes with --unmount", "--no-wait");
    return 0;
}

void options_release(struct options *o)
{
    free(o->mountpoint);
    free(o->sandbox_dir);
    free(o->state_dir);
    free(o->profile);
    free(o->cacert);
    free(o->scratch);
    free(o->credentials);
    free(o->log_file);
    free(o->trace);
    *o = (struct options){ .mountpoint = NULL };
}

static void help_switches(void)
{
    for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
        const struct switch_row *row = &switches[i];
        const char *value = row->value ? row->value : "";
        char left[64];

        snprintf(left, sizeof(left), "%s%s--%s%s%s%s", row->letter ? row->letter : "",
                 row->letter ? ", " : "", row->name,
                 !row->value    ? ""
                 : row->sets[0] ? "[="
                                : " ",
                 value, row->value && row->sets[0] ? "]" : "");
        printf("    %-24s %s\n", left, row->help);
    }
}

void options_help(void)
{
    printf("Usage: lasfs [options] [PROFILE] MOUNTPOINT\n"
           "       lasfs --unmount [--no-wait] MOUNTPOINT\n\n"
           "Mounts the API of Lucidtech AI Services as a directory.\n\n");
    help_switches();
    printf("\nOf a mount that is there:\n\n");
    command_help();
    printf("\nOptions after -o, with ',' between, or each by itself as in --list-ttl=30:\n\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char left[128];
        char choices[64];
        char *comma;

        snprintf(choices, sizeof(choices), "%s", rows[i].value ? rows[i].value : "");
        while ((comma = strchr(choices, ',')))
            *comma = '|';
        snprintf(left, sizeof(left), "%s%s%s", rows[i].name, rows[i].value ? "=" : "", choices);
        printf("    -o %-22s %s", left, rows[i].help);
        if (rows[i].fallback)
            printf(" (%s)", rows[i].fallback);
        printf("\n");
    }
}

static struct completion_option form_of(const struct option_row *row)
{
    bool choice = row->kind == CHOICE;

    return (struct completion_option){ row->name, choice ? "WORD" : row->value,
                                       choice ? row->value : NULL, row->help };
}

bool options_row(size_t i, struct completion_option *out)
{
    if (i >= ARRAY_LEN(rows))
        return false;
    *out = form_of(&rows[i]);
    return true;
}

bool options_find(const char *name, struct completion_option *out)
{
    const struct option_row *row = find_row(name, strlen(name), true);

    if (row)
        *out = form_of(row);
    return row != NULL;
}

bool options_switch(size_t i, struct completion_option *out, const char **letter)
{
    if (i >= ARRAY_LEN(switches))
        return false;
    *out =
        (struct completion_option){ switches[i].name, switches[i].value, NULL, switches[i].help };
    *letter = switches[i].letter;
    return true;
}
