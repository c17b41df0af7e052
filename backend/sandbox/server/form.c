#include "form.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "hex.h"

#include "banned.h"

static int decode(char *text)
{
    char *to = text;

    for (const char *p = text; *p; p++) {
        unsigned char byte = *p == '+' ? ' ' : (unsigned char)*p;

        if (*p == '%') {
            char digits[] = { (char)tolower((unsigned char)p[1]),
                              (char)tolower((unsigned char)(p[1] ? p[2] : 0)) };

            if (!hex_decode(digits, 1, &byte) || byte == 0)
                return -EINVAL;
            p += 2;
        }
        *to++ = (char)byte;
    }
    *to = '\0';
    return 0;
}

static int take(const char *name, const char *value, struct form_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        if (fields[i].value)
            return -EINVAL;
        fields[i].value = value;
    }
    return 0;
}

int form_parse(char *form, struct form_field *fields, size_t n)
{
    char *save = NULL;
    int rc = 0;

    for (char *name = strtok_r(form, "&", &save); name && rc == 0;
         name = strtok_r(NULL, "&", &save)) {
        char *equals = strchr(name, '=');
        char *value = equals ? equals + 1 : name + strlen(name);

        if (equals)
            *equals = '\0';
        rc = decode(name);
        if (rc == 0)
            rc = decode(value);
        if (rc == 0)
            rc = take(name, value, fields, n);
    }
    return rc;
}
