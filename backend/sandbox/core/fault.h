/*
 * --fault "VERB PATH WHAT [TIMES]": a bad day, made to order. VERB may be *, PATH is a pattern as
 * the shell's, without /v1 and the query; WHAT is a status, which is answered and nothing done;
 * "close": the connection ends and nothing is done; or "lose": it ends when all is done. TIMES: so
 * often; without it always.
 */
#ifndef SANDBOX_FAULT_H
#define SANDBOX_FAULT_H

#include <stdint.h>

#include "failure.h"

#define FAULT_VERB_MAX 16
#define FAULT_PATH_MAX 256
#define FAULTS_MAX 16

#define FAULT_NONE 0
#define FAULT_CLOSE (-1)
#define FAULT_LOSE (-2)

struct fault {
    char verb[FAULT_VERB_MAX], path[FAULT_PATH_MAX];
    int what; /* a status, FAULT_CLOSE or FAULT_LOSE */
    int64_t times;
};

/* 0; -EINVAL with words in err. */
int fault_parse(const char *spec, struct fault *out, struct failure *err);

/*
 * What is to happen to a request: that of the first fault that it is meant by and that has not had
 * its times. used has a count for each. Any thread.
 */
int fault_find(const struct fault *faults, unsigned n, _Atomic int64_t *used, const char *verb,
               const char *path);

#endif
