// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which patterns are plain: they mean one and the same thing as a basic regular
 * expression and as an extended one, and that thing is a literal with or without a '^'
 * in front.  The engine has a faster search for those, and match.c finds them in lines
 * that are too long to be held.
 */
#include <string.h>

#include "pattern.h"

/* @p->data is the caller's, with room for @len bytes.  Return: is it plain? */
bool pattern_parse(const char *s, size_t len, bool fixed, struct pattern *p)
{
	const char *end = s + len;

	p->anchored = false;
	p->len = 0;
	if (fixed) {
		memcpy(p->data, s, len);
		p->len = len;
		return true;
	}
	if (s < end && *s == '^') {
		p->anchored = true;
		s++;
	}
	for (; s < end; s++) {
		if (*s == '\\') {
			if (s + 1 == end || !memchr(".*[]^$\\", s[1], 7))
				return false;
			s++;
		} else if (memchr(".*+?()[]{}|$^", *s, 13)) {
			return false;
		}
		p->data[p->len++] = *s;
	}
	return true;
}
