// SPDX-License-Identifier: GPL-2.0-only
/*
 * The context: has the kernel's engine, behind an open device, or this process's own
 * do the work.  The only file that makes ioctls, and turns their errors into
 * sentences.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctx.h"
#include "error.h"
#include "user.h"

/**
 * struct ksift_ctx - A context
 * @fd: The device; -1: the user engine does the work
 * @variant: The variant that all runs use
 * @kernels: Kernels that the engine has
 * @features: Features that it has
 * @interrupted: The caller's callback, or NULL
 * @arg: The argument for that
 * @fallback: Why the device is not used although it might have been, or ""
 */
struct ksift_ctx {
	int fd;
	uint32_t variant;
	uint64_t kernels;
	uint64_t features;
	int (*interrupted)(void *arg);
	void *arg;
	char fallback[KSIFT_ERROR_TEXT];
};

KSIFT_EXPORT const char *ksift_version(void)
{
	return KSIFT_VERSION;
}

/* @info->size is the caller's, whose structure may be shorter or longer. */
static int ctx_info(const struct ksift_ctx *ctx, uint32_t variant,
		    struct ksift_info *info)
{
	uint32_t size = info->size;

	memset(info, 0, size);
	info->size = size;
	info->variant = variant;
	if (ctx->fd < 0)
		return ksift_user_info(variant, info);
	return ioctl(ctx->fd, KSIFT_INFO, info) ? -errno : 0;
}

/* The engine alone knows the names of its variants. */
static int ctx_set_variant(struct ksift_ctx *ctx, const char *name,
			   struct ksift_error *err)
{
	struct ksift_info info = { .size = sizeof(info) };
	char names[256] = "";
	uint64_t usable;
	uint32_t n;

	ctx_info(ctx, KSIFT_VARIANT_BEST, &info);
	usable = info.out_variants;
	for (n = 1; n < 64; n++) {
		if (!(usable & (1ULL << n)) || ctx_info(ctx, n, &info))
			continue;
		info.out_variant_name[sizeof(info.out_variant_name) - 1] = 0;
		if (!strcmp(name, (char *)info.out_variant_name)) {
			ctx->variant = n;
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

/* Ask the engine for its kernels and features.  Fails if the device is no module's. */
static int ctx_ask(struct ksift_ctx *ctx, const char *device,
		   struct ksift_error *err)
{
	struct ksift_info info = { .size = sizeof(info) };
	int ret;

	ret = ctx_info(ctx, KSIFT_VARIANT_BEST, &info);
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
	ctx->features = info.out_features;
	return 0;
}

static int ctx_open_device(struct ksift_ctx *ctx, const char *device,
			   struct ksift_error *err)
{
	int ret;

	do {
		ctx->fd = open(device, O_RDWR | O_CLOEXEC);
	} while (ctx->fd < 0 && errno == EINTR);
	if (ctx->fd < 0)
		return ksift_error_open(err, -errno, device);
	ret = ctx_ask(ctx, device, err);
	if (ret) {
		close(ctx->fd);
		ctx->fd = -1;
	}
	return ret;
}

/* Is there no module, or none for this process, or none that is new enough? */
static bool is_without_module(int ret)
{
	switch (ret) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
	case -EACCES:
	case -EPERM:
	case -ENOTTY:
	case -E2BIG:
	case -EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

static int ctx_setup(struct ksift_ctx *ctx, const struct ksift_ctx_opts *opts,
		     struct ksift_error *err)
{
	const char *device = opts->device ? opts->device : KSIFT_DEVICE;
	struct ksift_error why = { 0 };
	int ret = 0;

	ctx->fd = -1;
	if (opts->engine != KSIFT_ENGINE_USER)
		ret = ctx_open_device(ctx, device, &why);
	if (ret && (opts->engine == KSIFT_ENGINE_KERNEL || !is_without_module(ret)))
		return ksift_error_set(err, ret, "%s", why.text);
	if (ctx->fd < 0) {
		memcpy(ctx->fallback, why.text, sizeof(ctx->fallback));
		ctx_ask(ctx, device, NULL);
	}
	return opts->variant ? ctx_set_variant(ctx, opts->variant, err) : 0;
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
	if (opts.engine > KSIFT_ENGINE_USER)
		return ksift_error_set(err, -EINVAL, "engine is %u, and there are 0 to %u",
				       opts.engine, KSIFT_ENGINE_USER);
	if (opts.__reserved)
		return ksift_error_set(err, -EINVAL, "__reserved is not 0");

	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return ksift_error_sys(err, -ENOMEM, "");
	ctx->interrupted = opts.interrupted;
	ctx->arg = opts.arg;
	ret = ctx_setup(ctx, &opts, err);
	if (ret) {
		ksift_ctx_close(ctx);
		return ret;
	}
	*out = ctx;
	return 0;
}

KSIFT_EXPORT void ksift_ctx_close(struct ksift_ctx *ctx)
{
	if (!ctx)
		return;
	if (ctx->fd >= 0)
		close(ctx->fd);
	free(ctx);
}

KSIFT_EXPORT uint32_t ksift_ctx_engine(const struct ksift_ctx *ctx)
{
	return ctx->fd < 0 ? KSIFT_ENGINE_USER : KSIFT_ENGINE_KERNEL;
}

KSIFT_EXPORT const char *ksift_ctx_fallback(const struct ksift_ctx *ctx)
{
	return *ctx->fallback ? ctx->fallback : NULL;
}

KSIFT_EXPORT int ksift_ctx_info(struct ksift_ctx *ctx, uint32_t variant,
				struct ksift_info *info, struct ksift_error *err)
{
	int ret = ksift_error_size(err, "info", info->size, sizeof(*info));

	if (ret)
		return ret;
	if (variant == KSIFT_VARIANT_BEST)
		variant = ctx->variant;
	ret = ctx_info(ctx, variant, info);
	if (ret == -EOPNOTSUPP)
		return ksift_error_set(err, ret,
				       "variant %u cannot run on this machine",
				       variant);
	if (ret)
		return ksift_error_sys(err, ret, "INFO");
	return 0;
}

struct ksift_ctx *ksift_ctx_clone(const struct ksift_ctx *ctx,
				  int (*interrupted)(void *arg), void *arg)
{
	struct ksift_ctx *clone = malloc(sizeof(*clone));

	if (!clone)
		return NULL;
	*clone = *ctx;
	clone->interrupted = interrupted;
	clone->arg = arg;
	return clone;
}

bool ksift_ctx_asks(const struct ksift_ctx *ctx)
{
	return ctx->interrupted;
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
		       off_t offset, struct ksift_error *err)
{
	ssize_t n;
	int ret;

	for (;;) {
		n = offset < 0 ? read(fd, buf, len) : pread(fd, buf, len, offset);
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
		     struct ksift_prog **prog, struct ksift_error *err)
{
	int ret;

	if (ctx->fd < 0) {
		ret = ksift_user_filter(filter, prog);
		return ret ? ksift_error_sys(err, ret, "cannot make a filter") : 0;
	}
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

/* Say why a run with flags is EOPNOTSUPP. */
static int error_cache(struct ksift_ctx *ctx, const struct ksift_run *run,
		       struct ksift_error *err)
{
	const char *name = run->flags & KSIFT_RUN_CACHED ? "CACHED" : "POLITE";

	if (run->flags & ~(KSIFT_RUN_CACHED | KSIFT_RUN_POLITE))
		return ksift_error_set(err, -EOPNOTSUPP, "flags has unknown bits %#x",
				       run->flags);
	if (ctx->fd < 0)
		return ksift_error_set(err, -EOPNOTSUPP,
			"%s: only the ksift module can see the page cache%s%s", name,
			*ctx->fallback ? "; " : "", ctx->fallback);
	if (!(ctx->features & KSIFT_FEATURE_CACHE))
		return ksift_error_set(err, -EOPNOTSUPP,
			"%s: the ksift module is older than this program", name);
	return ksift_error_set(err, -EOPNOTSUPP,
		"%s: the page cache of its file system cannot be scanned", name);
}

static int error_run(struct ksift_ctx *ctx, const struct ksift_run *run, int ret,
		     struct ksift_error *err)
{
	bool user = ctx->fd < 0;

	switch (ret) {
	case -ENOTTY:
	case -E2BIG:
		return ksift_error_set(err, ret, user ?
			"this libksift is older than the program: it does not know such a run" :
			"the ksift module is older than this program: it does not know such a run");
	case -EOPNOTSUPP:
		if (run->flags)
			return error_cache(ctx, run, err);
		if (user)
			return ksift_error_set(err, ret,
				"this libksift cannot do this, it may be older than the program");
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
	case -EPERM:
		if (!(run->flags & KSIFT_RUN_CACHED))
			return ksift_error_sys(err, ret, "");
		return ksift_error_set(err, ret,
			"CACHED: what of a file is in memory is told to its owner, to who may write to it, and to root: use sudo, or POLITE (--polite), which leaves the page cache as it is");
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

/* One RUN, started again after a signal that came before anything was done. */
int ksift_ctx_run(struct ksift_ctx *ctx, const struct ksift_prog *prog,
		  struct ksift_run *run, struct ksift_error *err)
{
	struct ksift_caller caller = {
		.interrupted = ctx->interrupted,
		.arg = ctx->arg,
	};
	int ret;

	run->__reserved = 0;
	run->variant = ctx->variant;
	if (run->from > run->to)
		return ksift_error_set(err, -EINVAL,
			"from (%llu) is above to (%llu)",
			(unsigned long long)run->from,
			(unsigned long long)run->to);
	for (;;) {
		if (ctx->fd < 0)
			ret = ksift_user_run(&caller, prog, run);
		else
			ret = ioctl(ctx->fd, KSIFT_RUN, run) ? -errno : 0;
		if (caller.said < 0)
			return ksift_error_set(err, caller.said, "stopped by the caller");
		if (!ret)
			return 0;
		if (ret != -EINTR)
			return error_run(ctx, run, ret, err);
		ret = ksift_ctx_interrupted(ctx, err);
		if (ret)
			return ret;
	}
}
