// SPDX-License-Identifier: GPL-2.0-only
/*
 * What levels are called.
 */
#include <errno.h>
#include <string.h>

#include <libksift.h>

#include "level.h"

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

const char *level_name(uint32_t level)
{
	return names[level < KSIFT_LEVELS ? level : KSIFT_LEVEL_NONE];
}

/* One of those names but the last, or what lines mostly say. */
int level_parse(const char *name, uint32_t *level)
{
	if (!strcmp(name, "error"))
		name = "err";
	if (!strcmp(name, "warn"))
		name = "warning";
	for (*level = 0; *level < KSIFT_LEVEL_NONE; (*level)++)
		if (!strcmp(name, names[*level]))
			return 0;
	return -EINVAL;
}
