#include "about.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "array.h"

#include "banned.h"

const char about_readme[] =
    "This directory is the API of Lucidtech AI Services: documents in, predictions out.\n"
    "A directory here is a collection or a resource of the API, spelled as the API spells it;\n"
    "a file in a resource's directory is a field of it: read it, write it to change it.\n"
    "\n"
    "  appClients/NAME/               mkdir makes one; its clientSecret is there until unmount\n"
    "  assets/FILE                    any bytes; write over it to change it\n"
    "  consents/ID/documents/         the documents of a consent; rmdir of it deletes them\n"
    "  datasets/NAME/                 mkdir, mv, rmdir; rm -r takes its documents along\n"
    "  datasets/NAME/documents/       its documents: cp a file here, or mv one\n"
    "  documents/FILE                 cp makes a document, cat reads it, rm deletes it\n"
    "  documents/FILE.json            beside it: its ground truth, {label: value}\n"
    "  documents/ID/                  content, resource.json, a file for each field\n"
    "  documents/ID/predictions/      write {} to MODEL.json to ask it, read the answer\n"
    "  logs/ID/events.txt             a line an event; logs/ also under what has some\n"
    "  models/NAME.json               a body makes one, another one changes it; so in\n"
    "                                 secrets/, transitions/, workflows/, users/, ...\n"
    "  models/NAME/dataBundles/       NAME.json makes one; status tells how far it is\n"
    "  models/NAME/inbox/FILE         put a document here: FILE.json is its prediction\n"
    "  organizations/me/              one's own, with its quotas\n"
    "  predictions/                   all that were asked for\n"
    "  secrets/NAME/data.json         can be written, never read\n"
    "  transitions/NAME/executions/   mkdir claims one; output.json or error.json ends it,\n"
    "                                 heartbeat keeps it while it is held open\n"
    "  users/EMAIL/                   mkdir invites; name, avatar.jpg\n"
    "  workflows/NAME/executions/     FILE.json, its input, starts one; nextTransitionId\n"
    "  COLLECTION/.by-name/           links to all by name; .by-id/, .by-FIELD/VALUE/\n"
    "  COLLECTION/.list.jsonl         the whole list, a resource a line\n"
    "  FOLDER/.defaults.json          fields for all that is made from the folder\n"
    "  documents/.sha256sums          what the server has of what was put here\n"
    "\n"
    "Wherever NAME stands, an id does too, and the first eight or more of its digits.\n"
    "A PDF, JPEG, PNG or TIFF becomes a document, whatever its name is. What could not be\n"
    "delivered stays where it was put, with NAME.error.txt beside it.\n"
    "\n"
    "  .lasfs/status     how things are\n"
    "  .lasfs/errors     what went wrong, the newest last\n"
    "  .lasfs/pending/   what is still to be delivered\n"
    "  .lasfs/failed/    what could not be delivered; rm gives it up\n"
    "  .lasfs/control    takes: refresh PATH, flush, retry NAME, purge PATH [N]\n"
    "  .lasfs/refresh    touch it: forget all that is cached\n";

static int add_time(struct buf *out, int64_t ns)
{
    time_t seconds = (time_t)(ns / 1000000000);
    char text[32] = "never";
    struct tm tm;

    if (ns && gmtime_r(&seconds, &tm))
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return buf_addf(out, "%s\n", text);
}

static int add_files(struct fs *fs, struct buf *out)
{
    int64_t counts[DROP_STATES] = { 0 };
    struct drops_stats live;
    int rc = state_count(fs->state, counts, NULL);

    if (rc < 0)
        return rc;
    drops_get_stats(fs->drops, &live);
    return buf_addf(out,
                    "files sent       %" PRId64 "\n"
                    "files local      %" PRId64 "\n"
                    "files open       %zu\n"
                    "files failed     %" PRId64 "\n",
                    counts[DROP_SENT], counts[DROP_LOCAL], live.open, counts[DROP_FAILED]);
}

static int add_caches(struct fs *fs, struct buf *out)
{
    struct content_stats content;
    struct meta_stats meta;

    meta_get_stats(fs->meta, &meta);
    content_get_stats(fs->content, &content);
    return buf_addf(out,
                    "known            %zu answers, %zu bytes of %zu\n"
                    "contents         %zu files, %" PRId64 " bytes of %" PRId64 "\n"
                    "nodes            %zu\n",
                    meta.entries, meta.bytes, meta.max_bytes, content.entries, content.bytes,
                    content.max_bytes, nodes_count(fs->nodes));
}

int about_status(struct fs *fs, struct buf *out)
{
    struct backend_stats b;
    int rc;

    backend_get_stats(fs->backend, &b);
    rc = buf_addf(out, "lasfs %s\npid              %ld\nendpoint         %s\nsince            ",
                  LASFS_VERSION, (long)getpid(), fs->endpoint);
    if (rc == 0)
        rc = add_time(out, fs->started_ns);
    if (rc == 0)
        rc = buf_addf(out,
                      "requests         %" PRIu64 " (%" PRIu64 " again, %" PRIu64 " failed, "
                      "%u under way)\n"
                      "server           %s\n"
                      "sent             %" PRIu64 " bytes\n"
                      "received         %" PRIu64 " bytes\n",
                      b.requests, b.retries, b.failures, b.in_flight,
                      b.down ? "does not answer, is probed each second" : "answers", b.bytes_sent,
                      b.bytes_received);
    if (rc == 0)
        rc = add_files(fs, out);
    if (rc == 0)
        rc = add_caches(fs, out);
    if (rc == 0)
        rc = buf_addf(out, "errors           %" PRIu64 "\nlast error       ",
                      errlog_count(fs->errlog));
    return rc < 0 ? rc : add_time(out, errlog_last_ns(fs->errlog));
}

/* --- For machines ----------------------------------------------------------------------------- */

struct metric {
    const char *name, *labels, *type, *help; /* help NULL: it goes on with the one before */
    double value;
};

static int add_metric(const struct metric *m, struct buf *out)
{
    int rc = 0;

    if (m->help)
        rc = buf_addf(out, "# HELP lasfs_%s %s\n# TYPE lasfs_%s %s\n", m->name, m->help, m->name,
                      m->type);
    return rc < 0 ? rc : buf_addf(out, "lasfs_%s%s %.17g\n", m->name, m->labels, m->value);
}

int about_metrics(struct fs *fs, struct buf *out)
{
    int64_t files[DROP_STATES] = { 0 };
    struct content_stats content;
    struct drops_stats drops;
    struct backend_stats b;
    struct meta_stats meta;
    int rc = state_count(fs->state, files, NULL);

    if (rc < 0)
        return rc;
    backend_get_stats(fs->backend, &b);
    content_get_stats(fs->content, &content);
    drops_get_stats(fs->drops, &drops);
    meta_get_stats(fs->meta, &meta);
    /* clang-format off */
    const struct metric metrics[] = {
        { "requests_total", "", "counter", "Requests to the API.", (double)b.requests },
        { "request_retries_total", "", "counter", "Requests that were sent again.", (double)b.retries },
        { "request_failures_total", "", "counter", "Requests that failed in the end.", (double)b.failures },
        { "requests_in_flight", "", "gauge", "Requests under way.", b.in_flight },
        { "sent_bytes_total", "", "counter", "Bytes sent to the API.", (double)b.bytes_sent },
        { "received_bytes_total", "", "counter", "Bytes received from the API.", (double)b.bytes_received },
        { "errors_total", "", "counter", "Operations that failed.", (double)errlog_count(fs->errlog) },
        { "files", "{state=\"sent\"}", "gauge", "Dropped files.", (double)files[DROP_SENT] },
        { "files", "{state=\"local\"}", "gauge", NULL, (double)files[DROP_LOCAL] },
        { "files", "{state=\"open\"}", "gauge", NULL, (double)drops.open },
        { "files", "{state=\"failed\"}", "gauge", NULL, (double)files[DROP_FAILED] },
        { "cached_answers", "", "gauge", "Answers that are remembered.", (double)meta.entries },
        { "cached_answers_bytes", "", "gauge", "Memory that they take.", (double)meta.bytes },
        { "cached_contents", "", "gauge", "Contents that are cached on disk.", (double)content.entries },
        { "cached_contents_bytes", "", "gauge", "Disk that they take.", (double)content.bytes },
        { "nodes", "", "gauge", "Names that the kernel knows.", (double)nodes_count(fs->nodes) },
        { "start_time_seconds", "", "gauge", "When the mount began.", (double)fs->started_ns / 1e9 },
    };
    /* clang-format on */
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(metrics); i++)
        rc = add_metric(&metrics[i], out);
    return rc;
}
