/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Severity: which level a line says it has.
 */
#ifndef KSIFT_ENGINE_LEVEL_H
#define KSIFT_ENGINE_LEVEL_H

#include "port.h"
#include "variants.h"

/* Bytes at the start of a line that can tell its level. */
#define KSIFT_LEVEL_HEAD 128

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
 * ksift_level_at() - The level of a line whose bytes are classified already
 * @line: Its bytes, without the newline
 * @len: How many
 * @classes: What a variant's classify() made of the text the line is in
 * @bit: Which bits are the line's first byte's.  The bitmaps reach at least
 *	to the line's end or over KSIFT_LEVEL_HEAD bytes of it.
 * @msg: As for ksift_level()
 *
 * Return: enum ksift_level, as ksift_level() would.
 */
u32 ksift_level_at(const u8 *line, u64 len, const struct ksift_classes *classes,
		   size_t bit, u32 *msg);

#endif /* KSIFT_ENGINE_LEVEL_H */
