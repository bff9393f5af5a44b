/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user engine: does in this process what the module does, with the same code
 * except where that is about pages and descriptors.  The contract is that of
 * <ksift.h>.
 */
#ifndef _LIBKSIFT_USER_H
#define _LIBKSIFT_USER_H

#include "engine/compute.h"
#include "engine/driver/driver.h"

/* Bytes used before the caller is asked whether to go on: a few milliseconds' work. */
#define KSIFT_USER_WORK (16u << 20)

/**
 * struct ksift_caller - Who a run is for
 * @interrupted: Called now and then; or NULL
 * @arg: The argument for that
 * @said: What it returned last; a negative value has ended the run
 */
struct ksift_caller {
	int (*interrupted)(void *arg);
	void *arg;
	int said;
};

/**
 * struct ksift_src - Where a run takes its bytes from
 * @caller: Who it is for
 * @type: MEM or FILE
 * @base: MEM: the first byte
 * @end: MEM: how many there are
 * @fd: FILE: the caller's
 * @own: FILE: the library's own descriptor of the same file, or -1
 * @to: The range's end: bytes past it are read in small pieces only
 * @buf: FILE: the buffer that it is read into
 * @at: FILE: offset of the first byte in it
 * @held: FILE: how many are in it
 * @zeros: FILE: the bytes read last may be a hole's
 * @bytes: Bytes used
 * @polled: Bytes that were used before the caller was asked last
 */
struct ksift_src {
	struct ksift_caller *caller;
	u32 type;
	const u8 *base;
	u64 end;
	int fd;
	int own;
	u64 to;
	u8 *buf;
	u64 at;
	size_t held;
	bool zeros;
	u64 bytes;
	u64 polled;
};

int ksift_source_open(struct ksift_src *src, const struct ksift_run *run,
		      struct ksift_caller *caller);
void ksift_source_close(struct ksift_src *src);

int ksift_user_info(u32 variant, struct ksift_info *info);
int ksift_user_filter(const struct ksift_filter *filter, struct ksift_prog **prog);
void ksift_user_filter_free(struct ksift_prog *prog);

/*
 * Returns 0 or a negative errno value.  Whichever it is, the caller has ended the run
 * early if caller->said is negative.
 */
int ksift_user_run(struct ksift_caller *caller, const struct ksift_prog *prog,
		   struct ksift_run *run);

#endif /* _LIBKSIFT_USER_H */
