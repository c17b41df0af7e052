#include "scratch.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define PATTERN_MAX 255
#define MKSTEMP_LETTERS 6
#define NGINX_DIGITS 10
#define EDITORS_TRY "4913" /* vim makes it to see whether it may */

#define HEX4 "[0-9a-f][0-9a-f][0-9a-f][0-9a-f]"
#define ALNUM3 "[A-Za-z0-9][A-Za-z0-9][A-Za-z0-9]"

/* clang-format off */
/* Of files and folders alike: what is under way to a real name. */
static const char *const patterns[] = {
    /* downloads and uploads */
    "*.part", "*.filepart", "*.crdownload", "*.download", "*.partial", "*.tmp", "*.temp", "*.TMP",
    ".in.*", ".pureftpd-upload.*", ".goutputstream-*", ".giosave*", ".nfs*", ".fuse_hidden*",
    ".~tmp~", ".rsync-partial",
    /* the safe saving of office programs and of macOS */
    "~WR*.tmp", "*.sb-" HEX4 HEX4 "-" ALNUM3 ALNUM3, "(A Document Being Saved By *)",
};

/* The same, but of what a program keeps for itself. */
static const char *const aside[] = {
    /* vim, emacs, nano, joe, kate, and what they leave behind */
    ".*.sw[a-z]", ".*.sw[a-z]x", ".sw[a-z]", "*.swp", ".*.kate-swp", "*~", ".#*", "#*#", ".*.un~",
    /* the locks of office programs */
    "~$*", ".~lock.*",
    /* macOS */
    ".DS_Store", "._*", ".AppleDouble", ".AppleDB", ".AppleDesktop", ".apdisk", ".TemporaryItems",
    ".fseventsd", ".Spotlight-V100", ".DocumentRevisions-V100", "Network Trash Folder",
    /* Windows */
    "Thumbs.db", "desktop.ini", "Desktop.ini", "$RECYCLE.BIN", "$Recycle.Bin",
    "System Volume Information",
    /* Linux, its desktops, Samba, snapshots */
    ".Trash*", ".directory", ".thumbnails", ".xvpics", "lost+found", ".recycle", ".snapshot",
    ".snapshots", "~snapshot", ".zfs",
    /* Synology, QNAP */
    "@eaDir", "#recycle", "#snapshot", "@tmp", "@sharebin", ".SynologyWorkingDirectory",
    "@Recycle", "@Recently-Snapshot", "@Transcode", ".@*", ".streams",
    /* syncthing, Resilio, Dropbox, Google Drive */
    ".stversions", ".stfolder", ".stignore", ".sync", ".dropbox", ".dropbox.cache",
    ".tmp.drivedownload", ".tmp.driveupload",
};

/* A folder of such a name may well be somebody's own. */
static const char *const file_patterns[] = {
    EDITORS_TRY, "sed" ALNUM3 ALNUM3, "XX" ALNUM3 ALNUM3,
    /* programs that rewrite a file by way of another one */
    "*.~qpdf-temp#", "*.~qpdf-orig#", "*.~qpdf-orig", "*_exiftool_tmp",
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

/* Do the first len bytes of name end as a document's or a body's does? */
static bool ends_known(const char *name, size_t len)
{
    static const char *const endings[] = {
        ".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".json"
    };

    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        size_t n = strlen(endings[i]);

        if (len > n && strncasecmp(name + len - n, endings[i], n) == 0)
            return true;
    }
    return false;
}

/* What is made beside a file that it will replace: mkstemp(3)'s NAME.pdfXXXXXX, as of busybox, and
 * nginx's NAME.pdf.0123456789. */
static bool is_numbered_name(const char *name)
{
    size_t len = strlen(name), tail = 0;

    while (tail < len && isalnum((unsigned char)name[len - tail - 1]))
        tail++;
    if (tail == NGINX_DIGITS && strspn(name + len - tail, "0123456789") == tail && len > tail)
        return name[len - tail - 1] == '.' && ends_known(name, len - tail - 1);
    return tail >= MKSTEMP_LETTERS && ends_known(name, len - MKSTEMP_LETTERS);
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

bool scratch_is_aside(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(aside); i++)
        if (fnmatch(aside[i], name, 0) == 0)
            return true;
    return strcmp(name, EDITORS_TRY) == 0;
}

bool scratch_folder(const char *name, const char *more)
{
    for (size_t i = 0; i < ARRAY_LEN(aside); i++)
        if (fnmatch(aside[i], name, 0) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return matches_one_of(name, more);
}

bool scratch_name(const char *name, const char *more)
{
    for (size_t i = 0; i < ARRAY_LEN(file_patterns); i++)
        if (fnmatch(file_patterns[i], name, 0) == 0)
            return true;
    return is_rsync_name(name) || is_numbered_name(name) || scratch_folder(name, more);
}

bool scratch_is_repository(const char *name)
{
    static const char *const names[] = { ".git", ".hg", ".svn" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}
