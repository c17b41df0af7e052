/* What /proc says of the process that makes a request. */
#ifndef LASFS_PROCESS_H
#define LASFS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* The process that the thread pid belongs to; pid itself when /proc does not say. */
pid_t process_of_thread(pid_t pid);

/* Is its program called so (as /proc/PID/comm has it, of 15 bytes at most)? false when /proc does
 * not say. */
bool process_is_called(pid_t pid, const char *name);

/* Is it ending because of a signal? false when /proc does not say: then it counts as a program
 * that ends by itself. */
bool process_was_killed(pid_t pid);

#endif
