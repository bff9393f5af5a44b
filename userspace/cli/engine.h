/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_ENGINE_H
#define _KSIFT_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct engine_choice - Which engine is to do the work
 * @engine: An enum ksift_engine
 * @made: Somebody has chosen it
 * @where: Who: an option, a variable, or a line of a file
 */
struct engine_choice {
	uint32_t engine;
	bool made;
	char where[4096 + 16];
};

/* @option is what --engine was given, or NULL.  Gives the exit status. */
int engine_choose(const char *option, struct engine_choice *choice);

/* The user engine does it, which nobody has asked for: is that easily changed? */
void engine_notice(void);

#endif /* _KSIFT_ENGINE_H */
