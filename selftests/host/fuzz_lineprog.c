// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for line programs.  The input makes a program, a text, and how that
 * is cut.  What the verifier lets through has to mean, with every variant, what its
 * operations mean, and to access no byte but the text's and its own memory's.
 */
#include <stdint.h>
#include <stdio.h>

#include "lineprog_util.h"

#define TEXT_MAX	3000
#define OPS		64

static const uint8_t *input, *input_end;
static struct fenced fence;

static u8 byte(void)
{
	return input < input_end ? *input++ : 0;
}

static u32 pick_byte(void *arg, u32 below)
{
	(void)arg;
	return (byte() | byte() << 8) % below;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fence = fenced_alloc(TEXT_MAX);
	return 0;
}

static void input_sets(struct program *p, u32 count)
{
	while (count--) {
		u8 bytes[8], how = byte();
		u32 i, n = how & 7;

		for (i = 0; i < n; i++)
			bytes[i] = byte();
		if (how & 0x40)
			for (i = 1; i < n; i++)
				bytes[i] = bytes[0] + i;
		add_set(p, bytes, n, how & 0x80);
	}
}

static void input_literals(struct program *p, u32 count)
{
	while (count--) {
		u8 bytes[KSIFT_OP_LITERAL_MAX], how = byte(), first = byte();
		u32 i, n = 1 + (how & 0x7f) % KSIFT_OP_LITERAL_MAX;

		/* Long ones are of one byte, but for their last. */
		for (i = 0; i < n; i++)
			bytes[i] = n < 12 || i == n - 1 ? byte() : first;
		add_literal(p, bytes, n, how & 0x80 ? KSIFT_PATTERN_FOLD : 0);
	}
}

/* Registers are few, and most numbers in range, so that many programs are right. */
static void input_ops(struct program *p, u32 count)
{
	u32 written = 0;

	while (count--) {
		u32 code = byte(), dst = byte(), a = byte(), b = byte(), k = byte();
		bool raw = code >= 0xf8;

		if (raw) {
			add_op(p, code & 7 ? k & 15 : code, dst, a, b, k | b << 8);
			p->ops[p->op_count - 1].__reserved = code == 0xff;
			continue;
		}
		code %= KSIFT_OP_SKIP + 1;
		dst %= 6;
		if (!written && code > KSIFT_OP_LITERAL)
			code = KSIFT_OP_START;
		if (code == KSIFT_OP_CLASS)
			a %= max(p->set_count, 1u);
		else
			a %= 6;
		b %= 6;
		if (code <= KSIFT_OP_LITERAL || code == KSIFT_OP_ADVANCE ||
		    code >= KSIFT_OP_PARITY)
			b = 0;
		if (code >= KSIFT_OP_NEWLINE && code <= KSIFT_OP_LITERAL)
			a = 0;
		if (code >= KSIFT_OP_ACCEPT)
			dst = 0;
		switch (code) {
		case KSIFT_OP_CLASS:
			k %= KSIFT_DISTANCE_MAX + 1;
			break;
		case KSIFT_OP_LITERAL:
			k %= max(p->literal_count, 1u);
			break;
		case KSIFT_OP_ADVANCE:
			k = 1 + k % KSIFT_DISTANCE_MAX;
			break;
		case KSIFT_OP_ACCEPT:
			k %= p->pattern_count;
			break;
		case KSIFT_OP_SKIP:
			k %= 8;
			break;
		default:
			k = 0;
		}
		add_op(p, code, dst, a, b, k);
		written++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u64 want[TEXT_MAX + 1], got[TEXT_MAX + 1];
	static struct program p;
	struct cutter cut = { .pick = pick_byte };
	const struct ksift_variant_ops *const *v;
	struct ksift_lineprog *prog;
	size_t len, count;
	const u8 *text;
	void *mem;
	int ret;

	if (size < 8)
		return 0;
	input = data;
	input_end = data + size;
	memset(&p, 0, sizeof(p));
	p.pattern_count = 1 + byte() % 4;
	cut.piece_max = 1 + pick_byte(NULL, TEXT_MAX);
	input_sets(&p, byte() % 5);
	input_literals(&p, byte() % 4);
	input_ops(&p, 1 + byte() % OPS);
	ret = make_program(&p, &prog, &mem);
	if (ret) {
		MUST(ret == -EINVAL || ret == -EOPNOTSUPP);
		return 0;
	}
	/* The rest is the text, and decides how it is cut, too. */
	len = min((size_t)(input_end - input), (size_t)TEXT_MAX);
	text = input;
	count = oracle_lines(&p, text, len, want);
	for (v = ksift_variants; *v; v++) {
		if (!ksift_variant_usable(*v))
			continue;
		input = text;
		MUST(engine_lines(&p, prog, *v, &fence, text, len, &cut, got) == count);
		MUST(!memcmp(got, want, count * sizeof(*got)));
	}
	free(mem);
	return 0;
}
