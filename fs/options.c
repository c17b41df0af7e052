#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "number.h"

#include <fuse3/fuse_opt.h>

#include "banned.h"

enum value_kind { NOTHING, FLAG, TEXT, SECONDS, SIZE, COUNT, RATE, OCTAL, ID, CHOICE };

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
    { "list",          CHOICE,  AT(list),          "ids",   "ids,names,drops", "how what was not made here is listed; drops: of documents not at all" },
    { "ro",            FLAG,    AT(ro),            NULL,    NULL,     "refuse every change (EROFS)" },
    { "nodelete",      FLAG,    AT(nodelete),      NULL,    NULL,     "refuse every delete (EPERM)" },
    { "other",         CHOICE,  AT(other),         "refuse", "refuse,local", "a file that is no document: refuse it, or keep it here" },
    { "complete",      CHOICE,  AT(complete),      "warn",  "warn,refuse,off", "a document that looks cut off: send it and say so, or not" },
    { "scratch",       TEXT,    AT(scratch),       NULL,    "PATTERNS", "more names that stay local, ':' between" },
    { "meta_ttl",      SECONDS, AT(meta_ttl_ms),   "30",    "SECONDS", "how long a resource is taken as known" },
    { "list_ttl",      SECONDS, AT(list_ttl_ms),   "10",    "SECONDS", "how long a listing is taken as known" },
    { "cache_size",    SIZE,    AT(cache_bytes),   "256M",  "SIZE",   "memory for what is known" },
    { "content_cache", SIZE,    AT(content_bytes), "1G",    "SIZE",   "disk for documents' bytes, 0: none" },
    { "timeout",       SECONDS, AT(timeout_ms),    "30",    "SECONDS", "an operation without progress ends after this" },
    { "max_conns",     COUNT,   AT(max_conns),     "32",    "N",      "connections at once" },
    { "max_rps",       RATE,    AT(max_rps),       "0",     "RATE",   "requests a second, 0: no limit" },
    { "cacert",        TEXT,    AT(cacert),        NULL,    "FILE",   "certificates to trust instead of the system's" },
    { "allow_other",   FLAG,    AT(allow_other),   NULL,    NULL,     "let other users in, by mode, owner and group" },
    { "no_xattr",      FLAG,    AT(no_xattr),      NULL,    NULL,     "no extended attributes: the kernel never asks for one" },
    { "uid",           ID,      AT(uid),           NULL,    "N",      "owner of all that is shown" },
    { "gid",           ID,      AT(gid),           NULL,    "N",      "group of all that is shown" },
    { "umask",         OCTAL,   AT(umask),         "077",   "MODE",   "permission bits that are taken away" },
};
/* clang-format on */

static int set_seconds(int64_t *out, const char *value)
{
    char *end;
    double seconds;

    errno = 0;
    seconds = strtod(value, &end);
    if (errno || end == value || *end || !(seconds >= 0 && seconds <= 1e9))
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
    case SIZE:
        return number_parse_size(value, field);
    case COUNT:
        return number_parse(value, 1, 1000, field);
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

/* One NAME or NAME=VALUE from -o. */
static int set_option(struct options *o, const char *arg)
{
    const char *equals = strchr(arg, '=');
    size_t len = equals ? (size_t)(equals - arg) : strlen(arg);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strlen(rows[i].name) != len || strncmp(rows[i].name, arg, len) != 0)
            continue;
        if ((rows[i].kind == FLAG) == (equals != NULL))
            return wrong(equals ? "this option takes no value" : "this option needs a value", arg);
        if (row_set(&rows[i], o, equals ? equals + 1 : "") < 0)
            return wrong("not a value for this option", arg);
        return 0;
    }
    return wrong("unknown option", arg);
}

/* libfuse's parser gives each option, and each argument that is none, one at a time. */
static int on_argument(void *data, const char *arg, int key, struct fuse_args *args)
{
    struct options *o = data;

    (void)args;
    if (key == FUSE_OPT_KEY_NONOPT) {
        if (o->mountpoint)
            return wrong("more than one mount point", arg) < 0 ? -1 : 0;
        return set_text(&o->mountpoint, arg) < 0 ? -1 : 0;
    }
    if (strcmp(arg, "-f") == 0 || strcmp(arg, "--foreground") == 0)
        o->foreground = true;
    else if (strcmp(arg, "-d") == 0 || strcmp(arg, "--debug") == 0)
        o->foreground = o->debug = true;
    else if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0)
        o->command = COMMAND_HELP;
    else if (strcmp(arg, "-V") == 0 || strcmp(arg, "--version") == 0)
        o->command = COMMAND_VERSION;
    else if (strcmp(arg, "--unmount") == 0 || strcmp(arg, "-u") == 0)
        o->command = COMMAND_UNMOUNT;
    else if (strcmp(arg, "--sandbox") == 0)
        o->sandbox = true;
    else if (strcmp(arg, "--seed-demo") == 0)
        o->sandbox = o->seed_demo = true;
    else if (strncmp(arg, "--sandbox=", 10) == 0 && arg[10])
        o->sandbox = true, set_text(&o->sandbox_dir, arg + 10);
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
    int rc = set_defaults(out);

    if (rc < 0)
        return rc;
    rc = fuse_opt_parse(&args, out, NULL, on_argument) < 0 ? -EINVAL : 0;
    fuse_opt_free_args(&args);
    if (rc < 0)
        return rc;
    if (!out->mountpoint && (out->command == COMMAND_MOUNT || out->command == COMMAND_UNMOUNT))
        return wrong("no mount point", "lasfs [options] MOUNTPOINT");
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
    *o = (struct options){ .mountpoint = NULL };
}

void options_help(void)
{
    printf("Usage: lasfs [options] MOUNTPOINT\n"
           "       lasfs --unmount MOUNTPOINT\n\n"
           "Mounts the API of Lucidtech AI Services as a directory.\n\n"
           "    -f, --foreground         stay in front, log to stderr\n"
           "    -d, --debug              the same, and log more\n"
           "    --sandbox[=DIR]          start a server on this machine and mount that\n"
           "    --seed-demo              the same, with a small demo where there is nothing yet\n"
           "    -u, --unmount            end the mount, and wait until all is sent\n"
           "    -h, --help               this page\n"
           "    -V, --version            the version\n\n"
           "Options after -o, with ',' between:\n\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char left[128];
        char choices[64];
        char *comma;

        snprintf(choices, sizeof(choices), "%s", rows[i].value ? rows[i].value : "");
        while ((comma = strchr(choices, ',')))
            *comma = '|';
        snprintf(left, sizeof(left), "%s%s%s", rows[i].name, rows[i].value ? "=" : "", choices);
        printf("    -o %-22s %s", left, rows[i].help);
        if (rows[i].fallback && rows[i].kind != CHOICE)
            printf(" (%s)", rows[i].fallback);
        printf("\n");
    }
}
