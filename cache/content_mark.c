#include "content_mark.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"

#include "banned.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX 64
#define SECONDS_BITS 30 /* before 2004, so that no reading of the file changes its time of that */
#define NONE_NS UTIME_OMIT

struct content_mark content_mark_now(void)
{
    cleanup_fd int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    char text[BOOT_ID_MAX] = "";
    uint32_t high, low;

    if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0 ||
        sscanf(text, "%8" SCNx32 "-%*4x-%*4x-%*4x-%8" SCNx32, &high, &low) != 2)
        return (struct content_mark){ .time = { .tv_nsec = NONE_NS } };
    return (struct content_mark){ .time = { .tv_sec = high >> (32 - SECONDS_BITS),
                                            .tv_nsec = low % 1000000000 } };
}

void content_mark_put(const struct content_mark *mark, int fd)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, mark->time };

    futimens(fd, times);
}

bool content_mark_is_on(const struct content_mark *mark, const struct stat *st)
{
    return st->st_mtim.tv_sec == mark->time.tv_sec && st->st_mtim.tv_nsec == mark->time.tv_nsec;
}
