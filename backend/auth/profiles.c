#include "profiles.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "file.h"

#include "banned.h"

#define FILE_MAX_BYTES (1024 * 1024)
#define PATH_MAX_BYTES 4096

static int read_file(const char *path, struct buf *text)
{
    cleanup_buf struct buf usual = BUF_INIT(PATH_MAX_BYTES);
    const char *home = getenv("HOME");
    int rc = 0;

    if (!path && (!home || !*home))
        return -ENOENT;
    if (!path)
        rc = buf_addf(&usual, "%s/.lucidtech/credentials.cfg", home);
    return rc < 0 ? rc : file_read(path ? path : buf_str(&usual), text);
}

/* What is a section's name to configparser stands between the first [ and the last ]. */
static void tell_section(char *line, void (*each)(void *arg, const char *name), void *arg)
{
    char *end;

    line += strspn(line, " \t");
    end = strrchr(line, ']');
    if (*line != '[' || !end || end == line + 1)
        return;
    *end = '\0';
    if (strcmp(line + 1, "DEFAULT") != 0) /* what all fall back on */
        each(arg, line + 1);
}

int profiles_each(const char *path, void (*each)(void *arg, const char *name), void *arg)
{
    cleanup_buf struct buf text = BUF_INIT(FILE_MAX_BYTES);
    int rc = read_file(path, &text);
    char *rest = text.data, *line;

    while (rc == 0 && (line = strsep(&rest, "\n")))
        tell_section(line, each, arg);
    if (text.data)
        explicit_bzero(text.data, text.cap);
    return rc;
}
