#include "scratch.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define PATTERN_MAX 255

/* clang-format off */
static const char *const patterns[] = {
    /* vim, emacs, nano, joe, and what they leave behind */
    ".*.sw[a-z]", ".*.sw[a-z]x", ".sw[a-z]", "4913", "*~", ".#*", "#*#", ".*.un~",
    "sed[A-Za-z0-9][A-Za-z0-9][A-Za-z0-9][A-Za-z0-9][A-Za-z0-9][A-Za-z0-9]",
    "XX[A-Za-z0-9][A-Za-z0-9][A-Za-z0-9][A-Za-z0-9][A-Za-z0-9][A-Za-z0-9]",
    /* downloads and uploads under way */
    "*.part", "*.filepart", "*.crdownload", "*.download", "*.partial", "*.tmp", "*.temp", "*.TMP",
    ".in.*", ".pureftpd-upload.*", ".goutputstream-*", ".giosave*", ".nfs*", ".fuse_hidden*",
    "*.swp", ".~tmp~", ".*.kate-swp",
    /* office programs */
    "~$*", ".~lock.*", "~WR*.tmp",
    /* operating systems */
    ".DS_Store", "._*", ".AppleDouble", ".Trash*", "Thumbs.db", "desktop.ini", "Desktop.ini",
};
/* clang-format on */

/* rsync's .name.XXXXXX: a dot first, six letters and digits behind the last dot. */
static bool is_rsync_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    if (name[0] != '.' || !dot || dot == name || strlen(dot) != 7)
        return false;
    for (const char *p = dot + 1; *p; p++)
        if (!isalnum((unsigned char)*p))
            return false;
    return true;
}

static bool matches_one_of(const char *name, const char *list)
{
    while (list && *list) {
        char pattern[PATTERN_MAX + 1];
        size_t len = strcspn(list, ":");

        if (len && len <= PATTERN_MAX) {
            memcpy(pattern, list, len);
            pattern[len] = '\0';
            if (fnmatch(pattern, name, 0) == 0)
                return true;
        }
        list += len + (list[len] == ':');
    }
    return false;
}

bool scratch_folder(const char *name)
{
    return strcmp(name, ".~tmp~") == 0 || strcmp(name, ".rsync-partial") == 0;
}

bool scratch_name(const char *name, const char *more)
{
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return is_rsync_name(name) || matches_one_of(name, more);
}

bool scratch_is_repository(const char *name)
{
    static const char *const names[] = { ".git", ".hg", ".svn" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}
