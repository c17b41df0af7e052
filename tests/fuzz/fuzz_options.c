/* A command line of any kind, an argument a line. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

#include "banned.h"

#define TEXT_MAX_BYTES 4096
#define ARGUMENTS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is wrong is said on stderr, and is not what is looked at here. */
static int quiet(void)
{
    int kept = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (kept < 0 || null < 0 || dup2(null, STDERR_FILENO) < 0)
        abort();
    close(null);
    return kept;
}

static void loud(int kept)
{
    fflush(stderr);
    if (dup2(kept, STDERR_FILENO) < 0)
        abort();
    close(kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_MAX_BYTES + 1] = "", program[] = "lasfs", *rest = text, *word;
    char *argv[ARGUMENTS_MAX + 2] = { program };
    struct options o = { 0 };
    int argc = 1, kept, rc;

    memcpy(text, data, size < TEXT_MAX_BYTES ? size : TEXT_MAX_BYTES);
    while (argc <= ARGUMENTS_MAX && (word = strsep(&rest, "\n")))
        argv[argc++] = word;
    kept = quiet();
    rc = options_parse(argc, argv, &o);
    loud(kept);
    if (rc != 0 && rc != -EINVAL && rc != -ENOMEM)
        abort();
    options_release(&o);
    return 0;
}
