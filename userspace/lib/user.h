/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user engine: what the module does, done in this process, by the same
 * code wherever it is not about pages and descriptors.  The contract is that of
 * <ksift.h>.
 */
#ifndef _LIBKSIFT_USER_H
#define _LIBKSIFT_USER_H

#include "engine/compute.h"
#include "engine/lines.h"

struct ksift_ctx;
struct ksift_error;

/* What is done between two looks at whether to go on: a few milliseconds. */
#define KSIFT_USER_WORK (16u << 20)

/**
 * struct ksift_user_src - Where a run takes its bytes from
 * @type: MEM or FILE
 * @base: MEM: the first byte
 * @end: MEM: how many there are
 * @fd: FILE: the caller's
 * @own: FILE: a descriptor of our own for the same file, or -1
 * @to: The range's end: what lies past it is read in small pieces only
 * @buf: FILE: room for what is kept of a line, then for what is read
 * @at: FILE: offset of the first byte held
 * @first: FILE: that byte
 * @held: FILE: how many are held from there on
 * @zeros: FILE: what was read last may be part of a hole
 * @bytes: Bytes used
 */
struct ksift_user_src {
	u32 type;
	const u8 *base;
	u64 end;
	int fd;
	int own;
	u64 to;
	u8 *buf;
	u64 at;
	const u8 *first;
	size_t held;
	bool zeros;
	u64 bytes;
};

/* What a private copy of a line may take. */
#define KSIFT_USER_KEEP (64u << 10)

/**
 * struct ksift_user_piece - Some bytes of a source
 * @buf: The bytes; NULL if they are zeros of a hole
 * @len: How many; 0 at the source's end
 */
struct ksift_user_piece {
	const u8 *buf;
	u64 len;
};

int ksift_user_open(struct ksift_user_src *src, const struct ksift_run *run);
void ksift_user_close(struct ksift_user_src *src);

/* Get bytes from @pos on, and hold on to those from @keep on if that can be. */
int ksift_user_next(struct ksift_user_src *src, u64 pos, u64 keep,
		    struct ksift_user_piece *piece);

/* The byte at @pos and what follows of it in the last piece, if that is held. */
const u8 *ksift_user_held(const struct ksift_user_src *src, u64 pos);

/* Copy bytes; fewer than @len at the source's end only.  Pieces stay valid. */
ssize_t ksift_user_read(struct ksift_user_src *src, u64 pos, void *buf,
			size_t len);

/* Bytes from @pos on that are a hole's. */
u64 ksift_user_hole(struct ksift_user_src *src, u64 pos);

int ksift_user_info(u32 variant, struct ksift_info *info);
int ksift_user_filter(const struct ksift_filter *filter, struct ksift_prog **prog);

/*
 * These return 0 or a negative errno value; or, with @err filled in, what the
 * context's own callback returned, its sign changed.
 */
int ksift_user_run(struct ksift_ctx *ctx, const struct ksift_prog *prog,
		   struct ksift_run *run, struct ksift_error *err);
int ksift_user_lines(struct ksift_ctx *ctx, const struct ksift_prog *prog,
		     const struct ksift_variant_ops *ops, struct ksift_run *run,
		     struct ksift_lines *args, struct ksift_error *err);

#endif /* _LIBKSIFT_USER_H */
