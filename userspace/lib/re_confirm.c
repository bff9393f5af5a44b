// SPDX-License-Identifier: GPL-2.0-only
/*
 * Back-references, and what else GNU grep leaves to that matcher, by re_search() of glibc
 * with grep's bits of syntax, so that the answer is the same.
 *
 * This matcher is not linear: what it takes for a line may grow with any power of the
 * line's length, and with back-references there is no way that is known to be better.
 * Nothing else comes here, and no line that the rest of the pattern rules out.
 */
#define _GNU_SOURCE /* re_search() */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "re_confirm.h"
#include "re_positions.h"

/* Each counted as often as it is repeated: beyond, glibc takes 20 MiB to compile some. */
#define LEAVES_MAX 512

struct re_confirm {
	struct re_pattern_buffer buf;
	struct re_registers regs;
	unsigned int flags;
	locale_t locale;	/* bytes are bytes, whatever the program's is */
	const char *text;
	uint64_t len;
};

/* Of re_syntax_options, which is one for the process. */
static pthread_mutex_t syntax_lock = PTHREAD_MUTEX_INITIALIZER;

static reg_syntax_t syntax_of(unsigned int flags)
{
	reg_syntax_t syntax = flags & RE_EXTENDED ? RE_SYNTAX_EGREP : RE_SYNTAX_GREP;

	return flags & RE_FOLD ? syntax | RE_ICASE : syntax;
}

static int compile(struct re_confirm *c, const char *text, size_t len)
{
	locale_t was = uselocale(c->locale);
	reg_syntax_t syntax;
	const char *error;

	pthread_mutex_lock(&syntax_lock);
	syntax = re_set_syntax(syntax_of(c->flags));
	error = re_compile_pattern(text, len, &c->buf);
	re_set_syntax(syntax);
	pthread_mutex_unlock(&syntax_lock);
	uselocale(was);
	if (!error)
		return 0;
	return strcmp(error, "Memory exhausted") ? -EINVAL : -ENOMEM;
}

static uint64_t leaves(const struct re_node *node)
{
	uint64_t n = 0, copies = 1;
	uint32_t i;

	if (!node->kid_count)
		return 1;
	if (node->kind == RE_REPEAT)
		copies = node->max == RE_UNBOUNDED ? (uint64_t)node->min + 1 : node->max;
	for (i = 0; i < node->kid_count && n <= LEAVES_MAX; i++)
		n += leaves(node->kids[i]);
	n *= copies;
	return n <= LEAVES_MAX ? n : LEAVES_MAX + 1;
}

/*
 * The most that the pattern can be, where there is no tree: as if each repetition were
 * within all others.
 */
static uint64_t leaves_of_text(const char *text, size_t len)
{
	uint64_t n = len, number = 0, most = 0;
	bool inside = false;
	size_t i;

	for (i = 0; i < len && n <= LEAVES_MAX; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			number = 10 * number + text[i] - '0';
			if (number > LEAVES_MAX)
				number = LEAVES_MAX;
			if (inside && number > most)
				most = number;
			continue;
		}
		number = 0;
		if (text[i] != '{' && text[i] != ',') {
			if (inside && most)
				n *= most + 1;
			inside = false;
		} else if (text[i] == '{') {
			inside = true;
			most = 0;
		}
	}
	return n;
}

int ksift_re_confirm_new(const char *text, size_t len, const struct re_node *tree,
			 unsigned int flags, struct re_confirm **out)
{
	struct re_confirm *c;
	int ret;

	if (leaves(tree) > LEAVES_MAX ||
	    (tree->kind == RE_EMPTY && leaves_of_text(text, len) > LEAVES_MAX))
		return -E2BIG;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->flags = flags;
	c->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	/* With a map of first bytes and RE_ICASE, glibc misses matches: its bug 20381. */
	if (!(flags & RE_FOLD))
		c->buf.fastmap = malloc(UCHAR_MAX + 1);
	ret = !c->locale || (!(flags & RE_FOLD) && !c->buf.fastmap) ? -ENOMEM :
		compile(c, text, len);
	if (ret) {
		ksift_re_confirm_free(c);
		return ret;
	}
	/*
	 * All groups' places are asked for, as grep does, though none is used: that is how
	 * glibc comes to drop some matches that are none.
	 */
	c->buf.newline_anchor = !(flags & RE_NUL_LINES);
	*out = c;
	return 0;
}

void ksift_re_confirm_free(struct re_confirm *c)
{
	if (!c)
		return;
	regfree(&c->buf);
	free(c->regs.start);
	free(c->regs.end);
	if (c->locale)
		freelocale(c->locale);
	free(c);
}

int ksift_re_confirm_begin(struct re_confirm *c, const char *text, uint64_t len)
{
	c->text = text;
	c->len = len;
	return len > INT_MAX ? -EFBIG : 0;
}

/* The first match from @from on, longest first.  Return: 1, 0 or -ENOMEM. */
static int search(struct re_confirm *c, uint64_t from, uint64_t *start, uint64_t *end)
{
	locale_t was = uselocale(c->locale);
	regoff_t ret = re_search(&c->buf, c->text, c->len, from, c->len - from, &c->regs);

	uselocale(was);
	if (ret < 0)
		return ret == -1 ? 0 : -ENOMEM;
	*start = ret;
	*end = c->regs.end[0];
	return 1;
}

/*
 * The longest match from @start on in the line as if it ended at @to, which is not the
 * line's end, however.  Return: 1, 0 or -ENOMEM.
 */
static int shorten(struct re_confirm *c, uint64_t start, uint64_t to, uint64_t *end)
{
	locale_t was = uselocale(c->locale);
	regoff_t ret;

	c->buf.not_eol = 1;
	ret = re_match(&c->buf, c->text, to, start, &c->regs);
	c->buf.not_eol = 0;
	uselocale(was);
	if (ret < -1)
		return -ENOMEM;
	*end = start + ret;
	return ret > 0;
}

static bool in_words(const struct re_confirm *c, uint64_t start, uint64_t end)
{
	return (start && re_is_word(c->text[start - 1])) ||
		(end < c->len && re_is_word(c->text[end]));
}

/* As grep does for -w: shorter matches at the same place, then later ones. */
static int search_word(struct re_confirm *c, uint64_t from, uint64_t *start, uint64_t *end)
{
	int ret = search(c, from, start, end);

	while (ret > 0 && in_words(c, *start, *end)) {
		ret = 0;
		if (*end > *start)
			ret = shorten(c, *start, *end - 1, end);
		if (ret)
			continue;
		if (*start == c->len)
			break;
		ret = search(c, *start + 1, start, end);
	}
	return ret;
}

int ksift_re_confirm_next(struct re_confirm *c, uint64_t from, bool empty, uint64_t *start,
			  uint64_t *end)
{
	int ret = 0;

	for (; from <= c->len; from = *start + 1) {
		if (c->flags & RE_WORDS && !(c->flags & RE_LINES))
			ret = search_word(c, from, start, end);
		else
			ret = search(c, from, start, end);
		/* The longest match of all is the line, if that is one. */
		if (ret > 0 && c->flags & RE_LINES && (*start || *end != c->len))
			return 0;
		if (ret <= 0 || empty || *end > *start)
			return ret;
	}
	return 0;
}

int ksift_re_confirm_matches(struct re_confirm *c)
{
	uint64_t start, end;

	return ksift_re_confirm_next(c, 0, true, &start, &end);
}
