#include "recent_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

#include "banned.h"

#define ENDING ".json"

int recent_days(const struct resource *res, const char *name, char out[RECENT_DAYS_MAX + 1])
{
    const struct recency *recent = res->recent;
    size_t len = strlen(name), ending = strlen(ENDING), start;
    char digits[RECENT_DAYS_MAX + 1];
    int64_t days;

    if (!recent)
        return -ENOENT;
    start = strlen(recent->field) + 2;
    if (len <= start + ending || len - start - ending > RECENT_DAYS_MAX || name[0] != '.' ||
        name[start - 1] != '-' || strncmp(name + 1, recent->field, start - 2) != 0 ||
        strcmp(name + len - ending, ENDING) != 0)
        return -ENOENT;
    snprintf(digits, sizeof(digits), "%.*s", (int)(len - start - ending), name + start);
    /* one spelling of each number */
    if (digits[0] == '0' || number_parse(digits, 1, recent->most, &days) < 0)
        return -ENOENT;
    memcpy(out, digits, sizeof(digits));
    return 0;
}
