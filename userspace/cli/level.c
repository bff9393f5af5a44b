// SPDX-License-Identifier: GPL-2.0-only
/*
 * What levels are called.
 */
#include <libksift.h>

#include "level.h"

const char *level_name(uint32_t level)
{
	static const char *const names[KSIFT_LEVELS] = {
		[KSIFT_LEVEL_EMERG] = "emerg",
		[KSIFT_LEVEL_ALERT] = "alert",
		[KSIFT_LEVEL_CRIT] = "crit",
		[KSIFT_LEVEL_ERR] = "err",
		[KSIFT_LEVEL_WARNING] = "warning",
		[KSIFT_LEVEL_NOTICE] = "notice",
		[KSIFT_LEVEL_INFO] = "info",
		[KSIFT_LEVEL_DEBUG] = "debug",
		[KSIFT_LEVEL_TRACE] = "trace",
		[KSIFT_LEVEL_NONE] = "none",
	};

	return names[level < KSIFT_LEVELS ? level : KSIFT_LEVEL_NONE];
}
