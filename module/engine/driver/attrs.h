/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_DRIVER_ATTRS_H
#define KSIFT_DRIVER_ATTRS_H

#include "drive.h"

/* What a record says of a line besides where it is. */
struct ksift_attrs {
	u64 seen;
	u32 level;
	u32 msg;
};

/* Fill in what the scan says of a line: true if that is all that is wanted. */
bool ksift_attrs_known(const struct ksift_drive *d, const struct ksift_hit *hit,
		       struct ksift_attrs *attrs);

/*
 * The lowest pattern that a record of a private line names, perhaps with others.
 * Few patterns are found faster one by one than all at once.
 */
u64 ksift_attrs_lowest(const struct ksift_drive *d, const struct ksift_hit *hit,
		       const u8 *line, size_t len);

/*
 * Is the copy in the stage, of bytes that may have changed since the scan, a line
 * still, and selected?  Its attributes are filled in as far as they are wanted.
 */
bool ksift_attrs_confirm(struct ksift_drive *d, const struct ksift_hit *hit,
			 const struct ksift_piece *piece, const u8 *line,
			 size_t len, struct ksift_attrs *attrs);

#endif /* KSIFT_DRIVER_ATTRS_H */
