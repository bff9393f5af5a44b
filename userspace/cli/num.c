// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers as they are typed and printed.
 */
#include <errno.h>
#include <string.h>

#include "num.h"

static int parse(const char *s, size_t len, uint64_t *value)
{
	uint64_t v = 0;
	size_t i;

	if (!len)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
	for (i = 0; i < len; i++) {
		unsigned int digit = s[i] - '0';

		if (v > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		v = v * 10 + digit;
	}
	*value = v;
	return 0;
}

/* Decimal digits and nothing else: -EINVAL, or -ERANGE from 2^64 on. */
int num_parse_u64(const char *s, uint64_t *value)
{
	return parse(s, strlen(s), value);
}

/* "N" or "FROM..TO", with FROM not above TO.  N is left in @from. */
int num_parse_range(const char *s, uint64_t *from, uint64_t *to, bool *range,
		    const char **why)
{
	const char *dots = strstr(s, "..");
	int ret;

	*range = dots;
	ret = parse(s, dots ? (size_t)(dots - s) : strlen(s), from);
	if (!ret && dots)
		ret = num_parse_u64(dots + 2, to);
	if (ret == -ERANGE) {
		*why = "is above 18446744073709551615";
	} else if (ret) {
		*why = "is neither a number nor a range FROM..TO of numbers";
	} else if (dots && *from > *to) {
		*why = "begins above its end";
		ret = -EINVAL;
	}
	return ret;
}

/* Gives the first digit's place in @buf. */
char *num_format_u128(char buf[NUM_DEC128], uint64_t hi, uint64_t lo)
{
	uint32_t limb[4] = { hi >> 32, hi, lo >> 32, lo };
	char *p = buf + NUM_DEC128 - 1;
	bool more;
	int i;

	*p = 0;
	do {
		uint64_t rest = 0;

		more = false;
		for (i = 0; i < 4; i++) {
			rest = rest << 32 | limb[i];
			limb[i] = rest / 10;
			rest %= 10;
			more |= limb[i];
		}
		*--p = '0' + rest;
	} while (more);
	return p;
}

char *num_format_i128(char buf[NUM_DEC128], int64_t hi, uint64_t lo)
{
	char *p;

	if (hi >= 0)
		return num_format_u128(buf, hi, lo);
	p = num_format_u128(buf, ~(uint64_t)hi + !lo, -lo);
	*--p = '-';
	return p;
}
