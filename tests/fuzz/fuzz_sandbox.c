/* What strangers send to the sandbox before it knows who they are, and what its command line says: page
 * tokens, access tokens, proofs, faults. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "fault.h"
#include "page.h"
#include "tokens.h"

#include "banned.h"

#define TEXT_MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken for a token of a list is one that it would have written. */
static void check_page(const char *token)
{
    char again[PAGE_TOKEN_MAX];

    for (unsigned kind = RES_NONE + 1; kind < RES_COUNT; kind++) {
        struct page p = { .kind = (enum resource_kind)kind }, q = p;

        if (page_read(token, &p) < 0)
            continue;
        expect(memchr(p.id, '\0', sizeof(p.id)) != NULL);
        page_write(&p, again);
        expect(page_read(again, &q) == 0);
        expect(q.key == p.key && strcmp(q.id, p.id) == 0);
    }
}

/* Nobody guesses one. */
static void check_tokens(const char *text)
{
    struct tokens *t = NULL;
    char client[ID_MAX];

    expect(tokens_new("a secret", clock_real(), 60, &t) == 0);
    expect(!tokens_check(t, text, client));
    tokens_free(t);
    tokens_proven("a secret", text);
    expect(tokens_same(text, text));
}

static void check_fault(const char *spec)
{
    _Atomic int64_t used[1] = { 0 };
    struct failure err = { 0 };
    struct fault f;
    int rc = fault_parse(spec, &f, &err);

    if (rc < 0)
        expect(rc == -EINVAL && err.text[0]);
    else
        fault_find(&f, 1, used, "GET", spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_MAX_BYTES + 1] = "";

    memcpy(text, data, size < TEXT_MAX_BYTES ? size : TEXT_MAX_BYTES);
    check_page(text);
    check_tokens(text);
    check_fault(text);
    return 0;
}
