/*
 * By what the server is https (--tls): a certificate that it has signed itself, for this machine's
 * names. It is kept in the state directory, so that who trusts it need do so once.
 */
#ifndef SANDBOX_CERTIFICATE_H
#define SANDBOX_CERTIFICATE_H

#include "failure.h"

#define CERTIFICATE_FILE "certificate.pem"
#define CERTIFICATE_KEY_FILE "certificate-key.pem"

struct certificate {
    char *key, *text; /* PEM */
    char *path;       /* absolute, of the file that clients trust */
};

/*
 * Reads it from dir, which the store has checked, or makes another one: where there is none, where
 * it is not for host, or has less than a month to go. Blocks on the disk.
 * 0, and the caller releases it; -errno with words in err.
 */
int certificate_open(const char *dir, const char *host, struct certificate *out,
                     struct failure *err);
void certificate_release(struct certificate *c);

#endif
