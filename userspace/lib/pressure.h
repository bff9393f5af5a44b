/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_PRESSURE_H
#define _LIBKSIFT_PRESSURE_H

#include <stdint.h>

/*
 * In how much of the last ten seconds, in percent, something on this machine had
 * to wait for memory or for a disk, whichever is more; from @dir, /proc/pressure.
 * 0 where the kernel does not tell.
 */
unsigned int ksift_pressure(const char *dir);

/* How long to rest after @took nanoseconds of work; in nanoseconds, too. */
uint64_t ksift_pressure_rest(unsigned int percent, uint64_t took);

#endif /* _LIBKSIFT_PRESSURE_H */
