/* A state database in DIR/state of a test's directory, and rows to put into it. */
#ifndef LASFS_STATE_FIXTURE_H
#define LASFS_STATE_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include "array.h"
#include "state.h"
#include "temp_dir.h"

static inline struct state *open_state(void **state)
{
    struct failure err = { .text = "" };
    struct state *st = NULL;
    int rc = state_open(in_dir(state, "state"), 0, clock_real(), NULL, &st, &err);

    if (rc < 0)
        print_error("%s\n", err.text);
    assert_int_equal(rc, 0);
    return st;
}

static inline struct drop_row sent_row(const char *folder, const char *name, const char *id)
{
    return (struct drop_row){ .folder = folder,
                              .name = name,
                              .id = id,
                              .state = ROW_SENT,
                              .kind = 3,
                              .size = 17,
                              .mode = 0640,
                              .mtime_ns = INT64_C(1767225600123456789) };
}

static inline void put_row(struct state *st, const char *folder, const char *name, const char *id)
{
    struct drop_row row = sent_row(folder, name, id);

    assert_int_equal(state_put_drop(st, &row, false, NULL), 0);
}

/* What a walk saw: "NAME=ID NAME=ID ", folders too when there are several. */
struct seen {
    char text[4000];
    int n;
    int stop_at; /* then the walk ends with 7 */
};

static inline int see(void *arg, const struct drop_row *row)
{
    struct seen *s = arg;
    size_t len = strlen(s->text);

    snprintf(s->text + len, sizeof(s->text) - len, "%s/%s=%s ", row->folder, row->name,
             row->id ? row->id : "-");
    return ++s->n == s->stop_at ? 7 : 0;
}

static inline void expect_folder(struct state *st, const char *folder, const char *rows)
{
    struct seen s = { .n = 0 };

    assert_int_equal(state_load_folder(st, folder, see, &s, NULL), 0);
    assert_string_equal(s.text, rows);
}

#endif
