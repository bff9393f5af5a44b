/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the engine calls a variant: each operation in a section in which vector
 * registers may be used, and nothing else in it.  A section cannot sleep and is
 * not preempted, so callers bound what they ask of one to some 20 us, and verify
 * candidates outside.
 *
 * Only these functions begin and end sections.  Variants call each other's
 * operations directly: they are in one already.
 */
#ifndef KSIFT_ENGINE_SIMD_H
#define KSIFT_ENGINE_SIMD_H

#include "ops.h"
#include "port.h"

/*
 * Fewer bytes than this are not worth a section, which on x86 may save the
 * process's vector registers first.
 */
#define KSIFT_SIMD_MIN 256

static inline void ksift_simd_newlines(const struct ksift_variant_ops *ops,
				       const u8 *buf, size_t len, u64 *bits,
				       size_t ahead)
{
	ksift_simd_begin();
	ops->newlines(buf, len, bits, ahead);
	ksift_simd_end();
}

static inline u64 ksift_simd_find(const struct ksift_variant_ops *ops,
				  const u8 *buf, size_t len,
				  const struct ksift_probe *probe, u64 *bits)
{
	u64 any;

	ksift_simd_begin();
	any = ops->find(buf, len, probe, bits);
	ksift_simd_end();
	return any;
}

/* For @len from 64 to KSIFT_CHUNK.  Returns 0 only when no bit is set. */
static inline u64 ksift_simd_find_many(const struct ksift_variant_ops *ops,
				       const u8 *buf, size_t len,
				       const struct ksift_teddy *teddy,
				       u64 *bits, size_t ahead)
{
	u64 some = 0;
	size_t i;

	ksift_simd_begin();
	for (i = 0; i < len; i += KSIFT_LAP)
		some |= ops->find_many(buf + i, min(len - i, (size_t)KSIFT_LAP),
				       teddy, bits + i / 64, ahead);
	ksift_simd_end();
	return some;
}

static inline size_t ksift_simd_tally(const struct ksift_variant_ops *ops,
				      const u8 *buf, size_t words, bool anchored,
				      const struct ksift_probe *probe,
				      const u64 *found,
				      struct ksift_tally *tally)
{
	ksift_simd_begin();
	words = ops->tally(buf, words, anchored, probe, found, tally);
	ksift_simd_end();
	return words;
}

static inline void ksift_simd_tally_lines(const struct ksift_variant_ops *ops,
					  const u8 *buf, size_t words,
					  struct ksift_tally *tally)
{
	ksift_simd_begin();
	ops->tally_lines(buf, words, tally);
	ksift_simd_end();
}

static inline size_t ksift_simd_hunt(const struct ksift_variant_ops *ops,
				     struct ksift_hunt *hunt, const u8 *buf,
				     size_t len)
{
	size_t done;

	ksift_simd_begin();
	done = ops->hunt(hunt, buf, len);
	ksift_simd_end();
	return done;
}

static inline void ksift_simd_find_levels(const struct ksift_variant_ops *ops,
					  const u8 *buf, size_t avail,
					  struct ksift_lead *leads, size_t count)
{
	ksift_simd_begin();
	ops->find_levels(buf, avail, leads, count);
	ksift_simd_end();
}

static inline size_t ksift_simd_tally_levels(const struct ksift_variant_ops *ops,
					     const u8 *buf, size_t len,
					     size_t avail,
					     struct ksift_level_tally *levels)
{
	size_t done;

	ksift_simd_begin();
	done = ops->tally_levels(buf, len, avail, levels);
	ksift_simd_end();
	return done;
}

static inline void ksift_simd_sum_i64(const struct ksift_variant_ops *ops,
				      struct ksift_sum128 *sum, const u8 *buf,
				      size_t count)
{
	ksift_simd_begin();
	ops->sum_i64(sum, buf, count);
	ksift_simd_end();
}

static inline void ksift_simd_lineprog(const struct ksift_variant_ops *ops,
				       struct ksift_line_run *run)
{
	ksift_simd_begin();
	ops->lineprog(run);
	ksift_simd_end();
}

#endif /* KSIFT_ENGINE_SIMD_H */
