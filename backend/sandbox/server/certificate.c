#include "certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "array.h"
#include "buf.h"
#include "file.h"
#include "owned.h"

#include "banned.h"

#define PEM_MAX 16384
#define DAY_S (24 * 3600)
#define LIVES_S (825 * DAY_S) /* no client takes more */
#define LEFT_S (30 * DAY_S)
#define SERIAL_BYTES 16

void certificate_release(struct certificate *c)
{
    if (c->key)
        explicit_bzero(c->key, strlen(c->key));
    free(c->key);
    free(c->text);
    free(c->path);
    *c = (struct certificate){ 0 };
}

/* --- What is there ---------------------------------------------------------------------------- */

static int read_pem(int dirfd, const char *dir, const char *name, char **out, struct failure *err)
{
    struct failure why = { 0 };
    struct buf text;
    int fd, rc = owned_file_open(dirfd, dir, name, O_RDONLY, &fd, &why);

    if (rc < 0)
        return rc == -ENOENT ? rc : fail(err, rc, 0, "%s", why.text);
    buf_init(&text, PEM_MAX);
    rc = file_read_fd(fd, &text);
    close(fd);
    if (rc == 0) {
        *out = buf_take(&text);
        return *out ? 0 : -ENOENT;
    }
    buf_release(&text);
    return rc == -EFBIG ? -ENOENT : fail(err, rc, 0, "%s/%s: %s", dir, name, strerror(-rc));
}

static gnutls_datum_t datum_of(const char *text)
{
    union {
        const char *text;
        unsigned char *data; /* gnutls writes to none of it */
    } u = { .text = text };

    return (gnutls_datum_t){ .data = u.data, .size = (unsigned)strlen(text) };
}

static bool is_for(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *host)
{
    unsigned char of_crt[64], of_key[64];
    size_t n_crt = sizeof(of_crt), n_key = sizeof(of_key);

    return gnutls_x509_crt_get_expiration_time(crt) > time(NULL) + LEFT_S &&
           gnutls_x509_crt_check_hostname(crt, "localhost") &&
           gnutls_x509_crt_check_hostname(crt, host) &&
           gnutls_x509_crt_get_key_id(crt, 0, of_crt, &n_crt) == 0 &&
           gnutls_x509_privkey_get_key_id(key, 0, of_key, &n_key) == 0 && n_crt == n_key &&
           memcmp(of_crt, of_key, n_crt) == 0;
}

static bool still_does(const struct certificate *c, const char *host)
{
    gnutls_datum_t key_pem = datum_of(c->key), crt_pem = datum_of(c->text);
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    bool does = false;

    if (gnutls_x509_privkey_init(&key) < 0)
        return false;
    if (gnutls_x509_crt_init(&crt) == 0) {
        does = gnutls_x509_privkey_import(key, &key_pem, GNUTLS_X509_FMT_PEM) == 0 &&
               gnutls_x509_crt_import(crt, &crt_pem, GNUTLS_X509_FMT_PEM) == 0 &&
               is_for(crt, key, host);
        gnutls_x509_crt_deinit(crt);
    }
    gnutls_x509_privkey_deinit(key);
    return does;
}

/* --- Another one ------------------------------------------------------------------------------ */

/* An address, or a name. */
static int add_name(gnutls_x509_crt_t crt, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address,
                                                    sizeof(struct in_addr), GNUTLS_FSAN_APPEND);
    if (inet_pton(AF_INET6, host, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address,
                                                    sizeof(struct in6_addr), GNUTLS_FSAN_APPEND);
    return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host,
                                                (unsigned)strlen(host), GNUTLS_FSAN_APPEND);
}

static int add_names(gnutls_x509_crt_t crt, const char *host)
{
    static const char *const usual[] = { "localhost", "127.0.0.1", "::1" };
    bool there = false;
    int rc = 0;

    for (size_t i = 0; i < ARRAY_LEN(usual) && rc == 0; i++) {
        rc = add_name(crt, usual[i]);
        there = there || strcmp(host, usual[i]) == 0;
    }
    return rc < 0 || there ? rc : add_name(crt, host);
}

/* It vouches for this server alone: whoever trusts it trusts nothing that its key could sign. */
static int describe(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *host)
{
    unsigned char serial[SERIAL_BYTES];
    time_t now = time(NULL);
    int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

    serial[0] = (serial[0] & 0x7f) | 0x40; /* a positive number of this length */
    if (rc == 0)
        rc = gnutls_x509_crt_set_version(crt, 3);
    if (rc == 0)
        rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
    if (rc == 0)
        rc = gnutls_x509_crt_set_dn(crt, "CN=lasfs-sandbox", NULL);
    if (rc == 0)
        rc = gnutls_x509_crt_set_activation_time(crt, now - DAY_S);
    if (rc == 0)
        rc = gnutls_x509_crt_set_expiration_time(crt, now + LIVES_S);
    if (rc == 0)
        rc = gnutls_x509_crt_set_key(crt, key);
    if (rc == 0)
        rc = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
    if (rc == 0)
        rc = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (rc == 0)
        rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
    return rc < 0 ? rc : add_names(crt, host);
}

static int take_text(gnutls_datum_t *pem, char **out)
{
    *out = strndup((const char *)pem->data, pem->size);
    explicit_bzero(pem->data, pem->size);
    gnutls_free(pem->data);
    return *out ? 0 : GNUTLS_E_MEMORY_ERROR;
}

static int sign(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *host,
                struct certificate *c)
{
    gnutls_datum_t pem;
    int rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                          GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);

    if (rc == 0)
        rc = describe(crt, key, host);
    if (rc == 0)
        rc = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
    if (rc == 0)
        rc = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem);
    if (rc == 0)
        rc = take_text(&pem, &c->key);
    if (rc == 0)
        rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem);
    return rc < 0 ? rc : take_text(&pem, &c->text);
}

static int make(const char *host, struct certificate *c, struct failure *err)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    int rc = gnutls_x509_privkey_init(&key);

    if (rc == 0) {
        rc = gnutls_x509_crt_init(&crt);
        if (rc == 0) {
            rc = sign(crt, key, host, c);
            gnutls_x509_crt_deinit(crt);
        }
        gnutls_x509_privkey_deinit(key);
    }
    return rc < 0 ? fail(err, -EIO, 0, "no certificate could be made: %s", gnutls_strerror(rc)) : 0;
}

static int save(const char *dir, const struct certificate *c, struct failure *err)
{
    cleanup_free char *key = path_join(dir, CERTIFICATE_KEY_FILE);
    int rc = key ? file_replace(key, c->key, strlen(c->key), 0600) : -ENOMEM;

    if (rc == 0)
        rc = file_replace(c->path, c->text, strlen(c->text), 0600);
    return rc < 0 ? fail(err, rc, 0, "%s: %s", c->path, strerror(-rc)) : 0;
}

int certificate_open(const char *dir, const char *host, struct certificate *out,
                     struct failure *err)
{
    cleanup_free char *whole = realpath(dir, NULL);
    struct certificate c = { .path = whole ? path_join(whole, CERTIFICATE_FILE) : NULL };
    cleanup_fd int dirfd = -1;
    int rc = c.path ? owned_dir_open("state directory", whole, &dirfd, err) : -ENOMEM;

    if (rc == 0)
        rc = read_pem(dirfd, whole, CERTIFICATE_KEY_FILE, &c.key, err);
    if (rc == 0)
        rc = read_pem(dirfd, whole, CERTIFICATE_FILE, &c.text, err);
    if (rc == -ENOENT || (rc == 0 && !still_does(&c, host))) {
        free(steal_pointer(&c.key));
        free(steal_pointer(&c.text));
        rc = make(host, &c, err);
        if (rc == 0)
            rc = save(whole, &c, err);
    }
    if (rc < 0)
        certificate_release(&c);
    else
        *out = c;
    return rc;
}
