/*
 * What says of a content's file that it has been whole since the machine was started: its time of change,
 * which nothing but lasfs sets so. What is written afterwards has another one, and a power cut ends what
 * each mark stands for. Its time of reading says when it was used last.
 */
#ifndef LASFS_CONTENT_MARK_H
#define LASFS_CONTENT_MARK_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

struct content_mark {
    struct timespec time;
};

/* Of this start of the machine (its boot_id); one that no file has where that is not known. */
struct content_mark content_mark_now(void);

/* fd's file is whole, and has just been used. Not worth failing for. */
void content_mark_put(const struct content_mark *mark, int fd);

bool content_mark_is_on(const struct content_mark *mark, const struct stat *st);

#endif
