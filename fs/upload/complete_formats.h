/*
 * Is a file of this format whole? Each function follows the format's own structure. false only
 * when the file ends before that does; true when it does not tell, as of a damaged file. Linear in
 * the file's size, whatever is in it. For complete.c.
 */
#ifndef LASFS_COMPLETE_FORMATS_H
#define LASFS_COMPLETE_FORMATS_H

#include "view.h"

/* Its last %%EOF is the last thing of a PDF in it, and is not the one at the front of a linearized
 * file. Up to 1,024 bytes may stand before its header, any number behind its end. */
bool complete_pdf(struct view *v);

/* Its segments and scans reach the end marker. Anything may follow. */
bool complete_jpeg(struct view *v);

/* Its chunks reach IEND. Anything may follow. */
bool complete_png(struct view *v);

/* All that its directories point to, pages, strips and tiles, lies in the file. BigTIFF too. */
bool complete_tiff(struct view *v);

#endif
