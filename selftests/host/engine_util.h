/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the engine's unit tests and fuzzers share: making filters, and memory
 * that ends where the text does.
 */
#ifndef KSIFT_HOST_ENGINE_UTIL_H
#define KSIFT_HOST_ENGINE_UTIL_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/compute.h"
#include "engine/lines.h"
#include "oracle.h"

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

static inline bool variant_usable(const struct ksift_variant_ops *ops)
{
	return !ops->usable || ops->usable();
}

#endif /* KSIFT_HOST_ENGINE_UTIL_H */
