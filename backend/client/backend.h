/*
 * The client of the API: the table's verbs over HTTP, with tokens, retries, pacing and errors.
 * With record.h, body.h and resources.h all that the mount sees of it.
 *
 * Every verb may be called from any thread, with no lock held; it blocks until the answer, the
 * failure, call_cancel() (-EINTR) or timeout_ms without headway (headway.h). A call with nowait set is
 * never given to it. Its class says how urgent its requests are (engine.h), but that contents are
 * sent as CALL_CHANGE, and a heartbeat goes as CALL_URGENT. Outputs are set on success only, err on failure only.
 *
 * Errors, by HTTP status and message (status.h): -EINVAL 400 415 422 (-ENOTEMPTY or -EBUSY when the
 * text says so), -EACCES 401 403 after one fresh token, -ENOENT 404, -EEXIST or -EBUSY 409, -EFBIG
 * 413, -EAGAIN 429 after retries, -EDQUOT 429 "Limit Exceeded", -EIO 5xx and broken connections
 * after retries, and malformed or oversized answers, -ETIMEDOUT, -EHOSTUNREACH, -EINTR, -ENOMEM.
 * After five such failures of the server or the network in a row the last one's at once, until a
 * probe each second has had an answer. -EPERM, with nothing sent, for a verb that the table does
 * not have. What pwrite(2) and pread(2) say of a content's descriptor. A wait for a turn among
 * max_conns is no standstill while other requests move.
 */
#ifndef LASFS_BACKEND_H
#define LASFS_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "body.h"
#include "call.h"
#include "clock.h"
#include "content_source.h"
#include "endpoint_times.h"
#include "failure.h"
#include "list_page.h"
#include "log.h"
#include "record.h"
#include "resources.h"
#include "target.h"
#include "trace.h"

struct backend;

/* All strings are copied. */
struct backend_config {
    const char *api_endpoint;  /* scheme://host[:port]/v1 */
    const char *auth_endpoint; /* no scheme: https */
    const char *client_id, *client_secret;
    const char *token_cache, *profile; /* the SDK's file of tokens; NULL: not to be used */
    const char *cacert; /* a PEM file that replaces the system's; NULL: the system's */
    unsigned max_conns;
    double max_rps;     /* 0: no limit */
    int64_t timeout_ms; /* without headway, retries included */
    struct log *log;    /* may be NULL */
    struct clock *clock;
    struct trace *trace; /* outlives the backend; NULL: there is none */
};

/* Starts the thread that owns curl: after the fork. 0, -EINVAL for an endpoint that is no URL or
 * plain http beyond loopback, -ENOMEM. */
int backend_new(const struct backend_config *config, struct backend **out, struct failure *err);

/* Ends what is in flight with -EINTR, and lets nothing more begin. Any thread; does not wait. */
void backend_stop(struct backend *be);

/* The same, joins the thread, frees. NULL is fine. */
void backend_free(struct backend *be);

/* GET of a list's page. query may be NULL, token NULL: the first page. */
int backend_list(struct backend *be, struct call *call, const struct target *t,
                 const struct query *query, const char *token, unsigned max_results,
                 struct page **out, struct failure *err);

/* GET of one. Its content, decoded, is written to content_fd from its start as it arrives
 * (-1: it is skipped) and *size is its length, -1 when the answer had none. size may be NULL. */
int backend_get(struct backend *be, struct call *call, const struct target *t, int content_fd,
                struct record **out, int64_t *size, struct failure *err);

/* GET of one that has, in the field of the table's recent, what there was in so many days, a number of the
 * table's. A server that knows no such thing answers without the field. */
int backend_get_recent(struct backend *be, struct call *call, const struct target *t,
                       const char *days, struct record **out, struct failure *err);

/* Where the bytes of an answer go: to fd, from its start. Both functions may be NULL. They are called
 * by the thread that owns curl, and must not block. */
struct content_sink {
    int fd;
    /* Before the first byte of a try, where the answer says how long it will be. 0; -ESTALE: a try
     * before it said something else, and somebody has gone by that. */
    int (*expect)(void *arg, int64_t size);
    /* The first so many bytes are there: of the same ones, whichever try they are from. */
    void (*arrived)(void *arg, int64_t size);
    void *arg;
    int64_t there; /* fd has so many bytes already, which are the first ones, or it is no answer */
};

/*
 * A content that stands at an address of its own, which a record_has_url() names: its bytes as they
 * are, or from content. The address may be at another host, which gets no
 * token; plain http is for this machine alone there too. -EIO also for an address that will not do,
 * for more than the table's url_max, and when it has changed after some of it had arrived(). A PUT may
 * arrive twice, and is tried again as a GET is.
 */
int backend_get_raw(struct backend *be, struct call *call, const struct record *r,
                    const struct content_sink *to, int64_t *size, struct failure *err);

/* What the address makes of such a content, by a query that the table's pictures has the words of, to fd
 * from its start. As backend_get_raw(); -ENOENT there is no such page, -EINVAL it cannot. An address that
 * knows no such words may answer with the content itself. */
int backend_get_picture(struct backend *be, struct call *call, const struct record *r,
                        const char *query, int fd, int64_t *size, struct failure *err);

/* How long such a content is, by a HEAD of its address. -EOPNOTSUPP: that says nothing of it. */
int backend_get_raw_size(struct backend *be, struct call *call, const struct record *r,
                         int64_t *size, struct failure *err);

int backend_put_raw(struct backend *be, struct call *call, const struct record *r, const char *type,
                    struct content_source content, struct failure *err);

/* Has an answer shown that this is the API of today? By what a role refuses it stays unknown. Any
 * thread, never blocks. */
bool backend_speaks_today(const struct backend *be);

/* What time it is there (realtime), by its last answer's Date, to a second or two: whatever this machine's clock is
 * set to meanwhile. 0: none has said. Any thread, never blocks. */
int64_t backend_now_ns(const struct backend *be);

/* Does this server keep what stamp.h writes of a file, as far as is known? By what backend_speaks_today()
 * says, until it has refused, or lost, a stamp. Any thread, never blocks. */
bool backend_keeps_stamps(const struct backend *be);
void backend_stamp_refused(struct backend *be);

/* Does this server refuse contents inside a POST, as it has shown? Of what has an address for them. Any
 * thread, never blocks. */
bool backend_refuses_inline(const struct backend *be);
void backend_inline_refused(struct backend *be);

/* SEEN_...: of which generations of the API answers have shown something, of resources of this kind;
 * RES_NONE: of any. 0: of neither, so far. Any thread, never blocks. */
unsigned backend_generations(const struct backend *be, enum resource_kind kind);

/* Is it worth asking for this verb (CAN_...) of one of res? What only today's API has is when the server
 * speaks that, until backend_lacks() it. Any thread, never blocks. */
bool backend_can(const struct backend *be, const struct resource *res, unsigned verb);
void backend_lacks(struct backend *be, const struct resource *res, unsigned verb);

/* How large the content of one may be, as far as is known; false: an answer of the server may
 * show that it may be larger. Any thread, never blocks. */
bool backend_content_max(struct backend *be, const struct resource *res, int64_t *max);

/* The same, asked of the server: it tells once it has one. */
int backend_ask_content_max(struct backend *be, struct call *call, const struct resource *res,
                            int64_t *max, struct failure *err);

/* POST. -EIO, or -EINTR, with OUTCOME_UNKNOWN in err when the request went out and no answer came:
 * it may or may not have been created, and is not sent again. -ENOENT when an execution was asked
 * for and none is waiting. */
int backend_create(struct backend *be, struct call *call, const struct target *t,
                   const struct body *body, struct content_source content, struct record **out,
                   struct failure *err);

/* PATCH. out may be NULL. */
int backend_update(struct backend *be, struct call *call, const struct target *t,
                   const struct body *body, struct content_source content, struct record **out,
                   struct failure *err);

/* DELETE of one. *was, if was is not NULL: what the answer says that it was; NULL where it says
 * nothing. */
int backend_delete(struct backend *be, struct call *call, const struct target *t,
                   struct record **was, struct failure *err);

/* DELETE on a list, the first max_results of it. all: the caller goes on until none is left, so
 * that it may arrive twice; else -EIO or -EINTR with OUTCOME_UNKNOWN in err, as for a POST, when
 * no answer came. Without a filter in query: -EPERM, and nothing is sent. */
int backend_delete_many(struct backend *be, struct call *call, const struct target *t,
                        const struct query *query, const char *token, unsigned max_results,
                        bool all, struct page **out, struct failure *err);

/* POST of an execution's heartbeat; t is the execution. */
int backend_heartbeat(struct backend *be, struct call *call, const struct target *t,
                      struct failure *err);

/* What it has done since it started, for .lasfs/status. Any thread. */
struct backend_stats {
    uint64_t requests, retries, failures, bytes_sent, bytes_received;
    uint64_t requests_lately, sent_lately, received_lately; /* of these, in the last minute */
    unsigned in_flight;
    bool down; /* the server has failed so often that it is probed, and nothing else tried */
};
void backend_get_stats(struct backend *be, struct backend_stats *out);

/* An endpoint, and how long each try there took, the wait for a turn among max_conns included. */
struct backend_endpoint {
    const char *method;           /* "GET"; valid for ever */
    char path[ENDPOINT_PATH_MAX]; /* "documents/{documentId}"; "{fileUrl}"; "token" */
    struct meter_sum took;        /* count 0: nothing was asked there */
};
/* The n-th, from 0; false: there are no more. Any thread. */
bool backend_endpoint(struct backend *be, unsigned n, struct backend_endpoint *out);

#endif
