/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Severity: which level a line says it has.
 */
#ifndef KSIFT_ENGINE_LEVEL_H
#define KSIFT_ENGINE_LEVEL_H

#include "port.h"
#include "variants.h"

/* How many of them a line of @len bytes has. */
static inline u32 ksift_level_head(u64 len)
{
	return len < KSIFT_LEVEL_HEAD ? len : KSIFT_LEVEL_HEAD;
}

/**
 * ksift_level() - The level of a line
 * @line: Its bytes, without the newline
 * @len: How many
 * @msg: Returns where the message begins, 0 without a level.  May be NULL.
 *
 * Looks at no more than the first KSIFT_LEVEL_HEAD bytes, which may change
 * meanwhile.
 *
 * Return: enum ksift_level.
 */
u32 ksift_level(const u8 *line, u64 len, u32 *msg);

/**
 * ksift_levels() - The levels of lines in which it is known where to look
 * @buf: The text
 * @leads: The lines, from a variant's find_levels(): completes them
 * @count: How many, none of which begins before the text
 * @msg: Find out where the messages begin, too
 *
 * They are what ksift_level() says.
 */
void ksift_levels(const u8 *buf, struct ksift_lead *leads, u32 count, bool msg);

#endif /* KSIFT_ENGINE_LEVEL_H */
