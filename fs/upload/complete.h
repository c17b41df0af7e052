/* Was a document cut off on its way? The structure of its format says, and not its last bytes. */
#ifndef LASFS_COMPLETE_H
#define LASFS_COMPLETE_H

/*
 * What fd's bytes, a document of that MIME type, lack to be whole, in words for people; NULL:
 * nothing, or it cannot be told. Reads as much as it takes to follow the structure, at most a few
 * times the whole file, through a small buffer. Any thread, blocks for the disk only.
 */
const char *complete_missing(int fd, const char *type);

#endif
