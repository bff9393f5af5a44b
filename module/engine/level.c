// SPDX-License-Identifier: GPL-2.0-only
/*
 * The level of a line, in five rules.
 *
 * 1. Only the first 128 bytes count, and there the first that says a level: a
 *    name of one (see word_level()) in a place where logs put them.
 * 2. A name in capitals is in such a place when it is a token by itself:
 *    between blanks, in brackets, before a colon ("INFO", "(WARN)", "ERROR:");
 *    not with a digit, "_", "-", "/", "=", "." or a quote at it.
 * 3. A name in any case is when it stands alone in square or angle brackets or
 *    between bars ("[error]", "<info>", "|warn|", "[core:error]"); before a
 *    colon that ends a header ("sshd[1]: error: ..."); or right after a time of
 *    day that nothing but punctuation comes before ("12:00:01 warn ...").
 * 4. A key level, lvl, severity, levelname or loglevel, quoted or not, with "="
 *    or ":", gives the level by its value: a name in any case, or a number, up to
 *    7 as in syslog, the tens from 10 on as in bunyan and pino.
 * 5. At the start of a line a syslog priority ("<34>") decides at once, or a
 *    letter in its place in the headers of glog and logcat.
 *
 * To look for this at every byte would take longer than all else.  Where a
 * name can be follows from three bits of each byte: is it a letter, a capital,
 * one of the marks that rules 3 and 4 name.  What has none of these next to it,
 * and no three capitals, is not looked at.
 */
#include "level.h"
#include "../uapi/ksift.h"

typedef unsigned __int128 bits128;

#define NONE KSIFT_LEVEL_NONE

/**
 * struct head - The part of a line that is looked at
 * @p: Its bytes
 * @n: How many
 * @cut: The line goes on after them
 * @letter: Bit i is set when p[i] is a letter
 * @upper: When it is a capital
 * @mark: When it is a mark
 */
struct head {
	const u8 *p;
	u32 n;
	bool cut;
	bits128 letter;
	bits128 upper;
	bits128 mark;
};

static bool is_letter(u8 c)
{
	return (u8)((c | 0x20) - 'a') < 26;
}

static bool is_digit(u8 c)
{
	return (u8)(c - '0') < 10;
}

static bool is_alnum(u8 c)
{
	return is_letter(c) || is_digit(c);
}

static bool is_blank(u8 c)
{
	return c == ' ' || c == '\t';
}

static bool is_mark(u8 c)
{
	switch (c) {
	case '"':
	case '\'':
	case ':':
	case '<':
	case '=':
	case '>':
	case '[':
	case ']':
	case '|':
		return true;
	}
	return false;
}

/* The byte at @i; what ends a line is a newline, what is not seen a letter. */
static u8 at(const struct head *h, u32 i)
{
	if (i < h->n)
		return h->p[i];
	return h->cut ? 'x' : '\n';
}

static bool is_end(u8 c)
{
	return c == '\n' || c == '\r';
}

static u32 skip_blanks(const struct head *h, u32 i)
{
	while (i < h->n && is_blank(h->p[i]))
		i++;
	return i;
}

static u32 skip_digits(const struct head *h, u32 i)
{
	while (i < h->n && is_digit(h->p[i]))
		i++;
	return i;
}

static u32 low_bit(bits128 v)
{
	return (u64)v ? ksift_low_bit((u64)v) :
			64 + ksift_low_bit((u64)(v >> 64));
}

static u32 high_bit(bits128 v)
{
	return (u64)(v >> 64) ? 64 + ksift_high_bit((u64)(v >> 64)) :
				ksift_high_bit((u64)v);
}

static bits128 below(u32 i)
{
	return i < 128 ? ((bits128)1 << i) - 1 : ~(bits128)0;
}

/* Up to eight letters, as upper case, in the order of memory. */
static u64 pack(const u8 *p, u32 len)
{
	u64 v = 0;
	u32 i;

	for (i = 0; i < len; i++)
		v |= (u64)(p[i] & 0xdf) << (i * 8);
	return v;
}

#define W(a, b, c, d, e, f, g, h) \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | \
	 (u64)(e) << 32 | (u64)(f) << 40 | (u64)(g) << 48 | (u64)(h) << 56)
#define W3(a, b, c) W(a, b, c, 0, 0, 0, 0, 0)
#define W4(a, b, c, d) W(a, b, c, d, 0, 0, 0, 0)
#define W5(a, b, c, d, e) W(a, b, c, d, e, 0, 0, 0)
#define W6(a, b, c, d, e, f) W(a, b, c, d, e, f, 0, 0)
#define W7(a, b, c, d, e, f, g) W(a, b, c, d, e, f, g, 0)

/* The level that a word of letters names, in any case. */
static u32 word_level(const u8 *p, u32 len)
{
	u64 tail = 0;

	if (len < 3 || len > 11)
		return NONE;
	if (len > 8)
		tail = pack(p + 8, len - 8);
	switch (pack(p, min(len, 8U))) {
	case W5('E', 'M', 'E', 'R', 'G'):
	case W5('P', 'A', 'N', 'I', 'C'):
		return KSIFT_LEVEL_EMERG;
	case W('E', 'M', 'E', 'R', 'G', 'E', 'N', 'C'):
		return tail == 'Y' ? KSIFT_LEVEL_EMERG : NONE;
	case W5('A', 'L', 'E', 'R', 'T'):
		return KSIFT_LEVEL_ALERT;
	case W4('C', 'R', 'I', 'T'):
	case W5('F', 'A', 'T', 'A', 'L'):
	case W3('F', 'T', 'L'):
		return KSIFT_LEVEL_CRIT;
	case W('C', 'R', 'I', 'T', 'I', 'C', 'A', 'L'):
		return tail ? NONE : KSIFT_LEVEL_CRIT;
	case W3('E', 'R', 'R'):
	case W5('E', 'R', 'R', 'O', 'R'):
	case W6('S', 'E', 'V', 'E', 'R', 'E'):
		return KSIFT_LEVEL_ERR;
	case W4('W', 'A', 'R', 'N'):
	case W7('W', 'A', 'R', 'N', 'I', 'N', 'G'):
	case W3('W', 'R', 'N'):
		return KSIFT_LEVEL_WARNING;
	case W6('N', 'O', 'T', 'I', 'C', 'E'):
		return KSIFT_LEVEL_NOTICE;
	case W4('I', 'N', 'F', 'O'):
	case W3('I', 'N', 'F'):
		return KSIFT_LEVEL_INFO;
	case W('I', 'N', 'F', 'O', 'R', 'M', 'A', 'T'):
		return tail == W3('I', 'O', 'N') ? KSIFT_LEVEL_INFO : NONE;
	case W5('D', 'E', 'B', 'U', 'G'):
	case W3('D', 'B', 'G'):
	case W4('F', 'I', 'N', 'E'):
		return KSIFT_LEVEL_DEBUG;
	case W5('T', 'R', 'A', 'C', 'E'):
	case W5('F', 'I', 'N', 'E', 'R'):
	case W6('F', 'I', 'N', 'E', 'S', 'T'):
	case W7('V', 'E', 'R', 'B', 'O', 'S', 'E'):
	case W3('V', 'R', 'B'):
		return KSIFT_LEVEL_TRACE;
	}
	return NONE;
}

/* The level that one letter stands for in glog and logcat. */
static u32 letter_level(u8 c)
{
	switch (c) {
	case 'V':
		return KSIFT_LEVEL_TRACE;
	case 'D':
		return KSIFT_LEVEL_DEBUG;
	case 'I':
		return KSIFT_LEVEL_INFO;
	case 'W':
		return KSIFT_LEVEL_WARNING;
	case 'E':
		return KSIFT_LEVEL_ERR;
	case 'F':
	case 'A':
		return KSIFT_LEVEL_CRIT;
	}
	return NONE;
}

static u32 number_level(u32 n)
{
	if (n <= KSIFT_LEVEL_DEBUG)
		return n;
	switch (n) {
	case 10:
		return KSIFT_LEVEL_TRACE;
	case 20:
		return KSIFT_LEVEL_DEBUG;
	case 30:
		return KSIFT_LEVEL_INFO;
	case 40:
		return KSIFT_LEVEL_WARNING;
	case 50:
		return KSIFT_LEVEL_ERR;
	case 60:
		return KSIFT_LEVEL_CRIT;
	}
	return NONE;
}

/* Rule 2: may these bytes be around a name in capitals at [s, e)? */
static bool token_begins(const struct head *h, u32 s, u32 e)
{
	if (!s)
		return true;
	switch (h->p[s - 1]) {
	case ' ':
	case '\t':
	case '[':
	case '(':
	case '<':
	case '{':
	case '|':
	case ':':
	case ';':
	case ',':
	case '*':
	case '#':
	case '>':
		return true;
	case '.':
		/* channel.ERROR: */
		return at(h, e) == ':';
	case '-':
		return s == 1 || is_blank(h->p[s - 2]);
	}
	return false;
}

static bool token_ends(const struct head *h, u32 s, u32 e)
{
	switch (at(h, e)) {
	case ' ':
	case '\t':
	case '\n':
	case '\r':
	case ']':
	case ')':
	case '>':
	case '}':
	case '|':
	case ':':
	case ';':
	case ',':
	case '*':
		return true;
	case '/':
		/* [time: ERROR/Process] */
		return s > 1 && is_blank(h->p[s - 1]) && h->p[s - 2] == ':';
	}
	return false;
}

/* Rule 3: alone in brackets. */
static bool bracketed(const struct head *h, u32 s, u32 e)
{
	u8 next;

	if (!s)
		return false;
	next = at(h, e);
	switch (h->p[s - 1]) {
	case '[':
		return at(h, skip_blanks(h, e)) == ']';
	case '<':
		return next == '>';
	case '|':
		return next == '|';
	case ':':
		return next == ']';
	}
	return false;
}

/* Rule 3: nothing but a time in front, among punctuation and digits. */
static bool after_time(const struct head *h, u32 s)
{
	bits128 letters = h->letter & below(s);
	u32 i;

	for (; letters; letters &= letters - 1) {
		u8 c = h->p[low_bit(letters)];

		if (c != 'T' && c != 'Z')
			return false;
	}
	for (i = 2; i + 2 < s; i++)
		if (h->p[i] == ':' && is_digit(h->p[i - 1]) &&
		    is_digit(h->p[i - 2]) && is_digit(h->p[i + 1]) &&
		    is_digit(h->p[i + 2]))
			return true;
	return false;
}

/* Rule 3: is what comes before @s a header that has ended? */
static bool after_header(const struct head *h, u32 s)
{
	if (!s)
		return true;
	if (!is_blank(h->p[s - 1]))
		return false;
	while (s && is_blank(h->p[s - 1]))
		s--;
	if (!s)
		return true;
	switch (h->p[s - 1]) {
	case ':':
	case ']':
	case ')':
	case '>':
	case '|':
		return true;
	}
	return false;
}

static bool in_place(const struct head *h, u32 s, u32 e)
{
	bits128 word = below(e) & ~below(s);
	u8 next = at(h, e);
	bool colon;

	if (!(word & ~h->upper) && token_begins(h, s, e) && token_ends(h, s, e))
		return true;
	if (bracketed(h, s, e))
		return true;
	colon = next == ':' && (is_blank(at(h, e + 1)) || is_end(at(h, e + 1)));
	if (colon && after_header(h, s))
		return true;
	return (colon || is_blank(next)) && s && is_blank(h->p[s - 1]) &&
	       after_time(h, s);
}

static bool is_key(const struct head *h, u32 s, u32 e)
{
	u8 before = s ? h->p[s - 1] : ' ';

	switch (before) {
	case ' ':
	case '\t':
	case '"':
	case '\'':
	case ',':
	case ';':
	case '{':
	case '[':
	case '(':
	case '|':
	case '@':
	case '.':
	case '_':
	case '-':
		break;
	default:
		return false;
	}
	switch (e - s) {
	case 3:
		return pack(h->p + s, 3) == W3('L', 'V', 'L');
	case 5:
		return pack(h->p + s, 5) == W5('L', 'E', 'V', 'E', 'L');
	case 8:
		return pack(h->p + s, 8) ==
			W('S', 'E', 'V', 'E', 'R', 'I', 'T', 'Y') ||
		       pack(h->p + s, 8) ==
			W('L', 'O', 'G', 'L', 'E', 'V', 'E', 'L');
	case 9:
		return pack(h->p + s, 8) ==
			W('L', 'E', 'V', 'E', 'L', 'N', 'A', 'M') &&
		       pack(h->p + s + 8, 1) == 'E';
	}
	return false;
}

/* Rule 4: the level of the key that ends at @e; *@end is where its value does. */
static u32 key_level(const struct head *h, u32 e, u32 *end)
{
	u32 i = e, s, n = 0, level = NONE;
	u8 c = at(h, i);

	if (c == '"' || c == '\'')
		i = skip_blanks(h, i + 1);
	c = at(h, i);
	if (c != ':' && c != '=')
		return NONE;
	i = skip_blanks(h, i + 1);
	c = at(h, i);
	if (c == '"' || c == '\'')
		i++;
	s = i;
	if (is_digit(at(h, i))) {
		/* A digit more than the longest, which is none then. */
		for (; i < h->n && i < s + 3 && is_digit(h->p[i]); i++)
			n = n * 10 + (h->p[i] - '0');
		level = number_level(n);
	} else {
		while (i < h->n && is_letter(h->p[i]))
			i++;
		level = word_level(h->p + s, i - s);
	}
	c = at(h, i);
	if (is_alnum(c) || c == '_' || c == '.' || c == '-')
		return NONE;
	*end = i;
	return level;
}

/* Where the message begins, if a level ends at @i. */
static u32 message(const struct head *h, u32 i)
{
	if (i < h->n && (h->p[i] == '"' || h->p[i] == '\''))
		i++;
	i = skip_blanks(h, i);
	while (i < h->n && (h->p[i] == ']' || h->p[i] == '>' ||
			    h->p[i] == ')' || h->p[i] == '}' ||
			    h->p[i] == '|' || h->p[i] == ':' ||
			    h->p[i] == ','))
		i++;
	return skip_blanks(h, i);
}

static bool digits_at(const struct head *h, u32 i, u32 n)
{
	u32 k;

	for (k = 0; k < n; k++)
		if (!is_digit(at(h, i + k)))
			return false;
	return true;
}

/* Is "12:34:56" at @i? */
static bool time_at(const struct head *h, u32 i)
{
	return digits_at(h, i, 2) && at(h, i + 2) == ':' &&
	       digits_at(h, i + 3, 2) && at(h, i + 5) == ':' &&
	       digits_at(h, i + 6, 2);
}

/* A syslog priority: <0> to <191>. */
static u32 syslog_level(const struct head *h, u32 *end)
{
	u32 i, n = 0;

	for (i = 1; i < 4 && is_digit(at(h, i)); i++)
		n = n * 10 + (h->p[i] - '0');
	if (i == 1 || at(h, i) != '>' || n > 191)
		return NONE;
	*end = i + 1;
	return n & 7;
}

/* glog: E1120 12:34:56.789012  1234 file.cc:56] message */
static u32 glog_level(const struct head *h, u32 *end)
{
	u32 i;

	if (!digits_at(h, 1, 4) || at(h, 5) != ' ' || !time_at(h, 6))
		return NONE;
	for (i = 14; i < h->n && h->p[i] != ']'; i++)
		;
	*end = i < h->n ? i : 1;
	return letter_level(h->p[0]);
}

/* logcat's brief form, from @i on: E/tag( 123): message */
static u32 logcat_tag_level(const struct head *h, u32 i, u32 *end)
{
	u32 level = letter_level(at(h, i)), k;

	if (level == NONE || at(h, i + 1) != '/')
		return NONE;
	for (k = i + 2; k < h->n && h->p[k] != '('; k++)
		;
	k = skip_blanks(h, k + 1);
	if (!is_digit(at(h, k)))
		return NONE;
	k = skip_digits(h, k);
	if (at(h, k) != ')' || at(h, k + 1) != ':')
		return NONE;
	*end = k + 1;
	return level;
}

/* Its others: 11-20 12:34:56.789 E/tag( 123): or 11-20 12:34:56.789 1 2 E tag: */
static u32 logcat_level(const struct head *h, u32 *end)
{
	u32 i, k, level;

	if (!digits_at(h, 0, 2) || at(h, 2) != '-' || !digits_at(h, 3, 2) ||
	    at(h, 5) != ' ' || !time_at(h, 6) || at(h, 14) != '.')
		return NONE;
	i = skip_blanks(h, skip_digits(h, 15));
	level = logcat_tag_level(h, i, end);
	if (level != NONE)
		return level;
	for (k = 0; k < 2; k++) {
		if (!is_digit(at(h, i)))
			return NONE;
		i = skip_digits(h, i);
		if (!is_blank(at(h, i)))
			return NONE;
		i = skip_blanks(h, i);
	}
	level = letter_level(at(h, i));
	if (level == NONE || !is_blank(at(h, i + 1)))
		return NONE;
	*end = i + 1;
	return level;
}

/* Rule 5. */
static u32 fixed_level(const struct head *h, u32 *end)
{
	u8 c = at(h, 0);

	if (c == '<')
		return syslog_level(h, end);
	if (is_digit(c))
		return logcat_level(h, end);
	if (letter_level(c) == NONE)
		return NONE;
	if (at(h, 1) == '/')
		return logcat_tag_level(h, 0, end);
	return is_digit(at(h, 1)) ? glog_level(h, end) : NONE;
}

/* The level of the word at [s, e), if it is one in its place, or a key. */
static u32 level_of_word(const struct head *h, u32 s, u32 e, u32 *end)
{
	u32 level = word_level(h->p + s, e - s);

	if (level == NONE)
		return is_key(h, s, e) ? key_level(h, e, end) : NONE;
	*end = e;
	return in_place(h, s, e) ? level : NONE;
}

static u32 head_level(const struct head *h, u32 *end)
{
	bits128 starts = h->letter & ~(h->letter << 1);
	bits128 ends = h->letter & ~(h->letter >> 1);
	bits128 capitals = h->upper & (h->upper >> 1) & (h->upper >> 2);
	bits128 first = 0, look;
	u32 level = fixed_level(h, end);
	u32 i, s, e;

	if (level != NONE)
		return level;
	/* The first word that is not the T or Z of a time. */
	for (look = starts; look && !first; look &= look - 1) {
		i = low_bit(look);
		if (i + 1 < h->n && h->letter >> (i + 1) & 1)
			first = (bits128)1 << i;
	}
	look = (starts & (capitals | (h->mark << 1) | first)) |
	       (ends & (h->mark >> 1));
	while (look) {
		i = low_bit(look);
		/* Its word begins here, or at the last beginning before. */
		s = high_bit(starts & below(i + 1));
		e = s + low_bit(~(h->letter >> s) | (bits128)1 << 127);
		look &= ~below(e);
		level = level_of_word(h, s, e, end);
		if (level != NONE)
			return level;
	}
	return NONE;
}

u32 ksift_level(const u8 *line, u64 len, u32 *msg)
{
	struct head h = {
		.p = line,
		.n = ksift_level_head(len),
		.cut = len > KSIFT_LEVEL_HEAD,
	};
	u32 i, level, end = 0;

	for (i = 0; i < h.n; i++) {
		u8 c = line[i];
		bits128 bit = (bits128)1 << i;

		if (is_letter(c)) {
			h.letter |= bit;
			if (!(c & 0x20))
				h.upper |= bit;
		} else if (is_mark(c)) {
			h.mark |= bit;
		}
	}
	level = head_level(&h, &end);
	if (msg)
		*msg = level == NONE ? 0 : message(&h, end);
	return level;
}

/* The 128 bits of @map from bit @bit on. */
static bits128 bits_at(const u64 *map, size_t bit)
{
	const u64 *w = map + bit / 64;
	unsigned int shift = bit % 64;
	bits128 v = (bits128)w[1] << 64 | w[0];

	if (shift)
		v = v >> shift | (bits128)w[2] << (128 - shift);
	return v;
}

u32 ksift_level_at(const u8 *line, u64 len, const struct ksift_classes *classes,
		   size_t bit, u32 *msg)
{
	struct head h = {
		.p = line,
		.n = ksift_level_head(len),
		.cut = len > KSIFT_LEVEL_HEAD,
	};
	bits128 mask = below(h.n);
	u32 level, end = 0;

	h.letter = bits_at(classes->letter, bit) & mask;
	h.upper = bits_at(classes->upper, bit) & mask;
	h.mark = bits_at(classes->mark, bit) & mask;
	level = head_level(&h, &end);
	if (msg)
		*msg = level == NONE ? 0 : message(&h, end);
	return level;
}
