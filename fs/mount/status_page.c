#include "status_page.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"
#include "file.h"

#include "banned.h"

#define PAGE_MAX_BYTES (1024 * 1024)
#define RATE_MS 1000 /* what was done in less says nothing of the rest */

/* A folder called .lasfs may be anywhere: on FUSE it is that of a mount. */
int status_page_open(const char *mountpoint)
{
    cleanup_free char *path = path_join(mountpoint, ".lasfs");
    cleanup_fd int dir = -1;
    struct statfs fs;

    if (!path)
        return -ENOMEM;
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    if (fstatfs(dir, &fs) < 0 || fs.f_type != FUSE_SUPER_MAGIC)
        return -ENOENT;
    return steal_fd(&dir);
}

/* The number behind the words. */
static uint64_t number_after(const char *page, const char *words)
{
    const char *at = strstr(page, words);

    return at ? strtoull(at + strlen(words), NULL, 10) : 0;
}

/* "(0 again, 0 failed, 2 under way)" */
static uint64_t number_before(const char *page, const char *words)
{
    const char *at = strstr(page, words);

    while (at && at > page && at[-1] >= '0' && at[-1] <= '9')
        at--;
    return at ? strtoull(at, NULL, 10) : 0;
}

static int64_t size_in(int dir, const char *name)
{
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_size;
}

static int count_pending(int dir, struct status_page *out)
{
    int fd = openat(dir, "pending", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;

    if (!d) {
        int rc = -errno;

        if (fd >= 0)
            close(fd);
        return rc;
    }
    while ((e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        out->pending++;
        out->left_bytes += size_in(fd, e->d_name);
    }
    closedir(d);
    return 0;
}

int status_page_read(int dir, struct status_page *out)
{
    cleanup_buf struct buf text = BUF_INIT(PAGE_MAX_BYTES);
    cleanup_fd int fd = openat(dir, "status", O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : file_read_fd(fd, &text);

    if (rc < 0)
        return rc;
    *out = (struct status_page){
        .pid = (pid_t)number_after(buf_str(&text), "\npid "),
        .under_way = number_before(buf_str(&text), " under way)"),
        .bytes_sent = number_after(buf_str(&text), "\nsent "),
        .purged = number_after(buf_str(&text), "\npurged "),
        .down = strstr(buf_str(&text), " does not answer") != NULL,
    };
    return count_pending(dir, out);
}

static void add_count(char *out, uint64_t n, const char *one, const char *many)
{
    size_t len = strlen(out);

    if (n)
        snprintf(out + len, STATUS_WORDS_MAX - len, "%s%llu %s", len ? ", " : "",
                 (unsigned long long)n, n == 1 ? one : many);
}

void status_page_words(const struct status_page *now, const struct status_page *before,
                       char out[STATUS_WORDS_MAX])
{
    uint64_t sent = now->bytes_sent - before->bytes_sent;

    *out = '\0';
    add_count(out, now->purged - before->purged, "document deleted", "documents deleted");
    add_count(out, now->pending, "file to send", "files to send");
    add_count(out, now->under_way, "request under way", "requests under way");
    if (sent >= 50000)
        snprintf(out + strlen(out), STATUS_WORDS_MAX - strlen(out), "%s%.1f MB sent",
                 *out ? ", " : "", (double)sent / 1e6);
}

void status_page_add_left(const struct status_page *now, const struct status_page *before,
                          int64_t took_ms, char words[STATUS_WORDS_MAX])
{
    int64_t done = before->left_bytes - now->left_bytes;
    size_t len = strlen(words);

    if (!now->pending)
        return;
    if (now->left_bytes >= 50000)
        len += (size_t)snprintf(words + len, STATUS_WORDS_MAX - len, ", %.1f MB left",
                                (double)now->left_bytes / 1e6);
    if (now->down)
        snprintf(words + len, STATUS_WORDS_MAX - len, ", the server does not answer");
    else if (done > 0 && took_ms >= RATE_MS)
        snprintf(words + len, STATUS_WORDS_MAX - len, ", about %.0f s",
                 (double)took_ms / (double)done * (double)now->left_bytes / 1e3 + 0.5);
}
