/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Severity: which level a line says it has.
 */
#ifndef KSIFT_ENGINE_LEVEL_H
#define KSIFT_ENGINE_LEVEL_H

#include "ops.h"
#include "port.h"

/* Bytes of a word that tell if it may name a level, or be a key of one. */
#define KSIFT_NAME_HEAD 3

/*
 * Teddy's table of them: a word may be one if ksift_name_heads[k][n], with n the low
 * nibble of its byte k, have a bit in common.  The high nibbles are not looked at: it
 * begins with a letter, and is compared in full then.
 */
extern const u8 ksift_name_heads[KSIFT_NAME_HEAD][16];

/**
 * struct ksift_name - A name of a level
 * @key: Up to eight letters of it, in capitals, the first as the lowest byte
 * @level: Its enum ksift_level, or KSIFT_LEVELS if this is a key for levels
 */
struct ksift_name {
	u64 key;
	u32 level;
};

/* A perfect hash: where in ksift_names a key is, if it is there. */
#define KSIFT_NAME_SLOT(key) ((u32)((key) * 0x9dfcba4e0e383eebULL >> 58))

extern const struct ksift_name ksift_names[64];

/* Kinds of bytes: those that may precede a name in capitals, and follow it. */
#define KSIFT_BEFORE_NAME 1
#define KSIFT_AFTER_NAME 2

/* First bytes of lines that may have their level in a fixed place. */
#define KSIFT_FIXED_LETTER 4
#define KSIFT_FIXED_OTHER 8

extern const u8 ksift_byte_kinds[256];

/* How many bytes of a line of @len can tell its level. */
static inline u32 ksift_level_head(u64 len)
{
	return len < KSIFT_LEVEL_HEAD ? len : KSIFT_LEVEL_HEAD;
}

/**
 * ksift_level_find() - The level of a line
 * @line: Its bytes, without the newline
 * @len: How many
 * @msg: Returns where the message begins, 0 without a level.  May be NULL.
 *
 * Looks at no more than the first KSIFT_LEVEL_HEAD bytes, which may change
 * meanwhile.
 *
 * Return: enum ksift_level.
 */
u32 ksift_level_find(const u8 *line, u64 len, u32 *msg);

/**
 * ksift_level_complete() - Find what a variant's find_levels() has left open
 * @buf: The text
 * @leads: The lines, with @names, @level and @msg from there
 * @count: How many, none of which begins before the text
 * @msg: Find out where the messages begin, too
 *
 * They are what ksift_level_find() says.
 */
void ksift_level_complete(const u8 *buf, struct ksift_lead *leads, u32 count, bool msg);

#endif /* KSIFT_ENGINE_LEVEL_H */
