/*
 * The API's times, read and written so that what was written is what was read. Pure.
 */
#ifndef LASFS_TIME_TEXT_H
#define LASFS_TIME_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct time_text {
    int64_t ns;         /* since the epoch */
    int16_t offset_min; /* of its zone, east is positive */
    uint16_t shape;     /* separators, fraction digits, how the zone is spelled */
};

/*
 * YYYY-MM-DD, "T", a blank or nothing, HH:MM:SS, a dot and up to 9 digits or nothing, Z or +HHMM
 * or +HH:MM (or minus); the dashes and colons may be missing. 0, or -EINVAL: no such text, or a
 * year that does not fit into nanoseconds.
 */
int time_text_parse(const char *text, size_t len, struct time_text *out);

#define TIME_TEXT_MAX 48

/* Its text, NUL-terminated; the length. */
size_t time_text_format(const struct time_text *t, char out[TIME_TEXT_MAX]);

/* As the API writes times: 2021-08-16T12:53:13.374930+0000. */
struct time_text time_text_utc(int64_t ns);

#endif
