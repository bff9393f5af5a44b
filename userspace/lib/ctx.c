// SPDX-License-Identifier: GPL-2.0-only
/*
 * The open device: the only file that makes ioctls of it, and knows what their
 * errors mean.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctx.h"
#include "error.h"

struct ksift_ctx {
	int fd;
	uint32_t variant;
	uint64_t kernels;
	int (*interrupted)(void *arg);
	void *arg;
};

KSIFT_EXPORT const char *ksift_version(void)
{
	return KSIFT_VERSION;
}

/* @info->size is the caller's, whose structure may be shorter or longer. */
static int ctx_info(int fd, uint32_t variant, struct ksift_info *info)
{
	uint32_t size = info->size;

	memset(info, 0, size);
	info->size = size;
	info->variant = variant;
	return ioctl(fd, KSIFT_INFO, info) ? -errno : 0;
}

/* The module alone knows the names of its variants. */
static int ctx_find_variant(int fd, const char *name, uint64_t usable,
			    uint32_t *variant, struct ksift_error *err)
{
	struct ksift_info info = { .size = sizeof(info) };
	char names[256] = "";
	uint32_t n;

	for (n = 1; n < 64; n++) {
		if (!(usable & (1ULL << n)) || ctx_info(fd, n, &info))
			continue;
		info.out_variant_name[sizeof(info.out_variant_name) - 1] = 0;
		if (!strcmp(name, (char *)info.out_variant_name)) {
			*variant = n;
			return 0;
		}
		if (strlen(names) + sizeof(info.out_variant_name) + 2 < sizeof(names)) {
			strcat(names, *names ? ", " : "");
			strcat(names, (char *)info.out_variant_name);
		}
	}
	return ksift_error_set(err, -EOPNOTSUPP,
			       "variant '%s' cannot run on this machine; these can: %s",
			       name, names);
}

static int ctx_setup(struct ksift_ctx *ctx, const char *variant,
		     const char *device, struct ksift_error *err)
{
	struct ksift_info info = { .size = sizeof(info) };
	int ret;

	ret = ctx_info(ctx->fd, KSIFT_VARIANT_BEST, &info);
	if (ret == -ENOTTY)
		return ksift_error_set(err, ret,
				       "%s is not the device of a ksift module",
				       device);
	if (ret == -E2BIG || ret == -EOPNOTSUPP)
		return ksift_error_set(err, ret,
				       "the ksift module is older than this program (%s) and cannot tell what it can do",
				       KSIFT_VERSION);
	if (ret)
		return ksift_error_sys(err, ret, device);
	ctx->kernels = info.out_kernels;
	if (!variant)
		return 0;
	return ctx_find_variant(ctx->fd, variant, info.out_variants,
				&ctx->variant, err);
}

KSIFT_EXPORT int ksift_ctx_open(const struct ksift_ctx_opts *user_opts,
				struct ksift_ctx **out, struct ksift_error *err)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_ctx *ctx;
	int ret;

	if (user_opts) {
		ret = ksift_error_opts(&opts, sizeof(opts), user_opts,
				       sizeof(opts), "ctx_opts", err);
		if (ret)
			return ret;
	}
	if (!opts.device)
		opts.device = KSIFT_DEVICE;

	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return ksift_error_sys(err, -ENOMEM, "");
	ctx->interrupted = opts.interrupted;
	ctx->arg = opts.arg;

	do {
		ctx->fd = open(opts.device, O_RDWR | O_CLOEXEC);
	} while (ctx->fd < 0 && errno == EINTR);
	if (ctx->fd < 0) {
		ret = ksift_error_open(err, -errno, opts.device);
		goto free_ctx;
	}
	ret = ctx_setup(ctx, opts.variant, opts.device, err);
	if (ret)
		goto close_fd;
	*out = ctx;
	return 0;

close_fd:
	close(ctx->fd);
free_ctx:
	free(ctx);
	return ret;
}

KSIFT_EXPORT void ksift_ctx_close(struct ksift_ctx *ctx)
{
	if (!ctx)
		return;
	close(ctx->fd);
	free(ctx);
}

KSIFT_EXPORT int ksift_ctx_info(struct ksift_ctx *ctx, uint32_t variant,
				struct ksift_info *info, struct ksift_error *err)
{
	int ret = ksift_error_size(err, "info", info->size, sizeof(*info));

	if (ret)
		return ret;
	if (variant == KSIFT_VARIANT_BEST)
		variant = ctx->variant;
	ret = ctx_info(ctx->fd, variant, info);
	if (ret == -EOPNOTSUPP)
		return ksift_error_set(err, ret,
				       "variant %u cannot run on this machine",
				       variant);
	if (ret)
		return ksift_error_sys(err, ret, "INFO");
	return 0;
}

int ksift_ctx_interrupted(struct ksift_ctx *ctx, struct ksift_error *err)
{
	int ret;

	ret = ctx->interrupted ? ctx->interrupted(ctx->arg) : 0;
	if (ret < 0)
		return ksift_error_set(err, ret, "stopped by the caller");
	return 0;
}

ssize_t ksift_ctx_read(struct ksift_ctx *ctx, int fd, void *buf, size_t len,
		       struct ksift_error *err)
{
	ssize_t n;
	int ret;

	for (;;) {
		n = read(fd, buf, len);
		if (n >= 0)
			return n;
		if (errno != EINTR)
			return ksift_error_sys(err, -errno, "");
		ret = ksift_ctx_interrupted(ctx, err);
		if (ret)
			return ret;
	}
}

int ksift_ctx_filter(struct ksift_ctx *ctx, struct ksift_filter *filter,
		     struct ksift_error *err)
{
	int ret;

	filter->size = sizeof(*filter);
	if (!ioctl(ctx->fd, KSIFT_FILTER, filter))
		return 0;
	ret = -errno;
	switch (ret) {
	case -ENOTTY:
	case -E2BIG:
		return ksift_error_set(err, ret,
			"the ksift module is older than this program: it does not know such a filter");
	case -EOPNOTSUPP:
		return ksift_error_set(err, ret, filter->level_mask ?
			"level_mask: the ksift module does not know levels" :
			"the ksift module is older than this program: it does not know a flag of the filter");
	case -EFAULT:
		return ksift_error_set(err, ret,
			"patterns: the memory they are said to be in is not there");
	default:
		return ksift_error_sys(err, ret, "cannot make a filter");
	}
}

static const char *kernel_name(uint32_t kernel)
{
	switch (kernel) {
	case KSIFT_KERNEL_LINES:
		return "lines";
	case KSIFT_KERNEL_FIB:
		return "fib";
	case KSIFT_KERNEL_SUMSQ:
		return "sumsq";
	default:
		return "sum-i64";
	}
}

static int error_run(struct ksift_ctx *ctx, const struct ksift_run *run, int ret,
		     struct ksift_error *err)
{
	switch (ret) {
	case -ENOTTY:
	case -E2BIG:
		return ksift_error_set(err, ret,
			"the ksift module is older than this program: it does not know such a run");
	case -EOPNOTSUPP:
		if (!(ctx->kernels & (1ULL << run->kernel)))
			return ksift_error_set(err, ret,
				"the ksift module is older than this program: it has no kernel '%s'",
				kernel_name(run->kernel));
		return ksift_error_set(err, ret,
			"the ksift module cannot do this, it may be older than this program");
	case -EBADF:
		if (run->source != KSIFT_SOURCE_FILE)
			return ksift_error_set(err, ret, "the matcher is not a filter");
		return ksift_error_set(err, ret,
			"source_fd: file descriptor %d is not open for reading",
			run->source_fd);
	case -ESPIPE:
		return ksift_error_set(err, ret,
			"source_fd: file descriptor %d is not a regular file, and can only be read from its start to its end",
			run->source_fd);
	case -EFAULT:
		return ksift_error_set(err, ret,
			"a buffer, or the memory to be scanned, is not there");
	case -EOVERFLOW:
		return ksift_error_set(err, ret,
			"a line reaches beyond the largest offset that a file can have");
	default:
		return ksift_error_sys(err, ret, "");
	}
}

/* One RUN.  It is done again after a signal, before which nothing was done. */
int ksift_ctx_run(struct ksift_ctx *ctx, struct ksift_run *run,
		  struct ksift_error *err)
{
	int ret;

	run->flags = 0;
	run->__reserved = 0;
	run->variant = ctx->variant;
	if (run->from > run->to)
		return ksift_error_set(err, -EINVAL,
			"from (%llu) is above to (%llu)",
			(unsigned long long)run->from,
			(unsigned long long)run->to);
	while (ioctl(ctx->fd, KSIFT_RUN, run)) {
		if (errno != EINTR)
			return error_run(ctx, run, -errno, err);
		ret = ksift_ctx_interrupted(ctx, err);
		if (ret)
			return ret;
	}
	return 0;
}
