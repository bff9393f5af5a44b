// SPDX-License-Identifier: GPL-2.0-only
/*
 * A search as seen from outside: how far it is, where the next one goes on, and
 * at its end what exactly was looked at.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "checkpoint.h"
#include "job.h"
#include "progress.h"
#include "watch.h"

/* There is one search. */
static struct {
	bool stats;
	const char *checkpoint_path;
	struct checkpoint checkpoint;
	uint64_t first_line;	/* lines before the place where it went on */
	bool prints;		/* lines are put out as they are found */
	bool failed;		/* the checkpoint could not be written */
	bool searched;		/* the file has been, up to @last */
	struct ksift_scan_result last;

	struct timespec started;
	struct stat before;	/* the current file, when its search began */
	uint64_t files, bytes, lines, selected, end, walked, read, grew, shrank;
	uint32_t variant;
	bool limited;		/* not all of a file was looked at */
} watch;

void watch_start(bool stats, const char *checkpoint)
{
	watch.stats = stats;
	watch.checkpoint_path = checkpoint;
	clock_gettime(CLOCK_MONOTONIC, &watch.started);
}

/*
 * The finalizer of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
 * number generators", 2014).  Sums of FNV-1a hashes of short strings are easily the
 * same: they differ in few bits, and not by chance.
 */
static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9;
	h = (h ^ h >> 27) * 0x94d049bb133111eb;
	return h ^ h >> 31;
}

/* With -i the letters' case does not count; it may in what is no plain pattern. */
static uint64_t hash_pattern(const struct filter *f, size_t i)
{
	const struct ksift_pattern *p = &f->patterns[i];
	const struct ksift_expr *expr = &f->exprs[i];
	bool plain = filter_is_plain(f, i);
	const unsigned char kind = plain ? p->flags & ~KSIFT_PATTERN_FOLD :
					   0x80 | expr->syntax << 4;
	const char *s = plain ? (const char *)(uintptr_t)p->data : expr->text;
	size_t k, len = plain ? p->len : expr->len;
	uint64_t h = checkpoint_hash(CHECKPOINT_HASH, &kind, sizeof(kind));
	char c;

	for (k = 0; k < len; k++) {
		c = s[k];
		if (plain && p->flags & KSIFT_PATTERN_FOLD && c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		h = checkpoint_hash(h, &c, sizeof(c));
	}
	return mix(h);
}

/* A pattern, and where it belongs. */
struct member {
	uint32_t group;
	uint64_t hash;
};

static int compare_members(const void *a, const void *b)
{
	const struct member *m = a, *n = b;

	if (m->group != n->group)
		return m->group < n->group ? -1 : 1;
	return m->hash < n->hash ? -1 : m->hash > n->hash;
}

/*
 * A line has a pattern of every group, and none of those that exclude it: neither
 * the order of patterns nor that of groups counts, nor a repetition.
 */
static uint64_t hash_patterns(const struct filter *f)
{
	struct member *all = calloc(f->count + 1, sizeof(*all));
	uint64_t groups[KSIFT_GROUPS_MAX + 1] = { 0 }, sum = 0;
	uint32_t k, i;

	if (!all)
		return 0;
	for (i = 0; i < f->count; i++) {
		all[i].group = f->exprs[i].flags & KSIFT_EXPR_EXCLUDE ? KSIFT_GROUPS_MAX :
									f->exprs[i].group;
		all[i].hash = hash_pattern(f, i);
	}
	qsort(all, f->count, sizeof(*all), compare_members);
	for (i = 0; i < f->count; i++)
		if (!i || compare_members(&all[i], &all[i - 1]))
			groups[all[i].group] += all[i].hash;
	free(all);
	for (i = 0; i <= KSIFT_GROUPS_MAX; i++) {
		for (k = 0; k < i && groups[k] != groups[i]; k++)
			;
		if (k == i && groups[i])
			sum += mix(groups[i]);
	}
	return sum;
}

static struct checkpoint_search describe_search(const struct grep *g)
{
	return (struct checkpoint_search){
		.options = (g->fold ? CHECKPOINT_FOLD : 0) | (g->invert ? CHECKPOINT_INVERT : 0) |
			   (g->word ? CHECKPOINT_WORD : 0) | (g->whole ? CHECKPOINT_WHOLE : 0) |
			   (g->eol ? 0 : CHECKPOINT_NUL),
		.levels = g->levels,
		.patterns = hash_patterns(&g->filter),
	};
}

static int begin_checkpoint(struct input *in, struct ksift_scan_opts *opts)
{
	const struct checkpoint_search search = describe_search(in->grep);
	struct checkpoint *c = &watch.checkpoint;
	int ret;

	ret = checkpoint_begin(c, watch.checkpoint_path, in->fd, in->name, &search);
	if (ret)
		return ret;
	watch.first_line = c->line;
	in->origin = 0;
	in->first_line = c->line;
	opts->flags &= ~KSIFT_SCAN_CURRENT;
	opts->flags |= KSIFT_SCAN_TOTAL;
	opts->from = c->pos;
	opts->to = c->limit;
	return CLI_OK;
}

/*
 * A file is going to be searched.  Return: 0, or an error that was told.
 * @prints: lines are put out as they are found.
 */
int watch_begin(struct input *in, struct ksift_scan_opts *opts, bool prints)
{
	uint64_t from, size;
	int ret = CLI_OK;

	watch.prints = prints;
	if (fstat(in->fd, &watch.before))
		watch.before = (struct stat){ 0 };
	if (watch.stats)
		opts->flags |= KSIFT_SCAN_TOTAL;
	if (watch.checkpoint_path)
		ret = begin_checkpoint(in, opts);
	from = opts->flags & KSIFT_SCAN_CURRENT ? in->origin : opts->from;
	size = S_ISREG(watch.before.st_mode) ? watch.before.st_size : 0;
	progress_begin(prints, size > from ? size - from : 0);
	return ret;
}

static void save(const struct ksift_scan_result *res)
{
	if (checkpoint_save(&watch.checkpoint, res->end,
			    watch.first_line + res->total)) {
		watch.failed = true;
		watch.checkpoint_path = NULL;
	}
}

void watch_step(const struct ksift_scan_result *so_far)
{
	progress_step(so_far->end - so_far->start);
	/* A count comes out at the end: until then none of its lines is done. */
	if (watch.checkpoint_path && watch.prints &&
	    checkpoint_due(&watch.checkpoint))
		save(so_far);
}

/* A file has been searched. */
void watch_end(const struct input *in, const struct ksift_scan_result *res)
{
	uint64_t size = watch.before.st_size, walked = res->walked;
	struct stat after;

	/* The engine counts again what it looks at again, such as a line's beginning. */
	if (walked > res->total_bytes)
		walked = res->total_bytes;
	progress_end();
	watch.files++;
	watch.bytes += res->total_bytes;
	watch.lines += res->total;
	watch.selected += res->selected;
	watch.end = res->end;
	watch.walked += walked;
	watch.read += res->total_bytes - walked;
	watch.variant = res->variant;
	watch.limited |= res->flags & KSIFT_SCAN_LIMITED || res->absent;
	if (S_ISREG(watch.before.st_mode) && !fstat(in->fd, &after)) {
		if ((uint64_t)after.st_size > size)
			watch.grew += after.st_size - size;
		else
			watch.shrank += size - after.st_size;
	}
	watch.searched = true;
	watch.last = *res;
}

static void print_stats(struct ksift_ctx *ctx, bool complete)
{
	const char *fallback = ksift_ctx_fallback(ctx);
	struct ksift_info info = { .size = sizeof(info) };
	const char *engine = "kernel", *variant = "none";
	struct timespec now;
	double seconds;

	if (ksift_ctx_engine(ctx) == KSIFT_ENGINE_USER)
		engine = "user";
	if (!ksift_ctx_info(ctx, watch.variant, &info, NULL))
		variant = (const char *)info.out_variant_name;
	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = now.tv_sec - watch.started.tv_sec +
		  (now.tv_nsec - watch.started.tv_nsec) / 1e9;
	cli_note("stats: files=%" PRIu64 " bytes=%" PRIu64 " lines=%" PRIu64
		 " selected=%" PRIu64 " end=%" PRIu64 " complete=%s engine=%s"
		 " variant=%.16s walked=%" PRIu64 " read=%" PRIu64
		 " resumed=%s grew=%" PRIu64 " shrank=%" PRIu64
		 " seconds=%.6f fallback=%s",
		 watch.files, watch.bytes, watch.lines, watch.selected,
		 watch.end, complete ? "yes" : "no", engine, variant,
		 watch.walked, watch.read,
		 watch.checkpoint.resumed ? "yes" : "no", watch.grew,
		 watch.shrank, seconds, fallback ? fallback : "none");
}

/*
 * The search is over, and all there is to say of it has been given to standard
 * output: only then the checkpoint may be moved to its end.  @complete: every
 * file could be read, and none was left out.  Return: false if there was an
 * error, which was told.
 */
bool watch_finish(struct ksift_ctx *ctx, bool complete)
{
	cli_flush();
	if (watch.checkpoint_path && watch.searched)
		save(&watch.last);
	if (watch.stats)
		print_stats(ctx, complete && !watch.limited);
	return !watch.failed;
}
