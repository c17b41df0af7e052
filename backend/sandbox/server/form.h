/* Bodies of HTML forms, application/x-www-form-urlencoded. Pure. */
#ifndef SANDBOX_FORM_H
#define SANDBOX_FORM_H

#include <stddef.h>

/* A field that is looked for, and what it is. */
struct form_field {
    const char *name;
    const char *value; /* in the form's memory; NULL: it is not there */
};

/*
 * Fills in the n fields from a form, which is decoded in place; others are let by.
 * 0; -EINVAL: a percent sign without two digits, a NUL, or one of these fields twice.
 */
int form_parse(char *form, struct form_field *fields, size_t n);

#endif
