#include "inodes.h"

#include <errno.h>
#include <stdlib.h>

#include "hide.h"
#include "inodes_context.h"
#include "lock.h"
#include "shared.h"

#include "banned.h"

int inodes_new(const struct inodes_config *config, struct inodes **out)
{
    struct inodes *inodes = calloc(1, sizeof(*inodes));

    if (!inodes)
        return -ENOMEM;
    *inodes = (struct inodes){
        .nodes = config->nodes,
        .drops = config->drops,
        .remote = config->remote,
        .clock = config->clock,
        .errlog = config->errlog,
        .kernel = config->kernel,
        .log = config->log,
        .scratch = config->scratch,
        .is_sending = config->is_sending,
        .owes_name = config->owes_name,
        .arg = config->arg,
        .shared_lock = LOCK_INIT(LOCK_SHARED),
        .hidden_lock = LOCK_INIT(LOCK_HIDDEN),
    };
    *out = inodes;
    return 0;
}

void inodes_free(struct inodes *inodes)
{
    if (!inodes)
        return;
    hide_release(inodes);
    shared_release(inodes);
    lock_destroy(&inodes->shared_lock);
    lock_destroy(&inodes->hidden_lock);
    free(inodes);
}
