// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backoff by pressure: by how much work waits for memory and disks, as the kernel
 * measures it.  It does not export that to modules, so the library rests, between
 * runs.
 *
 * The scan's own waits for disks count as pressure.  So it rests on a machine that it
 * has for itself, too: there it keeps at least two fifths of its speed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pressure.h"

/* Every machine has less than this. */
#define PERCENT_MIN 5
/* At this pressure a scan rests as long as it works. */
#define PERCENT_EVEN 25
/* The longest rest: the scan has to end some day. */
#define REST_MAX 1000000000ull

static unsigned int pressure_of(const char *dir, const char *what)
{
	static const char some[] = "some avg10=";
	char path[128], text[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return 0;
	text[n] = 0;
	return strncmp(text, some, sizeof(some) - 1) ? 0 : atoi(text + sizeof(some) - 1);
}

unsigned int ksift_pressure(const char *dir)
{
	unsigned int memory = pressure_of(dir, "memory"), io = pressure_of(dir, "io");

	return memory > io ? memory : io;
}

uint64_t ksift_pressure_rest(unsigned int percent, uint64_t took)
{
	uint64_t rest = took < REST_MAX ? took * percent / PERCENT_EVEN : REST_MAX;

	if (percent < PERCENT_MIN)
		return 0;
	return rest < REST_MAX ? rest : REST_MAX;
}
