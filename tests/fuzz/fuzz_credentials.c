/* A file of credentials of any kind. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "credentials.h"
#include "file.h"

#include "banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const char *path, const char *profile)
{
    struct credentials c = { 0 };
    struct failure err = { 0 };
    int rc = credentials_load(path, profile, NULL, &c, &err);

    if (rc == 0 && (!c.client_id[0] || !c.client_secret[0] || !c.auth_endpoint || !c.api_endpoint))
        abort();
    if (rc < 0 && (!err.text[0] || c.client_id || strpbrk(err.text, "\r\n")))
        abort();
    credentials_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    char path[64];

    if (fd < 0 || file_pwrite_all(fd, data, size, 0) < 0)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    load(path, "default");
    load(path, "DEFAULT");
    load(path, "a b");
    close(fd);
    return 0;
}
