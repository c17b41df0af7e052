/* A whole request goes to who answers it: the API, the file server, the token endpoint. */
#ifndef SANDBOX_DISPATCH_H
#define SANDBOX_DISPATCH_H

#include "exchange.h"

/* Its body is in x. Answers, blocking on the store and for --latency; MHD_NO: the connection ends. */
enum MHD_Result dispatch(struct exchange *x, struct MHD_Connection *connection, const char *path,
                         const char *method);

#endif
