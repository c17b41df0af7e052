#include "fault.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

#include "banned.h"

#define WHAT_MAX 16
#define VERSION "/v1/"

/* Cuts the next word off. False: there is none, or it is too long. */
static bool next_word(const char **text, char *out, size_t size)
{
    size_t len;

    *text += strspn(*text, " ");
    len = strcspn(*text, " ");
    if (len == 0 || len >= size)
        return false;
    memcpy(out, *text, len);
    out[len] = '\0';
    *text += len;
    return true;
}

static bool read_what(const char *word, int *out)
{
    int64_t status;

    if (strcmp(word, "close") == 0)
        *out = FAULT_CLOSE;
    else if (strcmp(word, "lose") == 0)
        *out = FAULT_LOSE;
    else if (number_parse(word, 400, 599, &status) == 0)
        *out = (int)status;
    else
        return false;
    return true;
}

int fault_parse(const char *spec, struct fault *out, struct failure *err)
{
    char what[WHAT_MAX], times[WHAT_MAX];
    const char *p = spec;
    bool ok = next_word(&p, out->verb, sizeof(out->verb)) &&
              next_word(&p, out->path, sizeof(out->path)) && next_word(&p, what, sizeof(what)) &&
              read_what(what, &out->what);

    out->times = INT64_MAX;
    if (ok && next_word(&p, times, sizeof(times)))
        ok = number_parse(times, 1, INT64_MAX, &out->times) == 0;
    p += strspn(p, " ");
    if (!ok || *p)
        return fail(err, -EINVAL, 0,
                    "--fault takes 'VERB PATH WHAT [TIMES]', WHAT a status from 400 to 599, close "
                    "or lose, not %s",
                    spec);
    return 0;
}

static bool is_meant(const struct fault *f, const char *verb, const char *path)
{
    if (strcmp(f->verb, "*") != 0 && strcmp(f->verb, verb) != 0)
        return false;
    return fnmatch(f->path, path, 0) == 0;
}

int fault_find(const struct fault *faults, unsigned n, _Atomic int64_t *used, const char *verb,
               const char *path)
{
    if (strncmp(path, VERSION, strlen(VERSION)) == 0)
        path += strlen(VERSION) - 1;
    for (unsigned i = 0; i < n; i++)
        if (is_meant(&faults[i], verb, path) && used[i]++ < faults[i].times)
            return faults[i].what;
    return FAULT_NONE;
}
