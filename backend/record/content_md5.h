/*
 * MD5 of a content, as an answer has it (the table's digest_field): how it is written there nobody says, so
 * that bytes which are known have to tell. Pure.
 */
#ifndef LASFS_CONTENT_MD5_H
#define LASFS_CONTENT_MD5_H

#include <stdint.h>

#include "record.h"

#define CONTENT_MD5_BYTES 16

enum md5_form {
    MD5_FORM_NONE,  /* there is none, or something that can be none, as of several parts */
    MD5_FORM_OTHER, /* it could be one, and is another one */
    MD5_FORM_HEX,
    MD5_FORM_BASE64,
};

/* How r has this digest. */
enum md5_form record_md5_form(const struct record *r, const uint8_t md5[CONTENT_MD5_BYTES]);

#endif
