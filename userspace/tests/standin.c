// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stand-in for the module, to be preloaded: it answers the ioctls of
 * /dev/ksift with the user engine, so that the library's way to the kernel can
 * be tested where no module can be loaded.
 *
 * KSIFT_STANDIN_CHOP=N makes it as awkward as the contract allows: a run ends
 * after N numbers, or a few lines, as if a signal had arrived, and every third
 * one fails with EINTR.  KSIFT_STANDIN_ERRNO=N: every ioctl fails with N.
 * KSIFT_STANDIN_OLD=1: it says that it can only select lines, by no level.
 * KSIFT_STANDIN_ROOT=DIR: the device is there if DIR/dev/ksift is, and may not be
 * opened if that has no mode; files of /lib/modules are those of DIR.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/ctx.h"

#define EXPORT __attribute__((visibility("default")))
#define DEVICE_MAGIC 0x6b73696674646576ull
#define FILTERS 1024
/* What a line is taken to be long when it is said how many are too many. */
#define LINE_GUESS 8

/* No file of the tests gets that long. */
#define FILE_MAX (1ull << 40)

/* By descriptor. */
static struct ksift_prog *filters[FILTERS];

static unsigned long long chop(void)
{
	const char *s = getenv("KSIFT_STANDIN_CHOP");

	return s ? strtoull(s, NULL, 10) : 0;
}

static struct ksift_ctx *engine(void)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	static struct ksift_ctx *ctx;

	opts.engine = KSIFT_ENGINE_USER;
	if (!ctx && ksift_ctx_open(&opts, &ctx, NULL))
		abort();
	return ctx;
}

static int make_fd(unsigned long long magic)
{
	int fd = memfd_create("ksift", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, &magic, sizeof(magic)) != sizeof(magic))
		abort();
	return fd;
}

static bool is_device(int fd)
{
	unsigned long long found;

	return pread(fd, &found, sizeof(found), 0) == sizeof(found) &&
		found == DEVICE_MAGIC;
}

static int do_info(struct ksift_info *arg)
{
	int ret = ksift_ctx_info(engine(), arg->variant, arg, NULL);

	if (!ret && getenv("KSIFT_STANDIN_OLD")) {
		arg->out_kernels = 1 << KSIFT_KERNEL_LINES;
		arg->out_features = 0;
	}
	return ret;
}

static int do_filter(struct ksift_filter *arg)
{
	struct ksift_prog *prog;
	int ret;

	if (arg->size != sizeof(*arg) || arg->__reserved ||
	    arg->pattern_size != sizeof(struct ksift_pattern) ||
	    arg->pattern_count > KSIFT_PATTERNS_MAX)
		return -EINVAL;
	ret = ksift_ctx_filter(engine(), arg, &prog, NULL);
	if (ret)
		return ret;
	arg->out_fd = make_fd(0);
	if (arg->out_fd < 0 || arg->out_fd >= FILTERS)
		abort();
	filters[arg->out_fd] = prog;
	return 0;
}

/*
 * The lines of a part of the range, and of no more than its beginning if there
 * is none, are what a signal might have let through.
 */
static int chopped_lines(const struct ksift_prog *prog, struct ksift_run *run,
			 struct ksift_lines *args, unsigned long long most)
{
	unsigned long long len = most * LINE_GUESS;
	unsigned long long to = run->to, start = run->from;
	struct ksift_run part;
	int ret;

	if (run->resume.flags & KSIFT_RESUME_VALID)
		start = run->resume.pos;
	do {
		part = *run;
		if (start < to && to - start > len && len < FILE_MAX &&
		    start <= INT64_MAX - len)
			part.to = start + len;
		len *= 2;
		ret = ksift_ctx_run(engine(), prog, &part, NULL);
	} while (!ret && part.to != to && !args->out_total_bytes && !args->out_text);
	if (part.to != to)
		part.resume.flags &= ~KSIFT_RESUME_DONE;
	part.to = to;
	*run = part;
	return ret;
}

static int chopped_sum(struct ksift_run *run, struct ksift_sum_i64 *args,
		       unsigned long long most)
{
	unsigned long long to = run->to, start = run->from;
	int ret;

	if (run->resume.flags & KSIFT_RESUME_VALID)
		start = run->resume.pos;
	start = (start + 7) / 8 * 8;
	if (start < to && to - start > most * 8)
		run->to = start + most * 8;
	ret = ksift_ctx_run(engine(), NULL, run, NULL);
	if (run->to != to && args->out_count == most)
		run->resume.flags &= ~KSIFT_RESUME_DONE;
	run->to = to;
	return ret;
}

static int do_run(struct ksift_run *run)
{
	struct ksift_lines *lines = (void *)(uintptr_t)run->args;
	struct ksift_sumsq *sumsq = (void *)lines;
	struct ksift_fib *fib = (void *)lines;
	struct ksift_prog *prog = NULL;
	unsigned long long most = chop();
	static unsigned int calls;

	if (run->size != sizeof(*run) || run->flags || run->__reserved)
		return -EINVAL;
	if (most && ++calls % 3 == 0)
		return -EINTR;
	if (run->kernel == KSIFT_KERNEL_LINES) {
		if (lines->record_size != (lines->records ? sizeof(struct ksift_record) : 0))
			return -EINVAL;
		if (lines->filter_fd < 0 || lines->filter_fd >= FILTERS)
			return -EBADF;
		prog = filters[lines->filter_fd];
		if (!prog)
			return -EBADF;
		if (most)
			return chopped_lines(prog, run, lines, most);
	}
	if (run->kernel == KSIFT_KERNEL_SUM_I64 && most)
		return chopped_sum(run, (void *)lines, most);
	if (run->kernel == KSIFT_KERNEL_FIB && most && fib->values_cap > most)
		fib->values_cap = most;
	if (run->kernel == KSIFT_KERNEL_SUMSQ && most && sumsq->values_cap > most)
		sumsq->values_cap = most;
	return ksift_ctx_run(engine(), prog, run, NULL);
}

EXPORT int ioctl(int fd, unsigned long cmd, ...)
{
	int (*real)(int, unsigned long, void *);
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (_IOC_TYPE(cmd) != KSIFT_TYPE || !is_device(fd)) {
		real = dlsym(RTLD_NEXT, "ioctl");
		return real(fd, cmd, arg);
	}
	if (getenv("KSIFT_STANDIN_ERRNO")) {
		errno = atoi(getenv("KSIFT_STANDIN_ERRNO"));
		return -1;
	}
	switch (_IOC_NR(cmd)) {
	case KSIFT_CMD_INFO:
		ret = do_info(arg);
		break;
	case KSIFT_CMD_FILTER:
		ret = do_filter(arg);
		break;
	case KSIFT_CMD_RUN:
		ret = do_run(arg);
		break;
	default:
		ret = -ENOTTY;
	}
	if (ret < 0)
		errno = -ret;
	return ret < 0 ? -1 : ret;
}

/* Where a file is whose name begins with @dir. */
static const char *moved(const char *path, const char *dir, char *buf, size_t len)
{
	const char *root = getenv("KSIFT_STANDIN_ROOT");

	if (!root || strncmp(path, dir, strlen(dir)))
		return path;
	snprintf(buf, len, "%s%s", root, path);
	return buf;
}

static int open_device(void)
{
	const char *path;
	struct stat st;
	char buf[512];

	path = moved("/dev/ksift", "/dev/", buf, sizeof(buf));
	if (path == buf && stat(path, &st))
		return -1;
	if (path != buf || st.st_mode & 0777)
		return make_fd(DEVICE_MAGIC);
	errno = EACCES;
	return -1;
}

static int do_open(const char *name, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...);

	if (!strcmp(path, "/dev/ksift"))
		return open_device();
	real = dlsym(RTLD_NEXT, name);
	return real(path, flags, mode);
}

static mode_t open_mode(int flags, va_list ap)
{
	return flags & O_CREAT ? va_arg(ap, mode_t) : 0;
}

/* The header may have made open() another name for open64(). */
EXPORT int standin_open(const char *path, int flags, ...) __asm__("open");
EXPORT int standin_open64(const char *path, int flags, ...) __asm__("open64");

EXPORT int standin_open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = open_mode(flags, ap);
	va_end(ap);
	return do_open("open", path, flags, mode);
}

EXPORT int standin_open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = open_mode(flags, ap);
	va_end(ap);
	return do_open("open64", path, flags, mode);
}

EXPORT int access(const char *path, int mode)
{
	int (*real)(const char *, int) = dlsym(RTLD_NEXT, "access");
	char buf[512];

	return real(moved(path, "/lib/modules/", buf, sizeof(buf)), mode);
}

EXPORT FILE *standin_fopen(const char *path, const char *mode) __asm__("fopen64");

EXPORT FILE *standin_fopen(const char *path, const char *mode)
{
	FILE *(*real)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen64");
	char buf[512];

	return real(moved(path, "/lib/modules/", buf, sizeof(buf)), mode);
}
