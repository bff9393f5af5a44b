// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stand-in for the module, to be preloaded: it answers the ioctls of
 * /dev/ksift by the letter of <ksift.h> and with no thought of speed, so that
 * the library and the client can be tested where no module can be loaded.
 *
 * KSIFT_STANDIN_CHOP=N makes it as awkward as the contract allows: a run ends
 * after N lines or numbers at most as if a signal had arrived, and every third
 * one fails with EINTR.  KSIFT_STANDIN_ERRNO=N: every ioctl fails with N.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <ksift.h>

#define EXPORT __attribute__((visibility("default")))
#define DEVICE_MAGIC 0x6b73696674646576ull
#define FILTER_MAGIC 0x6b73696674666c74ull
#define PROC_MAGIC 0x9fa0

struct filter {
	unsigned long long magic;
	unsigned int flags;
	unsigned int count;
	struct ksift_pattern patterns[KSIFT_PATTERNS_MAX];
	char data[];
};

struct source {
	const char *bytes;
	unsigned long long len;
	bool mapped;
};

static unsigned long long chop(void)
{
	const char *s = getenv("KSIFT_STANDIN_CHOP");

	return s ? strtoull(s, NULL, 10) : ~0ull;
}

static int make_fd(const void *data, size_t len)
{
	int fd = memfd_create("ksift", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, data, len) != (ssize_t)len)
		abort();
	return fd;
}

static bool has_magic(int fd, unsigned long long magic)
{
	unsigned long long found;

	return pread(fd, &found, sizeof(found), 0) == sizeof(found) &&
		found == magic;
}

static int do_info(struct ksift_info *info)
{
	if (info->variant > KSIFT_VARIANT_SCALAR)
		return -EOPNOTSUPP;
	info->out_variant = KSIFT_VARIANT_SCALAR;
	info->out_features = 0;
	info->out_kernels = 0xf;
	info->out_variants = 1 << KSIFT_VARIANT_SCALAR;
	memset(info->out_variant_name, 0, sizeof(info->out_variant_name));
	memcpy(info->out_variant_name, "scalar", 6);
	return 0;
}

static int do_filter(struct ksift_filter *arg)
{
	const struct ksift_pattern *p = (void *)(uintptr_t)arg->patterns;
	struct filter *filter;
	size_t bytes = 0;
	unsigned int i;

	if (arg->size != sizeof(*arg) || arg->pattern_size != sizeof(*p) ||
	    arg->__reserved || arg->pattern_count > KSIFT_PATTERNS_MAX)
		return -EINVAL;
	if (arg->level_mask)
		return -EOPNOTSUPP;
	for (i = 0; i < arg->pattern_count; i++)
		bytes += p[i].len;
	filter = calloc(1, sizeof(*filter) + bytes);
	filter->magic = FILTER_MAGIC;
	filter->flags = arg->flags;
	filter->count = arg->pattern_count;
	bytes = 0;
	for (i = 0; i < arg->pattern_count; i++) {
		filter->patterns[i] = p[i];
		filter->patterns[i].data = bytes;
		memcpy(filter->data + bytes, (void *)(uintptr_t)p[i].data, p[i].len);
		bytes += p[i].len;
	}
	arg->out_fd = make_fd(filter, sizeof(*filter) + bytes);
	free(filter);
	return arg->out_fd < 0 ? -errno : 0;
}

static struct filter *load_filter(int fd)
{
	struct filter *filter;
	struct stat st;

	if (!has_magic(fd, FILTER_MAGIC) || fstat(fd, &st))
		return NULL;
	filter = malloc(st.st_size);
	if (pread(fd, filter, st.st_size, 0) != st.st_size)
		abort();
	return filter;
}

static int open_source(const struct ksift_run *run, struct source *src)
{
	struct statfs fs;
	struct stat st;
	int flags;

	memset(src, 0, sizeof(*src));
	if (run->source == KSIFT_SOURCE_MEM) {
		if (run->source_fd)
			return -EINVAL;
		src->bytes = (void *)(uintptr_t)run->base;
		src->len = run->len;
		return 0;
	}
	if (run->source != KSIFT_SOURCE_FILE || run->base || run->len)
		return -EINVAL;
	flags = fcntl(run->source_fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	if (fstat(run->source_fd, &st) || fstatfs(run->source_fd, &fs))
		return -errno;
	if (!S_ISREG(st.st_mode) || fs.f_type == PROC_MAGIC)
		return -ESPIPE;
	src->len = st.st_size;
	if (!src->len)
		return 0;
	src->bytes = mmap(NULL, src->len, PROT_READ, MAP_PRIVATE, run->source_fd, 0);
	src->mapped = true;
	return src->bytes == MAP_FAILED ? -errno : 0;
}

static void close_source(struct source *src)
{
	if (src->mapped)
		munmap((void *)src->bytes, src->len);
}

static bool has_pattern(const char *line, size_t len, const char *word,
			const struct ksift_pattern *p)
{
	size_t i, last;

	if (p->len > len)
		return false;
	last = p->flags & KSIFT_PATTERN_ANCHORED ? 0 : len - p->len;
	for (i = 0; i <= last; i++) {
		size_t k = 0;

		while (k < p->len &&
		       (line[i + k] == word[k] ||
			((p->flags & KSIFT_PATTERN_FOLD) &&
			 tolower((unsigned char)line[i + k]) ==
			 tolower((unsigned char)word[k]))))
			k++;
		if (k == p->len)
			return true;
	}
	return false;
}

static bool selects(const struct filter *f, const char *line, size_t len,
		    unsigned int *pattern)
{
	unsigned int groups = 0, hit = 0, i;
	bool excluded = false;

	*pattern = ~0u;
	for (i = 0; i < f->count; i++) {
		const struct ksift_pattern *p = &f->patterns[i];
		bool has = has_pattern(line, len, f->data + p->data, p);

		if (p->flags & KSIFT_PATTERN_EXCLUDE) {
			excluded |= has;
			continue;
		}
		groups |= 1u << p->group;
		if (!has)
			continue;
		hit |= 1u << p->group;
		if (*pattern == ~0u)
			*pattern = i;
	}
	return (hit == groups && !excluded) != !!(f->flags & KSIFT_FILTER_INVERT);
}

/* Give out what is owed of the line at [pos, end): false if it does not fit. */
static bool emit(struct ksift_lines *a, struct ksift_resume *r, const char *line,
		 size_t len, bool newline)
{
	char *text = (char *)(uintptr_t)a->text;
	size_t n;

	if (!text)
		return true;
	n = len - r->skip;
	if (n > a->text_cap - a->out_text)
		n = a->text_cap - a->out_text;
	memcpy(text + a->out_text, line + r->skip, n);
	a->out_text += n;
	r->skip += n;
	r->flags = KSIFT_RESUME_INLINE;
	if (r->skip < len)
		return false;
	if (newline)
		return true;
	r->flags = KSIFT_RESUME_PENDING_NL;
	if (a->out_text == a->text_cap)
		return false;
	text[a->out_text++] = '\n';
	return true;
}

static void lines_loop(struct ksift_run *run, struct ksift_lines *a,
		       const struct filter *f, const struct source *src)
{
	struct ksift_record *records = (void *)(uintptr_t)a->records;
	unsigned long long to = run->to < src->len ? run->to : src->len;
	unsigned long long end, budget = chop(), start = run->from;
	struct ksift_resume r = run->resume;
	bool newline, owed = r.flags & (KSIFT_RESUME_INLINE | KSIFT_RESUME_PENDING_NL);
	unsigned int pattern;
	const char *nl;
	size_t len;

	if (!(r.flags & KSIFT_RESUME_VALID)) {
		if (start && start <= src->len && src->bytes[start - 1] != '\n') {
			nl = memchr(src->bytes + start, '\n', src->len - start);
			start = nl ? (unsigned long long)(nl + 1 - src->bytes) : src->len;
		}
		r.pos = start;
	}
	r.flags = 0;
	for (;;) {
		if (!owed && a->out_selected == a->max_lines) {
			r.flags = KSIFT_RESUME_LIMIT;
			break;
		}
		if (!owed && r.pos >= to) {
			r.flags = KSIFT_RESUME_DONE;
			break;
		}
		if (!budget--)
			break;
		nl = memchr(src->bytes + r.pos, '\n', src->len - r.pos);
		newline = nl;
		end = newline ? (unsigned long long)(nl + 1 - src->bytes) : src->len;
		len = end - r.pos;
		if (!owed) {
			bool hit = selects(f, src->bytes + r.pos, len - newline, &pattern);

			if (hit && records && a->out_records == a->records_cap)
				break;
			if (hit && records)
				records[a->out_records++] = (struct ksift_record){
					.offset = r.pos,
					.len = len - newline,
					.line = a->flags & KSIFT_LINES_TOTAL ?
						a->out_total : ~0ull,
					.level = KSIFT_LEVEL_NONE,
					.pattern = pattern,
				};
			a->out_total++;
			a->out_total_bytes += len;
			run->out_bytes += len;
			if (hit) {
				a->out_selected++;
				a->out_selected_bytes += len + !newline;
			}
			owed = hit;
		}
		if (owed && !emit(a, &r, src->bytes + r.pos, len, newline))
			break;
		owed = false;
		r = (struct ksift_resume){ .pos = end };
	}
	if (!(a->flags & KSIFT_LINES_TOTAL))
		a->out_total = 0;
	run->resume = r;
	run->resume.flags |= KSIFT_RESUME_VALID;
}

static int run_lines(struct ksift_run *run)
{
	struct ksift_lines *a = (void *)(uintptr_t)run->args;
	struct filter *filter;
	struct source src;
	int ret;

	if (a->size != sizeof(*a) || !a->text != !a->text_cap ||
	    !a->records != !a->records_cap ||
	    a->record_size != (a->records ? sizeof(struct ksift_record) : 0))
		return -EINVAL;
	filter = load_filter(a->filter_fd);
	if (!filter)
		return -EBADF;
	ret = open_source(run, &src);
	if (!ret) {
		a->out_selected = 0;
		a->out_selected_bytes = 0;
		a->out_total = 0;
		a->out_total_bytes = 0;
		a->out_text = 0;
		a->out_records = 0;
		lines_loop(run, a, filter, &src);
		close_source(&src);
	}
	free(filter);
	return ret;
}

static int run_fib(struct ksift_run *run)
{
	struct ksift_fib *a = (void *)(uintptr_t)run->args;
	unsigned long long *values = (void *)(uintptr_t)a->values;
	unsigned long long x = 0, y = 1, n, next, budget = chop();

	if (run->source != KSIFT_SOURCE_NONE || a->size != sizeof(*a))
		return -EINVAL;
	if (!(run->resume.flags & KSIFT_RESUME_VALID))
		run->resume.pos = run->from;
	a->out_count = 0;
	a->out_flags = 0;
	for (n = 0; n < run->to; n++) {
		if (n >= run->resume.pos) {
			if (a->out_count == a->values_cap || !budget--)
				break;
			values[a->out_count++] = x;
			if (n > KSIFT_FIB_EXACT_MAX)
				a->out_flags |= KSIFT_FIB_WRAPPED;
		}
		next = x + y;
		x = y;
		y = next;
	}
	run->resume.pos = n;
	run->resume.flags = KSIFT_RESUME_VALID;
	if (n == run->to)
		run->resume.flags |= KSIFT_RESUME_DONE;
	return 0;
}

static struct ksift_sumsq_value sum_squares(unsigned long long from,
					    unsigned long long to)
{
	struct ksift_sumsq_value v = { 0 };
	unsigned __int128 sum = 0, old;

	for (; from < to; from++) {
		old = sum;
		sum += (unsigned __int128)from * from;
		if (sum < old)
			v.flags |= KSIFT_SUMSQ_OVF128;
	}
	v.lo = sum;
	v.hi = sum >> 64;
	if (v.hi || v.flags)
		v.flags |= KSIFT_SUMSQ_OVF64;
	return v;
}

static int run_sumsq(struct ksift_run *run)
{
	struct ksift_sumsq *a = (void *)(uintptr_t)run->args;
	struct ksift_sumsq_value *values = (void *)(uintptr_t)a->values;
	const unsigned long long *n = (void *)(uintptr_t)run->base;
	unsigned long long budget = chop(), i = 0;

	if (a->size != sizeof(*a))
		return -EINVAL;
	if (run->source == KSIFT_SOURCE_NONE) {
		a->out_value = sum_squares(run->from, run->to);
		run->resume.flags = KSIFT_RESUME_VALID | KSIFT_RESUME_DONE;
		return 0;
	}
	if (run->resume.flags & KSIFT_RESUME_VALID)
		i = run->resume.pos / 8;
	for (a->out_count = 0; i < run->len / 8; i++) {
		if (a->out_count == a->values_cap || !budget--)
			break;
		values[a->out_count++] = sum_squares(0, n[i]);
	}
	a->out_tail = run->len % 8;
	run->resume.pos = i * 8;
	run->resume.flags = KSIFT_RESUME_VALID;
	if (i == run->len / 8)
		run->resume.flags |= KSIFT_RESUME_DONE;
	return 0;
}

static int run_sum(struct ksift_run *run)
{
	struct ksift_sum_i64 *a = (void *)(uintptr_t)run->args;
	unsigned long long budget = chop(), pos, to;
	struct source src;
	__int128 sum = 0;
	long long x;
	int ret;

	if (a->size != sizeof(*a))
		return -EINVAL;
	ret = open_source(run, &src);
	if (ret)
		return ret;
	to = run->to < src.len ? run->to : src.len;
	pos = run->resume.flags & KSIFT_RESUME_VALID ? run->resume.pos :
		(run->from + 7) / 8 * 8;
	a->out_count = 0;
	a->out_tail = 0;
	for (; pos < to && pos + 8 <= src.len && budget; pos += 8, budget--) {
		memcpy(&x, src.bytes + pos, 8);
		sum += x;
		a->out_count++;
	}
	a->out_lo = sum;
	a->out_hi = sum >> 64;
	run->resume.pos = pos;
	run->resume.flags = KSIFT_RESUME_VALID;
	if (pos >= to || pos + 8 > src.len) {
		run->resume.flags |= KSIFT_RESUME_DONE;
		if (pos < to)
			a->out_tail = src.len - pos;
	}
	run->out_bytes = a->out_count * 8;
	close_source(&src);
	return 0;
}

static int do_run(struct ksift_run *run)
{
	static unsigned int calls;

	if (run->size != sizeof(*run) || run->flags || run->__reserved)
		return -EINVAL;
	if (run->resume.flags & KSIFT_RESUME_DONE)
		return -EINVAL;
	if (!(run->resume.flags & KSIFT_RESUME_VALID) &&
	    (run->resume.pos || run->resume.skip || run->resume.flags))
		return -EINVAL;
	if (run->variant > KSIFT_VARIANT_SCALAR)
		return -EOPNOTSUPP;
	if (chop() != ~0ull && ++calls % 3 == 0)
		return -EINTR;
	run->out_bytes = 0;
	run->out_walked = 0;
	run->out_variant = KSIFT_VARIANT_SCALAR;
	switch (run->kernel) {
	case KSIFT_KERNEL_LINES:
		return run_lines(run);
	case KSIFT_KERNEL_FIB:
		return run_fib(run);
	case KSIFT_KERNEL_SUMSQ:
		return run_sumsq(run);
	case KSIFT_KERNEL_SUM_I64:
		return run_sum(run);
	default:
		return -EOPNOTSUPP;
	}
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
	if (_IOC_TYPE(cmd) != KSIFT_TYPE || !has_magic(fd, DEVICE_MAGIC)) {
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

static int do_open(const char *name, const char *path, int flags, mode_t mode)
{
	static const unsigned long long magic = DEVICE_MAGIC;
	int (*real)(const char *, int, ...);

	if (!strcmp(path, "/dev/ksift"))
		return make_fd(&magic, sizeof(magic));
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
