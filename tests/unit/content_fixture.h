/* A content cache in DIR/cache of a test's directory, and short texts to put into it. */
#ifndef LASFS_CONTENT_FIXTURE_H
#define LASFS_CONTENT_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include "cleanup.h"
#include "content.h"
#include "temp_dir.h"

#define ID "las:document:0123456789abcdef0123456789abcdef"
#define ROOMY (1024 * 1024)
#define BLOCK 4096

static inline struct content_cache *open_cache(void **state, int64_t max_bytes)
{
    struct content_cache *c = NULL;

    assert_int_equal(content_new(in_dir(state, "cache"), max_bytes, &c, NULL), 0);
    return c;
}

static inline int put_text(struct content_cache *c, const char *id, const char *text)
{
    struct content_writer *w = NULL;

    assert_int_equal(content_create(c, false, &w), 0);
    assert_int_equal(file_write_all(content_writer_fd(w), text, strlen(text)), 0);
    return content_commit(w, id);
}

/* n bytes, of whole blocks. */
static inline int put_sized(struct content_cache *c, const char *id, size_t n)
{
    cleanup_free char *text = malloc(n + 1);

    assert_non_null(text);
    memset(text, id[0], n);
    text[n] = '\0';
    return put_text(c, id, text);
}

static inline void expect_text(struct content_cache *c, const char *id, const char *text)
{
    char found[100] = "";
    int64_t size = -1;
    cleanup_fd int fd = -1;

    assert_int_equal(content_open(c, id, &fd, &size), 0);
    assert_int_equal(size, strlen(text));
    assert_int_equal(read(fd, found, sizeof(found)), size);
    assert_string_equal(found, text);
}

static inline int open_rc(struct content_cache *c, const char *id)
{
    int64_t size = -5;
    int fd = -5;
    int rc = content_open(c, id, &fd, &size);

    if (rc == 0) {
        close(fd);
    } else {
        assert_int_equal(fd, -5);
        assert_int_equal(size, -5);
    }
    return rc;
}

static inline int64_t bytes_of(struct content_cache *c)
{
    struct content_stats s;

    content_get_stats(c, &s);
    return s.bytes;
}

/* The only file of the cache, by its path. */
static inline const char *only_file(void **state)
{
    static char path[600];
    const char *dir_path = in_dir(state, "cache");
    DIR *dir = opendir(dir_path);
    struct dirent *e;
    int n = 0;

    assert_non_null(dir);
    while ((e = readdir(dir)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            snprintf(path, sizeof(path), "%s/%s", dir_path, e->d_name);
            n++;
        }
    closedir(dir);
    assert_int_equal(n, 1);
    return path;
}

/* The SHA-256 of no bytes. */
#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#endif
