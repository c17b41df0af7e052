/*
 * The key of a folder is the one canonical path of it, by ids: "documents",
 * "datasets/las:dataset:.../documents", "documents/2026-11", "documents/las:document:...".
 * All spellings of a folder have the same key. Pure.
 */
#ifndef LASFS_FOLDER_KEY_H
#define LASFS_FOLDER_KEY_H

#include "drop.h"

/* Fills res, parent, filter, filter_value, staging and memory of f by key. 0, -EINVAL, -ENOMEM:
 * nothing filled. */
int folder_describe(const char *key, struct folder *f);

#endif
