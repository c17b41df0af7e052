#include "error_text.h"

#include <string.h>

#include "json_text.h"

#include "banned.h"

/* The title of a gateway's page; NULL: it has none. */
static const char *page_title(const char *text)
{
    const char *title = strcasestr(text, "<title>");

    return title ? title + strlen("<title>") : NULL;
}

void error_text(const char *text, size_t len, char out[ERROR_TEXT_MAX])
{
    static const char *const keys[] = { "message", "Message", "error", NULL };
    json_auto_t *root = NULL;
    const char *message = NULL;

    out[0] = '\0';
    if (json_text_parse(text, len, false, &root, NULL) == 0)
        for (size_t i = 0; keys[i] && !message; i++)
            message = json_string_value(json_object_get(root, keys[i]));
    if (!message && !root) {
        size_t blank = strspn(text, " \t\r\n");

        message = text[blank] == '<' ? page_title(text) : text + blank;
    }
    if (message) {
        size_t n = strnlen(message, ERROR_TEXT_MAX - 1);

        n = root ? n : strcspn(message, "\r\n<") < n ? strcspn(message, "\r\n<") : n;
        memcpy(out, message, n);
        out[n] = '\0';
    }
}
