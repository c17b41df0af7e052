#include "completion.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

#define ASKED "--completion"

bool completion_asked(int argc, char *const *argv, struct completion *c)
{
    if (argc < 3 || strcmp(argv[1], ASKED) != 0)
        return false;
    *c = (struct completion){ .before = argv + 2,
                              .n_before = (size_t)argc - 3,
                              .current = argv[argc - 1] };
    return true;
}

/* Does what is offered begin as the current word does? */
static bool begins(const struct completion *c, const char *head, const char *word)
{
    size_t in_head = strlen(head), len = strlen(c->current);
    size_t n = in_head < len ? in_head : len;

    return strncmp(head, c->current, n) == 0 && strncmp(word, c->current + n, len - n) == 0;
}

/* It stands on a line of its own, before a tab. */
static bool can_be_told(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ')
            return false;
    return true;
}

bool completion_offer(const struct completion *c, const char *head, const char *word,
                      const char *help, bool more)
{
    if (!begins(c, head, word) || !can_be_told(head) || !can_be_told(word))
        return false;
    help = help ? help : "";
    printf("%c%s%s\t%.*s\n", more ? '+' : '=', head, word, (int)strcspn(help, "\n"), help);
    return true;
}

void completion_offer_option(const struct completion *c, const char *head,
                             const struct completion_option *o, bool in_list)
{
    char name[128];

    snprintf(name, sizeof(name), "%s%s", o->name, o->value ? "=" : "");
    completion_offer(c, head, name, o->help, in_list || o->value);
}

void completion_offer_directories(const char *head)
{
    printf("/%s\n", head);
}

void completion_offer_value(const struct completion *c, const char *head,
                            const struct completion_option *o, bool in_list)
{
    char word[128];

    if (!o->words && o->value && strcmp(o->value, "DIR") == 0)
        completion_offer_directories(head);
    else if (!o->words && o->value && strcmp(o->value, "FILE") == 0)
        printf(".%s\n", head);
    for (const char *p = o->words ? o->words : ""; *p; p += strspn(p, ",")) {
        size_t n = strcspn(p, ",");

        snprintf(word, sizeof(word), "%.*s", (int)n, p);
        completion_offer(c, head, word, NULL, in_list);
        p += n;
    }
}

const char *completion_value_of(const char *text, const char *name)
{
    for (; *name && (*text == *name || (*text == '-' && *name == '_')); name++)
        text++;
    return !*name && *text == '=' ? text + 1 : NULL;
}
