/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The attributes of selected lines.
 */
#ifndef KSIFT_ENGINE_ATTRS_H
#define KSIFT_ENGINE_ATTRS_H

#include "drive.h"

/* What a record says of a line, besides its offsets. */
struct ksift_attrs {
	u64 seen;
	u32 level;
	u32 msg;
};

/* Fill in the attributes that the scan found; true if no others are wanted. */
bool ksift_attrs_known(const struct ksift_drive *d, const struct ksift_hit *hit,
		       struct ksift_attrs *attrs);

/* Go on with ksift_match() over private bytes.  Polls, where that takes long. */
enum ksift_stop ksift_attrs_match(struct ksift_drive *d, const u8 *text,
				  size_t len);

/*
 * *@seen is a set of patterns that a private line has, with the lowest, which its record
 * names, among them.  If there are few, it is faster to search for one after the other.
 */
enum ksift_stop ksift_attrs_lowest(struct ksift_drive *d,
				   const struct ksift_hit *hit, const u8 *line,
				   size_t len, u64 *seen);

/*
 * Is the copy in the stage still a selected line?  Others may have written to its
 * bytes between the scan and the copy.  Fills in the attributes that are wanted.
 */
enum ksift_stop ksift_attrs_confirm(struct ksift_drive *d,
				    const struct ksift_hit *hit,
				    const struct ksift_piece *piece,
				    const u8 *line, size_t len,
				    struct ksift_attrs *attrs, bool *confirmed);

#endif /* KSIFT_ENGINE_ATTRS_H */
