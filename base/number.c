#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

static int parse(const char *text, int base, char **end, int64_t *out)
{
    long long value;

    if (!isdigit((unsigned char)text[text[0] == '-' ? 1 : 0]))
        return -EINVAL;
    errno = 0;
    value = strtoll(text, end, base);
    if (errno == ERANGE)
        return -ERANGE;
    *out = value;
    return 0;
}

int number_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
    int64_t value;
    char *end;
    int rc = parse(text, 10, &end, &value);

    if (rc < 0)
        return rc;
    if (*end)
        return -EINVAL;
    if (value < min || value > max)
        return -ERANGE;
    *out = value;
    return 0;
}

int number_parse_size(const char *text, int64_t *out)
{
    static const char units[] = "KMGT";
    const char *unit;
    int64_t value;
    char *end;
    int rc = parse(text, 10, &end, &value);

    if (rc < 0)
        return rc;
    if (value < 0)
        return -ERANGE;
    unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (unit) {
        unsigned shift = 10 * (unsigned)(unit - units + 1);

        if (value > INT64_MAX >> shift)
            return -ERANGE;
        value <<= shift;
        end++;
        if (strcmp(end, "iB") == 0 || strcmp(end, "B") == 0) /* 1GB is 1G: a bound, not a bill */
            end += strlen(end);
    }
    if (*end)
        return -EINVAL;
    *out = value;
    return 0;
}

int number_parse_octal(const char *text, uint32_t max, uint32_t *out)
{
    int64_t value;
    char *end;
    int rc = parse(text, 8, &end, &value);

    if (rc < 0)
        return rc;
    if (*end)
        return -EINVAL;
    if (value < 0 || value > max)
        return -ERANGE;
    *out = (uint32_t)value;
    return 0;
}
