#include "credentials.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ini.h>

#include "array.h"
#include "buf.h"
#include "number.h"

#include "banned.h"

#define FILE_MAX_BYTES (1 << 20)
#define PATH_MAX_BYTES 4096
#define KEY_MAX 64
#define FALLBACK "DEFAULT"

enum key { CLIENT_ID, CLIENT_SECRET, AUTH_ENDPOINT, API_ENDPOINT, USE_CACHE, N_KEYS };

static const struct {
    const char *name, *variable;
} keys[N_KEYS] = {
    [CLIENT_ID] = { "client_id", "LAS_CLIENT_ID" },
    [CLIENT_SECRET] = { "client_secret", "LAS_CLIENT_SECRET" },
    [AUTH_ENDPOINT] = { "auth_endpoint", "LAS_AUTH_ENDPOINT" },
    [API_ENDPOINT] = { "api_endpoint", "LAS_API_ENDPOINT" },
    [USE_CACHE] = { "use_cache", NULL },
};

static char **key_place(struct credentials *c, enum key key)
{
    char **const places[N_KEYS] = { &c->client_id, &c->client_secret, &c->auth_endpoint,
                                    &c->api_endpoint, NULL };

    return places[key];
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void credentials_release(struct credentials *c)
{
    for (enum key k = 0; k < USE_CACHE; k++)
        wipe(steal_pointer(key_place(c, k)));
    free(steal_pointer(&c->token_cache));
    free(steal_pointer(&c->profile));
    free(steal_pointer(&c->api_from));
}

/* --- The environment ------------------------------------------------------------------------- */

/* How many of the four are set; those are then in out. -ENOMEM. */
static int from_environment(struct credentials *out)
{
    int n = 0;

    for (enum key k = 0; k < USE_CACHE; k++) {
        const char *value = getenv(keys[k].variable);

        if (!value || !value[0])
            continue;
        *key_place(out, k) = strdup(value);
        if (!*key_place(out, k))
            return -ENOMEM;
        n++;
    }
    out->api_from = strdup(keys[API_ENDPOINT].variable);
    return out->api_from ? n : -ENOMEM;
}

static void warn_half_set(struct log *log, const struct credentials *set)
{
    struct credentials copy = *set;
    struct buf missing = BUF_INIT(256);

    for (enum key k = 0; k < USE_CACHE; k++)
        if (!*key_place(&copy, k))
            buf_addf(&missing, "%s%s", missing.len ? ", " : "", keys[k].variable);
    log_line(log, LOG_LEVEL_WARNING,
             "the environment has some of the credentials but not %s: it is not used",
             buf_str(&missing));
    buf_release(&missing);
}

/* --- The file -------------------------------------------------------------------------------- */

/*
 * inih reads the file's lines, and this makes configparser's rules of inih's own: comments are
 * whole lines, "=" and ":" both end a key, indented first lines are fine. Sections and values go
 * by their place in the text, so that nothing in them (" ;", their length) means anything to
 * inih. Values over several lines are refused.
 */
struct reader {
    const char *text;
    size_t len, at;
    unsigned line;
    size_t indent; /* of the last line that began something */
    bool in_section;
    bool in_option; /* a line indented further would go on with its value */
    const char *error;
};

struct span {
    const char *at;
    size_t len;
};

static struct span trim(struct span s)
{
    while (s.len && isspace((unsigned char)s.at[s.len - 1]))
        s.len--;
    while (s.len && isspace((unsigned char)*s.at)) {
        s.at++;
        s.len--;
    }
    return s;
}

static struct span line_at(const struct reader *r, size_t at)
{
    const char *from = r->text + at, *end = memchr(from, '\n', r->len - at);

    return (struct span){ from, end ? (size_t)(end - from) : r->len - at };
}

static char *refuse_line(struct reader *r, const char *why)
{
    r->error = why;
    return NULL;
}

static char *give_section(struct reader *r, struct span s, char *out, int size)
{
    const char *end = memrchr(s.at, ']', s.len);

    if (!end || end == s.at + 1)
        return refuse_line(r, "a section without a name");
    r->in_section = true;
    r->in_option = false;
    snprintf(out, (size_t)size, "[%zu]\n", (size_t)(s.at + 1 - r->text));
    return out;
}

/* The key in lower case into name; false when it is none that we could know. */
static bool read_key(struct span key, char name[KEY_MAX])
{
    if (!key.len || key.len >= KEY_MAX)
        return false;
    for (size_t i = 0; i < key.len; i++) {
        name[i] = (char)tolower((unsigned char)key.at[i]);
        if (!isalnum((unsigned char)name[i]) && name[i] != '_')
            return false;
    }
    name[key.len] = '\0';
    return true;
}

static char *give_option(struct reader *r, struct span s, char *out, int size)
{
    char name[KEY_MAX];
    size_t n = 0;

    while (n < s.len && s.at[n] != '=' && s.at[n] != ':')
        n++;
    if (n == s.len)
        return refuse_line(r, "neither a section, nor a key and its value");
    if (!r->in_section)
        return refuse_line(r, "a key before the first section");
    r->in_option = true;
    if (read_key(trim((struct span){ s.at, n }), name))
        snprintf(out, (size_t)size, "%s=%zu\n", name, (size_t)(s.at + n + 1 - r->text));
    else
        snprintf(out, (size_t)size, "\n");
    return out;
}

static char *read_line(char *out, int size, void *stream)
{
    struct reader *r = stream;
    struct span whole, s;
    size_t indent;

    if (r->at >= r->len || r->error)
        return NULL;
    whole = line_at(r, r->at);
    s = trim(whole);
    indent = (size_t)(s.at - whole.at);
    r->at += whole.len + 1;
    r->line++;
    if (!s.len || *s.at == '#' || *s.at == ';') {
        snprintf(out, (size_t)size, "\n");
        return out;
    }
    if (r->in_option && indent > r->indent)
        return refuse_line(r, "a value over several lines");
    r->indent = indent;
    return *s.at == '[' ? give_section(r, s, out, size) : give_option(r, s, out, size);
}

struct wanted {
    const struct reader *reader;
    const char *profile;
    struct span values[2][N_KEYS]; /* of the profile, and of what all sections fall back on */
    bool seen[2];
    const char *error; /* one of the keys' names, given twice */
};

static struct span span_of(const struct reader *r, const char *offset)
{
    int64_t at = 0;

    number_parse(offset, 0, (int64_t)r->len, &at);
    return line_at(r, (size_t)at);
}

static bool is_section(const struct reader *r, const char *offset, const char *name)
{
    struct span s = span_of(r, offset);
    const char *end = memrchr(s.at, ']', s.len);

    return end && (size_t)(end - s.at) == strlen(name) && memcmp(s.at, name, strlen(name)) == 0;
}

static int on_option(void *user, const char *section, const char *name, const char *value)
{
    struct wanted *w = user;
    bool ours = is_section(w->reader, section, w->profile);

    if (!ours && !is_section(w->reader, section, FALLBACK))
        return 1;
    w->seen[!ours] = true;
    for (enum key k = 0; k < N_KEYS; k++) {
        if (strcmp(name, keys[k].name) != 0)
            continue;
        if (w->values[!ours][k].at)
            w->error = keys[k].name;
        w->values[!ours][k] = trim(span_of(w->reader, value));
    }
    return 1;
}

/* A section may be there and empty. */
static bool has_section(const struct reader *r, const char *name)
{
    struct buf header = BUF_INIT(PATH_MAX_BYTES);
    bool found = false;

    if (buf_addf(&header, "[%s]", name) == 0)
        for (size_t at = 0; at < r->len && !found;) {
            struct span line = line_at(r, at), s = trim(line);

            found = s.len >= header.len && memcmp(s.at, header.data, header.len) == 0;
            at += line.len + 1;
        }
    buf_release(&header);
    return found;
}

/* %% is %; other uses of % are references to other keys, which nobody has here. */
static int expand(struct span s, char **out)
{
    char *text = malloc(s.len + 1);
    size_t n = 0;

    if (!text)
        return -ENOMEM;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '%' && (i + 1 == s.len || s.at[++i] != '%')) {
            explicit_bzero(text, s.len);
            free(text);
            return -EINVAL;
        }
        text[n++] = s.at[i];
    }
    text[n] = '\0';
    *out = text;
    return 0;
}

static int line_of(const struct reader *r, const char *at)
{
    int line = 1;

    for (const char *p = r->text; p < at; p++)
        line += *p == '\n';
    return line;
}

/* Of a key that is there. */
static int name_place(const struct wanted *w, const char *path, enum key key, char **out)
{
    bool fallback = !w->values[0][key].at;

    if (asprintf(out, "%s: line %d: [%s] %s", path, line_of(w->reader, w->values[fallback][key].at),
                 fallback ? FALLBACK : w->profile, keys[key].name) < 0)
        *out = NULL;
    return *out ? 0 : -ENOMEM;
}

static bool is_true(struct span s)
{
    return s.len == 4 && (memcmp(s.at, "true", 4) == 0 || memcmp(s.at, "True", 4) == 0);
}

static int take_values(const struct wanted *w, const char *path, struct credentials *out,
                       struct failure *err)
{
    for (enum key k = 0; k < N_KEYS; k++) {
        struct span s = w->values[0][k].at ? w->values[0][k] : w->values[1][k];
        int rc;

        if (k == USE_CACHE) {
            out->use_cache = s.at && is_true(s);
            continue;
        }
        if (!s.len)
            return fail(err, -EINVAL, 0, "%s: [%s] has no %s", path, w->profile, keys[k].name);
        rc = expand(s, key_place(out, k));
        if (rc < 0)
            return fail(err, rc, 0, "%s: [%s] %s: a %% is written %%%%", path, w->profile,
                        keys[k].name);
    }
    return name_place(w, path, API_ENDPOINT, &out->api_from) < 0
               ? fail(err, -ENOMEM, 0, "out of memory")
               : 0;
}

static int parse_file(const struct buf *text, const char *path, const char *profile,
                      struct credentials *out, struct failure *err)
{
    struct reader r = { .text = text->data, .len = text->len };
    struct wanted w = { .reader = &r, .profile = profile };
    int line;

    if (text->len && memchr(text->data, 0, text->len))
        return fail(err, -EINVAL, 0, "%s is not a text", path);
    line = ini_parse_stream(read_line, &r, on_option, &w);
    if (line == -2)
        return fail(err, -ENOMEM, 0, "out of memory");
    if (r.error || line)
        return fail(err, -EINVAL, 0, "%s: line %u: %s", path, r.error ? r.line : (unsigned)line,
                    r.error ? r.error : "cannot be read");
    if (w.error)
        return fail(err, -EINVAL, 0, "%s: [%s] has %s twice", path, profile, w.error);
    if (!w.seen[0] && !has_section(&r, profile))
        return fail(err, -ENOENT, 0, "%s has no section [%s]", path, profile);
    return take_values(&w, path, out, err);
}

static int read_all(int fd, size_t size, struct buf *text)
{
    size_t at = 0;
    int rc = buf_resize(text, size); /* at once: what grows leaves copies behind */

    while (rc == 0 && at < size) {
        ssize_t n = pread(fd, text->data + at, size - at, (off_t)at);

        if (n < 0 && errno != EINTR)
            rc = -errno;
        else if (n == 0)
            break;
        else if (n > 0)
            at += (size_t)n;
    }
    return rc < 0 ? rc : buf_resize(text, at);
}

static int open_file(const char *path, struct log *log, size_t *size, struct failure *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    int rc = fd < 0 ? -errno : 0;

    if (rc == -ENOENT || rc == -ENOTDIR)
        return fail(err, -ENOENT, 0, "no credentials: there is no %s, and the environment has none",
                    path);
    if (rc == 0 && fstat(fd, &st) < 0)
        rc = -errno;
    if (rc < 0)
        return fail(err, rc == -EACCES ? rc : -EINVAL, 0, "%s: %s", path, strerror(-rc));
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES)
        return fail(err, -EINVAL, 0, "%s is not a file of credentials", path);
    if (st.st_mode & 077)
        log_line(log, LOG_LEVEL_WARNING, "%s can be read by others: chmod 600 '%s'", path, path);
    *size = (size_t)st.st_size;
    return steal_fd(&fd);
}

/* The SDK keeps its tokens beside the file. */
static int name_cache(const char *path, const char *profile, struct credentials *out)
{
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) + 1 : 0;

    if (asprintf(&out->token_cache, "%.*stoken-cache.json", len, path) < 0) {
        out->token_cache = NULL;
        return -ENOMEM;
    }
    out->profile = strdup(profile);
    return out->profile ? 0 : -ENOMEM;
}

static int from_file(const char *path, const char *profile, struct log *log,
                     struct credentials *out, struct failure *err)
{
    struct buf text = BUF_INIT(FILE_MAX_BYTES);
    size_t size = 0;
    int rc, fd = open_file(path, log, &size, err);

    if (fd < 0)
        return fd;
    rc = read_all(fd, size, &text);
    close(fd);
    if (rc < 0)
        rc = fail(err, rc == -ENOMEM ? rc : -EINVAL, 0, "%s: %s", path, strerror(-rc));
    else
        rc = parse_file(&text, path, profile, out, err);
    if (rc == 0 && out->use_cache && name_cache(path, profile, out) < 0)
        rc = fail(err, -ENOMEM, 0, "out of memory");
    if (text.data)
        explicit_bzero(text.data, text.cap);
    buf_release(&text);
    return rc;
}

/* --- Both ------------------------------------------------------------------------------------ */

static int default_path(struct buf *out, struct failure *err)
{
    const char *home = getenv("HOME");
    int rc;

    if (!home || !home[0])
        return fail(err, -ENOENT, 0,
                    "no credentials: HOME is not set, and the environment has none");
    rc = buf_addf(out, "%s/.lucidtech/credentials.cfg", home);
    return rc < 0 ? fail(err, rc == -EFBIG ? -EINVAL : rc, 0, "HOME is too long") : 0;
}

static int load(const char *path, const char *profile, struct log *log, struct credentials *c,
                struct failure *err)
{
    struct buf usual = BUF_INIT(PATH_MAX_BYTES);
    int rc = profile ? 0 : from_environment(c);

    if (rc < 0)
        return fail(err, rc, 0, "out of memory");
    if (rc == USE_CACHE)
        return 0;
    if (rc > 0)
        warn_half_set(log, c);
    credentials_release(c);
    rc = path ? 0 : default_path(&usual, err);
    if (rc == 0)
        rc = from_file(path ? path : usual.data, profile ? profile : "default", log, c, err);
    buf_release(&usual);
    return rc;
}

int credentials_load(const char *path, const char *profile, struct log *log,
                     struct credentials *out, struct failure *err)
{
    struct credentials c = { 0 };
    int rc = load(path, profile, log, &c, err);

    if (rc < 0)
        credentials_release(&c);
    else
        *out = c;
    return rc;
}

int credentials_advise(const char *path, const char *profile, const char *mountpoint,
                       struct buf *out)
{
    struct buf usual = BUF_INIT(PATH_MAX_BYTES);
    int rc = path ? 0 : default_path(&usual, NULL);

    if (rc == 0 || rc == -ENOENT)
        rc = buf_addf(out,
                      "without an account: lasfs --sandbox %s\n"
                      "with one, these lines belong into %s, which others cannot read:\n"
                      "[%s]\n"
                      "client_id = ...\n"
                      "client_secret = ...\n"
                      "auth_endpoint = auth.lucidtech.ai\n"
                      "api_endpoint = " CREDENTIALS_USUAL_API "\n",
                      mountpoint,
                      path         ? path
                      : usual.data ? usual.data
                                   : "credentials.cfg",
                      profile ? profile : "default");
    buf_release(&usual);
    return rc;
}
