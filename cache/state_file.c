#include "state_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "array.h"
#include "cleanup.h"
#include "file.h"
#include "owned.h"
#include "state_error.h"
#include "state_salvage.h"

#include "banned.h"

#define NAME "state.db"
#define APPLICATION_ID 1818325862  /* "lasf" */
#define BUSY_MS 5000               /* somebody looks into it with sqlite3(1) */
#define CHECK_MAX_BYTES (64 << 20) /* a larger one is looked through after an unclean end alone */
#define ASIDE_MAX 10000
#define FILE_NAME_MAX 64

/* The database, and what SQLite keeps beside it. */
enum part { DATABASE, WAL, SHM, JOURNAL };
static const char *const suffixes[] = {
    [DATABASE] = "", [WAL] = "-wal", [SHM] = "-shm", [JOURNAL] = "-journal"
};

struct place {
    int dirfd;
    const char *dir;
    char *path; /* of the database, without a link on its way */
    const struct state_schema *schema;
    struct buf *notices;
};

static int execute(sqlite3 *db, const char *text, struct failure *err)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : state_error(db, err);
}

/* --- Its version ------------------------------------------------------------------------------ */

/* The first column of the first row. */
static int ask_number(sqlite3 *db, const char *text, int64_t *out, struct failure *err)
{
    sqlite3_stmt *s;
    int rc = 0;

    if (sqlite3_prepare_v2(db, text, -1, &s, NULL) != SQLITE_OK)
        return state_error(db, err);
    if (sqlite3_step(s) == SQLITE_ROW)
        *out = sqlite3_column_int64(s, 0);
    else
        rc = state_error(db, err);
    sqlite3_finalize(s);
    return rc;
}

/* All of it or nothing: what fails half way is rolled back when the connection is closed. */
static int migrate(sqlite3 *db, const struct state_schema *schema, size_t version,
                   struct failure *err)
{
    char *pragmas;
    int rc = execute(db, "BEGIN IMMEDIATE", err);

    for (; rc == 0 && version < schema->versions; version++) {
        rc = execute(db, schema->migrations[version], err);
        if (rc == -EIO && (sqlite3_errcode(db) & 0xff) == SQLITE_ERROR)
            rc = -EUCLEAN; /* its tables are not those of its version */
    }
    if (rc < 0)
        return rc;
    pragmas = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %lld; COMMIT",
                              APPLICATION_ID, (long long)version);
    if (!pragmas)
        return fail(err, -ENOMEM, 0, "out of memory");
    rc = execute(db, pragmas, err);
    sqlite3_free(pragmas);
    return rc;
}

/* Is it ours, and of a version that we know? Brings it to the newest one. */
static int check_version(sqlite3 *db, const struct place *p, struct failure *err)
{
    const int64_t newest = (int64_t)p->schema->versions;
    int64_t application = 0, version = 0, tables = 0;
    int rc = ask_number(db, "PRAGMA application_id", &application, err);

    if (rc == 0)
        rc = ask_number(db, "PRAGMA user_version", &version, err);
    if (rc == 0)
        rc = ask_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (rc < 0)
        return rc;
    if (application != APPLICATION_ID && (tables || application || version))
        return fail(err, -EPROTO, 0,
                    "%s is not a state database of lasfs: choose another state directory", p->path);
    if (version > newest || version < 0)
        return fail(err, -EPROTO, 0,
                    "%s was written by a newer lasfs (version %" PRId64 ", this one knows %" PRId64
                    "): mount with that one, or with another state directory",
                    p->path, version, newest);
    return version < newest ? migrate(db, p->schema, (size_t)version, err) : 0;
}

/* --- Is it whole? ----------------------------------------------------------------------------- */

/* -EUCLEAN with what is wrong. */
static int check_pages(sqlite3 *db, struct failure *err)
{
    sqlite3_stmt *s;
    const char *said;
    int rc = 0;

    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL) != SQLITE_OK)
        return state_error(db, err);
    if (sqlite3_step(s) != SQLITE_ROW)
        rc = state_error(db, err);
    else if ((said = (const char *)sqlite3_column_text(s, 0)) && strcmp(said, "ok") != 0)
        rc = fail(err, -EUCLEAN, 0, "state database: %s", said);
    sqlite3_finalize(s);
    return rc;
}

/* Are its tables those of its version? */
static int check_tables(sqlite3 *db, const struct state_schema *schema, struct failure *err)
{
    sqlite3_stmt *s;

    for (size_t i = 0; i < schema->n_statements; i++) {
        if (sqlite3_prepare_v2(db, schema->statements[i], -1, &s, NULL) != SQLITE_OK) {
            int rc = state_error(db, err);

            return (sqlite3_errcode(db) & 0xff) == SQLITE_ERROR ? -EUCLEAN : rc;
        }
        sqlite3_finalize(s);
    }
    return 0;
}

static int set_rows_aside(sqlite3 *db, const struct place *p, struct failure *err)
{
    char table[32];
    int64_t n = state_set_rows_aside(db, table, err);

    if (n <= 0)
        return (int)n;
    buf_addf(p->notices,
             "%s: %" PRId64 " rows made no sense: they were set aside in its table %s\n", p->path,
             n, table);
    return 0;
}

/* SQLite opens by the path: it must still lead to where the descriptor is. */
static int check_place(const struct place *p, struct failure *err)
{
    struct stat there, here;

    if (fstatat(p->dirfd, NAME, &there, AT_SYMLINK_NOFOLLOW) < 0 || lstat(p->path, &here) < 0)
        return fail(err, -errno, 0, "%s: %s", p->path, strerror(errno));
    if (there.st_dev != here.st_dev || there.st_ino != here.st_ino)
        return fail(err, -EPERM, 0, "%s: somebody has put another one in its place", p->path);
    return owned_file_check(p->dirfd, p->dir, NAME, err);
}

static int open_checked(const struct place *p, bool look_through, sqlite3 **out,
                        struct failure *err)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, rc = 0;

    if (sqlite3_open_v2(p->path, &db, flags, NULL) != SQLITE_OK)
        rc = db ? state_error(db, err) : fail(err, -ENOMEM, 0, "out of memory");
    if (rc == 0)
        rc = check_place(p, err);
    if (rc == 0) {
        sqlite3_busy_timeout(db, BUSY_MS);
        /* the index of the log is in memory then: as a file it is mapped, and a write to it on a full
         * disk is a SIGBUS */
        rc = execute(db, "PRAGMA locking_mode = EXCLUSIVE", err);
    }
    if (rc == 0)
        rc = check_version(db, p, err);
    if (rc == 0 && look_through)
        rc = check_pages(db, err);
    if (rc == 0)
        rc = check_tables(db, p->schema, err);
    if (rc == 0)
        rc = execute(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", err);
    if (rc == 0 && look_through)
        rc = set_rows_aside(db, p, err);
    if (rc < 0)
        sqlite3_close(db);
    else
        *out = db;
    return rc;
}

/* --- Setting aside ---------------------------------------------------------------------------- */

static void name_part(char out[FILE_NAME_MAX], int number, enum part part)
{
    if (number)
        snprintf(out, FILE_NAME_MAX, NAME ".corrupt-%d%s", number, suffixes[part]);
    else
        snprintf(out, FILE_NAME_MAX, NAME "%s", suffixes[part]);
}

static bool is_there(const struct place *p, int number, enum part part)
{
    char name[FILE_NAME_MAX];
    struct stat st;

    name_part(name, number, part);
    return fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* The first number that none of them has. */
static int free_number(const struct place *p)
{
    for (int n = 1; n < ASIDE_MAX; n++)
        if (!is_there(p, n, DATABASE) && !is_there(p, n, WAL) && !is_there(p, n, JOURNAL))
            return n;
    return 0;
}

/* From the part on; *number: the names that they have now. */
static int set_aside(const struct place *p, enum part from, int *number, struct failure *err)
{
    char old[FILE_NAME_MAX], new[FILE_NAME_MAX];

    *number = free_number(p);
    if (!*number)
        return fail(err, -EEXIST, 0, "%s: too many were set aside: look at " NAME ".corrupt-*",
                    p->path);
    for (enum part part = from; part < ARRAY_LEN(suffixes); part++) {
        name_part(old, 0, part);
        name_part(new, *number, part);
        /* of the index of the log there is nothing to keep: SQLite makes it anew */
        if ((part == SHM ? unlinkat(p->dirfd, old, 0)
                         : renameat2(p->dirfd, old, p->dirfd, new, RENAME_NOREPLACE)) < 0 &&
            errno != ENOENT)
            return fail(err, -errno, 0, "%s/%s cannot be set aside: %s", p->dir, old,
                        strerror(errno));
    }
    return fsync(p->dirfd) < 0 ? fail(err, -errno, 0, "%s: %s", p->dir, strerror(errno)) : 0;
}

/* From what was set aside as number. How many names that were. */
static int64_t salvage(const struct place *p, int number, sqlite3 *db)
{
    char name[FILE_NAME_MAX];
    cleanup_free char *path = NULL;
    int64_t names;

    name_part(name, number, DATABASE);
    if (asprintf(&path, "%.*s%s", (int)(strlen(p->path) - strlen(NAME)), p->path, name) < 0) {
        path = NULL; /* asprintf leaves it undefined */
        return 0;
    }
    names = state_salvage(db, path);
    name_part(name, number, SHM); /* of looking at it */
    unlinkat(p->dirfd, name, 0);
    return names;
}

/* A new one, with what can be read of the damaged one. */
static int begin_anew(const struct place *p, const struct failure *why, sqlite3 **out,
                      struct failure *err)
{
    sqlite3 *db = NULL;
    int64_t names;
    int number, fd = -1;
    int rc = set_aside(p, DATABASE, &number, err);

    if (rc == 0)
        rc = owned_file_open(p->dirfd, p->dir, NAME, O_RDWR | O_CREAT | O_EXCL, &fd, err);
    if (rc < 0)
        return rc;
    close(fd);
    rc = open_checked(p, false, &db, err);
    names = rc == 0 ? salvage(p, number, db) : 0;
    buf_addf(p->notices,
             "%s was damaged (%s): it was set aside as " NAME ".corrupt-%d, %" PRId64
             " names could be read of it; documents of other names are there by their ids, bytes "
             "that were not sent in .lasfs/failed\n",
             p->path, why->text, number, names);
    if (rc == 0)
        rc = set_rows_aside(db, p, err);
    if (rc < 0)
        sqlite3_close(db);
    else
        *out = db;
    return rc;
}

/* --- What was written, and is not in the database yet ----------------------------------------- */

/* The sum over the first words of a log's header, as https://sqlite.org/fileformat2.html#walformat
 * has it. */
static bool header_is_whole(const uint32_t raw[8])
{
    uint32_t magic = be32toh(raw[0]), a = 0, b = 0;

    if ((magic | 1) != 0x377f0683)
        return false;
    for (int i = 0; i < 6; i += 2) {
        a += (magic & 1 ? be32toh(raw[i]) : le32toh(raw[i])) + b;
        b += (magic & 1 ? be32toh(raw[i + 1]) : le32toh(raw[i + 1])) + a;
    }
    return a == be32toh(raw[6]) && b == be32toh(raw[7]);
}

/* SQLite takes a log that it cannot read for an empty one, and so one without a database: what was
 * in it would be overwritten. */
static int check_log(const struct place *p, off_t database_bytes, struct failure *err)
{
    uint32_t header[8];
    int number, rc;
    cleanup_fd int fd =
        openat(p->dirfd, NAME "-wal", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : fail(err, -errno, 0, "%s-wal: %s", p->path, strerror(errno));
    if (pread(fd, header, sizeof(header), 0) < (ssize_t)sizeof(header) ||
        (header_is_whole(header) && database_bytes > 0))
        return 0;
    rc = set_aside(p, WAL, &number, err);
    if (rc == 0)
        buf_addf(
            p->notices,
            "%s-wal was damaged, and so what was written last may be missing: it was set aside "
            "as " NAME ".corrupt-%d-wal\n",
            p->path, number);
    return rc;
}

/* --- Opening ---------------------------------------------------------------------------------- */

/* Are its files this user's? Makes the first one, whose mode the others get. */
static int check_files(const struct place *p, off_t *bytes, bool *unclean, struct failure *err)
{
    char name[FILE_NAME_MAX];
    struct stat st;
    int fd, rc = 0;

    for (enum part part = DATABASE; rc == 0 && part < ARRAY_LEN(suffixes); part++) {
        name_part(name, 0, part);
        rc = owned_file_check(p->dirfd, p->dir, name, err);
    }
    if (rc == 0)
        rc = owned_file_open(p->dirfd, p->dir, NAME, O_RDWR | O_CREAT, &fd, err);
    if (rc < 0)
        return rc;
    *bytes = fstat(fd, &st) == 0 ? st.st_size : 0;
    close(fd);
    *unclean = fstatat(p->dirfd, NAME "-wal", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
    return check_log(p, *bytes, err);
}

int state_file_open(int dirfd, const char *dir, const struct state_schema *schema, sqlite3 **out,
                    struct buf *notices, struct failure *err)
{
    cleanup_free char *real = realpath(dir, NULL);
    cleanup_free char *path = real ? path_join(real, NAME) : NULL;
    struct place p = { dirfd, dir, path, schema, notices };
    struct failure why = { .text = "" };
    bool unclean;
    off_t bytes;
    int rc;

    if (!path)
        return fail(err, real ? -ENOMEM : -errno, 0, "%s: %s", dir, strerror(errno));
    rc = check_files(&p, &bytes, &unclean, err);
    if (rc < 0)
        return rc;
    rc = open_checked(&p, unclean || bytes <= CHECK_MAX_BYTES, out, &why);
    if (rc == -EUCLEAN)
        return begin_anew(&p, &why, out, err);
    return rc < 0 ? fail(err, rc, 0, "%s", why.text) : 0;
}
