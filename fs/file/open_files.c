#include "open_files.h"

#include <errno.h>
#include <stdlib.h>

#include "file_kinds.h"
#include "files_context.h"
#include "lock.h"
#include "remote.h"

#include "banned.h"

int files_new(const struct files_config *config, struct files **out)
{
    struct files *files = calloc(1, sizeof(*files));

    if (!files)
        return -ENOMEM;
    *files = (struct files){
        .pseudo = config->pseudo,
        .inodes = config->inodes,
        .nodes = config->nodes,
        .uploads = config->uploads,
        .remote = config->remote,
        .leases = remote_leases(config->remote),
        .drops = config->drops,
        .spool = config->spool,
        .clock = config->clock,
        .errlog = config->errlog,
        .kernel = config->kernel,
        .scratch = config->scratch,
        .ro = config->ro,
        .lock = LOCK_INIT(LOCK_OPEN_FILES),
    };
    *out = files;
    return 0;
}

void files_free(struct files *files)
{
    if (!files)
        return;
    handles_free(files);
    lock_destroy(&files->lock);
    free(files);
}
