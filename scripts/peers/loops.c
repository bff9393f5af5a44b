// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a C programmer would write, as a peer: prints the answer, and for how
 * long it was at it, its memory touched before.
 *
 * usage: loops count PREFIX FILE | sum FILE | sum-memory FILE | fib N | sumsq N
 */
#define _GNU_SOURCE /* memrchr() */
#include <fcntl.h>
#include <immintrin.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_SIZE (128 << 10)

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void *touched(size_t len)
{
	void *p = malloc(len);

	if (!p)
		exit(1);
	return memset(p, 1, len);
}

static int open_file(const char *path, size_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st)) {
		perror(path);
		exit(1);
	}
	*size = st.st_size;
	return fd;
}

static size_t fill(int fd, char *p, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len && (n = read(fd, p + done, len - done)) > 0)
		done += n;
	return done;
}

/* Lines of [p, end) that have @prefix in front, 32 bytes at a time. */
__attribute__((target("avx2")))
static uint64_t count_prefix(const char *p, const char *end, const char *prefix, size_t len)
{
	const __m256i nl = _mm256_set1_epi8('\n');
	uint64_t count = 0;
	uint32_t found;

	if ((size_t)(end - p) >= len && !memcmp(p, prefix, len))
		count++;
	for (; end - p >= 32; p += 32) {
		const __m256i text = _mm256_loadu_si256((const void *)p);

		found = _mm256_movemask_epi8(_mm256_cmpeq_epi8(text, nl));
		for (; found; found &= found - 1) {
			const char *line = p + __builtin_ctz(found) + 1;

			if ((size_t)(end - line) >= len && line[0] == prefix[0] &&
			    !memcmp(line, prefix, len))
				count++;
		}
	}
	for (; p < end; p++)
		if (*p == '\n' && (size_t)(end - p) > len && !memcmp(p + 1, prefix, len))
			count++;
	return count;
}

static uint64_t count_file(const char *path, const char *prefix)
{
	static char buf[READ_SIZE];
	size_t size, kept = 0, got;
	uint64_t count = 0;
	int fd = open_file(path, &size);
	char *last;

	while ((got = fill(fd, buf + kept, sizeof(buf) - kept))) {
		got += kept;
		last = memrchr(buf, '\n', got);
		last = last && got == sizeof(buf) ? last + 1 : buf + got;
		count += count_prefix(buf, last, prefix, strlen(prefix));
		kept = buf + got - last;
		memmove(buf, last, kept);
	}
	return count;
}

static __int128 sum_words(const int64_t *p, size_t n)
{
	__int128 sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += p[i];
	return sum;
}

static void print(__int128 value, double start)
{
	__uint128_t rest = value < 0 ? -(__uint128_t)value : (__uint128_t)value;
	double end = seconds();
	char buf[48], *p = buf + sizeof(buf);

	*--p = 0;
	do
		*--p = '0' + (int)(rest % 10);
	while (rest /= 10);
	printf("%s%s %.9f\n", value < 0 ? "-" : "", p, end - start);
}

static void sum_file(const char *path)
{
	double start = seconds();
	__int128 sum = 0;
	size_t size, got;
	int fd = open_file(path, &size);
	int64_t *buf = touched(READ_SIZE);

	while ((got = fill(fd, (char *)buf, READ_SIZE)))
		sum += sum_words(buf, got / 8);
	print(sum, start);
}

static void sum_memory(const char *path)
{
	size_t size;
	int fd = open_file(path, &size);
	int64_t *buf = touched(size);
	double start;

	fill(fd, (char *)buf, size);
	start = seconds();
	print(sum_words(buf, size / 8), start);
}

static void fib(uint64_t n)
{
	uint64_t *values = touched(n * sizeof(*values) + 16), i, sum = 0;
	double start = seconds(), took;

	values[0] = 0;
	values[1] = 1;
	for (i = 2; i < n; i++)
		values[i] = values[i - 1] + values[i - 2];
	took = seconds() - start;
	for (i = 0; i < n; i++)
		sum += values[i] ^ i;
	printf("%" PRIu64 " %.9f\n", sum, took);
}

static __uint128_t sum_below(uint64_t n)
{
	return (__uint128_t)n * (n - 1) / 2 * (2 * n - 1) / 3;
}

static void sumsq(uint64_t n)
{
	__uint128_t *values = touched(n * sizeof(*values) + 16);
	uint64_t *of = touched(n * sizeof(*of) + 16), i, sum = 0;
	double start, took;

	for (i = 0; i < n; i++)
		of[i] = i;
	start = seconds();
	for (i = 0; i < n; i++)
		values[i] = of[i] ? sum_below(of[i]) : 0;
	took = seconds() - start;
	for (i = 0; i < n; i++)
		sum += (uint64_t)values[i] ^ (uint64_t)(values[i] >> 64);
	printf("%" PRIu64 " %.9f\n", sum, took);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	double start = seconds();

	if (!strcmp(what, "count") && argc == 4)
		print(count_file(argv[3], argv[2]), start);
	else if (!strcmp(what, "sum") && argc == 3)
		sum_file(argv[2]);
	else if (!strcmp(what, "sum-memory") && argc == 3)
		sum_memory(argv[2]);
	else if (!strcmp(what, "fib") && argc == 3)
		fib(strtoull(argv[2], NULL, 10));
	else if (!strcmp(what, "sumsq") && argc == 3)
		sumsq(strtoull(argv[2], NULL, 10));
	else
		return 2;
	return 0;
}
