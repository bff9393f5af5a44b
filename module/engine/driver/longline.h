/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_DRIVER_LONGLINE_H
#define KSIFT_DRIVER_LONGLINE_H

#include "drive.h"

/*
 * Emit a line that does not fit the stage.  When it has another length by then,
 * @hit is changed to what it was.  STOP_RESCAN: it is no long line any more.
 */
enum ksift_stop ksift_long_emit(struct ksift_drive *d, struct ksift_hit *hit);

/*
 * Finish the line that the last call could not, as run->resume says.  Unless that
 * has flags afterwards, *@next is the offset after the line, and *@newline tells if
 * the source has one there.
 */
enum ksift_stop ksift_long_resume(struct ksift_drive *d, u64 *next,
				  bool *newline);

#endif /* KSIFT_DRIVER_LONGLINE_H */
