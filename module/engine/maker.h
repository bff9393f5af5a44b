/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a line program is made: what is known of its operations while it is verified and
 * becomes instructions.
 */
#ifndef KSIFT_ENGINE_MAKER_H
#define KSIFT_ENGINE_MAKER_H

#include "linecode.h"
#include "lineprog.h"
#include "../uapi/ksift.h"

/**
 * struct ksift_op_note - What is known of an operation, while a program is made
 * @def: Operations, counted from 1, that wrote the registers that it reads
 * @user: The last operation that reads what it wrote
 * @uses: How many do
 * @region: The SKIP that passes over it, counted from 1
 * @slot: Where its result is
 * @with: An operation, counted from 1, that is part of its instruction
 * @behind: Of each place in its result, at least so many bytes before it are no newline
 * @ahead: And so many from its own on
 * @part: It is part of a later instruction
 * @escapes: What it wrote is read behind its region
 * @exact: Another operation leaves it to this one to take away places of other lines
 */
struct ksift_op_note {
	u16 def[2];
	u16 user;
	u16 uses;
	u16 region;
	u16 slot;
	u16 with;
	u8 behind;
	u8 ahead;
	bool part;
	bool escapes;
	bool exact;
};

/**
 * struct ksift_maker - A program that is being made
 * @src: As it was given
 * @prog: As it will be
 * @notes: One for each operation
 * @def: The operations, counted from 1, that wrote what the registers have now
 * @masks: Bit k - 1 is set when the mask of column k is needed
 */
struct ksift_maker {
	const struct ksift_lineprog_source *src;
	struct ksift_lineprog *prog;
	struct ksift_op_note *notes;
	u16 def[KSIFT_REGISTERS_MAX];
	u64 masks;
};

/* Does the operation write a register? */
static inline bool ksift_op_writes(const struct ksift_op *op)
{
	return op->code < KSIFT_OP_ACCEPT;
}

static inline bool ksift_set_has_newline(const struct ksift_set *set)
{
	return set->bits[0] >> '\n' & 1;
}

/**
 * ksift_maker_verify() - Verify a program
 * @m: With @src and @prog set, and @notes zeroed; returns in @notes what reads what
 *
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int ksift_maker_verify(struct ksift_maker *m);

/**
 * ksift_maker_emit() - Make the instructions of a program
 * @m: After ksift_maker_verify(), the sets and literals of @prog being prepared
 */
void ksift_maker_emit(struct ksift_maker *m);

#endif /* KSIFT_ENGINE_MAKER_H */
