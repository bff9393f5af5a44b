/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the engine's unit tests and fuzzers share: chance, making filters, memory
 * that ends where the text does, and what holds for a scan of any text.
 */
#ifndef KSIFT_HOST_ENGINE_UTIL_H
#define KSIFT_HOST_ENGINE_UTIL_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/compute.h"
#include "engine/lines.h"
#include "engine/variants.h"
#include "oracle.h"

static uint64_t seed;

static inline uint32_t rnd(uint32_t below)
{
	/* S. Vigna's splitmix64. */
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
}

static inline struct ksift_prog *make_prog(const struct oracle_pattern *pats,
					   unsigned int count,
					   unsigned int filter_flags)
{
	struct ksift_build build;
	struct ksift_prog *prog;
	unsigned int i;
	size_t bytes = 0;
	u8 *data, *p;

	for (i = 0; i < count; i++)
		bytes += pats[i].len;
	prog = ksift_prog_init(calloc(1, ksift_prog_size(count, bytes)), count,
			       bytes, &data);
	for (i = 0, p = data; i < count; i++) {
		if (pats[i].len)
			memcpy(p, pats[i].data, pats[i].len);
		p += pats[i].len;
		prog->lits[i].len = pats[i].len;
		prog->lits[i].flags = pats[i].flags;
		prog->lits[i].group = pats[i].group;
	}
	ksift_prog_start(&build, prog, data, filter_flags);
	while (ksift_prog_step(&build))
		;
	return prog;
}

/* Room for @size bytes, at least, right before a page that cannot be touched. */
struct guarded {
	u8 *end;
	void *map;
	size_t map_size;
};

static inline struct guarded guarded_alloc(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t room = (size + page - 1) / page * page;
	struct guarded g = { .map_size = room + page };

	g.map = mmap(NULL, g.map_size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g.map == MAP_FAILED)
		abort();
	g.end = (u8 *)g.map + room;
	if (mprotect(g.end, page, PROT_NONE))
		abort();
	return g;
}

static inline void guarded_free(struct guarded *g)
{
	munmap(g->map, g->map_size);
}

/* @text again, ending right before the guard page. */
static inline const u8 *guarded_copy(struct guarded *g, const void *text,
				     size_t len)
{
	return memcpy(g->end - len, text, len);
}

#define MUST(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);	\
			abort();					\
		}							\
	} while (0)

/* What is wanted besides lines: bits. */
#define NO_HITS		4
#define HIT_LEVELS	8
#define LEVELS		16
#define PER_PATTERN	32
#define ONE_LEVEL	64
#define NO_TOTAL	128

/* Scans @text, and looks at what is reported: it need not be right unless @stable. */
static inline void scan_text(const struct ksift_prog *prog,
			     const struct ksift_variant_ops *ops,
			     const u8 *text, size_t len, u64 to, size_t chunk,
			     unsigned int asked, bool stable,
			     struct ksift_lines_count *count)
{
	struct ksift_scan *scan = calloc(1, sizeof(*scan));
	u64 last = 0, sum = 0;
	u32 i;

	scan->prog = prog;
	scan->ops = ops;
	scan->to = to;
	scan->want_hits = !(asked & NO_HITS);
	scan->no_total = asked & NO_TOTAL;
	scan->hit_levels = asked & HIT_LEVELS;
	scan->want_levels = asked & LEVELS;
	scan->want_patterns = asked & PER_PATTERN;
	scan->hits_max = KSIFT_LINES_HITS;
	scan->bytes_max = UINT64_MAX;
	scan->chunk = chunk;
	ksift_scan_start(scan, 0, false);
	while (!scan->done) {
		size_t was = scan->pos;

		if (was == len) {
			ksift_scan_eof(scan);
		} else {
			ksift_scan_feed(scan, text, was, len);
			MUST(scan->pos > was && scan->pos <= len);
		}
		for (i = 0; i < scan->hit_count; i++) {
			const struct ksift_hit *hit = &scan->hits[i];

			MUST(hit->start >= last && hit->end >= hit->start);
			MUST(hit->end + hit->newline <= len);
			MUST(hit->start < to);
			MUST(hit->level < KSIFT_LEVELS);
			MUST(hit->msg <= KSIFT_LEVEL_HEAD);
			MUST(!scan->hit_levels ||
			     hit->msg <= hit->end - hit->start);
			MUST(hit->match >= hit->start && hit->match <= hit->end);
			last = hit->end + hit->newline;
			if (stable)
				MUST(!hit->newline || text[hit->end] == '\n');
		}
	}
	for (i = 0; i < KSIFT_LEVELS; i++)
		sum += scan->count.levels[i];
	MUST(sum == (asked & LEVELS ? scan->count.selected : 0));
	*count = scan->count;
	/* The oracle knows nothing of these. */
	memset(count->levels, 0, sizeof(count->levels));
	memset(count->patterns, 0, sizeof(count->patterns));
	free(scan);
}

#endif /* KSIFT_HOST_ENGINE_UTIL_H */
