#include "token_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "json_text.h"
#include "owned.h"

#include "banned.h"

#define CACHE_MAX_BYTES (1u << 20)
#define LOCK_TRIES 300 /* three seconds: what holds it longer is stuck */

static void wipe_buf(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->cap);
    buf_release(b);
}

/* The directory of path, and what path is called in it. */
static int open_dir(const char *path, int *fd, const char **name)
{
    const char *slash = strrchr(path, '/');
    cleanup_free char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

    if (!dir)
        return -ENOMEM;
    *name = slash ? slash + 1 : path;
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? -errno : 0;
}

/* Who can write it could have this user's documents sent to an account of his own. */
static int load(const char *path, json_t **out)
{
    struct buf text = BUF_INIT(CACHE_MAX_BYTES);
    cleanup_fd int dirfd = -1, fd = -1;
    const char *name;
    int rc = open_dir(path, &dirfd, &name);

    if (rc == 0)
        rc = owned_file_open(dirfd, "", name, O_RDONLY, &fd, NULL);
    if (rc == 0)
        rc = file_read_fd(fd, &text);
    if (rc == 0)
        rc = json_text_parse(buf_str(&text), text.len, false, out, NULL);
    wipe_buf(&text);
    if (rc == 0 && !json_is_object(*out)) {
        json_decref(*out);
        rc = -EINVAL;
    }
    return rc;
}

int token_cache_read(const char *path, const char *profile, char **token, double *ends_s)
{
    const json_t *entry, *text, *ends;
    json_t *root;
    int rc = load(path, &root);

    if (rc < 0)
        return rc;
    entry = json_object_get(root, profile);
    text = json_object_get(entry, "access_token");
    ends = json_object_get(entry, "expires_in");
    if (!json_is_string(text) || !json_is_number(ends)) {
        rc = -ENOENT;
    } else {
        *token = strdup(json_string_value(text));
        *ends_s = json_number_value(ends);
        rc = *token ? 0 : -ENOMEM;
    }
    json_text_wipe(root);
    json_decref(root);
    return rc;
}

static int put(json_t *root, const char *profile, const char *token, double ends_s)
{
    json_t *entry = json_object_get(root, profile);

    if (!json_is_object(entry)) {
        entry = json_object();
        if (json_object_set_new(root, profile, entry) < 0)
            return -ENOMEM;
    }
    json_text_wipe(json_object_get(entry, "access_token"));
    if (json_object_set_new(entry, "access_token", json_string(token)) < 0 ||
        json_object_set_new(entry, "expires_in", json_real(ends_s)) < 0)
        return -ENOMEM;
    return 0;
}

/* The lock is held. */
static int rewrite(const char *path, const char *profile, const char *token, double ends_s)
{
    struct buf text = BUF_INIT(CACHE_MAX_BYTES);
    json_t *root = NULL;
    int rc = load(path, &root);

    if (rc == -ENOENT) {
        root = json_object();
        rc = root ? 0 : -ENOMEM;
    }
    if (rc < 0)
        return rc;
    rc = put(root, profile, token, ends_s);
    if (rc == 0)
        rc = json_text_write(root, false, &text);
    if (rc == 0)
        rc = file_replace(path, text.data, text.len, 0600);
    wipe_buf(&text);
    json_text_wipe(root);
    json_decref(root);
    return rc;
}

/* Of the directory, as the file itself is replaced. */
static int lock(const char *path, int *fd)
{
    const char *name;
    int rc = open_dir(path, fd, &name);

    for (int i = 0; rc == 0 && flock(*fd, LOCK_EX | LOCK_NB) < 0; i++) {
        if (errno != EWOULDBLOCK || i == LOCK_TRIES)
            return -errno;
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    return rc;
}

static const char *why_not(int rc)
{
    if (rc == -EINVAL)
        return "it is not the SDK's file";
    if (rc == -EPERM)
        return "it is a link, another user's, or others can write it: remove it";
    return strerror(-rc);
}

int token_cache_write(const char *path, const char *profile, const char *token, double ends_s,
                      struct failure *err)
{
    cleanup_fd int fd = -1;
    int rc = lock(path, &fd);

    if (rc == 0)
        rc = rewrite(path, profile, token, ends_s);
    return rc < 0 ? fail(err, rc, 0, "%s: the token is not kept there: %s", path, why_not(rc)) : 0;
}
