/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of engine variants: what each instruction set does better than
 * portable C.
 */
#ifndef KSIFT_ENGINE_VARIANTS_H
#define KSIFT_ENGINE_VARIANTS_H

#include "port.h"

/*
 * Bytes of a literal that a vector search compares.  Up to this length the
 * search is the whole comparison, and no candidate needs verifying.
 */
#define KSIFT_PROBES_MAX 8

/**
 * struct ksift_probe - Bytes to look for at fixed distances from each other
 * @count: How many, 1 to KSIFT_PROBES_MAX
 * @off: Distance of each from the start of the literal
 * @mask: What to keep of a byte of the text before it is compared
 * @val: What it must be then
 */
struct ksift_probe {
	u32 count;
	u16 off[KSIFT_PROBES_MAX];
	u8 mask[KSIFT_PROBES_MAX];
	u8 val[KSIFT_PROBES_MAX];
};

/*
 * Bytes that one vector section looks at: 1 to 3 us of AVX2 at the most
 * probes, and half of a first-level cache, so that what follows finds the
 * text there.
 */
#define KSIFT_CHUNK 16384

/**
 * struct ksift_classes - Bitmaps of what kind the bytes of a text are
 * @letter: ASCII letters
 * @upper: Upper-case ones
 * @mark: One of: " ' : < = > [ ] |
 *
 * Each has two words more than a chunk fills, so that 128 bits can be taken
 * from anywhere.
 */
struct ksift_classes {
	u64 letter[KSIFT_CHUNK / 64 + 2];
	u64 upper[KSIFT_CHUNK / 64 + 2];
	u64 mark[KSIFT_CHUNK / 64 + 2];
};

/**
 * struct ksift_variant_ops - What one instruction set offers
 * @id: Its enum ksift_variant
 * @name: Its name
 * @usable: Can this machine run it?  NULL: always
 * @newlines: Set bit i of @bits where buf[i] is a newline, for i < len; the
 *	other bits of the last word are cleared
 * @find: The same where all bytes of the probe match at buf[i + off].  The
 *	caller has buf[i + off] readable for every i < len.
 * @classify: Fill in @classes for buf[0] to buf[len - 1]; the other bits of the
 *	last word are cleared
 *
 * A variant without the three is run without vectors.  They are called between
 * ksift_simd_begin() and ksift_simd_end(), with no more than
 * KSIFT_CHUNK bytes, which bounds the time in between.  The memory may change
 * while they read it.
 */
struct ksift_variant_ops {
	u32 id;
	const char *name;
	bool (*usable)(void);
	void (*newlines)(const u8 *buf, size_t len, u64 *bits);
	void (*find)(const u8 *buf, size_t len,
		     const struct ksift_probe *probe, u64 *bits);
	void (*classify)(const u8 *buf, size_t len,
			 struct ksift_classes *classes);
};

/* The best one last.  Ends with NULL. */
extern const struct ksift_variant_ops *const ksift_variants[];

/* Kept out of the variant's own file, which is built for that processor. */
bool ksift_avx2_usable(void);

extern const struct ksift_variant_ops ksift_variant_avx2;

#endif /* KSIFT_ENGINE_VARIANTS_H */
