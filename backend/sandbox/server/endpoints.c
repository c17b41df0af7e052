#include "endpoints.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "exchange.h"
#include "file.h"
#include "json_text.h"
#include "sandbox.h"
#include "sandbox_dirs.h"

#include "banned.h"

#define TEXT_MAX 16384
#define HTTPS "https://"

/* --- Telling ---------------------------------------------------------------------------------- */

static json_t *describe(const struct http *h)
{
    char root[ORIGIN_MAX];
    const char *ca_file = http_ca_file(h);
    json_t *v;

    http_root(h, root);
    v = json_pack("{s:o, s:o}", "apiEndpoint", json_sprintf("%s/v1", root), "authEndpoint",
                  json_sprintf("%s/oauth2", root));
    if (v && ca_file && json_object_set_new(v, "caFile", json_string(ca_file)) < 0) {
        json_decref(v);
        return NULL;
    }
    return v;
}

static int save(const struct sandbox_options *o, json_t *v)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_free char *path = path_join(o->state, ENDPOINTS_FILE);
    json_auto_t *all = json_copy(v);

    if (!path || !all)
        return -ENOMEM;
    if (o->client_id && json_object_set_new(all, "clientId", json_string(o->client_id)) < 0)
        return -ENOMEM;
    if (json_text_write(all, false, &text) < 0)
        return -ENOMEM;
    return file_replace(path, text.data, text.len, 0600);
}

int endpoints_announce(const struct sandbox_options *o, const struct http *h, struct failure *err)
{
    cleanup_buf struct buf line = BUF_INIT(TEXT_MAX);
    json_auto_t *v = describe(h);
    int rc = v ? json_text_write(v, false, &line) : -ENOMEM;

    if (rc < 0)
        return fail(err, rc, 0, "the address cannot be told: out of memory, or no UTF-8");
    rc = save(o, v);
    if (rc < 0)
        return fail(err, rc, 0, "%s/" ENDPOINTS_FILE ": %s", o->state, strerror(-rc));
    puts(line.data);
    if (fflush(stdout) != 0)
        return fail(err, -EIO, 0, "standard output cannot be written");
    return 0;
}

void endpoints_withdraw(const struct sandbox_options *o)
{
    cleanup_free char *path = o->state ? path_join(o->state, ENDPOINTS_FILE) : NULL;

    if (path)
        unlink(path);
}

/* --- Being told ------------------------------------------------------------------------------- */

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "lasfs-sandbox: %s: %s\n", what, why);
    return EXIT_FAILURE;
}

/* Who serves holds its lock. */
static bool is_served(const char *dir)
{
    cleanup_free char *path = path_join(dir, SANDBOX_LOCK);
    cleanup_fd int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

/* 'text', as any shell takes it for that. */
static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    putchar('\'');
}

static void print_export(const char *name, const char *value)
{
    printf("export %s=", name);
    print_quoted(value);
    putchar('\n');
}

/* A file of the disk: a descriptor is another one in who reads this. */
static char *secret_path(const struct sandbox_options *o)
{
    char *path = o->client_secret_file ? realpath(o->client_secret_file, NULL) : NULL;
    struct stat st;

    if (path && strncmp(path, "/proc/", strlen("/proc/")) != 0 && stat(path, &st) == 0 &&
        S_ISREG(st.st_mode))
        return path;
    free(path);
    return NULL;
}

static void print_secret(const struct sandbox_options *o)
{
    cleanup_free char *path = secret_path(o);

    if (o->print_secret) {
        print_export("LAS_CLIENT_SECRET", o->client_secret);
    } else if (path) {
        printf("export LAS_CLIENT_SECRET=\"$(cat ");
        print_quoted(path);
        printf(")\"\n");
    } else {
        printf("# LAS_CLIENT_SECRET: --client-secret-file FILE names the file that has it\n");
    }
}

static void print_all(const struct sandbox_options *o, json_t *v)
{
    const char *id = json_string_value(json_object_get(v, "clientId"));
    const char *api = json_string_value(json_object_get(v, "apiEndpoint"));
    const char *auth = json_string_value(json_object_get(v, "authEndpoint"));
    const char *ca_file = json_string_value(json_object_get(v, "caFile"));
    bool tls = strncmp(auth, HTTPS, strlen(HTTPS)) == 0;

    print_export("LAS_CLIENT_ID", id ? id : "anybody");
    print_secret(o);
    /* the SDK puts https:// before it, and lasfs where it finds nothing */
    print_export("LAS_AUTH_ENDPOINT", tls ? auth + strlen(HTTPS) : auth);
    print_export("LAS_API_ENDPOINT", api);
    if (!ca_file) {
        printf("# For lasfs and curl: the SDK asks for tokens over https alone, which is --tls.\n");
        return;
    }
    print_export("REQUESTS_CA_BUNDLE", ca_file);
    print_export("CURL_CA_BUNDLE", ca_file);
    print_export("NODE_EXTRA_CA_CERTS", ca_file);
    if (strpbrk(ca_file, "\n\r"))
        return; /* a comment is one line, and who reads this runs the rest */
    printf("# lasfs -o cacert=");
    print_quoted(ca_file);
    printf(" MOUNTPOINT\n");
}

int endpoints_print_env(const struct sandbox_options *o)
{
    cleanup_free char *path = path_join(o->state, ENDPOINTS_FILE);
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    json_auto_t *v = NULL;

    if (o->print_secret && !o->client_secret)
        return complain("--print-secret", "it is kept nowhere: --client-secret-file FILE");
    if (!path || !is_served(o->state) || file_read(path, &text) < 0 ||
        json_text_parse(buf_str(&text), text.len, false, &v, NULL) < 0 ||
        !json_is_string(json_object_get(v, "apiEndpoint")) ||
        !json_is_string(json_object_get(v, "authEndpoint")))
        return complain(o->state, "no lasfs-sandbox serves it now");
    print_all(o, v);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : complain("standard output", strerror(errno));
}
