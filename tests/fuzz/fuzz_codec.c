/* An answer of any kind: as a record of each resource, as a list of it, and what may be asked of
 * what came out; then the same bytes as what somebody wrote into a file. */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "codec.h"
#include "error_text.h"
#include "expect.h"
#include "record.h"

#include "banned.h"

#define TEXT_MAX_BYTES (32 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read from a record's own text is the same record. */
static void check_round_trip(struct record *r)
{
    struct buf text = BUF_INIT(TEXT_MAX_BYTES), again = BUF_INIT(TEXT_MAX_BYTES);
    struct record *other = NULL;

    expect(record_json(r, true, &text) == 0);
    expect(codec_record_text(record_resource(r), text.data, text.len, &other, NULL) == 0);
    expect(record_json(other, true, &again) == 0);
    expect(text.len == again.len && memcmp(text.data, again.data, text.len) == 0);
    record_unref(other);
    buf_release(&text);
    buf_release(&again);
}

static void check_fields(struct record *r)
{
    for (const struct field *f = record_resource(r)->fields; f->name; f++) {
        struct buf text = BUF_INIT(TEXT_MAX_BYTES), string = BUF_INIT(TEXT_MAX_BYTES);
        int64_t n;

        expect((record_field_text(r, f, &text) == 0) == record_has(r, f));
        record_string(r, f->name, &string);
        buf_reset(&text);
        expect((record_field_lines(r, f, &text) == 0) == record_has(r, f));
        record_integer(r, f->name, &n);
        buf_release(&text);
        buf_release(&string);
    }
}

static void check_record(struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];
    struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct record *rest = NULL;
    struct body *b = NULL;

    expect(record_id(r, id) == 0);
    record_is_passing(r);
    expect(record_without(r, F_ONCE, &rest) == 0);
    expect(record_bytes(rest) <= record_bytes(r));
    record_unref(rest);
    record_made_ns(r);
    record_changed_ns(r);
    check_fields(r);
    check_round_trip(r);
    /* a record differs from itself in nothing */
    expect(record_json(r, false, &text) == 0);
    expect(body_new(record_resource(r), BODY_PATCH, &b) == 0);
    expect(body_set_difference(b, r, text.data, text.len, NULL) == 0);
    expect(body_empty(b));
    body_free(b);
    buf_release(&text);
}

/* A list's row may have an id that can be none: such a record has fields, and is asked for no more. */
static void check_row(struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];

    if (record_id(r, id) == 0)
        check_record(r);
    else
        check_fields(r);
}

/* Names are found in every other place. */
static int find_some(void *arg, const struct resource *of, const char *name,
                     char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    size_t *asked = arg;

    (void)err;
    if ((*asked)++ % 2)
        return -EINVAL;
    snprintf(id, RESOURCE_ID_MAX + 1, "las:%s:%.32s", of ? of->id_type : "consent", name);
    return 0;
}

static void check_body(const struct resource *res, enum body_use use, const char *text, size_t len)
{
    size_t asked = 0;
    const struct id_finder finder = { .id_of = find_some, .arg = &asked };
    struct buf out = BUF_INIT(TEXT_MAX_BYTES);
    struct body *b = NULL;

    expect(body_new(res, use, &b) == 0);
    body_find_ids(b, &finder);
    body_set_json(b, text, len, NULL);
    for (const struct field *f = res->fields; f->name; f++)
        body_set_text(b, f, text, len, NULL);
    expect(body_write(b, &out) == 0);
    body_free(b);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char message[ERROR_TEXT_MAX];
    struct buf text = BUF_INIT(TEXT_MAX_BYTES);

    expect(buf_add(&text, data, size) == 0);
    error_text(text.data, text.len, message);
    for (unsigned kind = RES_NONE + 1; kind < RES_COUNT; kind++) {
        const struct resource *res = resource_get((enum resource_kind)kind);
        struct record *r = NULL;
        struct page *page = NULL;

        if (!res->id_field)
            continue;
        if (codec_record_text(res, text.data, text.len, &r, NULL) == 0)
            check_record(r);
        record_unref(r);
        if (res->list_key && codec_page_text(res, text.data, text.len, &page, NULL) == 0)
            for (size_t i = 0; i < page->n; i++)
                check_row(page->rows[i]);
        page_free(page);
        check_body(res, BODY_POST, text.data, text.len);
        check_body(res, BODY_PATCH, text.data, text.len);
    }
    buf_release(&text);
    return 0;
}
