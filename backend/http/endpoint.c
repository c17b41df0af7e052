#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <curl/curl.h>

#include "banned.h"

static void free_url(CURLU **u)
{
    curl_url_cleanup(*u);
}

static void free_part(char **text)
{
    curl_free(*text);
}

#define cleanup_url CLEANUP(free_url)
#define cleanup_part CLEANUP(free_part)

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    char bare[INET6_ADDRSTRLEN + 2];
    size_t len = strlen(host);

    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (len < 3 || len >= sizeof(bare) || host[0] != '[' || host[len - 1] != ']')
        return false;
    memcpy(bare, host + 1, len - 2);
    bare[len - 2] = '\0';
    return inet_pton(AF_INET6, bare, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static bool has_part(CURLU *u, CURLUPart part)
{
    cleanup_part char *text = NULL;

    return curl_url_get(u, part, &text, 0) == CURLUE_OK;
}

static int check_parts(const char *what, CURLU *u, struct failure *err)
{
    cleanup_part char *scheme = NULL, *host = NULL;

    if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return fail(err, -EINVAL, 0, "%s is not a URL", what);
    if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
        return fail(err, -EINVAL, 0, "%s: a user does not belong there", what);
    if (strcmp(scheme, "https") == 0)
        return 0;
    if (strcmp(scheme, "http") != 0)
        return fail(err, -EINVAL, 0, "%s: %s is neither https nor http", what, scheme);
    if (!is_loopback(host))
        return fail(err, -EINVAL, 0, "%s: plain http is for this machine alone, and %s is not it",
                    what, host);
    return 0;
}

int endpoint_check(const char *what, const char *text, struct buf *out, struct failure *err)
{
    cleanup_url CURLU *u = curl_url();
    cleanup_part char *url = NULL;
    CURLUcode code;
    size_t len;
    int rc;

    if (!u)
        return fail(err, -ENOMEM, 0, "out of memory");
    code = curl_url_set(u, CURLUPART_URL, text, CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK)
        return fail(err, code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL, 0, "%s is not a URL: %s",
                    what, curl_url_strerror(code));
    if (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT))
        return fail(err, -EINVAL, 0, "%s: only scheme, host, port and path belong there", what);
    rc = check_parts(what, u, err);
    if (rc < 0)
        return rc;
    if (curl_url_get(u, CURLUPART_URL, &url, 0) != CURLUE_OK)
        return fail(err, -ENOMEM, 0, "out of memory");
    len = strlen(url);
    while (len && url[len - 1] == '/')
        len--;
    rc = buf_add(out, url, len);
    return rc < 0 ? fail(err, rc == -EFBIG ? -EINVAL : rc, 0, "%s is too long", what) : 0;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    cleanup_part char *x = NULL, *y = NULL;

    return curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
           curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK && strcasecmp(x, y) == 0;
}

/* files.api.example.com, of api.example.com. */
static bool is_below(const char *host, const char *above)
{
    size_t len = strlen(host), n = strlen(above);

    return len > n + 1 && host[len - n - 1] == '.' && strcasecmp(host + len - n, above) == 0;
}

/* The same, or one that only who has the other can give: this machine, a name below it. */
static bool same_host(CURLU *u, CURLU *b)
{
    cleanup_part char *host = NULL, *above = NULL;

    if (same_part(u, b, CURLUPART_HOST))
        return true;
    if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(b, CURLUPART_HOST, &above, 0) != CURLUE_OK)
        return false;
    return (is_loopback(host) && is_loopback(above)) ||
           (!is_loopback(above) && is_below(host, above));
}

static bool same_origin(CURLU *u, const char *base)
{
    cleanup_url CURLU *b = curl_url();

    return b && curl_url_set(b, CURLUPART_URL, base, 0) == CURLUE_OK &&
           same_part(u, b, CURLUPART_SCHEME) && same_host(u, b) && same_part(u, b, CURLUPART_PORT);
}

int endpoint_check_file(const char *what, const char *text, const char *base, struct buf *out,
                        bool *own, struct failure *err)
{
    cleanup_url CURLU *u = curl_url();
    cleanup_part char *url = NULL;
    CURLUcode code;
    int rc;

    if (!u)
        return fail(err, -ENOMEM, 0, "out of memory");
    code = curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK)
        return fail(err, code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EIO, 0, "%s is not a URL: %s",
                    what, curl_url_strerror(code));
    if (check_parts(what, u, err) < 0)
        return -EIO;
    if (curl_url_get(u, CURLUPART_URL, &url, 0) != CURLUE_OK)
        return fail(err, -ENOMEM, 0, "out of memory");
    rc = buf_adds(out, url);
    if (rc < 0)
        return fail(err, rc == -EFBIG ? -EIO : rc, 0, "%s is too long", what);
    *own = same_origin(u, base);
    return 0;
}

bool endpoint_is_bare(const char *url)
{
    const char *host = strstr(url, "://");

    return host && !strchr(host + 3, '/');
}

bool endpoint_is_plain(const char *url)
{
    return strncmp(url, "http://", 7) == 0;
}
