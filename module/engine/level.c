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
 * To look for this at every byte would take longer than all else.  A word is
 * looked at if its first bytes may be those of a name or a key: see
 * ksift_name_heads.
 */
#include "level.h"
#include "../uapi/ksift.h"

#define NONE KSIFT_LEVEL_NONE

/**
 * struct head - The part of a line that is looked at
 * @p: Its bytes
 * @n: How many
 * @cut: The line goes on after them
 */
struct head {
	const u8 *p;
	u32 n;
	bool cut;
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

/* The byte at @i, below h->n.  A writer may change it before the next call. */
static u8 byte(const struct head *h, u32 i)
{
	return ksift_load8(h->p + i);
}

/* The same for any @i: a newline at the line's end, a letter where it is cut. */
static u8 at(const struct head *h, u32 i)
{
	if (i < h->n)
		return byte(h, i);
	return h->cut ? 'x' : '\n';
}

static bool is_end(u8 c)
{
	return c == '\n' || c == '\r';
}

static u32 skip_blanks(const struct head *h, u32 i)
{
	while (i < h->n && is_blank(byte(h, i)))
		i++;
	return i;
}

static u32 skip_digits(const struct head *h, u32 i)
{
	while (i < h->n && is_digit(byte(h, i)))
		i++;
	return i;
}

/* Up to eight letters, as upper case, in the order of memory. */
static u64 pack(const u8 *p, u32 len)
{
	u64 v = 0;
	u32 i;

	for (i = 0; i < len; i++)
		v |= (u64)(ksift_load8(p + i) & 0xdf) << (i * 8);
	return v;
}

/* The same of the word [s, e), without a branch on its length but near the head's end. */
static u64 pack_word(const struct head *h, u32 s, u32 e)
{
	u32 len = min(e - s, 8U);

	if (s + 8 > h->n)
		return pack(h->p + s, len);
	return ksift_le64(ksift_load64(h->p + s)) & 0xdfdfdfdfdfdfdfdf &
	       ~0ULL >> (64 - len * 8);
}

#define W(a, b, c, d, e, f, g, h) \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | \
	 (u64)(e) << 32 | (u64)(f) << 40 | (u64)(g) << 48 | (u64)(h) << 56)
#define W3(a, b, c) W(a, b, c, 0, 0, 0, 0, 0)
#define W4(a, b, c, d) W(a, b, c, d, 0, 0, 0, 0)
#define W5(a, b, c, d, e) W(a, b, c, d, e, 0, 0, 0)
#define W6(a, b, c, d, e, f) W(a, b, c, d, e, f, 0, 0)
#define W7(a, b, c, d, e, f, g) W(a, b, c, d, e, f, g, 0)

/* Names of levels by their first eight letters. */
#define KEY_EMERG	W5('E', 'M', 'E', 'R', 'G')
#define KEY_PANIC	W5('P', 'A', 'N', 'I', 'C')
#define KEY_EMERGENC	W('E', 'M', 'E', 'R', 'G', 'E', 'N', 'C')
#define KEY_ALERT	W5('A', 'L', 'E', 'R', 'T')
#define KEY_CRIT	W4('C', 'R', 'I', 'T')
#define KEY_CRITICAL	W('C', 'R', 'I', 'T', 'I', 'C', 'A', 'L')
#define KEY_FATAL	W5('F', 'A', 'T', 'A', 'L')
#define KEY_FTL		W3('F', 'T', 'L')
#define KEY_ERR		W3('E', 'R', 'R')
#define KEY_ERROR	W5('E', 'R', 'R', 'O', 'R')
#define KEY_SEVERE	W6('S', 'E', 'V', 'E', 'R', 'E')
#define KEY_WARN	W4('W', 'A', 'R', 'N')
#define KEY_WARNING	W7('W', 'A', 'R', 'N', 'I', 'N', 'G')
#define KEY_WRN		W3('W', 'R', 'N')
#define KEY_NOTICE	W6('N', 'O', 'T', 'I', 'C', 'E')
#define KEY_INFO	W4('I', 'N', 'F', 'O')
#define KEY_INFORMAT	W('I', 'N', 'F', 'O', 'R', 'M', 'A', 'T')
#define KEY_INF		W3('I', 'N', 'F')
#define KEY_DEBUG	W5('D', 'E', 'B', 'U', 'G')
#define KEY_DBG		W3('D', 'B', 'G')
#define KEY_FINE	W4('F', 'I', 'N', 'E')
#define KEY_TRACE	W5('T', 'R', 'A', 'C', 'E')
#define KEY_FINER	W5('F', 'I', 'N', 'E', 'R')
#define KEY_FINEST	W6('F', 'I', 'N', 'E', 'S', 'T')
#define KEY_VERBOSE	W7('V', 'E', 'R', 'B', 'O', 'S', 'E')
#define KEY_VRB		W3('V', 'R', 'B')

/* And the keys of rule 4. */
#define WORD_LVL		W3('L', 'V', 'L')
#define WORD_LEVEL	W5('L', 'E', 'V', 'E', 'L')
#define WORD_SEVERITY	W('S', 'E', 'V', 'E', 'R', 'I', 'T', 'Y')
#define WORD_LOGLEVEL	W('L', 'O', 'G', 'L', 'E', 'V', 'E', 'L')
#define WORD_LEVELNAM	W('L', 'E', 'V', 'E', 'L', 'N', 'A', 'M')

/* In place of a level. */
#define A_KEY KSIFT_LEVELS

#define SLOT(key) KSIFT_NAME_SLOT(key)

/* No two have the same slot. */
const struct ksift_name ksift_names[64] = {
	[SLOT(KEY_EMERG)] = { KEY_EMERG, KSIFT_LEVEL_EMERG },
	[SLOT(KEY_PANIC)] = { KEY_PANIC, KSIFT_LEVEL_EMERG },
	[SLOT(KEY_EMERGENC)] = { KEY_EMERGENC, KSIFT_LEVEL_EMERG },
	[SLOT(KEY_ALERT)] = { KEY_ALERT, KSIFT_LEVEL_ALERT },
	[SLOT(KEY_CRIT)] = { KEY_CRIT, KSIFT_LEVEL_CRIT },
	[SLOT(KEY_CRITICAL)] = { KEY_CRITICAL, KSIFT_LEVEL_CRIT },
	[SLOT(KEY_FATAL)] = { KEY_FATAL, KSIFT_LEVEL_CRIT },
	[SLOT(KEY_FTL)] = { KEY_FTL, KSIFT_LEVEL_CRIT },
	[SLOT(KEY_ERR)] = { KEY_ERR, KSIFT_LEVEL_ERR },
	[SLOT(KEY_ERROR)] = { KEY_ERROR, KSIFT_LEVEL_ERR },
	[SLOT(KEY_SEVERE)] = { KEY_SEVERE, KSIFT_LEVEL_ERR },
	[SLOT(KEY_WARN)] = { KEY_WARN, KSIFT_LEVEL_WARNING },
	[SLOT(KEY_WARNING)] = { KEY_WARNING, KSIFT_LEVEL_WARNING },
	[SLOT(KEY_WRN)] = { KEY_WRN, KSIFT_LEVEL_WARNING },
	[SLOT(KEY_NOTICE)] = { KEY_NOTICE, KSIFT_LEVEL_NOTICE },
	[SLOT(KEY_INFO)] = { KEY_INFO, KSIFT_LEVEL_INFO },
	[SLOT(KEY_INFORMAT)] = { KEY_INFORMAT, KSIFT_LEVEL_INFO },
	[SLOT(KEY_INF)] = { KEY_INF, KSIFT_LEVEL_INFO },
	[SLOT(KEY_DEBUG)] = { KEY_DEBUG, KSIFT_LEVEL_DEBUG },
	[SLOT(KEY_DBG)] = { KEY_DBG, KSIFT_LEVEL_DEBUG },
	[SLOT(KEY_FINE)] = { KEY_FINE, KSIFT_LEVEL_DEBUG },
	[SLOT(KEY_TRACE)] = { KEY_TRACE, KSIFT_LEVEL_TRACE },
	[SLOT(KEY_FINER)] = { KEY_FINER, KSIFT_LEVEL_TRACE },
	[SLOT(KEY_FINEST)] = { KEY_FINEST, KSIFT_LEVEL_TRACE },
	[SLOT(KEY_VERBOSE)] = { KEY_VERBOSE, KSIFT_LEVEL_TRACE },
	[SLOT(KEY_VRB)] = { KEY_VRB, KSIFT_LEVEL_TRACE },
	[SLOT(WORD_LVL)] = { WORD_LVL, A_KEY },
	[SLOT(WORD_LEVEL)] = { WORD_LEVEL, A_KEY },
	[SLOT(WORD_SEVERITY)] = { WORD_SEVERITY, A_KEY },
	[SLOT(WORD_LOGLEVEL)] = { WORD_LOGLEVEL, A_KEY },
	[SLOT(WORD_LEVELNAM)] = { WORD_LEVELNAM, A_KEY },
};

/*
 * A bit for each bucket: VER VRB DEB ERR, LVL LOG, DBG TRA CRI, FTL FIN, FAT NOT,
 * WAR WRN PAN, EME ALE, SEV LEV INF.  So grouped, the fewest other words are
 * candidates.
 */
const u8 ksift_name_heads[KSIFT_NAME_HEAD][16] = {
	{ 32, 64, 0, 132, 5, 65, 25, 32, 0, 128, 0, 0, 130, 0, 16, 0 },
	{ 0, 48, 37, 0, 8, 129, 2, 0, 0, 8, 0, 0, 64, 64, 128, 18 },
	{ 0, 4, 33, 0, 16, 64, 128, 6, 0, 4, 0, 0, 10, 0, 40, 0 },
};

/* The level that the word [s, e) names, in any case; it may be A_KEY. */
static u32 word_level(const struct head *h, u32 s, u32 e)
{
	u32 len = e - s, i;
	u64 key, tail;

	if (len < 3)
		return NONE;
	key = pack_word(h, s, e);
	i = SLOT(key);
	if (ksift_names[i].key != key)
		return NONE;
	if (len < 8)
		return ksift_names[i].level;
	if (len > 11)
		return NONE;
	/* The letters after the first eight. */
	tail = pack(h->p + s + 8, len - 8);
	switch (key) {
	case KEY_EMERGENC:
		return tail == 'Y' ? ksift_names[i].level : NONE;
	case KEY_INFORMAT:
		return tail == W3('I', 'O', 'N') ? ksift_names[i].level : NONE;
	case WORD_LEVELNAM:
		return tail == 'E' ? A_KEY : NONE;
	default:
		return tail ? NONE : ksift_names[i].level;
	}
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

#define BEFORE KSIFT_BEFORE_NAME
#define AFTER KSIFT_AFTER_NAME
#define FIXED KSIFT_FIXED_LETTER
#define DATED KSIFT_FIXED_OTHER

const u8 ksift_byte_kinds[256] = {
	['\t'] = BEFORE | AFTER,
	['\n'] = AFTER,
	['\r'] = AFTER,
	[' '] = BEFORE | AFTER,
	['#'] = BEFORE,
	['('] = BEFORE,
	[')'] = AFTER,
	['*'] = BEFORE | AFTER,
	[','] = BEFORE | AFTER,
	[':'] = BEFORE | AFTER,
	[';'] = BEFORE | AFTER,
	['0'] = DATED,
	['1'] = DATED,
	['2'] = DATED,
	['3'] = DATED,
	['4'] = DATED,
	['5'] = DATED,
	['6'] = DATED,
	['7'] = DATED,
	['8'] = DATED,
	['9'] = DATED,
	['<'] = BEFORE | DATED,
	['>'] = BEFORE | AFTER,
	['A'] = FIXED,
	['D'] = FIXED,
	['E'] = FIXED,
	['F'] = FIXED,
	['I'] = FIXED,
	['V'] = FIXED,
	['W'] = FIXED,
	['['] = BEFORE,
	[']'] = AFTER,
	['{'] = BEFORE,
	['|'] = BEFORE | AFTER,
	['}'] = AFTER,
};

/* A word begins at @s; @before precedes it, and @next follows it. */
static bool token_begins(const struct head *h, u32 s, u8 before, u8 next)
{
	if (!s || ksift_byte_kinds[before] & BEFORE)
		return true;
	/* channel.ERROR: */
	if (before == '.')
		return next == ':';
	return before == '-' && (s == 1 || is_blank(byte(h, s - 2)));
}

static bool token_ends(const struct head *h, u32 s, u8 before, u8 next)
{
	if (ksift_byte_kinds[next] & AFTER)
		return true;
	/* [time: ERROR/Process] */
	return next == '/' && s > 1 && is_blank(before) && byte(h, s - 2) == ':';
}

/* Rule 3: alone in brackets. */
static bool bracketed(const struct head *h, u32 e, u8 before, u8 next)
{
	switch (before) {
	case '[':
		return next == ']' ||
		       (is_blank(next) && at(h, skip_blanks(h, e + 1)) == ']');
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
	bool time = false;
	u32 i;

	for (i = 0; i < s; i++) {
		u8 c = byte(h, i);

		/* But T and Z, each alone, as in a time stamp. */
		if (is_letter(c) && ((c != 'T' && c != 'Z') ||
				     is_letter(byte(h, i + 1))))
			return false;
		if (c == ':' && i >= 2 && i + 2 < s && is_digit(byte(h, i - 1)) &&
		    is_digit(byte(h, i - 2)) && is_digit(byte(h, i + 1)) &&
		    is_digit(byte(h, i + 2)))
			time = true;
	}
	return time;
}

/* Rule 3: has a header ended before @s?  @before is the byte there. */
static bool after_header(const struct head *h, u32 s, u8 before)
{
	if (!s)
		return true;
	if (!is_blank(before))
		return false;
	while (--s) {
		before = byte(h, s - 1);
		if (!is_blank(before))
			break;
	}
	if (!s)
		return true;
	switch (before) {
	case ':':
	case ']':
	case ')':
	case '>':
	case '|':
		return true;
	}
	return false;
}

static bool in_place(const struct head *h, u32 s, u32 e, bool capitals)
{
	u8 before = s ? byte(h, s - 1) : '\n', next = at(h, e), c;
	bool colon = false;

	if (capitals && token_begins(h, s, before, next) &&
	    token_ends(h, s, before, next))
		return true;
	if (bracketed(h, e, before, next))
		return true;
	if (next == ':') {
		c = at(h, e + 1);
		colon = is_blank(c) || is_end(c);
	}
	if (colon && after_header(h, s, before))
		return true;
	return (colon || is_blank(next)) && is_blank(before) && after_time(h, s);
}

/* Rule 4: may a key begin at @s? */
static bool key_begins(const struct head *h, u32 s)
{
	switch (s ? byte(h, s - 1) : ' ') {
	case ' ':
	case '	':
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
		return true;
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
		c = at(h, ++i);
	s = i;
	if (is_digit(c)) {
		/* One digit more than the longest number has: then it is none. */
		for (; is_digit(c) && i < s + 3; c = at(h, ++i))
			n = n * 10 + (c - '0');
		level = number_level(n);
	} else {
		while (i < h->n && is_letter(c))
			c = at(h, ++i);
		level = word_level(h, s, i);
		if (level == A_KEY)
			level = NONE;
	}
	if (is_alnum(c) || c == '_' || c == '.' || c == '-')
		return NONE;
	*end = i;
	return level;
}

/* May @c stand between a level and the message? */
static bool closes_level(u8 c)
{
	switch (c) {
	case ']':
	case '>':
	case ')':
	case '}':
	case '|':
	case ':':
	case ',':
		return true;
	}
	return false;
}

/* Where the message begins, if a level ends at @i. */
static u32 message(const struct head *h, u32 i)
{
	u8 c = at(h, i);

	/* These end: at() gives none of what they skip behind the head. */
	if (c == '"' || c == '\'')
		c = at(h, ++i);
	while (is_blank(c))
		c = at(h, ++i);
	while (closes_level(c))
		c = at(h, ++i);
	while (is_blank(c))
		c = at(h, ++i);
	return i;
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
	u8 c = at(h, 1);
	u32 i, n = 0;

	for (i = 1; i < 4 && is_digit(c); c = at(h, ++i))
		n = n * 10 + (c - '0');
	if (i == 1 || c != '>' || n > 191)
		return NONE;
	*end = i + 1;
	return n & 7;
}

/* glog, of the letter's @level: E1120 12:34:56.789012  1234 file.cc:56] message */
static u32 glog_level(const struct head *h, u32 level, u32 *end)
{
	u32 i;

	if (!digits_at(h, 1, 4) || at(h, 5) != ' ' || !time_at(h, 6))
		return NONE;
	for (i = 14; i < h->n && byte(h, i) != ']'; i++)
		;
	*end = i < h->n ? i : 1;
	return level;
}

/* logcat's brief form, from @i on: E/tag( 123): message */
static u32 logcat_tag_level(const struct head *h, u32 i, u32 *end)
{
	u32 level = letter_level(at(h, i)), k;

	if (level == NONE || at(h, i + 1) != '/')
		return NONE;
	for (k = i + 2; k < h->n && byte(h, k) != '('; k++)
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
	u8 c = at(h, 0), next;
	u32 level;

	if (c == '<')
		return syslog_level(h, end);
	if (is_digit(c))
		return logcat_level(h, end);
	level = letter_level(c);
	if (level == NONE)
		return NONE;
	next = at(h, 1);
	if (next == '/')
		return logcat_tag_level(h, 0, end);
	return is_digit(next) ? glog_level(h, level, end) : NONE;
}

/* The level of the word at @s, if it is one in its place, or a key. */
static u32 level_at(const struct head *h, u32 s, u32 *end)
{
	bool capitals = true;
	u32 e, level;
	u8 c;

	for (e = s; e < h->n; e++) {
		c = byte(h, e);
		if (!is_letter(c))
			break;
		capitals &= !(c & 0x20);
	}
	level = word_level(h, s, e);
	if (level == NONE)
		return NONE;
	if (level == A_KEY)
		return key_begins(h, s) ? key_level(h, e, end) : NONE;
	*end = e;
	return in_place(h, s, e, capitals) ? level : NONE;
}

/* The level of a line, whose name may begin where @names_at has bits. */
static u32 head_level(const struct head *h, const u64 *names_at, u32 *end)
{
	u32 level = fixed_level(h, end), w, s;
	u64 left;

	for (w = 0; w < KSIFT_LEVEL_HEAD / 64; w++)
		for (left = names_at[w]; left; left &= left - 1) {
			s = w * 64 + ksift_low_bit(left);
			if (level != NONE || s >= h->n)
				return level;
			if (is_letter(byte(h, s)) && !(s && is_letter(byte(h, s - 1))))
				level = level_at(h, s, end);
		}
	return level;
}

static bool may_be_name(const u8 *p)
{
	return ksift_name_heads[0][p[0] & 15] & ksift_name_heads[1][p[1] & 15] &
	       ksift_name_heads[2][p[2] & 15];
}

u32 ksift_level_find(const u8 *line, u64 len, u32 *msg)
{
	struct head h = {
		.p = line,
		.n = ksift_level_head(len),
		.cut = len > KSIFT_LEVEL_HEAD,
	};
	u32 level, i = 0, end = 0;

	level = fixed_level(&h, &end);
	while (level == NONE && i + KSIFT_NAME_HEAD <= h.n) {
		if (!is_letter(byte(&h, i))) {
			i++;
			continue;
		}
		if (may_be_name(line + i))
			level = level_at(&h, i, &end);
		/* Advance even if a writer has replaced the letter at @i. */
		do
			i++;
		while (i < h.n && is_letter(byte(&h, i)));
	}
	if (msg)
		*msg = level == NONE ? 0 : message(&h, end);
	return level;
}

void ksift_level_complete(const u8 *buf, struct ksift_lead *leads, u32 count, bool msg)
{
	struct ksift_lead *lead;

	for (lead = leads; lead < leads + count; lead++) {
		u32 len = lead->end - lead->start;
		struct head h = {
			.p = buf + lead->start,
			.n = ksift_level_head(len),
			.cut = len > KSIFT_LEVEL_HEAD,
		};

		if (lead->level >= NONE)
			lead->level = head_level(&h, lead->names, &lead->msg);
		if (msg)
			lead->msg = lead->level == NONE ? 0 :
							  message(&h, lead->msg);
	}
}
