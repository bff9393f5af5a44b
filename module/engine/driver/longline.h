/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines that do not fit the stage.
 */
#ifndef KSIFT_ENGINE_LONGLINE_H
#define KSIFT_ENGINE_LONGLINE_H

#include "drive.h"

/*
 * Emit a line that does not fit the stage.  If a writer has moved its end, changes
 * @hit to the line that was emitted.  STOP_RESCAN: it fits the stage by now, or
 * the rest of it is absent.
 */
enum ksift_stop ksift_long_emit(struct ksift_drive *d, struct ksift_hit *hit);

/*
 * Finish the line that the last call did not, as run->resume says.  Unless that has
 * flags afterwards, *@next is the offset after the line, and *@newline tells if the
 * source has a newline there.
 */
enum ksift_stop ksift_long_resume(struct ksift_drive *d, u64 *next,
				  bool *newline);

#endif /* KSIFT_ENGINE_LONGLINE_H */
