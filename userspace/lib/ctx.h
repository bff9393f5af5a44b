/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_CTX_H
#define _LIBKSIFT_CTX_H

#include <sys/types.h>

#include <libksift.h>

#define KSIFT_EXPORT __attribute__((visibility("default")))

int ksift_ctx_interrupted(struct ksift_ctx *ctx, struct ksift_error *err);
ssize_t ksift_ctx_read(struct ksift_ctx *ctx, int fd, void *buf, size_t len,
		       struct ksift_error *err);
int ksift_ctx_filter(struct ksift_ctx *ctx, struct ksift_filter *filter,
		     struct ksift_error *err);
int ksift_ctx_run(struct ksift_ctx *ctx, struct ksift_run *run,
		  struct ksift_error *err);

#endif /* _LIBKSIFT_CTX_H */
