#include "pseudo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pseudo_context.h"

#include "banned.h"

int pseudo_new(const struct pseudo_config *config, struct pseudo **out)
{
    struct pseudo *pseudo = calloc(1, sizeof(*pseudo));
    char *endpoint = strdup(config->endpoint);

    if (!pseudo || !endpoint) {
        free(endpoint);
        free(pseudo);
        return -ENOMEM;
    }
    *pseudo = (struct pseudo){
        .inodes = config->inodes,
        .nodes = config->nodes,
        .uploads = config->uploads,
        .remote = config->remote,
        .drops = config->drops,
        .backend = config->backend,
        .content = config->content,
        .state = config->state,
        .clock = config->clock,
        .errlog = config->errlog,
        .kernel = config->kernel,
        .operations = config->operations,
        .endpoint = endpoint,
        .started_ns = config->started_ns,
        .ro = config->ro,
    };
    *out = pseudo;
    return 0;
}

void pseudo_free(struct pseudo *pseudo)
{
    if (!pseudo)
        return;
    free(pseudo->endpoint);
    free(pseudo);
}
