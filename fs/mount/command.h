/*
 * lasfs status|errors|retry|flush|purge MOUNTPOINT: the files in .lasfs of a mount, for whoever does not
 * think of a file. Thin: each reads or writes one of them, as the user who runs it may.
 */
#ifndef LASFS_COMMAND_H
#define LASFS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is the first argument one of the commands? Then it is carried out, and *status is how to exit: 0;
 * 1 after a line on stderr for each thing that did not work; 2 after one that says how it is used.
 */
bool command_run(int argc, char **argv, int *status);

/* The i-th of them, for a shell's completion; false after the last. arguments as the help has them. */
struct command_form {
    const char *name, *arguments, *help;
};
bool command_form(size_t i, struct command_form *out);

/* Their lines of the help, to stdout. */
void command_help(void);

#endif
