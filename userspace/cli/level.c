// SPDX-License-Identifier: GPL-2.0-only
/*
 * What levels are called.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

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

/* A name as people type it, which need not end there.  Return: -1 if it is none. */
static int parse_name(const char *s, size_t len)
{
	static const struct {
		const char *name;
		enum ksift_level level;
	} others[] = {
		{ "emergency", KSIFT_LEVEL_EMERG }, { "panic", KSIFT_LEVEL_EMERG },
		{ "critical", KSIFT_LEVEL_CRIT }, { "fatal", KSIFT_LEVEL_CRIT },
		{ "error", KSIFT_LEVEL_ERR }, { "warn", KSIFT_LEVEL_WARNING },
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strlen(others[i].name) == len && !strncasecmp(s, others[i].name, len))
			return others[i].level;
	for (i = 0; i < KSIFT_LEVELS; i++)
		if (strlen(level_name(i)) == len && !strncasecmp(s, level_name(i), len))
			return i;
	return -1;
}

/*
 * "LEVEL": that and the more severe ones.  "=LEVEL,LEVEL": those alone.  "none":
 * no level at all.  Return: 0 or -EINVAL.
 */
int level_parse_mask(const char *s, uint32_t *mask)
{
	size_t len;
	int level;

	if (*s != '=') {
		level = parse_name(s, strlen(s));
		if (level < 0)
			return -EINVAL;
		*mask = level == KSIFT_LEVEL_NONE ? 1u << level : (2u << level) - 1;
		return 0;
	}
	for (*mask = 0; *s; s += len) {
		len = strcspn(++s, ",");
		level = parse_name(s, len);
		if (level < 0)
			return -EINVAL;
		*mask |= 1u << level;
	}
	return 0;
}
