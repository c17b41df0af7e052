#include "process.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "number.h"

#include "banned.h"

#define PROC_MAX_BYTES 16384
#define SIGNAL_BITS 0x7f

/* Only a process has a pidfd by its number, and no other thread: much cheaper to ask than its status. */
static bool is_process(pid_t pid)
{
    cleanup_fd int fd = pidfd_open(pid, 0);

    return fd >= 0;
}

pid_t process_of_thread(pid_t pid)
{
    cleanup_buf struct buf text = BUF_INIT(PROC_MAX_BYTES);
    char path[64];
    char *line, *end;
    int64_t tgid;

    snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    if (pid <= 0 || is_process(pid) || file_read(path, &text) < 0 || !text.data)
        return pid;
    line = strstr(text.data, "\nTgid:\t");
    if (!line)
        return pid;
    line += strlen("\nTgid:\t");
    end = strchr(line, '\n');
    if (end)
        *end = '\0';
    return number_parse(line, 1, INT32_MAX, &tgid) == 0 ? (pid_t)tgid : pid;
}

bool process_is_called(pid_t pid, const char *name)
{
    cleanup_buf struct buf text = BUF_INIT(PROC_MAX_BYTES);
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
    if (pid <= 0 || file_read(path, &text) < 0 || !text.data)
        return false;
    text.data[strcspn(text.data, "\n")] = '\0';
    return strcmp(text.data, name) == 0;
}

/* The last field of /proc/PID/stat, exit_code, has the signal while the process closes its
 * files, and is 0 for one that exits by itself. */
bool process_was_killed(pid_t pid)
{
    cleanup_buf struct buf text = BUF_INIT(PROC_MAX_BYTES);
    char path[64];
    int64_t code;
    char *last;

    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    if (pid <= 0 || file_read(path, &text) < 0 || !text.data)
        return false;
    if (text.len && text.data[text.len - 1] == '\n')
        text.data[text.len - 1] = '\0';
    last = strrchr(text.data, ' ');
    return last && number_parse(last + 1, 0, INT32_MAX, &code) == 0 && (code & SIGNAL_BITS) != 0;
}
