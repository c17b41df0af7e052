/* Runs a fuzz target over the files and directories on its command line, once each: what was
 * found stays found, with any compiler. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "buf.h"
#include "file.h"

#include "banned.h"

#define FILE_MAX_BYTES (16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    struct buf data = BUF_INIT(FILE_MAX_BYTES);
    int rc = file_read(path, &data);

    if (rc == 0)
        LLVMFuzzerTestOneInput((const uint8_t *)buf_str(&data), data.len);
    else
        fprintf(stderr, "%s cannot be read\n", path);
    buf_release(&data);
    return rc < 0 ? -1 : 1;
}

/* How many files, or -1. */
static int replay_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int n = 0, rc = 0;

    if (!dir)
        return -1;
    while (rc >= 0 && (entry = readdir(dir))) {
        char *file;

        if (entry->d_name[0] == '.')
            continue;
        file = path_join(path, entry->d_name);
        rc = file ? replay_file(file) : -1;
        free(file);
        n += rc;
    }
    closedir(dir);
    return rc < 0 ? -1 : n;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        struct stat st;
        int n = -1;

        if (stat(argv[i], &st) == 0)
            n = S_ISDIR(st.st_mode) ? replay_dir(argv[i]) : replay_file(argv[i]);
        if (n < 0)
            return 1;
        total += n;
    }
    printf("%d inputs\n", total);
    return total ? 0 : 1;
}
