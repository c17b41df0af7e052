/*
 * Strings in order, as members of other structs: a treap. Finding, adding and taking out cost
 * O(log n). For one thread, or under the caller's lock; never allocates.
 */
#ifndef LASFS_ORDER_H
#define LASFS_ORDER_H

#include <stdint.h>

struct order_node {
    struct order_node *left, *right;
    const char *key; /* set by the caller; must stay as it is while the node is in an order */
    uint32_t priority;
};

struct order {
    struct order_node *root;
    uint32_t seed; /* not 0 */
};

#define ORDER_INIT                                                                                 \
    {                                                                                              \
        .root = NULL, .seed = 2463534242u                                                          \
    }

/* No other node of the order has its key. */
void order_add(struct order *o, struct order_node *node);

/* The node must be in the order. */
void order_remove(struct order *o, struct order_node *node);

/* The first node whose key begins with prefix; NULL when there is none. */
struct order_node *order_first(const struct order *o, const char *prefix);

#endif
