/* Rows of intents that say anything: as a newer program, or a disk, may have left them. They are read,
 * told what happens, and read again. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "expect.h"
#include "intent_row.h"
#include "journal.h"
#include "journal_ask.h"
#include "state.h"
#include "temp_dir.h"

#include "banned.h"

#define ROWS_MAX 8
#define TEXT_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, taken piece by piece; what is not there is 0. */
struct input {
    const uint8_t *data;
    size_t size;
};

static int64_t take_number(struct input *in, size_t bytes)
{
    uint64_t n = 0;

    for (; bytes && in->size; bytes--, in->size--)
        n = n << 8 | *in->data++;
    return (int64_t)n;
}

/* A text of at most TEXT_MAX - 1 bytes, or NULL. */
static const char *take_text(struct input *in, char out[TEXT_MAX])
{
    size_t len = (size_t)take_number(in, 1) % TEXT_MAX;

    if (len == 0)
        return NULL;
    len = len - 1 < in->size ? len - 1 : in->size;
    memcpy(out, in->data, len);
    out[len] = '\0';
    in->data += len;
    in->size -= len;
    return out;
}

static void put_row(struct state *state, struct input *in)
{
    char text[7][TEXT_MAX];
    struct intent_row row = {
        .number = take_number(in, 1),
        .kind = (int)(int8_t)take_number(in, 1),
        .state = (int)(int8_t)take_number(in, 1),
        .resource = (int)(int8_t)take_number(in, 1),
        .folder = take_text(in, text[0]),
        .name = take_text(in, text[1]),
        .to_folder = take_text(in, text[2]),
        .to_name = take_text(in, text[3]),
        .id = take_text(in, text[4]),
        .old = take_text(in, text[5]),
        .look = take_text(in, text[6]),
        .upload = (uint64_t)take_number(in, 2),
        .size = take_number(in, 8),
        .since_ns = take_number(in, 8),
        .tries = take_number(in, 8),
        .has_sha256 = take_number(in, 1) & 1,
    };
    struct state_step step = { .change = STATE_PUT_INTENT, .intent = &row };

    state_apply(state, &step, 1, STATE_LATER, NULL);
}

struct each {
    struct journal *journal;
    int64_t numbers[ROWS_MAX];
    size_t n;
};

static int note_row(void *arg, const struct intent_row *row)
{
    struct each *e = arg;

    expect(row->state >= 0 && row->state < INTENT_DONE);
    expect(row->kind >= 0 && row->kind < INTENT_KINDS);
    expect(row->state != INTENT_SENDING); /* nothing is on its way at a start */
    if (e->n < ROWS_MAX)
        e->numbers[e->n++] = row->number;
    return 0;
}

static struct journal *open_journal(struct state *state, struct each *each)
{
    const struct journal_config config = { .state = state, .clock = clock_real() };
    struct journal *j = NULL;

    *each = (struct each){ .n = 0 };
    expect(journal_new(&config, &j, NULL) == 0);
    expect(journal_each(j, note_row, each) == 0);
    return j;
}

static void tell_all(struct journal *j, const struct each *each, struct input *in)
{
    struct journal_stats stats;

    for (size_t i = 0; i < each->n; i++)
        journal_tell(j, each->numbers[i], (enum intent_event)(take_number(in, 1) % INTENT_EVENTS),
                     NULL, false);
    journal_get_stats(j, &stats);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *dir = NULL;
    struct input in = { data, size };
    struct state *state = NULL;
    struct journal *j;
    struct each each;

    expect(temp_dir_setup(&dir) == 0);
    expect(state_open(dir, 0, clock_real(), NULL, &state, NULL) == 0);
    for (int i = 0; i < ROWS_MAX && in.size; i++)
        put_row(state, &in);
    j = open_journal(state, &each);
    tell_all(j, &each, &in);
    journal_free(j);
    journal_free(open_journal(state, &each));
    state_close(state);
    expect(temp_dir_teardown(&dir) == 0);
    return 0;
}
