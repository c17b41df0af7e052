#include "words.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "command.h"
#include "file.h"
#include "options.h"
#include "profiles.h"

#include "banned.h"

#define HEAD_MAX 4096
#define LINE_MAX_BYTES 8192

/* --- What there is ---------------------------------------------------------------------------- */

/* Below the working directory a mount may be meant by the rest of its path. */
static bool offer_mount(const struct completion *c, const char *here, const char *dir)
{
    size_t len = strlen(here);

    if (c->current[0] == '/' || !c->current[0])
        return completion_offer(c, "", dir, "a mount of lasfs", false);
    if (strncmp(dir, here, len) != 0 || dir[len] != '/')
        return false;
    return completion_offer(c, "", dir + len + 1, "a mount of lasfs", false);
}

static void offer_mounts(const struct completion *c)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    char here[PATH_MAX], text[LINE_MAX_BYTES];
    struct mntent entry;
    bool offered = false;

    if (!getcwd(here, sizeof(here)))
        here[0] = '\0';
    while (mounts && getmntent_r(mounts, &entry, text, sizeof(text)))
        if (strcmp(entry.mnt_type, "fuse.lasfs") == 0 && offer_mount(c, here, entry.mnt_dir))
            offered = true;
    if (mounts)
        endmntent(mounts);
    if (!offered && c->current[0]) /* ~/mnt, ../mnt */
        completion_offer_directories("");
}

struct asked {
    const struct completion *c;
    const char *head;
    bool more;
};

static void offer_profile(void *arg, const char *name)
{
    const struct asked *a = arg;

    completion_offer(a->c, a->head, name, "a profile", a->more);
}

static void offer_failed(const struct completion *c, const char *mountpoint)
{
    cleanup_free char *path = path_join(mountpoint, ".lasfs/failed");
    DIR *dir = path ? opendir(path) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            completion_offer(c, "", entry->d_name, "what could not be delivered", false);
    if (dir)
        closedir(dir);
}

/* --- Options ---------------------------------------------------------------------------------- */

static void offer_value(const struct completion *c, const char *head,
                        const struct completion_option *o, bool in_list)
{
    struct asked asked = { c, head, in_list };

    if (strcmp(o->name, "profile") == 0)
        profiles_each(NULL, offer_profile, &asked);
    else
        completion_offer_value(c, head, o, in_list);
}

/* The current word up to its place at. */
static bool set_head(char out[HEAD_MAX], const struct completion *c, const char *at)
{
    return snprintf(out, HEAD_MAX, "%.*s", (int)(at - c->current), c->current) < HEAD_MAX;
}

static bool is_in_list(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (; *list; list += strcspn(list, ","), list += *list == ',')
        if (strncmp(list, name, len) == 0 && (list[len] == ',' || list[len] == '='))
            return true;
    return false;
}

/* The current word is NAME,NAME=VALUE,... from list on. */
static void offer_list(const struct completion *c, const char *list)
{
    const char *comma = strrchr(list, ',');
    const char *item = comma ? comma + 1 : list, *value;
    struct completion_option o;
    char head[HEAD_MAX];

    for (size_t i = 0; options_row(i, &o); i++) {
        value = o.value ? completion_value_of(item, o.name) : NULL;
        if (value && set_head(head, c, value))
            offer_value(c, head, &o, true);
        else if (!value && !is_in_list(list, o.name) && set_head(head, c, item))
            completion_offer_option(c, head, &o, true);
    }
}

/* list_ttl as it is by itself: --list-ttl. */
static void set_long_name(char out[HEAD_MAX], const char *name)
{
    snprintf(out, HEAD_MAX, "--%s", name);
    for (char *p = out; *p; p++)
        if (*p == '_')
            *p = '-';
}

static void offer_options(const struct completion *c)
{
    struct completion_option o, row;
    const char *letter;
    char name[HEAD_MAX];

    completion_offer(c, "", "-o", "options, ',' between", false);
    for (size_t i = 0; options_switch(i, &o, &letter); i++) {
        if (letter)
            completion_offer(c, "", letter, o.help, false);
        if (options_find(o.name, &row))
            continue;
        completion_offer(c, "--", o.name, o.help, false);
        if (o.value)
            completion_offer_option(c, "--", &o, false);
    }
    for (size_t i = 0; options_row(i, &o); i++) {
        set_long_name(name, o.name);
        o.name = name;
        completion_offer_option(c, "", &o, false);
    }
}

/* The value of --NAME=VALUE is to be completed. */
static bool offer_own_value(const struct completion *c)
{
    const char *equals = strchr(c->current, '=');
    struct completion_option o, found = { 0 };
    const char *letter;
    char head[HEAD_MAX];

    if (strncmp(c->current, "--", 2) != 0 || !equals)
        return false;
    for (size_t i = 0; options_switch(i, &o, &letter); i++)
        if (o.value && completion_value_of(c->current + 2, o.name))
            found = o;
    for (size_t i = 0; options_row(i, &o); i++)
        if (o.value && completion_value_of(c->current + 2, o.name))
            found = o;
    if (found.name && set_head(head, c, equals + 1))
        offer_value(c, head, &found, false);
    return true;
}

/* Is the next word this one's value? Then of which option. */
static bool wants_value(const char *word, struct completion_option *out)
{
    if (strcmp(word, "-p") == 0)
        return options_find("profile", out);
    return strncmp(word, "--", 2) == 0 && options_find(word + 2, out) && out->value;
}

/* --- Places ----------------------------------------------------------------------------------- */

static void offer_commands(const struct completion *c)
{
    struct command_form form;

    for (size_t i = 0; command_form(i, &form); i++)
        completion_offer(c, "", form.name, form.help, false);
}

/* A mount point, after a profile or without; or a command. */
static void offer_place(const struct completion *c)
{
    struct asked asked = { c, "", false };
    struct completion_option o;
    bool place = false;

    for (size_t i = 0; i < c->n_before; i++) {
        const char *word = c->before[i];

        if (strcmp(word, "-u") == 0 || strcmp(word, "--unmount") == 0) {
            offer_mounts(c);
            return;
        }
        if (strcmp(word, "-o") == 0 || wants_value(word, &o))
            i++;
        else if (word[0] != '-')
            place = true;
    }
    if (c->n_before == 0)
        offer_commands(c);
    if (!place)
        profiles_each(NULL, offer_profile, &asked);
    completion_offer_directories("");
}

/* The words of "all|NAME|PATTERN..." that stand for themselves, and the names of what failed. */
static void offer_arguments(const struct completion *c, const char *arguments,
                            const char *mountpoint)
{
    char word[64];

    arguments += strcspn(arguments, " "); /* the mount point */
    while (*(arguments += strspn(arguments, " |.[]"))) {
        size_t n = strcspn(arguments, " |.[]");

        snprintf(word, sizeof(word), "%.*s", (int)n, arguments);
        if (strcmp(word, "NAME") == 0)
            offer_failed(c, mountpoint);
        else if (islower((unsigned char)word[0]) || (word[0] == '-' && c->current[0] == '-'))
            completion_offer(c, "", word, NULL, false);
        arguments += n;
    }
}

static bool offer_of_command(const struct completion *c)
{
    const char *mountpoint = NULL;
    struct command_form form;
    size_t i = 0;

    while (c->n_before && command_form(i, &form) && strcmp(form.name, c->before[0]) != 0)
        i++;
    if (!c->n_before || !command_form(i, &form))
        return false;
    for (i = 1; i < c->n_before && !mountpoint; i++)
        if (c->before[i][0] != '-')
            mountpoint = c->before[i];
    if (mountpoint || c->current[0] == '-')
        offer_arguments(c, form.arguments, mountpoint ? mountpoint : "");
    else
        offer_mounts(c);
    return true;
}

void words_offer(const struct completion *c)
{
    const char *last = c->n_before ? c->before[c->n_before - 1] : "";
    struct completion_option o;

    if (offer_of_command(c))
        return;
    if (strcmp(last, "-o") == 0)
        offer_list(c, c->current);
    else if (wants_value(last, &o))
        offer_value(c, "", &o, false);
    else if (strncmp(c->current, "-o", 2) == 0 && c->current[2])
        offer_list(c, c->current + 2);
    else if (offer_own_value(c))
        return;
    else if (c->current[0] == '-')
        offer_options(c);
    else
        offer_place(c);
}
