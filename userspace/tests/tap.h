/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_TESTS_TAP_H
#define _KSIFT_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_number, tap_failed;

static inline bool ok(bool good, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static inline bool ok(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_number);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	tap_failed += !good;
	return good;
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_number);
	return tap_failed != 0;
}

#endif /* _KSIFT_TESTS_TAP_H */
