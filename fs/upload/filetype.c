#include "filetype.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <magic.h>

#include "array.h"
#include "cleanup.h"
#include "lock.h"
#include "pdf_header.h"

#include "banned.h"

#define LOOK_AT_BYTES (256 * 1024)
#define HEAD_BYTES 4096 /* which are enough for most, and a fraction of the work */
#define NOTHING_KNOWN "application/octet-stream"
#define PDF "application/pdf"
#define PICTURE "image/"

/* libmagic's is for one thread at a time. */
struct magic_handle {
    struct magic_handle *next;
    magic_t magic;
};

struct filetype {
    struct lock lock;
    pthread_cond_t given;
    struct magic_handle *idle; /* guarded by lock */
    unsigned n;                /* guarded by lock: handles, idle or not */
};

static void handle_free(struct magic_handle *h)
{
    if (h && h->magic)
        magic_close(h->magic);
    free(h);
}

static struct magic_handle *handle_new(void)
{
    struct magic_handle *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    h->magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR);
    if (h->magic && magic_load(h->magic, NULL) == 0)
        return h;
    handle_free(h);
    return NULL;
}

int filetype_new(struct filetype **out)
{
    struct filetype *t = calloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->idle = handle_new();
    if (!t->idle) {
        free(t);
        return -EIO;
    }
    t->n = 1;
    lock_init(&t->lock, LOCK_FILETYPE);
    pthread_cond_init(&t->given, NULL);
    *out = t;
    return 0;
}

void filetype_free(struct filetype *t)
{
    if (!t)
        return;
    while (t->idle) {
        struct magic_handle *h = t->idle;

        t->idle = h->next;
        handle_free(h);
    }
    pthread_cond_destroy(&t->given);
    lock_destroy(&t->lock);
    free(t);
}

static void give(struct filetype *t, struct magic_handle *h)
{
    lock_take(&t->lock);
    if (h) {
        h->next = t->idle;
        t->idle = h;
    } else {
        t->n--; /* there was no memory for one more */
    }
    pthread_cond_signal(&t->given);
    lock_give(&t->lock);
}

/* One that is idle, or one more; else it waits. There is always one at least. */
static struct magic_handle *take(struct filetype *t)
{
    struct magic_handle *h = NULL;
    bool more = true;

    while (!h) {
        lock_take(&t->lock);
        while (!t->idle && (!more || t->n == FILETYPE_HANDLES))
            lock_wait(&t->lock, &t->given);
        h = t->idle;
        if (h)
            t->idle = h->next;
        else
            t->n++;
        lock_give(&t->lock);
        if (!h) {
            h = handle_new();
            more = false;
            if (!h)
                give(t, NULL);
        }
    }
    return h;
}

/* Is there anything that a PDF is made of? */
static bool has_object(const char *bytes, size_t len)
{
    const char *end = bytes + len, *p = bytes;

    for (; p < end; p++)
        if (isdigit((unsigned char)*p) && (p == bytes || !isdigit((unsigned char)p[-1])) &&
            pdf_is_object(p, (size_t)(end - p)))
            return true;
    return false;
}

/* A PDF behind something that libmagic takes for the whole: what a web server, a mail program or a
 * printer's driver has put before it. An archive that has one in it is none. */
static bool is_pdf_behind(const char *type, const char *bytes, size_t len)
{
    static const char *const texts[] = { "text/plain", "text/html", "message/rfc822" };
    const char *header = pdf_header(bytes, len);

    if (!header)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (strcmp(type, texts[i]) == 0) /* it may only talk of one */
            return has_object(header, len - (size_t)(header - bytes));
    return strcmp(type, NOTHING_KNOWN) == 0;
}

/* What libmagic says of fd's first max bytes, which are read into bytes; how many there are. */
static ssize_t look(struct filetype *t, int fd, char *bytes, size_t max, char out[FILETYPE_MAX])
{
    struct magic_handle *h;
    const char *type;
    ssize_t n;

    do
        n = pread(fd, bytes, max, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    h = take(t);
    type = magic_buffer(h->magic, bytes, (size_t)n);
    snprintf(out, FILETYPE_MAX, "%s", type ? type : NOTHING_KNOWN);
    give(t, h);
    return n;
}

/* What begins so is that, whatever comes later. */
static bool is_told_by_its_head(const char *type)
{
    return strcmp(type, PDF) == 0 || strncmp(type, PICTURE, strlen(PICTURE)) == 0;
}

int filetype_of(struct filetype *t, int fd, char out[FILETYPE_MAX])
{
    char head[HEAD_BYTES];
    cleanup_free char *bytes = NULL;
    ssize_t n = look(t, fd, head, sizeof(head), out);

    if (n < 0)
        return (int)n;
    if (is_told_by_its_head(out))
        return 0;
    bytes = malloc(LOOK_AT_BYTES);
    if (!bytes)
        return -ENOMEM;
    n = look(t, fd, bytes, LOOK_AT_BYTES, out);
    if (n < 0)
        return (int)n;
    if (is_pdf_behind(out, bytes, (size_t)n))
        snprintf(out, FILETYPE_MAX, "%s", PDF);
    return 0;
}
