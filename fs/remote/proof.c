#include "proof.h"

#include "content_md5.h"
#include "file_md5.h"
#include "remote_context.h"

#include "banned.h"

_Static_assert(FILE_MD5_BYTES == CONTENT_MD5_BYTES && PROOF_BYTES == FILE_MD5_BYTES, "one digest");

static enum md5_form form_of(const struct record *r, int fd)
{
    uint8_t md5[FILE_MD5_BYTES];

    return file_md5(fd, md5) == 0 ? record_md5_form(r, md5) : MD5_FORM_NONE;
}

void proof_learn(struct remote *remote, const struct record *r, int fd)
{
    enum md5_form form;

    if (atomic_load(&remote->md5_form) != MD5_FORM_NONE || !record_resource(r)->digest_field)
        return;
    form = form_of(r, fd); /* OTHER: it is none, whatever it is */
    if (form != MD5_FORM_NONE)
        atomic_store(&remote->md5_form, (int)form);
}

bool proof_is_learnt(const struct remote *remote)
{
    int form = atomic_load(&remote->md5_form);

    return form == MD5_FORM_HEX || form == MD5_FORM_BASE64;
}

void proof_make(struct remote *remote, int fd, struct proof *out)
{
    out->made = file_md5(fd, out->md5) == 0;
    out->form = proof_is_learnt(remote) ? atomic_load(&remote->md5_form) : MD5_FORM_NONE;
}

bool proof_fits(const struct proof *p, const struct record *r)
{
    return p->made && p->form != MD5_FORM_NONE &&
           record_md5_form(r, p->md5) == (enum md5_form)p->form;
}

bool proof_may_fit(const struct proof *p, const struct record *r)
{
    enum md5_form form = p->made ? record_md5_form(r, p->md5) : MD5_FORM_NONE;

    return form == MD5_FORM_HEX || form == MD5_FORM_BASE64;
}

bool proof_holds(struct remote *remote, const struct record *r, int fd)
{
    struct proof p = { .made = false };

    if (record_resource(r)->digest_field && proof_is_learnt(remote))
        proof_make(remote, fd, &p);
    return proof_fits(&p, r);
}
