// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backing off: what the kernel says of the work that waits for memory and disks.
 * No more of that is exported to modules, so it is the caller of runs who rests.
 *
 * The scan itself waits for disks, and is seen doing so.  Alone on a machine it
 * rests, too: it keeps two fifths of its speed at the least.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pressure.h"

/* Less than that is what any machine has. */
#define PERCENT_MIN 5
/* At this much it rests as long as it works. */
#define PERCENT_EVEN 25
/* So that the work ends some day. */
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
