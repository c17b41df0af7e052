#include "pdf_header.h"

#include <ctype.h>
#include <string.h>

#include "banned.h"

#define MARK "%PDF-"

const char *pdf_header(const char *bytes, size_t len)
{
    const char *p = bytes;

    len = len < PDF_HEADER_WITHIN + PDF_HEADER_BYTES ? len : PDF_HEADER_WITHIN + PDF_HEADER_BYTES;
    while ((p = memmem(p, len - (size_t)(p - bytes), MARK, strlen(MARK)))) {
        if (len - (size_t)(p - bytes) >= PDF_HEADER_BYTES && isdigit((unsigned char)p[5]) &&
            p[6] == '.' && isdigit((unsigned char)p[7]))
            return p;
        p++;
    }
    return NULL;
}

static const char *skip(const char *p, const char *end, int (*is)(int))
{
    while (p < end && is((unsigned char)*p))
        p++;
    return p;
}

bool pdf_is_object(const char *bytes, size_t len)
{
    const char *end = bytes + len, *p = bytes;

    for (int i = 0; i < 2; i++) {
        const char *blank = skip(p, end, isdigit), *next = skip(blank, end, isspace);

        if (blank == p || next == blank)
            return false;
        p = next;
    }
    return end - p >= 3 && memcmp(p, "obj", 3) == 0 &&
           (end - p == 3 || !isalpha((unsigned char)p[3]));
}
