#include "picture.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "api_path.h"
#include "file.h"
#include "known.h"
#include "meta.h"
#include "remote_context.h"
#include "types.h"

#include "banned.h"

#define TTL_MS (24 * 60 * 60 * 1000) /* the bytes that it is of never change */
#define ADDRESS_MAX 8192
#define JPEG_START "\xff\xd8\xff"

struct picture {
    atomic_uint refs;
    struct buf bytes;
};

static void ref_picture(void *p)
{
    atomic_fetch_add(&((struct picture *)p)->refs, 1);
}

static void unref_picture(void *p)
{
    picture_unref(p);
}

static const struct counted_class picture_class = { ref_picture, unref_picture };

void picture_unref(struct picture *p)
{
    if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
        return;
    buf_release(&p->bytes);
    free(p);
}

const char *picture_bytes(const struct picture *p, size_t *len)
{
    *len = p->bytes.len;
    return p->bytes.data;
}

/* --- Fetching --------------------------------------------------------------------------------- */

struct want {
    struct remote *remote;
    struct call *call;
    const struct target *target;
    const char *query;
};

static int read_picture(int fd, int64_t size, struct picture **out)
{
    struct picture *p = malloc(sizeof(*p));
    int rc;

    if (!p)
        return -ENOMEM;
    atomic_init(&p->refs, 1);
    buf_init(&p->bytes, (size_t)size + 1);
    rc = file_read_fd(fd, &p->bytes);
    if (rc < 0)
        picture_unref(p);
    else
        *out = p;
    return rc;
}

/* What knows no pictures gives the content itself: it is not asked again. */
static int check_jpeg(struct remote *remote, const struct picture *p)
{
    size_t n = strlen(JPEG_START);

    if (p->bytes.len > n && memcmp(p->bytes.data, JPEG_START, n) == 0)
        return 0;
    atomic_store(&remote->no_pictures, true);
    return -ENOENT;
}

static int fetch_from(const struct want *w, const struct record *r, struct picture **out,
                      struct failure *err)
{
    cleanup_fd int fd = memfd_create("jpeg", MFD_CLOEXEC);
    struct picture *p = NULL;
    int64_t size = 0;
    int rc = fd < 0 ? -errno : 0;

    if (rc == 0)
        rc = backend_get_picture(w->remote->backend, w->call, r, w->query, fd, &size, err);
    if (rc == 0)
        rc = read_picture(fd, size, &p);
    if (rc == 0)
        rc = check_jpeg(w->remote, p);
    if (rc < 0)
        picture_unref(p);
    else
        *out = p;
    return rc;
}

static bool same_address(const struct record *a, const struct record *b)
{
    const char *field = record_resource(a)->url_field;
    cleanup_buf struct buf x = BUF_INIT(ADDRESS_MAX), y = BUF_INIT(ADDRESS_MAX);

    return record_string(a, field, &x) == 0 && record_string(b, field, &y) == 0 &&
           strcmp(buf_str(&x), buf_str(&y)) == 0;
}

/* An address may be out of date by now: then the resource says another one. */
static int fetch(const struct want *w, struct picture **out, struct failure *err)
{
    cleanup_record struct record *r = NULL, *now = NULL;
    int rc = known_record(w->remote, w->call, w->target, &r, err);

    if (rc < 0)
        return rc;
    if (!record_has_url(r) || atomic_load(&w->remote->no_pictures))
        return -ENOENT;
    rc = fetch_from(w, r, out, err);
    if (rc != -EACCES)
        return rc;
    if (known_new_record(w->remote, w->call, w->target, KNOWN_JUST_NOW_MS, &now, NULL) < 0 ||
        !record_has_url(now) || same_address(r, now))
        return rc;
    return fetch_from(w, now, out, err);
}

static int load(void *arg, struct meta_loaded *out, struct failure *err)
{
    struct picture *p = NULL;
    int rc = fetch(arg, &p, err);

    out->ttl_ms = rc == -ENOENT ? TTL_NEGATIVE_MS : TTL_MS;
    if (rc < 0)
        return rc;
    out->value = p;
    out->class = &picture_class;
    out->bytes = sizeof(*p) + p->bytes.cap;
    return 0;
}

int picture_get(struct remote *remote, struct call *call, const struct target *t, const char *query,
                struct picture **out, struct failure *err)
{
    struct want w = { remote, call, t, query };
    char key[API_KEY_MAX];
    void *value = NULL;
    size_t len;
    int rc;

    api_key("jpeg", t, key);
    len = strlen(key);
    if (snprintf(key + len, sizeof(key) - len, "?%s", query) >= (int)(sizeof(key) - len))
        return -ENAMETOOLONG;
    rc = meta_get_or_load(remote->meta, call, key, load, &w, &value, err);
    if (rc == 0)
        *out = value;
    if (rc == -ENOENT && err)
        err->text[0] = '\0'; /* that there is none is no failure */
    return rc;
}
