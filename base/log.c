#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "file.h"
#include "lock.h"

#include "banned.h"

#define LINE_MAX_BYTES 2048
#define FORMAT_MAX_BYTES 8192 /* a secret that the end of the line cuts must be known whole */
#define SECRET_MIN_BYTES 4

struct secret {
    struct secret *next;
    char text[];
};

struct log {
    struct lock lock;
    struct secret *secrets; /* guarded by lock; only ever grows */
    bool journal;           /* guarded by lock */
    enum log_level most;    /* set once */
    char *name;             /* set once */
    char *path;             /* set once: of the file, or NULL */
};

int log_new(const char *name, enum log_level most, struct log **out)
{
    struct log *log = calloc(1, sizeof(*log));

    if (!log)
        return -ENOMEM;
    log->name = strdup(name);
    if (!log->name) {
        free(log);
        return -ENOMEM;
    }
    lock_init(&log->lock, LOCK_LOG);
    log->most = most;
    *out = log;
    return 0;
}

void log_free(struct log *log)
{
    if (!log)
        return;
    while (log->secrets) {
        struct secret *next = log->secrets->next;

        explicit_bzero(log->secrets->text, strlen(log->secrets->text));
        free(log->secrets);
        log->secrets = next;
    }
    if (log->journal)
        closelog();
    lock_destroy(&log->lock);
    free(log->path);
    free(log->name);
    free(log);
}

int log_to_file(struct log *log, const char *path)
{
    int rc = file_append(path, NULL, 0);

    if (rc < 0)
        return rc;
    log->path = strdup(path);
    return log->path ? 0 : -ENOMEM;
}

static int write_file(const struct log *log, enum log_level level, const char *line)
{
    static const char *const words[] = { LOG_LEVEL_WORDS };
    char text[LINE_MAX_BYTES + 64], when[32] = "";
    time_t now = time(NULL);
    struct tm tm;
    int len;

    if (gmtime_r(&now, &tm))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    len = snprintf(text, sizeof(text), "%s %s: %s\n", when, words[level], line);
    return file_append(log->path, text, (size_t)len);
}

void log_to_journal(struct log *log)
{
    lock_take(&log->lock);
    openlog(log->name, LOG_PID, LOG_DAEMON);
    log->journal = true;
    lock_give(&log->lock);
}

int log_secret(struct log *log, const char *text)
{
    struct secret *s;
    size_t len = text ? strlen(text) : 0;

    if (!log || len < SECRET_MIN_BYTES)
        return 0;
    s = malloc(sizeof(*s) + len + 1);
    if (!s)
        return -ENOMEM;
    memcpy(s->text, text, len + 1);
    lock_take(&log->lock);
    s->next = log->secrets;
    log->secrets = s;
    lock_give(&log->lock);
    return 0;
}

void log_redact(struct log *log, char *text)
{
    const char *until = text;
    struct secret *s;

    if (!log)
        return;
    lock_take(&log->lock);
    s = log->secrets;
    lock_give(&log->lock);
    /* what is behind at is still as it was, so secrets that overlap are all found */
    for (char *at = text; *at; at++) {
        for (struct secret *one = s; one; one = one->next) {
            size_t len = *at == *one->text ? strlen(one->text) : 0;

            if (len && strncmp(at, one->text, len) == 0 && at + len > until)
                until = at + len;
        }
        if (at < until)
            *at = '*';
    }
}

void log_line(struct log *log, enum log_level level, const char *fmt, ...)
{
    static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
    char line[FORMAT_MAX_BYTES];
    bool journal, filed;
    va_list ap;

    if (!log || level > log->most)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    log_redact(log, line);
    line[LINE_MAX_BYTES - 1] = '\0';
    lock_take(&log->lock);
    journal = log->journal;
    lock_give(&log->lock);
    filed = log->path && write_file(log, level, line) == 0;
    if (journal && filed)
        return;
    if (journal)
        syslog(priorities[level], "%s", line);
    else
        fprintf(stderr, "%s: %s\n", log->name, line);
}
