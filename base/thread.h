/* Threads of this program's own. */
#ifndef LASFS_THREAD_H
#define LASFS_THREAD_H

#include <pthread.h>

/* Starts one with a stack of stack_bytes (0: the system's) that no signal is delivered to: those
 * are for the threads that wait for them. The caller joins it. 0, -EAGAIN, -ENOMEM: *out is not
 * set. */
int thread_start(pthread_t *out, size_t stack_bytes, void *(*run)(void *), void *arg);

#endif
