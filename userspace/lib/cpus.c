// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the processors that this process can use: those it may run on, but no more
 * than its cgroups, and all those above them, grant the time of.
 */
#define _GNU_SOURCE /* sched_getaffinity(), asprintf() */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctx.h"
#include "cpus.h"

/* More processors than any kernel is built for. */
#define CPUS_MAX (1u << 20)

static unsigned int cpus_allowed(void)
{
	unsigned int max, n = 1;
	cpu_set_t *set;
	size_t size;
	int ret = -1;

	/* The kernel refuses a set that is smaller than its own. */
	for (max = CPU_SETSIZE; ret && max <= CPUS_MAX; max *= 2) {
		set = CPU_ALLOC(max);
		if (!set)
			break;
		size = CPU_ALLOC_SIZE(max);
		ret = sched_getaffinity(0, size, set);
		if (!ret)
			n = CPU_COUNT_S(size, set);
		else if (errno != EINVAL)
			max = CPUS_MAX;
		CPU_FREE(set);
	}
	return n;
}

static int read_first_line(const char *dir, const char *name, char *buf, int len)
{
	char *path;
	FILE *f;
	int ret = -1;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -1;
	f = fopen(path, "re");
	free(path);
	if (!f)
		return -1;
	if (fgets(buf, len, f))
		ret = 0;
	fclose(f);
	return ret;
}

static unsigned int quota_cpus(const char *quota, const char *period)
{
	unsigned long long q, p, n;

	/* "max", or -1: there is no quota. */
	if (*quota < '0' || *quota > '9')
		return UINT_MAX;
	q = strtoull(quota, NULL, 10);
	p = strtoull(period, NULL, 10);
	if (!q || !p)
		return UINT_MAX;
	n = q / p + !!(q % p);
	return n < UINT_MAX ? n : UINT_MAX;
}

static unsigned int dir_quota(const char *dir)
{
	char buf[64], period[64];
	const char *blank;

	if (!read_first_line(dir, "cpu.max", buf, sizeof(buf))) {
		blank = strchr(buf, ' ');
		return blank ? quota_cpus(buf, blank + 1) : UINT_MAX;
	}
	if (read_first_line(dir, "cpu.cfs_quota_us", buf, sizeof(buf)) ||
	    read_first_line(dir, "cpu.cfs_period_us", period, sizeof(period)))
		return UINT_MAX;
	return quota_cpus(buf, period);
}

/* The least that a cgroup or one above it grants.  Changes @path. */
static unsigned int path_quota(const char *mount, char *path)
{
	unsigned int n, least = UINT_MAX;
	char *dir, *slash;

	for (;;) {
		if (asprintf(&dir, "%s%s", mount, path) < 0)
			return least;
		n = dir_quota(dir);
		free(dir);
		if (n < least)
			least = n;
		slash = strrchr(path, '/');
		if (!slash)
			return least;
		*slash = 0;
	}
}

/* "NUMBER:CONTROLLERS:PATH"; version 2 has no controllers. */
static unsigned int line_quota(const char *root, char *line)
{
	static const char *const v1[] = { "cpu", "cpu,cpuacct", "cpuacct,cpu" };
	char *controllers, *path, *mount;
	unsigned int n = UINT_MAX;
	size_t i;

	line[strcspn(line, "\n")] = 0;
	controllers = strchr(line, ':');
	path = controllers ? strchr(++controllers, ':') : NULL;
	if (!path)
		return n;
	*path++ = 0;
	if (!*controllers)
		return path_quota(root, path);
	for (i = 0; i < sizeof(v1) / sizeof(*v1); i++) {
		if (strcmp(controllers, v1[i]))
			continue;
		if (asprintf(&mount, "%s/%s", root, controllers) < 0)
			return n;
		n = path_quota(mount, path);
		free(mount);
	}
	return n;
}

unsigned int ksift_cpus_quota(const char *root, const char *self)
{
	unsigned int n, least = UINT_MAX;
	char *line = NULL;
	size_t cap = 0;
	FILE *f;

	f = fopen(self, "re");
	if (!f)
		return least;
	while (getline(&line, &cap, f) > 0) {
		n = line_quota(root, line);
		if (n < least)
			least = n;
	}
	free(line);
	fclose(f);
	return least;
}

KSIFT_EXPORT unsigned int ksift_cpus(void)
{
	unsigned int allowed = cpus_allowed();
	unsigned int granted = ksift_cpus_quota("/sys/fs/cgroup", "/proc/self/cgroup");

	return granted < allowed ? granted : allowed;
}
