#include "list_filter.h"

#include <errno.h>
#include <string.h>

#include "time_text.h"

#include "banned.h"

int list_filter_check(const char *filter, const char *value, const struct record *r)
{
    cleanup_buf struct buf is = BUF_INIT(RESOURCE_ID_MAX * 2);
    int rc = filter ? record_string(r, filter, &is) : 0;

    if (rc == -ENOMEM)
        return rc;
    return rc == 0 && (!filter || strcmp(buf_str(&is), value) == 0);
}

bool list_filter_holds(const char *filter, const char *value, const struct record *r)
{
    return list_filter_check(filter, value, r) > 0;
}

bool list_filter_time_holds(const struct filter *f, const char *value, const struct record *r)
{
    cleanup_buf struct buf text = BUF_INIT(RESOURCE_ID_MAX * 2);
    struct time_text is, bound;

    if (record_string(r, f->field, &text) < 0 || time_text_parse(text.data, text.len, &is) < 0 ||
        time_text_parse(value, strlen(value), &bound) < 0)
        return false;
    return f->way == FILTER_FROM ? is.ns >= bound.ns : is.ns <= bound.ns;
}

bool list_filter_denies(const char *filter, const char *value, const struct record *r)
{
    cleanup_buf struct buf is = BUF_INIT(RESOURCE_ID_MAX * 2);

    return filter && record_string(r, filter, &is) == 0 && strcmp(buf_str(&is), value) != 0;
}
