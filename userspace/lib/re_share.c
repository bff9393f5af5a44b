// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often log-like text has each byte, roughly.  What is rare is worth looking for
 * first, and that is all that depends on it.
 */
#include "re_share.h"

/* From the blank to the tilde. */
static const uint16_t printable[] = {
	9000, 60, 500, 60, 60, 60, 60, 60, 150, 150, 60, 60, 400, 900, 1300, 900,	/* to / */
	2000, 1900, 1500, 1000, 1000, 1000, 1000, 1000, 1000, 1000,			/* to 9 */
	1300, 60, 60, 600, 60, 60, 60,							/* to @ */
	250, 150, 250, 250, 500, 220, 150, 150, 450, 60, 60, 200, 200,			/* to M */
	450, 450, 200, 30, 400, 300, 500, 150, 100, 200, 60, 60, 40,			/* to Z */
	350, 60, 350, 30, 500, 30,							/* to ` */
	3000, 700, 1500, 1700, 4200, 900, 900, 1000, 2800, 100, 450, 1700, 1100,	/* to m */
	2700, 2800, 1200, 80, 2700, 2700, 3300, 1300, 600, 550, 250, 600, 120,		/* to z */
	60, 60, 60, 30,
};

#define CONTROL_SHARE	4
#define TAB_SHARE	200
#define NEWLINE_SHARE	800
#define HIGH_SHARE	20

unsigned int ksift_re_byte_share(unsigned int c)
{
	if (c - ' ' < sizeof(printable) / sizeof(*printable))
		return printable[c - ' '];
	return c >= 128 ? HIGH_SHARE : c == '\t' ? TAB_SHARE : c == '\n' ? NEWLINE_SHARE :
	       CONTROL_SHARE;
}

double ksift_re_literal_share(const struct re_literal *literal)
{
	double share = 1, one;
	uint32_t i;

	for (i = 0; i < literal->len; i++) {
		unsigned int c = literal->bytes[i];
		bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';

		one = ksift_re_byte_share(c) / 65536.0;
		if (literal->fold && letter)
			one += ksift_re_byte_share(c ^ 32) / 65536.0;
		/* In words letters are likelier; digits and marks are often those of a date. */
		if (i)
			one = letter ? one * 2 : 0.5;
		share *= one;
	}
	return share;
}
