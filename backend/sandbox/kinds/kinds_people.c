/* App clients and the organization. */
#include "kinds.h"

#include "tokens.h"

#include "banned.h"

#define CLIENT_ID_LEN 26
#define CLIENT_SECRET_LEN 52

/* --- App clients ----------------------------------------------------------------------------- */

/* The secret is told once; what is kept only tells whether it is the same one. */
static int give_secret(struct item *it)
{
    char secret[CLIENT_SECRET_LEN + 1], kept[TOKENS_PROOF_MAX];

    if (ident_word(secret, CLIENT_SECRET_LEN) < 0 || tokens_prove(secret, NULL, kept) < 0)
        return -EIO;
    if (json_object_set_new(it->hidden, "proof", json_string(kept)) < 0)
        return -ENOMEM;
    return item_show(it, "clientSecret", json_string(secret));
}

static int client_make(struct work *w, struct item *it, json_t *fields)
{
    json_t *wanted = json_object_get(fields, "generateSecret");
    bool secret = !json_is_false(wanted);
    char client_id[CLIENT_ID_LEN + 1];
    int rc;

    if (!secret && !is_lenient(w) &&
        (json_array_size(json_object_get(fields, "callbackUrls")) == 0 ||
         json_array_size(json_object_get(fields, "logoutUrls")) == 0))
        return refuse(w, 400, "callbackUrls, logoutUrls: needed when generateSecret is false");
    if (ident_word(client_id, CLIENT_ID_LEN) < 0)
        return -EIO;
    rc = item_set_text(it, "clientId", client_id);
    if (rc == 0)
        rc = item_set(it, "hasSecret", json_boolean(secret));
    return rc == 0 && secret && strcmp(it->row.id, w->sb->client) != 0 ? give_secret(it) : rc;
}

static int client_unmake(struct work *w, struct item *it)
{
    if (strcmp(it->row.id, w->rq->caller) == 0 || strcmp(it->row.id, w->sb->client) == 0)
        return refuse(w, 400, "appClientId %s is your own", it->row.id);
    return 0;
}

const struct kind kind_app_clients = { .make = client_make,
                                       .unmake = client_unmake,
                                       .lookup = "clientId" };

/* --- Organizations --------------------------------------------------------------------------- */

/* All that is here is in the one whose server it is: what somebody makes besides stays empty. */
static int organization_show(struct work *w, struct item *it)
{
    bool own = strcmp(it->row.id, w->sb->organization) == 0;

    for (size_t i = 0; resource_quotas[i].allowed; i++) {
        const struct quota *q = &resource_quotas[i];
        int64_t now = 0, month = 0, most = w->sb->options->quotas[i];
        int rc;

        if (!resource_field(it->res, q->allowed))
            continue; /* of the other generation */
        rc = q->kind == RES_NONE || !own ? 0 : view_counts(w->v, q->kind, &now, &month);

        if (rc == 0)
            rc = item_set_number(it, q->created, q->monthly ? month : now);
        if (rc == 0)
            rc = item_set_number(it, q->allowed, most == QUOTA_NONE ? INT32_MAX : most);
        if (rc < 0)
            return rc;
    }
    return 0;
}

const struct kind kind_organizations = { .show = organization_show };

/* Who made them is whoever asks. */
static int profile_show(struct work *w, struct item *it)
{
    int64_t now = 0, month = 0;
    int rc = strcmp(it->row.id, w->sb->profile) == 0
                 ? view_counts(w->v, RES_ORGANIZATIONS, &now, &month)
                 : 0;

    if (rc == 0)
        rc = item_set_number(it, "numberOfOrganizationsCreated", now);
    return rc < 0 ? rc : item_set_number(it, "numberOfOrganizationsAllowed", INT32_MAX);
}

const struct kind kind_profiles = { .show = profile_show };
