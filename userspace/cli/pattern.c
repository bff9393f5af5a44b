// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which patterns are accepted.
 *
 * Until there are regular expressions, a pattern is accepted without -F only
 * if it means one and the same thing as a basic regular expression and as an
 * extended one, and that thing is a literal with or without a '^' in front.
 * Whatever is accepted today keeps its meaning when they come.
 */
#include <errno.h>
#include <string.h>

#include "pattern.h"

static int refuse(struct pattern *p, const char *bad, size_t len, const char *why)
{
	p->bad = bad;
	p->bad_len = len;
	p->why = why;
	return -EINVAL;
}

/*
 * @p->data is the caller's, with room for @len bytes.  Return: 0, or -EINVAL
 * with @p->why set.
 */
int pattern_parse(const char *s, size_t len, bool fixed, struct pattern *p)
{
	const char *end = s + len;

	p->anchored = false;
	p->len = 0;
	if (fixed) {
		memcpy(p->data, s, len);
		p->len = len;
		return 0;
	}
	if (s < end && *s == '^') {
		p->anchored = true;
		s++;
	}
	for (; s < end; s++) {
		if (*s == '\\') {
			if (s + 1 == end)
				return refuse(p, s, 1, "at its end stands for nothing");
			if (!memchr(".*[]^$\\", s[1], 7))
				return refuse(p, s, 2,
					"is not a plain character in every kind of regular expression");
			s++;
		} else if (*s == '^') {
			return refuse(p, s, 1,
				"is special in some regular expressions when it is not in front");
		} else if (memchr(".*+?()[]{}|$", *s, 12)) {
			return refuse(p, s, 1, "is special in regular expressions");
		}
		p->data[p->len++] = *s;
	}
	return 0;
}
