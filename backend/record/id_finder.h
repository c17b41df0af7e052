/* Who knows which id a name stands for. */
#ifndef LASFS_ID_FINDER_H
#define LASFS_ID_FINDER_H

#include "failure.h"
#include "resources.h"

/* Says which id a name stands for: 0, -EINVAL with words, -ENOTUNIQ, what the search gives. */
struct id_finder {
    int (*id_of)(void *arg, const struct resource *of, const char *name,
                 char id[RESOURCE_ID_MAX + 1], struct failure *err);
    void *arg;
};

#endif
