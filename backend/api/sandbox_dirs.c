#include "sandbox_dirs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"

#include "banned.h"

#define LIST_MAX_BYTES (1024 * 1024)

/* $XDG_DATA_HOME/lasfs/NAME, or what that is without it. */
static char *data_path(const char *name)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int n;

    if (data && data[0] == '/')
        n = asprintf(&path, "%s/lasfs/%s", data, name);
    else if (home && home[0] == '/')
        n = asprintf(&path, "%s/.local/share/lasfs/%s", home, name);
    else
        return NULL;
    return n < 0 ? NULL : path;
}

char *sandbox_dirs_default(void)
{
    return data_path("sandbox");
}

/* --- Those that were chosen: a path a line ---------------------------------------------------- */

/* All lines but dir's, and those of what is there no more. */
static int read_others(const char *list, const char *dir, struct buf *out)
{
    cleanup_buf struct buf text = BUF_INIT(LIST_MAX_BYTES);
    char *rest, *line;
    int rc = file_read(list, &text);

    if (rc == -ENOENT || !text.data)
        return 0;
    rest = text.data;
    while (rc == 0 && (line = strsep(&rest, "\n")))
        if (*line == '/' && strcmp(line, dir) != 0 && access(line, F_OK) == 0)
            rc = buf_addf(out, "%s\n", line);
    return rc;
}

static void write_list(const char *dir, bool with_it)
{
    cleanup_free char *list = data_path("sandboxes"), *folder = data_path("");
    cleanup_buf struct buf text = BUF_INIT(LIST_MAX_BYTES);

    if (!list || !folder || strchr(dir, '\n') || read_others(list, dir, &text) < 0)
        return;
    if (with_it && (buf_addf(&text, "%s\n", dir) < 0 || file_make_dirs(folder, 0700) < 0))
        return;
    if (with_it || access(list, F_OK) == 0)
        file_replace(list, buf_str(&text), text.len, 0600);
}

void sandbox_dirs_note(const char *dir)
{
    cleanup_free char *absolute = realpath(dir, NULL), *fallback = sandbox_dirs_default();

    if (absolute && (!fallback || strcmp(absolute, fallback) != 0))
        write_list(absolute, true);
}

void sandbox_dirs_forget(const char *dir)
{
    write_list(dir, false);
}

/* --- All -------------------------------------------------------------------------------------- */

static int add(char ***list, size_t *n, const char *dir)
{
    cleanup_free char *server = path_join(dir, SANDBOX_SERVER);
    char **longer;

    if (!server)
        return -ENOMEM;
    if (access(server, F_OK) < 0)
        return 0;
    longer = reallocarray(*list, *n + 1, sizeof(**list));
    if (!longer)
        return -ENOMEM;
    *list = longer;
    longer[*n] = strdup(dir);
    if (!longer[*n])
        return -ENOMEM;
    ++*n;
    return 0;
}

int sandbox_dirs_list(char ***out, size_t *n)
{
    cleanup_free char *list = data_path("sandboxes"), *fallback = sandbox_dirs_default();
    cleanup_buf struct buf text = BUF_INIT(LIST_MAX_BYTES);
    char *rest, *line;
    int rc = 0;

    *out = NULL;
    *n = 0;
    if (fallback)
        rc = add(out, n, fallback);
    if (rc == 0 && list)
        rc = read_others(list, "", &text);
    rest = text.data;
    while (rc == 0 && rest && (line = strsep(&rest, "\n")))
        if (*line)
            rc = add(out, n, line);
    if (rc < 0) {
        while (*n)
            free((*out)[--*n]);
        free(*out);
    }
    return rc;
}
