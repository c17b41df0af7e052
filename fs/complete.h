/* Was a document cut off on its way? Its own format says, at its end. */
#ifndef LASFS_COMPLETE_H
#define LASFS_COMPLETE_H

/*
 * What fd's bytes, a document of that MIME type, lack to be whole, in words for people; NULL:
 * nothing, or it cannot be told. Reads the last 4 KB, and of a TIFF its directories. Any thread,
 * blocks for the disk only.
 */
const char *complete_missing(int fd, const char *type);

#endif
