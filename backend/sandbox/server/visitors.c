#include "visitors.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "banned.h"

struct visitor {
    struct visitor *older, *newer; /* in its list */
    struct visitor_list *list;     /* NULL: known and busy, or told to go */
    int fd;
    bool known;
    bool gone; /* told to go */
};

void visitors_init(struct visitors *vs)
{
    *vs = (struct visitors){ .known = 0 };
    pthread_mutex_init(&vs->lock, NULL);
}

void visitors_release(struct visitors *vs)
{
    pthread_mutex_destroy(&vs->lock);
}

static void list_remove(struct visitor *v)
{
    struct visitor_list *l = v->list;

    if (!l)
        return;
    if (v->older)
        v->older->newer = v->newer;
    else
        l->first = v->newer;
    if (v->newer)
        v->newer->older = v->older;
    else
        l->last = v->older;
    l->n--;
    v->list = NULL;
    v->older = v->newer = NULL;
}

static void list_add(struct visitor_list *l, struct visitor *v)
{
    list_remove(v);
    v->older = l->last;
    if (l->last)
        l->last->newer = v;
    else
        l->first = v;
    l->last = v;
    l->n++;
    v->list = l;
}

/* Its own thread sees that it is over, and closes it. */
static void send_away(struct visitors *vs, struct visitor *v)
{
    list_remove(v);
    v->gone = true;
    vs->known -= v->known;
    shutdown(v->fd, SHUT_RDWR);
}

static void make_room(struct visitors *vs)
{
    while (vs->strangers.n > VISITORS_STRANGERS)
        send_away(vs, vs->strangers.first);
    while (vs->known > VISITORS_KNOWN && vs->idle.first)
        send_away(vs, vs->idle.first);
}

struct visitor *visitors_enter(struct visitors *vs, int fd)
{
    struct visitor *v = calloc(1, sizeof(*v));

    if (!v)
        return NULL;
    v->fd = fd;
    pthread_mutex_lock(&vs->lock);
    list_add(&vs->strangers, v);
    make_room(vs);
    pthread_mutex_unlock(&vs->lock);
    return v;
}

void visitors_leave(struct visitors *vs, struct visitor *v)
{
    if (!v)
        return;
    pthread_mutex_lock(&vs->lock);
    list_remove(v);
    if (v->known && !v->gone)
        vs->known--;
    pthread_mutex_unlock(&vs->lock);
    free(v);
}

void visitors_begin(struct visitors *vs, struct visitor *v)
{
    if (!v)
        return;
    pthread_mutex_lock(&vs->lock);
    if (v->known)
        list_remove(v);
    pthread_mutex_unlock(&vs->lock);
}

void visitors_end(struct visitors *vs, struct visitor *v)
{
    if (!v)
        return;
    pthread_mutex_lock(&vs->lock);
    if (v->known && !v->gone) {
        list_add(&vs->idle, v);
        make_room(vs);
    }
    pthread_mutex_unlock(&vs->lock);
}

bool visitors_recognize(struct visitors *vs, struct visitor *v)
{
    bool is_new;

    if (!v)
        return false;
    pthread_mutex_lock(&vs->lock);
    is_new = !v->known && !v->gone;
    if (is_new) {
        list_remove(v);
        v->known = true;
        vs->known++;
        make_room(vs);
    }
    pthread_mutex_unlock(&vs->lock);
    return is_new;
}
