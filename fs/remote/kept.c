#include "kept.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"
#include "remote_context.h"
#include "state.h"

#include "banned.h"

#define KEY_MAX (RESOURCE_ID_MAX + 40)

static const char *const folders[] = {
    [KEPT_BODY] = "body",
    [KEPT_ANSWER] = "answer",
    [KEPT_QUESTION] = "question",
    [KEPT_NAME] = "name",
};

static void key_of(enum kept_what what, const char *id, char key[KEY_MAX + 1])
{
    snprintf(key, KEY_MAX + 1, "%s/%s", folders[what], id);
}

int kept_put(struct remote *remote, enum kept_what what, const char *id, const char *text)
{
    char key[KEY_MAX + 1];

    key_of(what, id, key);
    return state_put_value(remote->state, key, text, false, NULL);
}

int kept_put_now(struct remote *remote, enum kept_what what, const char *id, const char *text)
{
    char key[KEY_MAX + 1];

    key_of(what, id, key);
    return state_put_value(remote->state, key, text, true, NULL);
}

int kept_get(struct remote *remote, enum kept_what what, const char *id, char **text)
{
    char key[KEY_MAX + 1];

    key_of(what, id, key);
    return state_get_value(remote->state, key, text, NULL);
}

static void part_key(const char *id, int64_t part, char key[KEY_MAX + 1])
{
    snprintf(key, KEY_MAX + 1, "part/%s/%lld", id, (long long)part);
}

int kept_put_part(struct remote *remote, const char *id, int64_t part, const char *text)
{
    char key[KEY_MAX + 1];

    part_key(id, part, key);
    return state_put_value(remote->state, key, text, false, NULL);
}

int kept_get_part(struct remote *remote, const char *id, int64_t part, char **text)
{
    char key[KEY_MAX + 1];

    part_key(id, part, key);
    return state_get_value(remote->state, key, text, NULL);
}

static void forget_parts(struct remote *remote, const char *id)
{
    for (int64_t part = 0;; part++) {
        cleanup_free char *text = NULL;

        if (kept_get_part(remote, id, part, &text) < 0)
            return;
        kept_put_part(remote, id, part, NULL);
    }
}

int kept_open(struct remote *remote, const char *id, int *fd, int64_t *size)
{
    cleanup_free char *text = NULL;
    cleanup_fd int file = -1;
    int rc = kept_get(remote, KEPT_BODY, id, &text);

    if (rc < 0)
        return rc;
    file = memfd_create("body", MFD_CLOEXEC);
    if (file < 0)
        return -errno;
    rc = file_pwrite_all(file, text, strlen(text), 0);
    if (rc < 0)
        return rc;
    *size = (int64_t)strlen(text);
    *fd = steal_fd(&file);
    return 0;
}

void kept_forget(struct remote *remote, enum kept_what what, const char *id)
{
    char key[KEY_MAX + 1];

    key_of(what, id, key);
    state_put_value(remote->state, key, NULL, false, NULL);
    if (what == KEPT_BODY)
        kept_forget(remote, KEPT_QUESTION, id);
    else if (what == KEPT_QUESTION)
        forget_parts(remote, id);
}
