/*
 * Lines for whoever runs the program: to stderr, or to the journal through syslog once it is in
 * the background; or to a file, and to stderr too as long as that is there. Registered secrets are
 * blotted out of every line. Any thread.
 */
#ifndef LASFS_LOG_H
#define LASFS_LOG_H

#include <stdbool.h>

struct log;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

#define LOG_LEVEL_WORDS "error", "warning", "info", "debug"

/* name goes before each line; most is the least urgent level that is written. 0, -ENOMEM. */
int log_new(const char *name, enum log_level most, struct log **out);
void log_free(struct log *log);

/* From now on lines go to the journal. */
void log_to_journal(struct log *log);

/*
 * From now on lines go to the file at path, an absolute one, with the time (UTC) and the level; to
 * stderr too, but not to the journal unless the file cannot be written. Before there are threads.
 * It is made with mode 0600, appended to, and opened for each line: who moves it away, as logrotate
 * does, has the next line in a new one. 0, or -errno when it cannot be opened now.
 */
int log_to_file(struct log *log, const char *path);

/* Blots every occurrence of secret out of later lines. 0, -ENOMEM. Short ones are ignored. */
int log_secret(struct log *log, const char *secret);

/* One line; control characters become blanks. log may be NULL: nothing is written. */
void log_line(struct log *log, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Blots the registered secrets out of text, in place. */
void log_redact(struct log *log, char *text);

#endif
