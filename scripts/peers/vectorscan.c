// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the lines that have a pattern, with Vectorscan, as a peer.
 *
 * usage: vectorscan FILE FLAG PATTERN...     FLAG: - or i
 */
#define _GNU_SOURCE /* memrchr() */
#include <fcntl.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE (1024 * 1024)

struct block {
	const char *text;
	size_t len;
	unsigned long long counted_to;
	unsigned long long lines;
};

/* Matches come in the order of their ends: @to - 1 is in the line. */
static int matched(unsigned int id, unsigned long long from, unsigned long long to,
		   unsigned int flags, void *arg)
{
	struct block *b = arg;
	const char *nl;

	(void)id, (void)from, (void)flags;
	if (to <= b->counted_to)
		return 0;
	nl = memchr(b->text + to - 1, '\n', b->len - to + 1);
	b->counted_to = nl ? (size_t)(nl - b->text) + 1 : b->len;
	b->lines++;
	return 0;
}

static hs_database_t *compile(char **patterns, unsigned int count, int fold)
{
	unsigned int flags[64], ids[64], i;
	hs_compile_error_t *err;
	hs_database_t *db;

	for (i = 0; i < count; i++) {
		flags[i] = HS_FLAG_MULTILINE | (fold ? HS_FLAG_CASELESS : 0);
		ids[i] = i;
	}
	if (hs_compile_multi((const char *const *)patterns, flags, ids, count, HS_MODE_BLOCK,
			     NULL, &db, &err) == HS_SUCCESS)
		return db;
	fprintf(stderr, "vectorscan: %s\n", err->message);
	exit(1);
}

static size_t fill(int fd, char *p, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len && (n = read(fd, p + done, len - done)) > 0)
		done += n;
	return done;
}

int main(int argc, char **argv)
{
	static char buf[READ_SIZE];
	struct block b = { .text = buf };
	hs_scratch_t *scratch = NULL;
	size_t kept = 0, got;
	hs_database_t *db;
	char *last;
	int fd;

	if (argc < 4 || argc > 3 + 64)
		return 2;
	fd = open(argv[1], O_RDONLY);
	db = compile(argv + 3, argc - 3, *argv[2] == 'i');
	if (fd < 0 || hs_alloc_scratch(db, &scratch) != HS_SUCCESS)
		return 1;
	while ((got = fill(fd, buf + kept, sizeof(buf) - kept))) {
		got += kept;
		last = memrchr(buf, '\n', got);
		last = last && got == sizeof(buf) ? last + 1 : buf + got;
		b.len = last - buf;
		b.counted_to = 0;
		if (hs_scan(db, buf, b.len, 0, scratch, matched, &b) != HS_SUCCESS)
			return 1;
		kept = buf + got - last;
		memmove(buf, last, kept);
	}
	printf("%llu\n", b.lines);
	return 0;
}
