/*
 * Room for the bytes of requests and answers under way, so that however many come at once, they
 * hold a bounded amount together. Who finds none waits. Any thread.
 */
#ifndef SANDBOX_ROOM_H
#define SANDBOX_ROOM_H

#include <pthread.h>
#include <stddef.h>

struct room {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    size_t bodies;      /* guarded by lock: bytes of requests */
    size_t answers;     /* guarded by lock: bytes of answers that were read from the store */
    unsigned making;    /* guarded by lock: answers between room_begin_answer and room_end_answer */
    unsigned rendering; /* guarded by lock: of those that other programs work for */
};

void room_init(struct room *r);
void room_release(struct room *r);

/* Waits until n bytes more of requests fit; n is at most a request's largest. */
void room_take_body(struct room *r, size_t n);
void room_give_body(struct room *r, size_t n);

/* Waits until one answer more, whatever its size will be, may be made; then says its size. */
void room_begin_answer(struct room *r);
void room_end_answer(struct room *r, size_t n);
/* Waits until another program may be put to work for an answer. */
void room_begin_render(struct room *r);
void room_end_render(struct room *r);

void room_give_answer(struct room *r, size_t n);

#endif
