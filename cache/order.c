#include "order.h"

#include <string.h>

#include "banned.h"

static uint32_t next_random(struct order *o)
{
    o->seed ^= o->seed << 13;
    o->seed ^= o->seed >> 17;
    o->seed ^= o->seed << 5;
    return o->seed;
}

/* Splits t into those before key and those from it on. */
static void split(struct order_node *t, const char *key, struct order_node **before,
                  struct order_node **from)
{
    while (t) {
        if (strcmp(t->key, key) < 0) {
            *before = t;
            before = &t->right;
            t = t->right;
        } else {
            *from = t;
            from = &t->left;
            t = t->left;
        }
    }
    *before = NULL;
    *from = NULL;
}

/* Joins two orders, all of a before all of b. */
static struct order_node *join(struct order_node *a, struct order_node *b)
{
    struct order_node *root = NULL;
    struct order_node **at = &root;

    while (a && b) {
        if (a->priority > b->priority) {
            *at = a;
            at = &a->right;
            a = a->right;
        } else {
            *at = b;
            at = &b->left;
            b = b->left;
        }
    }
    *at = a ? a : b;
    return root;
}

void order_add(struct order *o, struct order_node *node)
{
    struct order_node **at = &o->root;

    node->priority = next_random(o);
    while (*at && (*at)->priority >= node->priority)
        at = strcmp(node->key, (*at)->key) < 0 ? &(*at)->left : &(*at)->right;
    split(*at, node->key, &node->left, &node->right);
    *at = node;
}

void order_remove(struct order *o, struct order_node *node)
{
    struct order_node **at = &o->root;

    while (*at != node)
        at = strcmp(node->key, (*at)->key) < 0 ? &(*at)->left : &(*at)->right;
    *at = join(node->left, node->right);
    node->left = node->right = NULL;
}

struct order_node *order_first(const struct order *o, const char *prefix)
{
    struct order_node *found = NULL;

    for (struct order_node *t = o->root; t;) {
        if (strcmp(t->key, prefix) < 0) {
            t = t->right;
        } else {
            found = t;
            t = t->left;
        }
    }
    return found && strncmp(found->key, prefix, strlen(prefix)) == 0 ? found : NULL;
}
