/* Where a PDF begins: programs put up to 1,024 bytes before its header, and all readers take it. */
#ifndef LASFS_PDF_HEADER_H
#define LASFS_PDF_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#define PDF_HEADER_WITHIN 1024
#define PDF_HEADER_BYTES 8 /* %PDF-1.4 */

/* The header within the first len bytes of a file; NULL: there is none. Pure. */
const char *pdf_header(const char *bytes, size_t len);

/* What a PDF is made of, "12 0 obj", at the beginning of bytes? Pure. */
bool pdf_is_object(const char *bytes, size_t len);

#endif
