/*
 * An object that counts its references, handed around without knowing what it is.
 */
#ifndef LASFS_COUNTED_H
#define LASFS_COUNTED_H

/* Both are called from any thread. ref only counts: it may be called with a lock held and must
 * not call back; unref may free, and is never called with a lock held. */
struct counted_class {
    void (*ref)(void *object);
    void (*unref)(void *object);
};

#endif
