#include "complete.h"

#include <string.h>

#include "array.h"
#include "complete_formats.h"

#include "banned.h"

/* clang-format off */
static const struct {
    const char *type;
    bool (*is_whole)(struct view *v);
    const char *missing;
} formats[] = {
    { "application/pdf", complete_pdf,  "a PDF without %%EOF at its end" },
    { "image/jpeg",      complete_jpeg, "a JPEG without its end marker" },
    { "image/png",       complete_png,  "a PNG without IEND" },
    { "image/tiff",      complete_tiff, "a TIFF that points behind its end" },
};
/* clang-format on */

const char *complete_missing(int fd, const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct view v;

        if (strcmp(type, formats[i].type) == 0 && view_init(&v, fd))
            return formats[i].is_whole(&v) || v.failed ? NULL : formats[i].missing;
    }
    return NULL;
}
