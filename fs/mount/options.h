/*
 * What the command line says. One table in options.c makes the parser, the defaults and --help.
 */
#ifndef LASFS_OPTIONS_H
#define LASFS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "completion.h"
#include "settings.h"

/*
 * Parses argv. 0, or -EINVAL after one line on stderr that says what is wrong. What is set must
 * be released, also after a failure.
 */
int options_parse(int argc, char **argv, struct options *out);
void options_release(struct options *o);

/* Writes the help to stdout. */
void options_help(void);

/* For a shell's completion. The i-th option that stands after -o, and by itself behind "--"; false
 * after the last. */
bool options_row(size_t i, struct completion_option *out);

/* That of a name, in which '-' is as good as '_'. false: there is none. */
bool options_find(const char *name, struct completion_option *out);

/* The i-th of those that stand by themselves alone, or have a letter; *letter with its dash, NULL:
 * it has none. false after the last. */
bool options_switch(size_t i, struct completion_option *out, const char **letter);

#endif
