// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for the line filter.  The input makes a filter and a text;
 * every variant has to agree with the oracle on it.  Then every variant scans the
 * same text while a second thread changes it: the counts may be anything, but the
 * lines that it reports must lie in the text and in order, and it must access no
 * byte outside the text.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include "engine_util.h"

#define TEXT_MAX	8192
#define PATTERNS	40

static struct guarded guard;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Bytes before the guard page that the mutator may write to. Under lock. */
static size_t mutable;

static void let_mutate(size_t len)
{
	pthread_mutex_lock(&lock);
	mutable = len;
	pthread_mutex_unlock(&lock);
}

static void *mutator(void *arg)
{
	static const u8 bytes[] = "\nEa\0";
	unsigned int x = 1;

	(void)arg;
	for (;;) {
		int i;

		pthread_mutex_lock(&lock);
		for (i = 0; mutable && i < 64; i++) {
			x = x * 1103515245 + 12345;
			*(volatile u8 *)(guard.end - 1 - (x >> 8) % mutable) =
				bytes[(x >> 4) % 4];
		}
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pthread_t thread;

	(void)argc;
	(void)argv;
	guard = guarded_alloc(TEXT_MAX);
	return pthread_create(&thread, NULL, mutator, NULL);
}

static void run_oracle(const struct oracle_pattern *pats, unsigned int count,
		       unsigned int flags, const u8 *text, size_t len, u64 to,
		       struct ksift_lines_count *out)
{
	size_t pos = 0;

	memset(out, 0, sizeof(*out));
	while (pos < len && pos < to) {
		const u8 *nl = memchr(text + pos, '\n', len - pos);
		size_t end = nl ? (size_t)(nl - text) : len;

		if (oracle_selects(pats, count, flags, text + pos, end - pos)) {
			out->selected++;
			out->selected_bytes += end - pos + 1;
		}
		out->total++;
		pos = end + !!nl;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oracle_pattern pats[PATTERNS];
	const struct ksift_variant_ops *const *v;
	struct ksift_lines_count want, got;
	struct ksift_prog *prog;
	unsigned int i, k, count, flags, asked;
	size_t chunk;
	const u8 *text;
	u64 to;

	if (size < 5)
		return 0;
	/* Few, or so many that they are looked for in more buckets. */
	count = data[0] < 160 ? data[0] % 11 :
		KSIFT_NARROW_PATTERNS +
		data[0] % (PATTERNS - KSIFT_NARROW_PATTERNS + 1);
	flags = data[1] & 3;
	asked = data[1];
	chunk = 64 + data[2] * 64;
	to = data[3] ? data[3] * 37 : UINT64_MAX;
	data += 4;
	size -= 4;
	for (i = 0; i < count && size > 2; i++) {
		unsigned int len = data[0];

		pats[i].flags = data[1] & 7;
		pats[i].group = pats[i].flags & KSIFT_PATTERN_EXCLUDE ?
				0 : data[1] >> 4;
		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		for (k = 0; k < len && data[k] != '\n'; k++)
			;
		pats[i].data = data;
		pats[i].len = k;
		data += k;
		size -= k;
	}
	count = i;
	if (size > TEXT_MAX)
		size = TEXT_MAX;
	prog = make_prog(pats, count, flags);
	text = guarded_copy(&guard, data, size);
	run_oracle(pats, count, flags, text, size, to, &want);
	for (v = ksift_variants; *v; v++) {
		if (!ksift_variant_usable(*v))
			continue;
		scan_text(prog, *v, text, size, to, chunk, asked, true, &got);
		if (asked & NO_TOTAL)
			got.total = want.total;
		MUST(!memcmp(&got, &want, sizeof(got)));
	}
	/* Which lines have it is not the oracle's to say. */
	if (asked & ONE_LEVEL)
		prog->level_mask = 1 << KSIFT_LEVEL_ERR;
	let_mutate(size);
	for (v = ksift_variants; *v; v++)
		if (ksift_variant_usable(*v))
			scan_text(prog, *v, text, size, to, chunk, asked, false,
				  &got);
	let_mutate(0);
	free(prog);
	return 0;
}
