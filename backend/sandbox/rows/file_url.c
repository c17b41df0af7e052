#include "file_url.h"

#include <string.h>

#include "array.h"

#include "banned.h"

/* A PDF may begin behind so many other bytes, as its readers have it. */
#define PDF_BEHIND ((size_t)1024 + strlen(PDF_START))
#define PDF_START "%PDF-"
#define PDF "application/pdf"

const char *files_type(const void *data, size_t len)
{
    static const struct {
        const char *start;
        size_t len;
        const char *type;
    } types[] = {
        { "\xff\xd8\xff", 3, "image/jpeg" },
        { "\x89PNG\r\n\x1a\n", 8, "image/png" },
        { "II*\0", 4, "image/tiff" },
        { "MM\0*", 4, "image/tiff" },
    };

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (len >= types[i].len && memcmp(data, types[i].start, types[i].len) == 0)
            return types[i].type;
    if (len >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp((const char *)data + 8, "WEBP", 4) == 0)
        return "image/webp";
    return memmem(data, len < PDF_BEHIND ? len : PDF_BEHIND, PDF_START, strlen(PDF_START)) ? PDF
                                                                                           : NULL;
}

bool files_has_url(const struct work *w, const struct resource *res)
{
    return w->sb->options->file_url && res->kind == RES_DOCUMENTS && w->rq->origin[0];
}

bool files_is_inside(const struct work *w, const struct row *row)
{
    json_auto_t *hidden = NULL;

    if (!files_has_url(w, w->rq->target.res))
        return true;
    if (!speaks_2024(w) || !row->hidden)
        return false;
    hidden = json_loads(row->hidden, 0, NULL);
    return json_is_true(json_object_get(hidden, "inside"));
}

/* Over http, the pattern of such addresses has no room for 127.0.0.1. */
#define LOOPBACK "http://127.0.0.1:"

int files_add_url(const struct work *w, const char *id, struct buf *out)
{
    const char *origin = w->rq->origin;

    if (speaks_2024(w) && strncmp(origin, LOOPBACK, strlen(LOOPBACK)) == 0)
        return buf_addf(out, ",\"fileUrl\":\"http://localhost:%s" FILE_URL_PATH "%s\"",
                        origin + strlen(LOOPBACK), id);
    return buf_addf(out, ",\"fileUrl\":\"%s" FILE_URL_VERSION FILE_URL_PATH "%s\"", origin, id);
}
