/* What a PATCH has changed, and how that is taken back. */
#include <errno.h>
#include <string.h>

#include "body.h"
#include "body_inside.h"
#include "codec.h"
#include "json_text.h"
#include "record.h"

#include "banned.h"

/* How it is called, and in which list it is, is told by whoever knows that. */
static bool is_taken_back(const struct body *b, const struct field *f)
{
    const struct resource *res = b->res;

    return (f->flags & F_KEPT) && json_object_get(b->object, f->name) &&
           f->schema->refers == RES_NONE &&
           (!res->notes_field || strcmp(f->name, res->notes_field) != 0) &&
           (!res->title_field || strcmp(f->name, res->title_field) != 0);
}

/* {"FIELD": [what is said, what was there]} */
static int add_pair(json_t *undo, const struct body *b, const struct field *f,
                    const struct record *before)
{
    json_t *was = NULL;
    int rc = codec_field(before, f, &was);

    if (rc < 0 && rc != -ENOENT)
        return rc;
    return json_object_set_new(
               undo, f->name,
               json_pack("[O,o]", json_object_get(b->object, f->name), was ? was : json_null())) < 0
               ? -ENOMEM
               : 0;
}

int body_undo_text(const struct body *b, const struct record *before, struct buf *out)
{
    json_auto_t *undo = json_object();
    int rc = undo ? 0 : -ENOMEM;

    for (const struct field *f = b->res->fields; rc == 0 && f->name; f++)
        if (is_taken_back(b, f))
            rc = add_pair(undo, b, f, before);
    if (rc == 0 && json_object_size(undo))
        rc = json_text_write(undo, false, out);
    return rc;
}

/* Is it as it was said? Then it is what it was before again; of labels that there were not, none. */
static int take_back(struct body *b, const struct field *f, const json_t *pair,
                     const struct record *now, struct failure *err)
{
    json_t *said = json_array_get(pair, 0), *before = json_array_get(pair, 1);
    json_auto_t *is = NULL;
    int rc = codec_field(now, f, &is);

    if (rc < 0 || !json_equal(is, said))
        return rc == -ENOENT ? 0 : rc;
    if (json_is_null(before) && (f->flags & F_LABELS))
        return body_set_new(b, f->name, json_array(), err);
    return body_set_new(b, f->name, json_incref(before), err);
}

int body_set_undo(struct body *b, const char *undo, const struct record *now, struct failure *err)
{
    json_auto_t *pairs = NULL;
    int rc = json_text_parse(undo, strlen(undo), true, &pairs, err);

    for (const struct field *f = b->res->fields; rc == 0 && f->name; f++) {
        const json_t *pair = json_object_get(pairs, f->name);

        if (pair && (f->flags & F_KEPT) && body_may_set(b, f))
            rc = take_back(b, f, pair, now, err);
    }
    return rc;
}
