/* A path of any kind, and each of its names: where it leads, what it looks like, and what a name of the
 * API becomes as a file name. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "names.h"
#include "resources.h"
#include "route.h"
#include "scratch.h"

#include "banned.h"

#define PATH_MAX_BYTES 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_file_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > NAMES_MAX || name[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] == '/' || (unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return false;
    return names_check(name) == 0;
}

static void check_encoding(const char *name)
{
    char out[NAMES_MAX + 1], numbered[NAMES_MAX + 1], normal[NAMES_NORMAL_MAX + 1];
    int rc = names_encode(name, out);

    expect(rc == 0 ? is_file_name(out) : rc == -ENAMETOOLONG || rc == -EINVAL);
    names_numbered(7, name, numbered);
    expect(is_file_name(numbered) && strncmp(numbered, "7-", 2) == 0);
    if (strlen(name) <= NAMES_MAX)
        expect(names_normal(name, strlen(name), normal) == 0);
    expect(names_stem(name) <= strlen(name));
}

static void check_name(const char *name)
{
    for (unsigned kind = RES_NONE + 1; kind < RES_COUNT; kind++) {
        const struct resource *res = resource_get((enum resource_kind)kind);
        enum name_form form = route_form(res, name);

        /* what is asked for by its id is a whole id, and goes nowhere else in a URL */
        if (form == FORM_ID)
            expect(resource_id_ok(res, name) && !strchr(name, '/') && !strstr(name, ".."));
    }
    check_encoding(name);
    scratch_name(name, NULL);
    scratch_name(name, name);
    scratch_folder(name, NULL);
    scratch_is_aside(name);
    scratch_is_repository(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[PATH_MAX_BYTES + 2] = "/";
    struct place place = { 0 };
    char *name, *rest;
    int rc;

    size = size < PATH_MAX_BYTES ? size : PATH_MAX_BYTES;
    memcpy(path + 1, data, size);
    rc = route_parse(path, &place);
    expect(rc == 0 || rc == -ENOENT || rc == -ENOTDIR || rc == -ENAMETOOLONG);
    for (rest = path + 1; (name = strsep(&rest, "/"));)
        if (*name)
            check_name(name);
    return 0;
}
