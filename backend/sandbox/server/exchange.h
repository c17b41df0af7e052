/* One request over HTTP, from its first line to its answer, and the server that it is of. */
#ifndef SANDBOX_EXCHANGE_H
#define SANDBOX_EXCHANGE_H

#include <microhttpd.h>

#include "access.h"
#include "buf.h"
#include "certificate.h"
#include "recent.h"
#include "room.h"
#include "sandbox.h"
#include "visitors.h"

/* The most that a body may have, as a rule. */
#define EXCHANGE_BODY_MAX ((size_t)6300000)
/* And a form at the token endpoint. */
#define EXCHANGE_FORM_MAX 4096

struct http {
    const struct sandbox *sb;
    struct access *access;
    struct MHD_Daemon *daemon;
    struct certificate certificate; /* path NULL: it is not https */
    unsigned port;
    int stopping; /* an eventfd: readable from http_stop() on */
    struct room room;
    struct recent recent;
    struct visitors visitors;
    _Atomic int64_t faults_used[FAULTS_MAX];
};

/* The server's URL without a path, "https://127.0.0.1:8443". */
void http_root(const struct http *h, char out[ORIGIN_MAX]);

/* The certificate that its clients have to trust; NULL: it is not https. The server's. */
const char *http_ca_file(const struct http *h);

struct exchange {
    struct http *h;
    struct visitor *visitor; /* whose connection it is on; NULL: no memory for it */
    char *uri;
    int64_t began_ms;
    bool begun;
    bool delayed;    /* it has waited for --latency */
    bool too_large;  /* its body is read and forgotten */
    bool unknown;    /* likewise: nobody whom we know sends it */
    bool lost;       /* its answer does not arrive */
    size_t reserved; /* of the room for bodies */
    size_t answer;   /* of the room for answers */
    struct buf body;
};

/* Called by libmicrohttpd, at a request's begin and end. */
void *exchange_new(void *cls, const char *uri, struct MHD_Connection *connection);
void exchange_free(void *cls, struct MHD_Connection *connection, void **at,
                   enum MHD_RequestTerminationCode why);

/* Is it a path that is for people: "/" and "/openapi.json"? */
bool exchange_is_front(const char *path);

/* Whose connection it is has shown who he is: he has more patience, and a body. */
void exchange_recognize(struct exchange *x, struct MHD_Connection *connection);

/* The body is not needed any more. */
void exchange_release_body(struct exchange *x);

/* An answer is held back, once; and no longer when the server ends. */
void exchange_wait(struct exchange *x);

/* Sends the answer and takes its body; allow: of a preflight, or NULL. */
enum MHD_Result exchange_answer(struct exchange *x, struct MHD_Connection *connection,
                                const char *verb, const char *path, struct answer *an,
                                const char *allow);

#endif
