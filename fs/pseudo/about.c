#include "about.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "array.h"
#include "backend.h"
#include "content.h"
#include "drop.h"
#include "drop_table.h"
#include "errlog.h"
#include "meta.h"
#include "node.h"
#include "operations.h"
#include "pseudo_context.h"
#include "remote.h"
#include "resolve.h"
#include "state.h"
#include "uploads.h"
#include "waiting.h"

#include "banned.h"

#define KIND_TEXT_MAX 64

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
    "  deploymentEnvironments/        where models can run (today's API)\n"
    "  documents/FILE                 cp makes a document, cat reads it, rm deletes it\n"
    "  documents/FILE.json            beside it: its ground truth, {label: value}\n"
    "  documents/ID/                  content, resource.json, a file for each field\n"
    "  documents/ID/.page-N.jpg       a picture of page N, from 0 on; .thumbnail.jpg, a small one\n"
    "  documents/ID/predictions/      write {} to MODEL.json to ask it, read the answer\n"
    "  logs/ID/events.txt             a line an event; logs/ also under what has some\n"
    "  models/NAME.json               a body makes one, another one changes it; so in\n"
    "                                 secrets/, transitions/, workflows/, users/, ...\n"
    "  models/NAME/dataBundles/       NAME.json makes one; status tells how far it is\n"
    "  models/NAME/inbox/FILE         put a document here: FILE.json is its prediction\n"
    "  models/NAME/trainings/         mkdir or NAME.json starts one; trainingId, status (today's API)\n"
    "  models/NAME/.statistics-N.json what it did in the last N days (today's API)\n"
    "  organizations/me/              one's own, with its quotas; mkdir makes another (today's API)\n"
    "  paymentMethods/                what is paid with (today's API)\n"
    "  plans/                         what can be had, with prices (today's API)\n"
    "  predictions/                   all that were asked for\n"
    "  profiles/me/                   who one is (today's API)\n"
    "  roles/                         who may do what (today's API)\n"
    "  secrets/NAME/data.json         can be written, never read\n"
    "  transitions/NAME/executions/   mkdir claims one; output.json or error.json ends it,\n"
    "                                 heartbeat keeps it while it is held open\n"
    "  users/EMAIL/                   mkdir invites; name, avatar.jpg\n"
    "  workflows/NAME/executions/     FILE.json, its input, starts one; nextTransitionId\n"
    "  COLLECTION/.by-name/           links to all by name; .by-id/, .by-FIELD/VALUE/\n"
    "  COLLECTION/.list.jsonl         the whole list, a resource a line\n"
    "  FOLDER/.defaults.json          fields for all that is made from the folder\n"
    "  documents/.sha256sums          what the server has of what was put here\n"
    "  documents/.files.tsv           the same: path, id, size, SHA-256, mtime\n"
    "\n"
    "Wherever NAME stands, an id does too, and the first eight or more of its digits.\n"
    "A PDF, JPEG, PNG or TIFF becomes a document, whatever its name is. What could not be\n"
    "delivered is in .lasfs/failed/; where it was put is the version before, or nothing,\n"
    "and NAME.error.txt.\n"
    "\n"
    "  .lasfs/status     how things are\n"
    "  .lasfs/errors     what went wrong, the newest last\n"
    "  .lasfs/pending/   what is still to be delivered\n"
    "  .lasfs/failed/    what could not be delivered; retry, or rm\n"
    "  .lasfs/control    takes: refresh PATH, flush, retry NAME|PATTERN|all, purge PATH [N]\n"
    "  .lasfs/refresh    touch it: forget all that is cached\n";

static int add_time(struct buf *out, int64_t ns)
{
    char text[ERRLOG_TIME_MAX];

    errlog_time(ns, text);
    return buf_addf(out, "%s\n", ns ? text : "never");
}

static int add_files(struct pseudo *pseudo, struct buf *out)
{
    int64_t counts[ROW_STATES] = { 0 };
    struct uploads_stats up;
    struct drops_stats live;
    int rc = state_count(pseudo->state, counts, NULL);

    if (rc < 0)
        return rc;
    drops_get_stats(pseudo->drops, &live);
    uploads_get_stats(pseudo->uploads, &up);
    return buf_addf(out,
                    "files sent       %" PRId64 "\n"
                    "files local      %" PRId64 "\n"
                    "files open       %zu\n"
                    "files failed     %" PRId64 "\n"
                    "sidecars that wait for their document: %zu\n",
                    counts[ROW_SENT], counts[ROW_LOCAL], live.open, counts[ROW_FAILED], up.waiting);
}

/* What is still to be done at the server, by itself. */
static int add_journal(const struct uploads_stats *up, struct buf *out)
{
    char since[ERRLOG_TIME_MAX];
    int rc =
        buf_addf(out, "files to be sent %zu (%" PRId64 " bytes)\n", up->queued, up->queued_bytes);

    if (rc == 0 && (up->unsure || up->owed))
        rc = buf_addf(out, "unsure           %zu\ndeletes owed     %zu\n", up->unsure, up->owed);
    if (rc == 0 && up->names_owed)
        rc = buf_addf(out, "names owed       %zu\n", up->names_owed);
    errlog_time(up->oldest_ns, since);
    if (rc == 0 && up->oldest_ns)
        rc = buf_addf(out, "since            %s\n", since);
    if (rc == 0 && up->last_why[0])
        rc = buf_addf(out, "tried again for  %s\n", up->last_why);
    return rc;
}

static const char *generation_text(unsigned seen)
{
    static const char *const texts[] = { [0] = "not known yet",
                                         [SEEN_2021] = "2021",
                                         [SEEN_2024] = "2024",
                                         [SEEN_2021 | SEEN_2024] = "2021 and 2024" };

    return texts[seen];
}

/* As the API's paths call it: "documents", "workflows/executions". */
static void kind_text(int kind, char out[KIND_TEXT_MAX])
{
    const struct resource *res = resource_get((enum resource_kind)kind);
    const struct resource *above = resource_get(res->parent);

    snprintf(out, KIND_TEXT_MAX, "%s%s%s", above ? above->name : "", above ? "/" : "", res->name);
}

/* What the server speaks as a whole, by its organization if that told, and what is different. */
static int add_generations(struct pseudo *pseudo, struct buf *out)
{
    unsigned all = backend_generations(pseudo->backend, RES_ORGANIZATIONS);
    char what[KIND_TEXT_MAX];
    int rc;

    if (!all)
        all = backend_generations(pseudo->backend, RES_NONE);
    rc = buf_addf(out, "API              %s", generation_text(all));
    for (int kind = RES_NONE + 1; rc == 0 && kind < RES_COUNT; kind++) {
        unsigned seen = backend_generations(pseudo->backend, (enum resource_kind)kind);

        if (!seen || seen == all)
            continue;
        kind_text(kind, what);
        rc = buf_addf(out, ", %s %s", what, generation_text(seen));
    }
    return rc < 0 ? rc : buf_addc(out, '\n');
}

static int add_caches(struct pseudo *pseudo, struct buf *out)
{
    struct content_stats content;
    struct meta_stats meta;

    remote_get_stats(pseudo->remote, &meta);
    content_get_stats(pseudo->content, &content);
    return buf_addf(out,
                    "known            %zu answers, %zu bytes of %zu\n"
                    "contents         %zu files, %" PRId64 " bytes of %" PRId64 "\n"
                    "nodes            %zu\n",
                    meta.entries, meta.bytes, meta.max_bytes, content.entries, content.bytes,
                    content.max_bytes, nodes_count(pseudo->nodes));
}

/* What was opened and from where, and how much there was to do lately. */
static int add_reads(struct pseudo *pseudo, const struct backend_stats *b, struct buf *out)
{
    uint64_t operations = lately_sum(&pseudo->operations->lately, clock_us() / 1000);
    struct remote_reads reads;

    remote_get_reads(pseudo->remote, &reads);
    return buf_addf(out,
                    "contents opened  %" PRIu64 " from the cache, %" PRIu64 " not\n"
                    "read ahead       %" PRIu64 " (%" PRIu64 " used, %" PRIu64 " in vain)\n"
                    "last minute      %" PRIu64 " operations, %" PRIu64 " requests, %" PRIu64
                    " bytes sent, %" PRIu64 " received\n"
                    "                 %" PRIu64 " contents from the cache, %" PRIu64 " not\n",
                    reads.hits, reads.misses, reads.ahead, reads.ahead_used, reads.ahead_vain,
                    operations, b->requests_lately, b->sent_lately, b->received_lately,
                    reads.hits_lately, reads.misses_lately);
}

int about_status(struct pseudo *pseudo, struct buf *out)
{
    struct uploads_stats up;
    struct backend_stats b;
    int rc;

    uploads_get_stats(pseudo->uploads, &up);
    backend_get_stats(pseudo->backend, &b);
    rc = buf_addf(out, "lasfs %s\npid              %ld\nendpoint         %s\nsince            ",
                  LASFS_VERSION, (long)getpid(), pseudo->endpoint);
    if (rc == 0)
        rc = add_time(out, pseudo->started_ns);
    if (rc == 0)
        rc = add_generations(pseudo, out);
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
        rc = add_files(pseudo, out);
    if (rc == 0)
        rc = add_journal(&up, out);
    if (rc == 0)
        rc = add_caches(pseudo, out);
    if (rc == 0)
        rc = add_reads(pseudo, &b, out);
    if (rc == 0)
        rc = buf_addf(out, "purged           %" PRIu64 " documents\n", up.purged);
    if (rc == 0)
        rc = buf_addf(out, "errors           %" PRIu64 "\nlast error       ",
                      errlog_count(pseudo->errlog));
    return rc < 0 ? rc : add_time(out, errlog_last_ns(pseudo->errlog));
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

/* Of each resource that has shown it, which generations of the API. */
static int add_generation_metrics(struct pseudo *pseudo, struct buf *out)
{
    struct metric m = { "api_generation", NULL, "gauge",
                        "1: an answer was as this generation of the API has it.", 1 };
    char labels[2 * KIND_TEXT_MAX], what[KIND_TEXT_MAX];
    int rc = 0;

    for (int kind = RES_NONE + 1; rc == 0 && kind < RES_COUNT; kind++) {
        unsigned seen = backend_generations(pseudo->backend, (enum resource_kind)kind);

        if (seen)
            kind_text(kind, what);
        for (unsigned one = SEEN_2021; rc == 0 && one <= SEEN_2024; one <<= 1) {
            if (!(seen & one))
                continue;
            snprintf(labels, sizeof(labels), "{resource=\"%s\",generation=\"%s\"}", what,
                     generation_text(one));
            m.labels = labels;
            rc = add_metric(&m, out);
            m.help = NULL;
        }
    }
    return rc;
}

/* One of a histogram's lines: how many took no longer than so. */
static int add_bucket(const char *name, const char *labels, double seconds, uint64_t count,
                      struct buf *out)
{
    return buf_addf(out, "lasfs_%s_bucket{%s,le=\"%g\"} %" PRIu64 "\n", name, labels, seconds,
                    count);
}

static int add_times(const char *name, const char *labels, const struct meter_sum *took,
                     struct buf *out)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < METER_BOUNDS; i++)
        rc = add_bucket(name, labels, (double)meter_bounds_us[i] / 1e6, took->upto[i], out);
    if (rc == 0)
        rc = buf_addf(out, "lasfs_%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n", name, labels,
                      took->count);
    return rc < 0 ? rc
                  : buf_addf(out,
                             "lasfs_%s_sum{%s} %.6f\n"
                             "lasfs_%s_count{%s} %" PRIu64 "\n",
                             name, labels, (double)took->us / 1e6, name, labels, took->count);
}

static int add_times_head(const char *name, const char *help, struct buf *out)
{
    return buf_addf(out, "# HELP lasfs_%s %s\n# TYPE lasfs_%s histogram\n", name, help, name);
}

/* Of what nobody has asked for there are no lines. */
static int add_operation_times(struct pseudo *pseudo, struct buf *out)
{
    const char *name = "operation_seconds";
    char labels[KIND_TEXT_MAX];
    struct meter_sum took;
    int rc = add_times_head(name, "What the kernel asked for, until its answer.", out);

    for (int op = 0; rc == 0 && op < OP_COUNT; op++) {
        meter_read(&pseudo->operations->meters[op], &took);
        snprintf(labels, sizeof(labels), "operation=\"%s\"", operation_name((enum operation)op));
        if (took.count)
            rc = add_times(name, labels, &took, out);
    }
    return rc;
}

static int add_request_times(struct pseudo *pseudo, struct buf *out)
{
    const char *name = "request_seconds";
    char labels[ENDPOINT_PATH_MAX + KIND_TEXT_MAX];
    struct backend_endpoint at;
    int rc = add_times_head(name, "What the API was asked for, each try until its answer.", out);

    for (unsigned i = 0; rc == 0 && backend_endpoint(pseudo->backend, i, &at); i++) {
        snprintf(labels, sizeof(labels), "method=\"%s\",endpoint=\"%s\"", at.method, at.path);
        if (at.took.count)
            rc = add_times(name, labels, &at.took, out);
    }
    return rc;
}

int about_metrics(struct pseudo *pseudo, struct buf *out)
{
    int64_t files[ROW_STATES] = { 0 };
    struct content_stats content;
    struct uploads_stats up;
    struct drops_stats drops;
    struct backend_stats b;
    struct remote_reads reads;
    struct meta_stats meta;
    int rc = state_count(pseudo->state, files, NULL);

    if (rc < 0)
        return rc;
    remote_get_reads(pseudo->remote, &reads);
    backend_get_stats(pseudo->backend, &b);
    content_get_stats(pseudo->content, &content);
    drops_get_stats(pseudo->drops, &drops);
    uploads_get_stats(pseudo->uploads, &up);
    remote_get_stats(pseudo->remote, &meta);
    /* clang-format off */
    const struct metric metrics[] = {
        { "requests_total", "", "counter", "Requests to the API.", (double)b.requests },
        { "request_retries_total", "", "counter", "Requests that were sent again.", (double)b.retries },
        { "request_failures_total", "", "counter", "Requests that failed in the end.", (double)b.failures },
        { "requests_in_flight", "", "gauge", "Requests under way.", b.in_flight },
        { "sent_bytes_total", "", "counter", "Bytes sent to the API.", (double)b.bytes_sent },
        { "received_bytes_total", "", "counter", "Bytes received from the API.", (double)b.bytes_received },
        { "errors_total", "", "counter", "Operations that failed.", (double)errlog_count(pseudo->errlog) },
        { "files", "{state=\"sent\"}", "gauge", "Dropped files.", (double)files[ROW_SENT] },
        { "files", "{state=\"local\"}", "gauge", NULL, (double)files[ROW_LOCAL] },
        { "files", "{state=\"open\"}", "gauge", NULL, (double)drops.open },
        { "files", "{state=\"sending\"}", "gauge", NULL, (double)drops.sending },
        { "files", "{state=\"failed\"}", "gauge", NULL, (double)files[ROW_FAILED] },
        { "files_to_be_sent", "", "gauge", "Files that were closed and wait to be sent.", (double)up.queued },
        { "files_to_be_sent_bytes", "", "gauge", "Their bytes.", (double)up.queued_bytes },
        { "intents_unsure", "", "gauge", "Requests of which nobody knows whether they were carried out.", (double)up.unsure },
        { "intents_owed", "", "gauge", "Resources that have to be deleted still.", (double)up.owed },
        { "intents_names_owed", "", "gauge", "Resources of which the server has still to hear what they are called.", (double)up.names_owed },
        { "intents_oldest_time_seconds", "", "gauge", "When the oldest of these began; 0: there is none.", (double)up.oldest_ns / 1e9 },
        { "intents_retries_total", "", "counter", "How often one of these was put off.", (double)up.retries },
        { "intents_unsure_ended_total", "{how=\"found\"}", "counter", "How what nobody knew ended.", (double)up.found },
        { "intents_unsure_ended_total", "{how=\"absent\"}", "counter", NULL, (double)up.absent },
        { "intents_unsure_ended_total", "{how=\"undecidable\"}", "counter", NULL, (double)up.undecidable },
        { "sidecars_waiting", "", "gauge", "Sidecars that wait for their document for over a minute.", (double)up.waiting },
        { "purged_documents_total", "", "counter", "Documents that purge has deleted.", (double)up.purged },
        { "cached_answers", "", "gauge", "Answers that are remembered.", (double)meta.entries },
        { "cached_answers_bytes", "", "gauge", "Memory that they take.", (double)meta.bytes },
        { "cached_contents", "", "gauge", "Contents that are cached on disk.", (double)content.entries },
        { "cached_contents_bytes", "", "gauge", "Disk that they take.", (double)content.bytes },
        { "contents_opened_total", "{from=\"cache\"}", "counter", "Contents that were opened to be read.", (double)reads.hits },
        { "contents_opened_total", "{from=\"server\"}", "counter", NULL, (double)reads.misses },
        { "readahead_total", "", "counter", "Contents that were fetched before anybody asked.", (double)reads.ahead },
        { "readahead_used_total", "", "counter", "Those that were asked for since.", (double)reads.ahead_used },
        { "readahead_wasted_total", "", "counter", "Those that went before anybody asked.", (double)reads.ahead_vain },
        { "nodes", "", "gauge", "Names that the kernel knows.", (double)nodes_count(pseudo->nodes) },
        { "start_time_seconds", "", "gauge", "When the mount began.", (double)pseudo->started_ns / 1e9 },
    };
    /* clang-format on */
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(metrics); i++)
        rc = add_metric(&metrics[i], out);
    if (rc == 0)
        rc = add_operation_times(pseudo, out);
    if (rc == 0)
        rc = add_request_times(pseudo, out);
    return rc < 0 ? rc : add_generation_metrics(pseudo, out);
}

static int count(struct pseudo *pseudo, enum node_kind kind, size_t *out)
{
    char name[ROUTE_NAME_MAX + 1];
    struct drop **list;
    size_t n;
    int rc = resolve_spool_list(pseudo->inodes, kind, &list, &n);

    if (rc < 0)
        return rc;
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        *out += resolve_spool_name(pseudo->inodes, list[i], kind, name) == 0;
        drop_unref(list[i]);
    }
    free(list);
    return 0;
}

int about_files(struct pseudo *pseudo, size_t *pending, size_t *failed)
{
    int rc = count(pseudo, NODE_PENDING_FILE, pending);

    return rc < 0 ? rc : count(pseudo, NODE_FAILED_FILE, failed);
}
