/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_CTX_H
#define _LIBKSIFT_CTX_H

#include <stdbool.h>
#include <sys/types.h>

#include <libksift.h>

struct ksift_prog;

/**
 * struct ksift_matcher - A compiled filter
 * @fd: The kernel's, or -1
 * @prog: The user engine's, or NULL
 * @count: Patterns in it
 */
struct ksift_matcher {
	int fd;
	struct ksift_prog *prog;
	uint32_t count;
};

#define KSIFT_EXPORT __attribute__((visibility("default")))

/* The same engine with another callback; free() it before @ctx is closed. */
struct ksift_ctx *ksift_ctx_clone(const struct ksift_ctx *ctx,
				  int (*interrupted)(void *arg), void *arg);

/* Is there a callback? */
bool ksift_ctx_asks(const struct ksift_ctx *ctx);

/* Ask the caller whether to go on. */
int ksift_ctx_interrupted(struct ksift_ctx *ctx, struct ksift_error *err);

/* Read from the current offset if @offset is -1; asks the caller after a signal. */
ssize_t ksift_ctx_read(struct ksift_ctx *ctx, int fd, void *buf, size_t len,
		       off_t offset, struct ksift_error *err);

/* The kernel's filter is filter->out_fd, the user engine's is *@prog. */
int ksift_ctx_filter(struct ksift_ctx *ctx, struct ksift_filter *filter,
		     struct ksift_prog **prog, struct ksift_error *err);

/* @prog is for the user engine and KSIFT_KERNEL_LINES. */
int ksift_ctx_run(struct ksift_ctx *ctx, const struct ksift_prog *prog,
		  struct ksift_run *run, struct ksift_error *err);

#endif /* _LIBKSIFT_CTX_H */
