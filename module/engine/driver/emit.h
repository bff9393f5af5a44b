/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emission of the lines that a feed reported.
 */
#ifndef KSIFT_ENGINE_EMIT_H
#define KSIFT_ENGINE_EMIT_H

#include "drive.h"

/*
 * Emit the hits of the last feed, of @piece, which begins at offset @base.  The
 * counters before it are in scan->before.  If the run stops before the last hit, takes
 * the scan back to where the run stopped.
 */
enum ksift_stop ksift_emit_hits(struct ksift_drive *d,
				const struct ksift_piece *piece, u64 base);

/*
 * Hold the beginning of the line that goes on in the next piece, while it fits the
 * stage.
 */
enum ksift_stop ksift_emit_hold(struct ksift_drive *d,
				const struct ksift_piece *piece, u64 base);

#endif /* KSIFT_ENGINE_EMIT_H */
