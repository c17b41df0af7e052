/*
 * --import DIR: fills the server from a folder. PDF, JPEG, PNG and TIFF files, told by their
 * bytes, become documents; those of a subfolder join the dataset of its name ("a/b" for b in a).
 * A file FILE.json beside FILE is its ground truth: {label: value}, a list of {label, value}, or a
 * prediction. What was brought in once from the same path with the same bytes is left alone.
 */
#ifndef SANDBOX_IMPORT_H
#define SANDBOX_IMPORT_H

#include "sandbox.h"

/*
 * Blocks on the disk. What is left out is told in a line on standard error each. 0; -errno with
 * words in err: the folder cannot be read, the state cannot be written, or (-EINTR) a signal that
 * ends the server is pending.
 */
int import_folder(const struct sandbox *sb, const char *dir, struct failure *err);

/* The list of {label, value} that a sidecar means, a new reference; NULL: none of the forms. */
json_t *import_labels(json_t *sidecar);

#endif
