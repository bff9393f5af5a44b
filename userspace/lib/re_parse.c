// SPDX-License-Identifier: GPL-2.0-only
/*
 * GNU's basic and extended regular expressions, as grep understands them.
 *
 * grep reads a pattern twice: glibc's regcomp() says whether it is valid, and gnulib's
 * DFA what it means.  They differ in corners, chiefly in what a repetition may follow,
 * and so the parser follows both: what it builds is the DFA's reading, and members and
 * functions that are named after regcomp know what that would say.  Where a bracket
 * has a collating element, grep leaves lines to regexec(), whose ranges fold otherwise,
 * and which is wrong here and there: such a pattern is the process's to decide, as one
 * with back-references is.
 */
#include <errno.h>
#include <string.h>

#include "re_parse.h"

#define ERR_BRACKET	"Unmatched [, [^, [:, [., or [="
#define ERR_PAREN	"Unmatched ( or \\("
#define ERR_RPAREN	"Unmatched ) or \\)"
#define ERR_BRACE	"Unmatched \\{"
#define ERR_INTERVAL	"Invalid content of \\{\\}"
#define ERR_BIG		"Regular expression too big"
#define ERR_ESCAPE	"Trailing backslash"
#define ERR_BACKREF	"Invalid back reference"
#define ERR_PATTERN	"Invalid regular expression"
#define ERR_RANGE	"Invalid range end"
#define ERR_CLASS	"Invalid character class name"
#define ERR_COLLATE	"Invalid collation character"

#define DFA_COLON	"character class syntax is [[:space:]], not [:space:]"
#define DFA_INTERVAL	"invalid content of \\{\\}"
#define DFA_BIG		"regular expression too big"

#define WARN_STAR	"warning: * at start of expression"
#define WARN_PLUS	"warning: + at start of expression"
#define WARN_QUESTION	"warning: ? at start of expression"
#define WARN_INTERVAL	"warning: {...} at start of expression"

/* RE_DUP_MAX of glibc and gnulib. */
#define REPEAT_MAX 32767
#define BACKREF_MAX 9

/* What regcomp() has room for between [: and :]. */
#define NAME_MAX_BYTES 32

enum token {
	TOK_END,
	TOK_OR,
	TOK_OPEN,
	TOK_CLOSE,
	TOK_REPEAT,
	TOK_ATOM
};

/**
 * struct open_group - A group that is open to regcomp()
 * @nr: Its number
 * @before: What was complete before it
 * @after: What is complete in one of the alternatives that have passed
 */
struct open_group {
	unsigned int nr;
	unsigned int before;
	unsigned int after;
};

/**
 * struct parser - How far a pattern is read
 * @arena: Memory
 * @text: The pattern
 * @len: Its bytes
 * @pos: Where the next token begins
 * @flags: enum re_parse_flags
 * @out: What comes of it
 * @dfa_error: The first thing that is wrong to the DFA alone
 * @no_memory: The arena is exhausted
 * @token: The current token
 * @atom: TOK_ATOM: its node
 * @min: TOK_REPEAT: least repetitions
 * @max: TOK_REPEAT: most
 * @anchor_here: A ^ that comes now is an anchor in a basic regular expression, too
 * @at_start: Nothing that can be repeated has come in this branch
 * @regcomp_atom: regcomp() has something that a repetition would apply to
 * @regcomp_passed: regcomp() has just passed over a repetition of nothing, and takes a )
 *	that comes now for a character
 * @differs: A repetition of nothing is something else to regcomp() than to the DFA
 * @collating: There was a collating element or an equivalence class
 * @has_backrefs: There was a back-reference
 * @stray_close: There was a ) without a (, which is a character
 * @depth: Groups that are open
 * @complete: Bit n is set when group n is complete to regcomp(), and not of another
 *	alternative
 * @regcomp_groups: Groups that have begun
 * @open: The groups that are open to regcomp(), after the whole
 * @open_count: How many, and the whole
 * @open_room: How many there is room for
 */
struct parser {
	struct re_arena *arena;
	const unsigned char *text;
	size_t len;
	size_t pos;
	unsigned int flags;
	struct re_parsed *out;
	const char *dfa_error;
	bool no_memory;
	enum token token;
	struct re_node *atom;
	uint32_t min;
	uint32_t max;
	bool anchor_here;
	bool at_start;
	bool regcomp_atom;
	bool regcomp_passed;
	bool differs;
	bool collating;
	bool has_backrefs;
	bool stray_close;
	unsigned int depth;
	unsigned int complete;
	unsigned int regcomp_groups;
	struct open_group *open;
	size_t open_count;
	size_t open_room;
};

static unsigned int upper(unsigned int c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

static unsigned int lower(unsigned int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool is_alpha(unsigned int c)
{
	return upper(c) >= 'A' && upper(c) <= 'Z';
}

static bool is_digit(unsigned int c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(unsigned int c)
{
	return is_alpha(c) || is_digit(c);
}

static bool is_upper(unsigned int c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(unsigned int c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_space(unsigned int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_blank(unsigned int c)
{
	return c == ' ' || c == '\t';
}

static bool is_cntrl(unsigned int c)
{
	return c < 32 || c == 127;
}

static bool is_graph(unsigned int c)
{
	return c > 32 && c < 127;
}

static bool is_print(unsigned int c)
{
	return c >= 32 && c < 127;
}

static bool is_punct(unsigned int c)
{
	return is_graph(c) && !is_alnum(c);
}

static bool is_xdigit(unsigned int c)
{
	return is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'F');
}

static bool is_word(unsigned int c)
{
	return is_alnum(c) || c == '_';
}

static const struct {
	const char *name;
	bool (*has)(unsigned int c);
} classes[] = {
	{ "alpha", is_alpha }, { "digit", is_digit }, { "alnum", is_alnum },
	{ "upper", is_upper }, { "lower", is_lower }, { "space", is_space },
	{ "blank", is_blank }, { "cntrl", is_cntrl }, { "graph", is_graph },
	{ "print", is_print }, { "punct", is_punct }, { "xdigit", is_xdigit },
};

static bool extended(const struct parser *p)
{
	return p->flags & RE_EXTENDED;
}

static bool failed(const struct parser *p)
{
	return p->out->error || p->no_memory;
}

static void fail(struct parser *p, const char *error)
{
	if (!p->out->error)
		p->out->error = error;
}

static void fail_dfa(struct parser *p, const char *error)
{
	if (!p->dfa_error)
		p->dfa_error = error;
}

static void warn(struct parser *p, const char *warning)
{
	struct re_parsed *out = p->out;
	const char **more;

	if (p->dfa_error)
		return;
	/* As many as fit double each time that they are a power of two. */
	if (!(out->warning_count & (out->warning_count - 1))) {
		more = ksift_re_alloc(p->arena, (out->warning_count + 1) * 2 * sizeof(*more));
		if (!more) {
			p->no_memory = true;
			return;
		}
		if (out->warning_count)
			memcpy(more, out->warnings, out->warning_count * sizeof(*more));
		out->warnings = more;
	}
	out->warnings[out->warning_count++] = warning;
}

static struct re_node *new_node(struct parser *p, enum re_kind kind,
				struct re_node *const *kids, size_t kid_count)
{
	struct re_node *node = ksift_re_node_new(p->arena, kind, kids, kid_count);

	if (!node)
		p->no_memory = true;
	return node;
}

static void add_folded(struct parser *p, struct ksift_set *set, unsigned int c)
{
	re_set_add(set, c);
	if (p->flags & RE_FOLD) {
		re_set_add(set, upper(c));
		re_set_add(set, lower(c));
	}
}

static void add_class(struct parser *p, struct ksift_set *set, bool (*has)(unsigned int c))
{
	unsigned int c;

	for (c = 0; c < 256; c++)
		if (has(c))
			add_folded(p, set, c);
}

static void negate(struct ksift_set *set)
{
	int i;

	for (i = 0; i < 4; i++)
		set->bits[i] = ~set->bits[i];
}

/* The set is complete: what ends a line is in none. */
static struct re_node *new_set(struct parser *p, const struct ksift_set *set)
{
	struct re_node *node = new_node(p, RE_SET, NULL, 0);

	if (!node)
		return NULL;
	node->set = *set;
	if (p->flags & RE_NUL_LINES) {
		re_set_remove(&node->set, '\0');
		if (re_set_has(&node->set, '\n'))
			re_set_add(&node->set, '\0');
	}
	re_set_remove(&node->set, '\n');
	return node;
}

static struct re_node *new_char(struct parser *p, unsigned int c)
{
	struct ksift_set set = { 0 };

	add_folded(p, &set, c);
	return new_set(p, &set);
}

static struct re_node *new_assert(struct parser *p, enum re_assert assert)
{
	struct re_node *node = new_node(p, RE_ASSERT, NULL, 0);

	if (node)
		node->assert = assert;
	return node;
}

/**
 * struct element - What stands in a bracket, by itself or as the end of a range
 * @kind: 0 for a byte, else the byte after the [ of [:name:], [=a=], [.a.]
 * @c: The byte, but for a class
 * @len: Bytes of @name
 * @name: What is between the delimiters
 */
struct element {
	unsigned char kind;
	unsigned char c;
	unsigned int len;
	char name[NAME_MAX_BYTES];
};

static void parse_named(struct parser *p, struct element *e)
{
	unsigned char c;

	e->kind = p->text[p->pos + 1];
	p->pos += 2;
	for (;; e->len++) {
		if (p->pos >= p->len || e->len >= NAME_MAX_BYTES) {
			fail(p, ERR_BRACKET);
			return;
		}
		c = p->text[p->pos++];
		if (p->pos < p->len && c == e->kind && p->text[p->pos] == ']')
			break;
		e->name[e->len] = c;
	}
	p->pos++;
	e->c = e->name[0];
	if (e->kind != ':')
		p->collating = true;
}

/* There is a byte. */
static void parse_element(struct parser *p, struct element *e, bool hyphen_stands)
{
	unsigned char c = p->text[p->pos];
	unsigned char next = p->pos + 1 < p->len ? p->text[p->pos + 1] : 0;

	memset(e, 0, sizeof(*e));
	if (c == '[' && (next == ':' || next == '=' || next == '.')) {
		parse_named(p, e);
		return;
	}
	p->pos++;
	if (c == '-' && !hyphen_stands && !(p->pos < p->len && p->text[p->pos] == ']'))
		fail(p, ERR_RANGE);
	e->c = c;
}

static void add_element(struct parser *p, struct ksift_set *set, const struct element *e)
{
	size_t i;

	if (e->kind != ':') {
		if (e->kind && e->len != 1)
			fail(p, ERR_COLLATE);
		add_folded(p, set, e->c);
		return;
	}
	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		if (strlen(classes[i].name) == e->len &&
		    !memcmp(classes[i].name, e->name, e->len)) {
			add_class(p, set, classes[i].has);
			return;
		}
	}
	fail(p, ERR_CLASS);
}

static void add_range(struct parser *p, struct ksift_set *set, const struct element *from,
		      const struct element *to)
{
	bool fold = p->flags & RE_FOLD;
	unsigned int lo = from->c, hi = to->c, c;

	if (to->kind == ':' || to->kind == '=') {
		fail(p, ERR_RANGE);
		return;
	}
	if ((from->kind && from->len != 1) || (to->kind && to->len != 1)) {
		fail(p, ERR_COLLATE);
		return;
	}
	if (fold ? upper(lo) > upper(hi) : lo > hi) {
		fail(p, ERR_RANGE);
		return;
	}
	for (c = lo; c <= hi; c++)
		add_folded(p, set, c);
}

/* The - of a range follows. */
static bool parse_hyphen(struct parser *p, const struct element *from)
{
	if (from->kind == ':' || from->kind == '=')
		return false;
	if (p->pos >= p->len || (p->text[p->pos] == '-' && p->pos + 1 >= p->len)) {
		fail(p, ERR_BRACKET);
		return false;
	}
	return p->text[p->pos] == '-' && p->text[p->pos + 1] != ']';
}

/* After the [. */
static struct re_node *parse_bracket(struct parser *p)
{
	struct ksift_set set = { 0 };
	struct element from, to;
	bool negated, colon, others = false, special = false, first = true;

	negated = p->pos < p->len && p->text[p->pos] == '^';
	p->pos += negated;
	if (p->pos >= p->len) {
		fail(p, ERR_PATTERN);
		return NULL;
	}
	colon = p->text[p->pos] == ':';
	while (!failed(p) && (first || p->text[p->pos] != ']')) {
		bool range;

		parse_element(p, &from, first);
		if (failed(p))
			return NULL;
		first = false;
		range = parse_hyphen(p, &from);
		if (failed(p))
			return NULL;
		others |= from.c != ':';
		special |= range || from.kind;
		if (range) {
			p->pos++;
			parse_element(p, &to, true);
			if (failed(p))
				return NULL;
			add_range(p, &set, &from, &to);
		} else {
			add_element(p, &set, &from);
		}
		if (!failed(p) && p->pos >= p->len)
			fail(p, ERR_BRACKET);
	}
	if (failed(p))
		return NULL;
	p->pos++;
	if (colon && others && !special && from.c == ':')
		fail_dfa(p, DFA_COLON);
	if (negated)
		negate(&set);
	return new_set(p, &set);
}

/* As regcomp() reads numbers: -1 is none, -2 is no number. */
static int32_t regcomp_number(const struct parser *p, size_t *pos, char *end)
{
	bool ext = extended(p);
	int32_t n = -1;

	while (*pos < p->len) {
		unsigned char c = p->text[(*pos)++];
		bool escaped = c == '\\' && *pos < p->len;

		if (escaped)
			c = p->text[(*pos)++];
		if (c == '}' && escaped == !ext) {
			*end = '}';
			return n;
		}
		if (c == ',') {
			*end = ',';
			return n;
		}
		if (!is_digit(c) || (escaped && c != '0') || n == -2)
			n = -2;
		else
			n = n == -1 ? c - '0' : n * 10 + c - '0';
		if (n > REPEAT_MAX)
			n = REPEAT_MAX + 1;
	}
	*end = '\0';
	return -2;
}

/* What regcomp() says to an interval whose content begins at @pos. */
static void regcomp_interval(struct parser *p, size_t pos)
{
	int32_t min, max = -2;
	char end;

	min = regcomp_number(p, &pos, &end);
	if (min == -1) {
		if (end != ',') {
			fail(p, ERR_INTERVAL);
			return;
		}
		min = 0;
	}
	if (min != -2)
		max = end == '}' ? min : end == ',' ? regcomp_number(p, &pos, &end) : -2;
	if (min == -2 || max == -2) {
		if (!extended(p))
			fail(p, end ? ERR_INTERVAL : ERR_BRACE);
		return;
	}
	if ((max != -1 && min > max) || end != '}')
		fail(p, ERR_INTERVAL);
	else if ((max == -1 ? min : max) > REPEAT_MAX)
		fail(p, ERR_BIG);
}

static int32_t dfa_number(const struct parser *p, size_t *pos)
{
	int32_t n = -1;

	for (; *pos < p->len && is_digit(p->text[*pos]); (*pos)++) {
		n = (n < 0 ? 0 : n) * 10 + p->text[*pos] - '0';
		if (n > REPEAT_MAX)
			n = REPEAT_MAX + 1;
	}
	return n;
}

static void set_atom(struct parser *p, struct re_node *node)
{
	p->token = TOK_ATOM;
	p->atom = node;
	p->at_start = false;
	p->regcomp_atom = true;
}

static void set_assert(struct parser *p, enum re_assert assert)
{
	p->token = TOK_ATOM;
	p->atom = new_assert(p, assert);
	p->regcomp_atom = false;
}

static void set_repeat(struct parser *p, uint32_t min, uint32_t max, const char *warning)
{
	if (p->at_start && extended(p))
		warn(p, warning);
	/* To regcomp() it is a character in a basic regular expression, else nothing. */
	if (!p->regcomp_atom) {
		p->differs = true;
		p->regcomp_atom = !extended(p);
		p->regcomp_passed = extended(p);
	}
	p->token = TOK_REPEAT;
	p->min = min;
	p->max = max;
}

/* After the {. */
static void lex_interval(struct parser *p)
{
	size_t pos = p->pos;
	int32_t min, max;
	bool regcomp_atom = p->regcomp_atom, good;

	if (regcomp_atom)
		regcomp_interval(p, pos);
	if (!extended(p) && p->at_start) {
		set_atom(p, new_char(p, '{'));
		return;
	}
	min = dfa_number(p, &pos);
	max = min;
	if (pos < p->len && p->text[pos] == ',') {
		pos++;
		max = dfa_number(p, &pos);
		if (min < 0)
			min = 0;
	}
	good = min >= 0 && (max < 0 || min <= max);
	if (!extended(p))
		good = good && pos < p->len && p->text[pos++] == '\\';
	good = good && pos < p->len && p->text[pos++] == '}';
	if (!good) {
		if (!extended(p))
			fail_dfa(p, DFA_INTERVAL);
		set_atom(p, new_char(p, '{'));
		/* Where nothing is to be repeated, regcomp() passes over it. */
		if (extended(p) && !regcomp_atom) {
			p->differs = true;
			p->regcomp_atom = false;
			p->regcomp_passed = true;
		}
		return;
	}
	set_repeat(p, min, max < 0 ? RE_UNBOUNDED : (uint32_t)max, WARN_INTERVAL);
	if (min > REPEAT_MAX || max > REPEAT_MAX)
		fail_dfa(p, DFA_BIG);
	p->pos = pos;
	p->at_start = false;
	/* It passes over the { alone. */
	p->regcomp_atom = true;
	p->regcomp_passed = false;
}

static void open_group(struct parser *p, unsigned int nr)
{
	struct open_group *more;

	if (p->open_count == p->open_room) {
		p->open_room = p->open_room ? 2 * p->open_room : 16;
		more = ksift_re_alloc(p->arena, p->open_room * sizeof(*more));
		if (!more) {
			p->no_memory = true;
			return;
		}
		if (p->open_count)
			memcpy(more, p->open, p->open_count * sizeof(*more));
		p->open = more;
	}
	p->open[p->open_count++] = (struct open_group){ .nr = nr, .before = p->complete };
}

static void lex_open(struct parser *p)
{
	p->token = TOK_OPEN;
	p->depth++;
	open_group(p, ++p->regcomp_groups);
	p->at_start = true;
	p->anchor_here = true;
	p->regcomp_atom = false;
}

static void lex_close(struct parser *p, bool passed)
{
	if (p->open_count > 1 && !passed) {
		const struct open_group *group = &p->open[--p->open_count];

		p->complete |= group->after;
		if (group->nr <= BACKREF_MAX)
			p->complete |= 1U << group->nr;
	}
	if (!p->depth) {
		if (extended(p)) {
			p->stray_close = true;
			set_atom(p, new_char(p, ')'));
		} else {
			fail(p, ERR_RPAREN);
		}
		return;
	}
	p->token = TOK_CLOSE;
	p->depth--;
	p->at_start = false;
	p->regcomp_atom = true;
}

static void lex_or(struct parser *p)
{
	struct open_group *group = &p->open[p->open_count - 1];

	group->after |= p->complete;
	p->complete = group->before;
	p->token = TOK_OR;
	p->at_start = true;
	p->anchor_here = true;
	p->regcomp_atom = false;
}

static void lex_class(struct parser *p, bool (*has)(unsigned int c), bool negated)
{
	struct ksift_set set = { 0 };

	add_class(p, &set, has);
	if (negated)
		negate(&set);
	set_atom(p, new_set(p, &set));
}

static void lex_backref(struct parser *p, unsigned int nr)
{
	struct re_node *node;

	if (!(p->complete & 1U << nr)) {
		fail(p, ERR_BACKREF);
		return;
	}
	node = new_node(p, RE_BACKREF, NULL, 0);
	if (node)
		node->nr = nr;
	p->has_backrefs = true;
	set_atom(p, node);
}

/* Means the same in both kinds of expressions; false: nothing but the character. */
static bool lex_escape(struct parser *p, unsigned char c)
{
	switch (c) {
	case '1' ... '9':
		lex_backref(p, c - '0');
		return true;
	case '`':
		set_assert(p, RE_LINE_START);
		return true;
	case '\'':
		set_assert(p, RE_LINE_END);
		return true;
	case '<':
		set_assert(p, RE_WORD_START);
		return true;
	case '>':
		set_assert(p, RE_WORD_END);
		return true;
	case 'b':
		set_assert(p, RE_WORD_EDGE);
		return true;
	case 'B':
		set_assert(p, RE_NOT_WORD_EDGE);
		return true;
	case 'w':
	case 'W':
		lex_class(p, is_word, c == 'W');
		return true;
	case 's':
	case 'S':
		lex_class(p, is_space, c == 'S');
		return true;
	}
	return false;
}

/* An operator, with a backslash in one kind of expressions and without in the other. */
static bool lex_operator(struct parser *p, unsigned char c, bool passed)
{
	switch (c) {
	case '(':
		lex_open(p);
		return true;
	case ')':
		lex_close(p, passed);
		return true;
	case '|':
		lex_or(p);
		return true;
	case '{':
		lex_interval(p);
		return true;
	case '+':
	case '?':
		if (!extended(p) && p->at_start)
			return false;
		set_repeat(p, c == '+', c == '+' ? RE_UNBOUNDED : 1,
			   c == '+' ? WARN_PLUS : WARN_QUESTION);
		return true;
	}
	return false;
}

/* In a basic regular expression a $ is an anchor only where one could end. */
static bool end_anchor(const struct parser *p)
{
	const unsigned char *next = p->text + p->pos;

	if (extended(p) || p->pos >= p->len)
		return true;
	return p->pos + 1 < p->len && next[0] == '\\' && (next[1] == ')' || next[1] == '|');
}

static bool lex_plain(struct parser *p, unsigned char c, bool anchor_here)
{
	struct ksift_set set = { 0 };

	switch (c) {
	case '^':
		if (!extended(p) && !anchor_here)
			return false;
		set_assert(p, RE_LINE_START);
		return true;
	case '$':
		if (!end_anchor(p))
			return false;
		set_assert(p, RE_LINE_END);
		return true;
	case '*':
		if (!extended(p) && p->at_start)
			return false;
		set_repeat(p, 0, RE_UNBOUNDED, WARN_STAR);
		return true;
	case '.':
		negate(&set);
		set_atom(p, new_set(p, &set));
		return true;
	case '[':
		set_atom(p, parse_bracket(p));
		return true;
	}
	return false;
}

static void next_token(struct parser *p)
{
	bool anchor_here = p->anchor_here, passed = p->regcomp_passed, escaped, known;
	unsigned char c;

	p->anchor_here = false;
	p->regcomp_passed = false;
	p->token = TOK_END;
	if (failed(p))
		return;
	if (p->pos >= p->len) {
		if (p->open_count > 1)
			fail(p, ERR_PAREN);
		return;
	}
	c = p->text[p->pos++];
	escaped = c == '\\';
	if (escaped) {
		if (p->pos >= p->len) {
			fail(p, ERR_ESCAPE);
			return;
		}
		c = p->text[p->pos++];
	}
	known = escaped ? lex_escape(p, c) : lex_plain(p, c, anchor_here);
	if (!known && escaped == !extended(p))
		known = lex_operator(p, c, passed);
	if (!known)
		set_atom(p, new_char(p, c));
}

/* Nodes that are to be the kids of one. */
struct kids {
	struct re_node **nodes;
	size_t count;
	size_t room;
};

static void add_kid(struct parser *p, struct kids *kids, struct re_node *node)
{
	struct re_node **more;

	if (failed(p))
		return;
	if (kids->count == kids->room) {
		kids->room = kids->room ? kids->room * 2 : 4;
		more = ksift_re_alloc(p->arena, kids->room * sizeof(*more));
		if (!more) {
			p->no_memory = true;
			return;
		}
		if (kids->count)
			memcpy(more, kids->nodes, kids->count * sizeof(*more));
		kids->nodes = more;
	}
	kids->nodes[kids->count++] = node;
}

static struct re_node *join(struct parser *p, enum re_kind kind, const struct kids *kids)
{
	if (failed(p))
		return NULL;
	return kids->count == 1 ? kids->nodes[0] : new_node(p, kind, kids->nodes, kids->count);
}

static struct re_node *repeat(struct parser *p, struct re_node *kid, uint32_t min, uint32_t max)
{
	struct re_node *node;

	if (failed(p))
		return NULL;
	/* Of a*, all of *, + and ? make the same again. */
	if (kid->kind == RE_REPEAT && !kid->min && kid->max == RE_UNBOUNDED && max)
		return kid;
	node = new_node(p, RE_REPEAT, &kid, 1);
	if (node) {
		node->min = min;
		node->max = max;
	}
	return node;
}

static struct re_node *parse_alternatives(struct parser *p, unsigned int nesting);

static struct re_node *parse_group(struct parser *p, unsigned int nesting)
{
	unsigned int nr = ++p->out->groups;
	struct re_node *kid, *node;

	next_token(p);
	kid = parse_alternatives(p, nesting + 1);
	if (failed(p))
		return NULL;
	node = new_node(p, RE_GROUP, &kid, 1);
	if (node)
		node->nr = nr;
	return node;
}

/* The token is neither an end nor what ends a branch. */
static struct re_node *parse_repeated(struct parser *p, unsigned int nesting)
{
	struct re_node *node;

	if (p->token == TOK_OPEN) {
		node = parse_group(p, nesting);
		next_token(p);
	} else if (p->token == TOK_ATOM) {
		node = p->atom;
		next_token(p);
	} else {
		node = new_node(p, RE_EMPTY, NULL, 0);
	}
	while (p->token == TOK_REPEAT && !failed(p)) {
		node = repeat(p, node, p->min, p->max);
		next_token(p);
	}
	return node;
}

static struct re_node *parse_branch(struct parser *p, unsigned int nesting)
{
	struct kids kids = { 0 };

	while (!failed(p) && p->token != TOK_END && p->token != TOK_OR && p->token != TOK_CLOSE)
		add_kid(p, &kids, parse_repeated(p, nesting));
	if (!failed(p) && !kids.count)
		return new_node(p, RE_EMPTY, NULL, 0);
	return join(p, RE_CAT, &kids);
}

static struct re_node *parse_alternatives(struct parser *p, unsigned int nesting)
{
	struct kids kids = { 0 };

	if (nesting > RE_DEPTH_MAX / 2) {
		p->no_memory = true;
		return NULL;
	}
	add_kid(p, &kids, parse_branch(p, nesting));
	while (!failed(p) && p->token == TOK_OR) {
		next_token(p);
		add_kid(p, &kids, parse_branch(p, nesting));
	}
	return join(p, RE_ALT, &kids);
}

static struct re_node *parse_literal(struct parser *p)
{
	struct kids kids = { 0 };

	for (; !failed(p) && p->pos < p->len; p->pos++)
		add_kid(p, &kids, new_char(p, p->text[p->pos]));
	if (!failed(p) && !kids.count)
		return new_node(p, RE_EMPTY, NULL, 0);
	return join(p, RE_CAT, &kids);
}

static struct re_node *parse_text(struct parser *p, const void *text, size_t len)
{
	p->text = text;
	p->len = len;
	p->pos = 0;
	p->depth = 0;
	p->complete = 0;
	p->at_start = true;
	p->anchor_here = true;
	p->regcomp_atom = false;
	p->regcomp_passed = false;
	p->regcomp_groups = 0;
	p->open = NULL;
	p->open_count = 0;
	p->open_room = 0;
	open_group(p, 0);
	if (p->no_memory)
		return NULL;
	p->dfa_error = NULL;
	p->out->groups = 0;
	p->out->warning_count = 0;
	if (p->flags & RE_LITERAL)
		return parse_literal(p);
	next_token(p);
	return parse_alternatives(p, 0);
}

/* grep puts -w and -x around the text: there, a stray ) closes what they have opened. */
static struct re_node *parse_wrapped(struct parser *p, const char *text, size_t len)
{
	const char *before = p->flags & RE_LINES ? "^(" : "(^|\\W)(";
	const char *after = p->flags & RE_LINES ? ")$" : ")(\\W|$)";
	size_t len_before = strlen(before), len_after = strlen(after);
	char *wrapped = ksift_re_alloc(p->arena, len_before + len + len_after);

	if (!wrapped) {
		p->no_memory = true;
		return NULL;
	}
	memcpy(wrapped, before, len_before);
	memcpy(wrapped + len_before, text, len);
	memcpy(wrapped + len_before + len, after, len_after);
	return parse_text(p, wrapped, len_before + len + len_after);
}

static struct re_node *wrap(struct parser *p, struct re_node *tree)
{
	bool lines = p->flags & RE_LINES;
	struct re_node *kids[3];

	if (failed(p) || !(p->flags & (RE_LINES | RE_WORDS)))
		return tree;
	kids[0] = new_assert(p, lines ? RE_LINE_START : RE_NO_WORD_BEFORE);
	kids[1] = tree;
	kids[2] = new_assert(p, lines ? RE_LINE_END : RE_NO_WORD_AFTER);
	return failed(p) ? NULL : new_node(p, RE_CAT, kids, 3);
}

int ksift_re_parse(struct re_arena *arena, const char *text, size_t len, unsigned int flags,
		   struct re_parsed *out)
{
	struct parser p = {
		.arena = arena,
		.flags = flags,
		.out = out,
	};
	struct re_node *tree;
	bool any;

	memset(out, 0, sizeof(*out));
	tree = parse_text(&p, text, len);
	if (!failed(&p) && p.stray_close && (flags & (RE_LINES | RE_WORDS)) && !p.has_backrefs)
		tree = parse_wrapped(&p, text, len);
	else
		tree = wrap(&p, tree);
	if (p.no_memory)
		return -ENOMEM;
	if (!out->error)
		out->error = p.dfa_error;
	else
		out->warning_count = 0;
	if (out->error)
		return -EINVAL;
	out->by_process = p.has_backrefs || p.collating;
	/* Where regexec() alone is asked, its mistakes are grep's, and it may be any line. */
	any = p.collating || (p.has_backrefs && p.differs);
	out->tree = any ? new_node(&p, RE_EMPTY, NULL, 0) : tree;
	return out->tree ? 0 : -ENOMEM;
}
