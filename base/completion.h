/*
 * What a shell's TAB offers. The shells' functions (completion/) ask `PROGRAM --completion WORD...`
 * at each TAB, with the words that stand after the program's name up to the cursor; the last of
 * them, perhaps empty, is the one to be completed. The answer has a line for each word that may
 * stand there in its place: '=', the word, a tab and a help; '+' for '=' where more belongs behind
 * the word, so that no space follows. A line '/' or '.' and a text says that the text is followed by
 * the name of a directory, or of any file. One thread; nothing is kept.
 */
#ifndef LASFS_COMPLETION_H
#define LASFS_COMPLETION_H

#include <stdbool.h>
#include <stddef.h>

struct completion {
    char *const *before; /* the words before the one to be completed */
    size_t n_before;
    const char *current; /* what stands of that one */
};

/* An option that may stand on the command line. */
struct completion_option {
    const char *name; /* without its dashes */
    const char
        *value; /* how its help calls what it takes: DIR, FILE, ...; NULL: it takes nothing */
    const char *words; /* what that may be, ',' between; NULL: anything */
    const char *help;
};

/* Is it such a question? Then *c is it, for as long as argv is. */
bool completion_asked(int argc, char *const *argv, struct completion *c);

/* Offers head and word together, if they begin as the current word does: true then. more: what
 * belongs behind it is not there yet. help: its first line is told; NULL for none. */
bool completion_offer(const struct completion *c, const char *head, const char *word,
                      const char *help, bool more);

/* Offers the option's name behind head, with '=' where it takes a value. in_list: more may follow
 * in any case, after a comma. */
void completion_offer_option(const struct completion *c, const char *head,
                             const struct completion_option *o, bool in_list);

/* Offers what the option's value may be behind head, as far as words, DIR and FILE say it. */
void completion_offer_value(const struct completion *c, const char *head,
                            const struct completion_option *o, bool in_list);

/* The shell shall offer directories behind head. */
void completion_offer_directories(const char *head);

/* Where the value begins in text, if it is NAME=...; else NULL. A '-' is as good as a '_'. */
const char *completion_value_of(const char *text, const char *name);

#endif
