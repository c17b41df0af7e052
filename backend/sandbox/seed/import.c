#include "import.h"

#include <dirent.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "file_url.h"
#include "hex.h"
#include "inside.h"
#include "json_text.h"
#include "progress.h"

#include "banned.h"

#define SIDECAR ".json"
#define SIDECAR_BYTES_MAX ((size_t)4 << 20)
#define MARK_MAX (sizeof("import:") + 2 * SHA256_DIGEST_SIZE)

struct import {
    const struct sandbox *sb;
    struct failure *err;
    struct progress progress;
    bool counting; /* nothing is brought in yet */
    size_t done, total;
};

static int out_of_memory(struct import *im)
{
    return fail(im->err, -ENOMEM, 0, "out of memory");
}

/* That something is left out is no failure. */
static int skip(struct import *im, const char *path, const char *why)
{
    if (im->counting)
        return 0;
    progress_end(&im->progress);
    fprintf(stderr, "lasfs-sandbox: %s: %s\n", path, why);
    return 0;
}

/* --- Ground truth ---------------------------------------------------------------------------- */

/* Values are text, true, false or null. */
static json_t *label_value(json_t *v)
{
    char *text;
    json_t *out;

    if (!v || (json_is_string(v) && json_string_length(v) == 0))
        return json_null();
    if (!json_is_number(v))
        return json_incref(v);
    text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    out = text ? json_string(text) : NULL;
    free(text);
    return out;
}

static int add_label(json_t *list, json_t *label, json_t *value)
{
    json_t *entry = json_pack("{s:O, s:o}", "label", label, "value", label_value(value));

    return json_array_append_new(list, entry);
}

json_t *import_labels(json_t *sidecar)
{
    json_t *from = json_object_get(sidecar, "predictions"), *list = json_array(), *entry, *value;
    const char *name;
    int rc = list ? 0 : -1;
    size_t i;

    if (!json_is_array(from))
        from = sidecar;
    json_array_foreach(from, i, entry)
        if (rc == 0)
            rc = json_is_string(json_object_get(entry, "label"))
                     ? add_label(list, json_object_get(entry, "label"),
                                 json_object_get(entry, "value"))
                     : -1;
    if (json_is_object(from))
        json_object_foreach(from, name, value) {
            json_auto_t *label = json_string(name);

            if (rc == 0)
                rc = add_label(list, label, value);
        }
    else if (!json_is_array(from))
        rc = -1;
    if (rc < 0) {
        json_decref(list);
        list = NULL;
    }
    return list;
}

/* NULL: there is none, or none that can be used. */
static json_t *read_truth(struct import *im, const char *path)
{
    cleanup_buf struct buf text = BUF_INIT(SIDECAR_BYTES_MAX);
    cleanup_free char *sidecar = NULL;
    json_auto_t *v = NULL;
    struct failure why = { 0 };
    json_t *truth;
    int rc = asprintf(&sidecar, "%s" SIDECAR, path) < 0 ? -ENOMEM : file_read(sidecar, &text);

    if (rc == -ENOENT || rc == -ENOMEM)
        return NULL;
    if (rc < 0) {
        skip(im, sidecar, strerror(-rc));
        return NULL;
    }
    if (json_text_parse(buf_str(&text), text.len, true, &v, &why) < 0) {
        skip(im, sidecar, why.text);
        return NULL;
    }
    truth = import_labels(v);
    if (!truth)
        skip(im, sidecar, "has no labels with values");
    return truth;
}

/* --- What was there before ------------------------------------------------------------------- */

struct fact {
    char name[MARK_MAX];
    bool known;
};

static int find_fact(struct view *v, void *arg)
{
    struct fact *f = arg;
    cleanup_buf struct buf value = BUF_INIT(ID_MAX);
    int rc = view_get_fact(v, f->name, &value);

    f->known = rc == 0;
    return rc == -ENOENT ? 0 : rc;
}

static void name_fact(struct fact *f, const char *at, const struct buf *bytes)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx ctx;
    size_t len = (size_t)snprintf(f->name, sizeof(f->name), "import:");

    sha256_init(&ctx);
    sha256_update(&ctx, strlen(at) + 1, (const uint8_t *)at);
    sha256_update(&ctx, bytes->len, (const uint8_t *)bytes->data);
    sha256_digest(&ctx, sizeof(digest), digest);
    hex_encode(digest, sizeof(digest), f->name + len);
}

/* --- Folders --------------------------------------------------------------------------------- */

struct wanted {
    const char *name;
    char id[ID_MAX];
};

static int match_name(void *arg, const struct row *row)
{
    struct wanted *wanted = arg;
    json_auto_t *body = json_loads(row->body, 0, NULL);
    const char *name = json_string_value(json_object_get(body, "name"));

    if (!name || strcmp(name, wanted->name) != 0)
        return 0;
    snprintf(wanted->id, sizeof(wanted->id), "%s", row->id);
    return 1;
}

static int find_dataset(struct view *v, void *arg)
{
    struct list_query q = { .kind = RES_DATASETS, .parent = "", .limit = -1 };
    int rc = view_list(v, &q, match_name, arg);

    return rc < 0 ? rc : 0;
}

struct folder {
    const char *path, *at; /* at: below the one that is imported, "" for that */
    char dataset[ID_MAX];  /* "": not looked for yet, or the documents are to have none */
};

/* The dataset of the folder's name; made where there is none. */
static int find_or_make_dataset(struct import *im, struct folder *f)
{
    struct wanted wanted = { .name = f->at };
    json_auto_t *made = NULL;
    int rc = 0;

    if (!*f->at || f->dataset[0])
        return 0;
    if (store_read(im->sb->store, find_dataset, &wanted) < 0)
        return fail(im->err, -EIO, 0, "the state cannot be read");
    if (!wanted.id[0]) {
        rc = inside_call(im->sb, VERB_POST, "/datasets", json_pack("{s:s}", "name", f->at), NULL,
                         &made, im->err);
        if (rc == 0)
            snprintf(wanted.id, sizeof(wanted.id), "%s",
                     json_string_value(json_object_get(made, "datasetId")));
    }
    memcpy(f->dataset, wanted.id, sizeof(f->dataset));
    return rc;
}

/* --- Files ----------------------------------------------------------------------------------- */

static json_t *document_body(const struct buf *bytes, const char *type, const char *dataset,
                             json_t *truth)
{
    json_t *body = json_pack("{s:o, s:s}", "content", inside_content(bytes->data, bytes->len),
                             "contentType", type);

    if (body && *dataset)
        json_object_set_new(body, "datasetId", json_string(dataset));
    if (body && truth)
        json_object_set(body, "groundTruth", truth);
    return body;
}

static int post_document(struct import *im, const char *path, const struct buf *bytes,
                         const char *dataset, const char *mark)
{
    const char *type = files_type(bytes->data, bytes->len);
    json_auto_t *truth = read_truth(im, path);
    struct failure why = { 0 };
    int rc = inside_call(im->sb, VERB_POST, "/documents",
                         document_body(bytes, type, dataset, truth), mark, NULL, &why);

    if (rc == -EINVAL && truth && strncmp(why.text, "groundTruth", strlen("groundTruth")) == 0) {
        progress_end(&im->progress);
        fprintf(stderr, "lasfs-sandbox: %s" SIDECAR ": %s\n", path, why.text);
        rc = inside_call(im->sb, VERB_POST, "/documents", document_body(bytes, type, dataset, NULL),
                         mark, NULL, &why);
    }
    if (rc == -EINVAL)
        return skip(im, path, why.text);
    return rc < 0 ? fail(im->err, rc, 0, "%s: %s", path, why.text) : 0;
}

static int import_file(struct import *im, struct folder *f, const char *path, const char *at)
{
    size_t max = (size_t)resource_content_max(resource_get(RES_DOCUMENTS));
    cleanup_buf struct buf bytes = BUF_INIT(max);
    struct fact fact = { .known = false };
    int rc = file_read(path, &bytes);

    if (rc == -EFBIG)
        return skip(im, path, "is larger than a document may be");
    if (rc == -ENOMEM)
        return out_of_memory(im);
    if (rc < 0)
        return skip(im, path, strerror(-rc));
    if (bytes.len == 0 || !files_type(bytes.data, bytes.len))
        return skip(im, path, "is no PDF, JPEG, PNG or TIFF");
    name_fact(&fact, at, &bytes);
    if (store_read(im->sb->store, find_fact, &fact) < 0)
        return fail(im->err, -EIO, 0, "the state cannot be read");
    if (fact.known)
        return 0;
    rc = find_or_make_dataset(im, f);
    return rc < 0 ? rc : post_document(im, path, &bytes, f->dataset, fact.name);
}

static bool is_there(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* FILE.json where FILE is there too. */
static bool is_sidecar(const char *path)
{
    size_t len = strlen(path), end = strlen(SIDECAR);
    cleanup_free char *of = NULL;

    if (len <= end || strcmp(path + len - end, SIDECAR) != 0)
        return false;
    of = strndup(path, len - end);
    return of && is_there(of);
}

static int import_dir(struct import *im, const char *path, const char *at);

/* The signals that end the server are blocked until it serves. */
static bool is_to_end(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

static int import_entry(struct import *im, struct folder *f, const char *name)
{
    cleanup_free char *path = path_join(f->path, name), *at = path_join(f->at, name);
    struct stat st;

    if (!path || !at)
        return out_of_memory(im);
    if (is_to_end())
        return fail(im->err, -EINTR, 0, "ended before all was imported");
    if (name[0] == '.' || is_sidecar(path))
        return 0;
    if (lstat(path, &st) < 0)
        return skip(im, path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return import_dir(im, path, at);
    if (!is_there(path))
        return skip(im, path, "is no file");
    if (im->counting) {
        im->total++;
        return 0;
    }
    progress_show(&im->progress, "lasfs-sandbox: importing: %zu of %zu files", im->done++,
                  im->total);
    return import_file(im, f, path, at);
}

/* In the order of the names, so that it is the same on every machine. */
static int import_dir(struct import *im, const char *path, const char *at)
{
    struct folder f = { .path = path, .at = at };
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort), rc = 0;

    if (n < 0)
        return fail(im->err, -errno, 0, "--import %s: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (rc == 0)
            rc = import_entry(im, &f, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int import_folder(const struct sandbox *sb, const char *dir, struct failure *err)
{
    struct import im = { .sb = sb, .err = err };
    int rc = 0;

    progress_begin(&im.progress, STDERR_FILENO, clock_real());
    im.counting = progress_is_on(&im.progress);
    if (im.counting)
        rc = import_dir(&im, dir, "");
    im.counting = false;
    if (rc == 0)
        rc = import_dir(&im, dir, "");
    progress_end(&im.progress);
    return rc;
}
