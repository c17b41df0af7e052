/* What must hold of what a fuzz target has done with its input. */
#ifndef LASFS_EXPECT_H
#define LASFS_EXPECT_H

#include <stdbool.h>
#include <stdlib.h>

static inline void expect(bool true_enough)
{
    if (!true_enough)
        abort();
}

#endif
