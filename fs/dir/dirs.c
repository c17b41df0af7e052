#include "dirs.h"

#include <errno.h>
#include <stdlib.h>

#include "dirs_context.h"
#include "entries.h"
#include "lock.h"

#include "banned.h"

int dirs_new(const struct dirs_config *config, struct dirs **out)
{
    struct dirs *dirs = calloc(1, sizeof(*dirs));

    if (!dirs)
        return -ENOMEM;
    *dirs = (struct dirs){
        .pseudo = config->pseudo,
        .inodes = config->inodes,
        .nodes = config->nodes,
        .remote = config->remote,
        .drops = config->drops,
        .errlog = config->errlog,
        .started_ns = config->started_ns,
        .list = config->list,
        .uid = config->uid,
        .gid = config->gid,
        .umask = config->umask,
        .allow_other = config->allow_other,
        .lock = LOCK_INIT(LOCK_OPEN_DIRS),
    };
    *out = dirs;
    return 0;
}

void dirs_free(struct dirs *dirs)
{
    if (!dirs)
        return;
    dirhandles_free(dirs);
    lock_destroy(&dirs->lock);
    free(dirs);
}
