#include "intents.h"

#include <errno.h>

#include "adopt.h"
#include "inbox_work.h"
#include "moving_settle.h"
#include "posting.h"
#include "queue_send.h"
#include "removal.h"
#include "restamp.h"
#include "unsure.h"
#include "update.h"
#include "uploads_context.h"

#include "banned.h"

#define LOOK_AGAIN_MS 2000

/* --- What nobody knows ------------------------------------------------------------------------ */

static int64_t end_unsure(struct uploads *uploads, const struct intent_row *row,
                          enum intent_event event, const char *words)
{
    struct failure why = { 0 };

    if (event == INTENT_UNDECIDABLE)
        failure_set(&why, 0, "it may be one of these, which nobody here has made: %s", words);
    else
        failure_set(&why, 0, "it was not made; what was to be sent is in .lasfs/failed");
    if (row->upload && event == INTENT_UNDECIDABLE)
        queue_fail(uploads, row, -EIO, &why);
    else if (!row->upload && (row->name || event == INTENT_UNDECIDABLE))
        posting_report(uploads, "look for it", row, 0, &why);
    return journal_tell(uploads->journal, row->number, event, NULL, STATE_LATER);
}

static int64_t work_unsure(struct uploads *uploads, struct call *call, const struct intent_row *row,
                           struct failure *why)
{
    cleanup_record struct record *found = NULL;
    char words[FAILURE_TEXT_MAX] = "";
    int rc;

    if (row->kind == INTENT_MOVE)
        return moving_settle(uploads, call, row, why);
    if (row->kind == INTENT_UPDATE)
        return update_settle(uploads, call, row, why);
    rc = unsure_look(uploads, call, row, &found, words, why);
    if (rc < 0)
        return rc;
    if (rc == UNSURE_FOUND)
        return adopt(uploads, call, row, found, why);
    if (rc == UNSURE_SEVERAL)
        return end_unsure(uploads, row, INTENT_UNDECIDABLE, words);
    if (unsure_may_land(uploads, row))
        return LOOK_AGAIN_MS;
    return end_unsure(uploads, row, INTENT_ABSENT, words);
}

int64_t intents_work(void *arg, struct call *call, const struct intent_row *row,
                     struct failure *why)
{
    struct uploads *uploads = arg;

    if (row->kind == INTENT_STAMP)
        return restamp_work(uploads, call, row, why);
    if (row->kind == INTENT_ANSWER)
        return inbox_work(uploads, call, row, why);
    switch ((enum intent_state)row->state) {
    case INTENT_OWING:
        return removal_work(uploads, call, row, why);
    case INTENT_UNSURE:
        return work_unsure(uploads, call, row, why);
    case INTENT_SENDING: /* left so: nobody knows */
        return journal_tell(uploads->journal, row->number, INTENT_LOST, NULL, STATE_LATER);
    case INTENT_WAITING:
        return queue_send(uploads, call, row, why);
    case INTENT_DONE:
        break;
    }
    return 0;
}
