#include "room.h"

#include "banned.h"

#define BODIES_MAX ((size_t)160 << 20)
#define ANSWERS_MAX ((size_t)320 << 20)
/* As many may be made at once before their size counts. */
#define MAKING_MAX 16
#define RENDERING_MAX 4

void room_init(struct room *r)
{
    *r = (struct room){ 0 };
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->freed, NULL);
}

void room_release(struct room *r)
{
    pthread_cond_destroy(&r->freed);
    pthread_mutex_destroy(&r->lock);
}

void room_take_body(struct room *r, size_t n)
{
    pthread_mutex_lock(&r->lock);
    while (r->bodies + n > BODIES_MAX)
        pthread_cond_wait(&r->freed, &r->lock);
    r->bodies += n;
    pthread_mutex_unlock(&r->lock);
}

void room_give_body(struct room *r, size_t n)
{
    pthread_mutex_lock(&r->lock);
    r->bodies -= n;
    pthread_cond_broadcast(&r->freed);
    pthread_mutex_unlock(&r->lock);
}

void room_begin_answer(struct room *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->making >= MAKING_MAX || r->answers > ANSWERS_MAX)
        pthread_cond_wait(&r->freed, &r->lock);
    r->making++;
    pthread_mutex_unlock(&r->lock);
}

void room_end_answer(struct room *r, size_t n)
{
    pthread_mutex_lock(&r->lock);
    r->making--;
    r->answers += n;
    pthread_cond_broadcast(&r->freed);
    pthread_mutex_unlock(&r->lock);
}

void room_begin_render(struct room *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->rendering >= RENDERING_MAX)
        pthread_cond_wait(&r->freed, &r->lock);
    r->rendering++;
    pthread_mutex_unlock(&r->lock);
}

void room_end_render(struct room *r)
{
    pthread_mutex_lock(&r->lock);
    r->rendering--;
    pthread_cond_broadcast(&r->freed);
    pthread_mutex_unlock(&r->lock);
}

void room_give_answer(struct room *r, size_t n)
{
    pthread_mutex_lock(&r->lock);
    r->answers -= n;
    pthread_cond_broadcast(&r->freed);
    pthread_mutex_unlock(&r->lock);
}
