// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler of regular expressions by itself: what it says to patterns that are
 * wrong, and what its programs accept.  Programs are checked by the rules of the contract
 * and interpreted a line and a place at a time, by what the contract says alone.
 *
 * "serve FILE FILE0" answers about patterns that are read from stdin, for regex-diff.py:
 * see serve().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/re_lower.h"
#include "../lib/re_parse.h"
#include "../lib/re_show.h"
#include "tap.h"

#define TEXT_MAX 1048576
#define LINE_MAX_BYTES 70000

/* Why a program breaks a rule of the contract, or NULL. */
static const char *verify(const struct re_program *p)
{
	bool written[KSIFT_REGISTERS_MAX] = { 0 };
	bool dead[KSIFT_REGISTERS_MAX], inside[KSIFT_REGISTERS_MAX];
	uint32_t i, r, end = 0;

	if (!p->op_count || p->op_count > KSIFT_OPS_MAX)
		return "number of operations";
	if (p->set_count > KSIFT_SETS_MAX || p->literal_count > KSIFT_OPS_MAX ||
	    p->hint_count > KSIFT_HINTS_MAX || p->registers > KSIFT_REGISTERS_MAX)
		return "number of something";
	for (i = 0; i < p->literal_count; i++)
		if (!p->literals[i].len || p->literals[i].len > KSIFT_OP_LITERAL_MAX ||
		    p->literals[i].flags & ~KSIFT_PATTERN_FOLD || p->literals[i].group)
			return "literal";
	for (i = 0; i < p->hint_count; i++)
		if (!p->hints[i].len || p->hints[i].len > KSIFT_PATTERN_LEN_MAX ||
		    p->hints[i].group ||
		    p->hints[i].flags & ~(KSIFT_PATTERN_FOLD | KSIFT_PATTERN_ANCHORED))
			return "hint";
	for (i = 0; i < p->op_count; i++) {
		const struct ksift_op *op = &p->ops[i];
		bool two = op->code == KSIFT_OP_AND || op->code == KSIFT_OP_OR ||
			   op->code == KSIFT_OP_ANDNOT || op->code == KSIFT_OP_XOR ||
			   op->code == KSIFT_OP_RUN || op->code == KSIFT_OP_THRU;
		bool one = op->code == KSIFT_OP_ADVANCE || op->code == KSIFT_OP_PARITY ||
			   op->code == KSIFT_OP_ACCEPT || op->code == KSIFT_OP_SKIP;
		bool carry = op->code == KSIFT_OP_ADVANCE || op->code == KSIFT_OP_RUN ||
			     op->code == KSIFT_OP_THRU || op->code == KSIFT_OP_PARITY ||
			     op->code == KSIFT_OP_ACCEPT;
		bool a, b, now;

		if (end && i == end) {
			for (r = 0; r < KSIFT_REGISTERS_MAX; r++)
				if (inside[r] && !dead[r])
					written[r] = false;
			end = 0;
		}
		if (op->__reserved || op->code > KSIFT_OP_SKIP)
			return "operation";
		if (op->dst >= KSIFT_REGISTERS_MAX ||
		    (op->dst && (op->code == KSIFT_OP_ACCEPT || op->code == KSIFT_OP_SKIP)))
			return "dst";
		if (op->code == KSIFT_OP_CLASS ? op->a >= p->set_count :
		    one || two ? op->a >= KSIFT_REGISTERS_MAX || !written[op->a] : op->a)
			return "a";
		if (two ? op->b >= KSIFT_REGISTERS_MAX || !written[op->b] : op->b)
			return "b";
		switch (op->code) {
		case KSIFT_OP_CLASS:
			now = op->k <= KSIFT_DISTANCE_MAX;
			break;
		case KSIFT_OP_ADVANCE:
			now = op->k && op->k <= KSIFT_DISTANCE_MAX;
			break;
		case KSIFT_OP_LITERAL:
			now = op->k < p->literal_count;
			break;
		case KSIFT_OP_ACCEPT:
			now = op->k < KSIFT_PATTERNS_MAX;
			break;
		case KSIFT_OP_SKIP:
			now = !end && op->k && op->k <= p->op_count - i - 1;
			break;
		default:
			now = !op->k;
		}
		if (!now)
			return "k";
		if (op->code == KSIFT_OP_SKIP) {
			end = i + 1 + op->k;
			memset(dead, 0, sizeof(dead));
			memset(inside, 0, sizeof(inside));
			dead[op->a] = true;
			continue;
		}
		a = end && (one || two) && dead[op->a];
		b = end && two && dead[op->b];
		if (end && carry && !a)
			return "what goes on in what is passed over";
		if (op->code == KSIFT_OP_ACCEPT)
			continue;
		written[op->dst] = true;
		if (!end)
			continue;
		inside[op->dst] = true;
		dead[op->dst] = op->code == KSIFT_OP_AND ? a || b :
			op->code == KSIFT_OP_OR || op->code == KSIFT_OP_XOR ? a && b : a;
	}
	return NULL;
}

static unsigned char folded(unsigned char c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? c | 32 : c;
}

static bool same_bytes(const unsigned char *text, const struct ksift_pattern *p)
{
	const unsigned char *bytes = (const unsigned char *)(uintptr_t)p->data;
	bool fold = p->flags & KSIFT_PATTERN_FOLD;
	uint32_t i;

	for (i = 0; i < p->len; i++)
		if (folded(text[i], fold) != folded(bytes[i], fold))
			return false;
	return true;
}

static unsigned char *registers;	/* A row of LINE_MAX_BYTES for each. */

#define REG(r) (registers + (size_t)(r) * LINE_MAX_BYTES)

/* A line, and the operation that is looked at. */
struct look {
	const struct re_program *program;
	const unsigned char *text;
	size_t n;
	const struct ksift_op *op;
	const unsigned char *a;
	const unsigned char *b;
};

/* Whether the result has place @i; @out has those before it. */
static bool place(const struct look *look, const unsigned char *out, size_t i)
{
	const struct ksift_op *op = look->op;
	const unsigned char *a = look->a, *b = look->b;
	const struct ksift_pattern *literal;
	size_t from;

	switch (op->code) {
	case KSIFT_OP_CLASS:
		from = i - op->k;
		return i >= op->k && re_set_has(&look->program->sets[op->a],
						from < look->n ? look->text[from] : '\n');
	case KSIFT_OP_NEWLINE:
		return i == look->n;
	case KSIFT_OP_START:
		return i == 0;
	case KSIFT_OP_LITERAL:
		literal = &look->program->literals[op->k];
		return i >= literal->len && same_bytes(look->text + i - literal->len, literal);
	case KSIFT_OP_AND:
		return a[i] && b[i];
	case KSIFT_OP_OR:
		return a[i] || b[i];
	case KSIFT_OP_ANDNOT:
		return a[i] && !b[i];
	case KSIFT_OP_XOR:
		return a[i] != b[i];
	case KSIFT_OP_ADVANCE:
		return i >= op->k && a[i - op->k];
	case KSIFT_OP_RUN:
		return a[i] || (i && out[i - 1] && b[i - 1]);
	case KSIFT_OP_THRU:
		if (i < look->n && b[i])
			return false;
		for (from = i; !a[from] && from && b[from - 1]; from--)
			;
		return a[from];
	default:
		return a[i] != (i && out[i - 1]);
	}
}

/* The patterns that a line of @n bytes and its newline has. */
static uint64_t run_line(const struct re_program *p, const unsigned char *text, size_t n)
{
	static unsigned char out[LINE_MAX_BYTES];
	uint64_t found = 0;
	size_t i, k;
	uint32_t nr;

	for (nr = 0; nr < p->op_count; nr++) {
		const struct ksift_op *op = &p->ops[nr];
		struct look look = { p, text, n, op, REG(op->a % KSIFT_REGISTERS_MAX), REG(op->b) };
		bool any = memchr(look.a, 1, n + 1);

		if (op->code == KSIFT_OP_SKIP) {
			/* What is not dead is not read afterwards; see verify(). */
			for (k = 1; !any && k <= op->k; k++)
				if (op[k].code != KSIFT_OP_ACCEPT)
					memset(REG(op[k].dst), 0, n + 1);
			nr += any ? 0 : op->k;
		} else if (op->code == KSIFT_OP_ACCEPT) {
			found |= (uint64_t)any << op->k;
		} else {
			for (i = 0; i <= n; i++)
				out[i] = place(&look, out, i);
			memcpy(REG(op->dst), out, n + 1);
		}
	}
	return found;
}

static bool has_hint(const struct re_program *p, const unsigned char *text, size_t n)
{
	uint32_t i;
	size_t at;

	for (i = 0; i < p->hint_count; i++) {
		const struct ksift_pattern *h = &p->hints[i];

		for (at = 0; at + h->len <= n; at++)
			if (same_bytes(text + at, h))
				return true;
			else if (h->flags & KSIFT_PATTERN_ANCHORED)
				break;
	}
	return !p->hint_count;
}

/**
 * struct text - Lines to look at
 * @bytes: All of them, with a newline after each
 * @len: Bytes
 * @lines: Lines
 */
struct text {
	unsigned char *bytes;
	size_t len;
	size_t lines;
};

static bool read_text(struct text *text, const char *name, bool swap)
{
	FILE *f = fopen(name, "rb");
	size_t i;

	text->bytes = malloc(TEXT_MAX);
	if (!f || !text->bytes)
		return false;
	text->len = fread(text->bytes, 1, TEXT_MAX, f);
	fclose(f);
	for (i = 0; i < text->len; i++) {
		if (swap && text->bytes[i] == '\0')
			text->bytes[i] = '\n';
		else if (swap && text->bytes[i] == '\n')
			text->bytes[i] = '\0';
		text->lines += text->bytes[i] == '\n';
	}
	/* Kept to the end. */
	return text->len < TEXT_MAX && text->len && text->bytes[text->len - 1] == '\n';
}

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void print_lines(const struct re_program *p, const struct text *text, size_t patterns)
{
	const unsigned char *at = text->bytes, *end = at + text->len, *newline;
	uint64_t *found = calloc(text->lines, sizeof(*found));
	bool *hinted = calloc(text->lines, sizeof(*hinted));
	size_t line, i;

	for (line = 0; at < end; line++, at = newline + 1) {
		newline = memchr(at, '\n', end - at);
		found[line] = run_line(p, at, newline - at);
		hinted[line] = has_hint(p, at, newline - at);
	}
	for (i = 0; i < patterns; i++) {
		printf("\t%d", p->answers[i]);
		for (line = 0; line < text->lines; line++)
			if (found[line] >> i & 1)
				printf(" %zu", line + 1);
	}
	printf("\t-");
	for (line = 0; line < text->lines; line++)
		if (!hinted[line])
			printf(" %zu", line + 1);
	free(found);
	free(hinted);
}

/*
 * Each line of stdin is the flags of ksift_re_parse(), those of ksift_re_lower(), and patterns in
 * hexadecimal, separated by commas.  The answer is a line of fields separated by tabs:
 * for each pattern "E" and its warnings and error separated by "|", or else "P"; and if
 * none has an error, operations, registers, sets, literals and hints; for each pattern
 * the enum re_answer and the numbers of the lines that have it; and "-" and the numbers
 * of lines that have none of the hints.
 */
static int serve(const char *name, const char *name0)
{
	static char line[1 << 20], bytes[1 << 19];
	struct text texts[2] = { 0 };
	unsigned int flags, lower_flags;
	size_t i, k;

	if (!read_text(&texts[0], name, false) || !read_text(&texts[1], name0, true))
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		struct re_pattern patterns[KSIFT_PATTERNS_MAX] = { 0 };
		struct re_arena arena = { 0 };
		struct re_program program;
		struct re_parsed parsed;
		size_t count = 0, n = 0;
		bool wrong = false;
		const char *why;
		char *at;

		flags = strtoul(line, &at, 10);
		lower_flags = strtoul(at, &at, 10);
		for (at++;; at++) {
			if (*at != ',' && *at != '\n') {
				bytes[n++] = hex_digit(at[0]) * 16 + hex_digit(at[1]);
				at++;
				continue;
			}
			i = count++;
			k = ksift_re_parse(&arena, bytes, n, flags, &parsed);
			printf("%s%s", i ? "\t" : "", k ? "E" : "P");
			for (k = 0; k < parsed.warning_count; k++)
				printf("|%s", parsed.warnings[k]);
			if (parsed.error)
				printf("|%s", parsed.error);
			wrong |= !parsed.tree;
			patterns[i].tree = parsed.tree;
			patterns[i].pattern = i;
			patterns[i].by_process = parsed.by_process;
			n = 0;
			if (*at == '\n')
				break;
		}
		if (!wrong) {
			if (ksift_re_lower(&arena, patterns, count, lower_flags, &program))
				return 2;
			why = verify(&program);
			if (why) {
				printf("\tbroken: %s", why);
			} else {
				printf("\t%u %u %u %u %u", program.op_count,
				       program.registers, program.set_count,
				       program.literal_count, program.hint_count);
				print_lines(&program, &texts[!!(flags & RE_NUL_LINES)], count);
			}
		}
		putchar('\n');
		fflush(stdout);
		ksift_re_arena_free(&arena);
	}
	return 0;
}

/* What is said of a pattern, "|" between: warnings, and then the error. */
static const struct {
	const char *opts;
	const char *pattern;
	const char *said;
} messages[] = {
	{ "", "[", "Invalid regular expression" },
	{ "", "[^", "Invalid regular expression" },
	{ "", "[a", "Unmatched [, [^, [:, [., or [=" },
	{ "", "[]", "Unmatched [, [^, [:, [., or [=" },
	{ "E", "[[:alpha:]", "Unmatched [, [^, [:, [., or [=" },
	{ "E", "[[:alpha:", "Unmatched [, [^, [:, [., or [=" },
	{ "E", "[[.a", "Unmatched [, [^, [:, [., or [=" },
	{ "E", "[[:foo:]]", "Invalid character class name" },
	{ "E", "z[:[:a:]", "Invalid character class name" },
	{ "E", "[[.ab.]]", "Invalid collation character" },
	{ "E", "[[=ab=]]", "Invalid collation character" },
	{ "E", "[[==]]", "Invalid collation character" },
	{ "E", "[z-a]", "Invalid range end" },
	{ "E", "[a-c-e]", "Invalid range end" },
	{ "E", "[a-[:alpha:]]", "Invalid range end" },
	{ "E", "[[=a=]-z]", "Invalid range end" },
	{ "E", "[[:digit:]-", "Invalid range end" },
	{ "E", "[a--]", "Invalid range end" },
	{ "Ei", "[Z-a]", "Invalid range end" },
	{ "Ei", "[a-Z]", "" },
	{ "E", "[a-Z]", "Invalid range end" },
	{ "E", "[[.a.]-[.z.]]", "" },
	{ "E", "[]-a]", "" },
	{ "E", "[--/]", "" },
	{ "", "[:space:]", "character class syntax is [[:space:]], not [:space:]" },
	{ "E", "[^:a:]", "character class syntax is [[:space:]], not [:space:]" },
	{ "E", "[::a:]", "character class syntax is [[:space:]], not [:space:]" },
	{ "E", "[:a-z:]", "" },
	{ "E", "[::]", "" },
	{ "E", "[:a]", "" },
	{ "E", "+[:a:]*+[:b:]",
	  "warning: + at start of expression|"
	  "character class syntax is [[:space:]], not [:space:]" },
	{ "E", "+[:a:](", "Unmatched ( or \\(" },
	{ "", "\\(", "Unmatched ( or \\(" },
	{ "", "a\\)", "Unmatched ) or \\)" },
	{ "E", "(a", "Unmatched ( or \\(" },
	{ "E", "a)", "" },
	{ "E", "(*)a", "Unmatched ( or \\(" },
	{ "", "a\\", "Trailing backslash" },
	{ "", "\\1", "Invalid back reference" },
	{ "", "\\(a\\1\\)", "Invalid back reference" },
	{ "E", "(a)|\\1", "Invalid back reference" },
	{ "E", "(a|(b))\\2", "" },
	{ "E", ".(\\`**)(b)\\1", "Invalid back reference" },
	{ "E", "(a)\\2", "Invalid back reference" },
	{ "E", "((a)|b^*)(|(|)\\2)", "Invalid back reference" },
	{ "E", "(()(a|\\B*)|(\\2))(^?)", "Unmatched ( or \\(" },
	{ "", "a\\{1", "Unmatched \\{" },
	{ "", "a\\{1x", "Unmatched \\{" },
	{ "", "a\\{1}", "Unmatched \\{" },
	{ "", "a\\{x,1", "Invalid content of \\{\\}" },
	{ "", "a\\{x\\}", "Invalid content of \\{\\}" },
	{ "", "a\\{\\}", "Invalid content of \\{\\}" },
	{ "", "a\\{1,2,3\\}", "Invalid content of \\{\\}" },
	{ "", "a\\{2,1\\}", "Invalid content of \\{\\}" },
	{ "", "a\\>\\{2,1\\}", "invalid content of \\{\\}" },
	{ "", "a\\{1\\,2\\}", "invalid content of \\{\\}" },
	{ "", "a\\{32768\\}", "Regular expression too big" },
	{ "", "\\{32768\\}", "" },
	{ "E", "a{32768}", "Regular expression too big" },
	{ "E", "{32768}", "warning: {...} at start of expression|regular expression too big" },
	{ "E", "a{2,1}", "Invalid content of \\{\\}" },
	{ "E", "a{1,2,3}", "Invalid content of \\{\\}" },
	{ "E", "a{}", "Invalid content of \\{\\}" },
	{ "E", "{}", "" },
	{ "E", "{2,1}", "" },
	{ "E", "{1}{2,1}", "Invalid content of \\{\\}" },
	{ "E", "a{1,2x}", "" },
	{ "E", "a{", "" },
	{ "E", "*a", "warning: * at start of expression" },
	{ "E", "**{2,1}", "warning: * at start of expression|warning: * at start of expression" },
	{ "E", "a|?", "warning: ? at start of expression" },
	{ "E", "(+a)", "warning: + at start of expression" },
	{ "E", "^{1}", "warning: {...} at start of expression" },
	{ "E", "a\\>*", "" },
	{ "", "*a\\|*", "" },
	{ "E", "\\d\\y\\ \\-", "" },
};

/* Lines with a newline after each: those that match, and those that do not. */
static const struct {
	const char *opts;
	const char *pattern;
	enum re_answer answer;
	const char *yes;
	const char *no;
} cases[] = {
	{ "", "abc", RE_EXACT, "abc\nxabcx\n", "\nab\nabd\nABC\n" },
	{ "i", "aBc-1", RE_EXACT, "abc-1\nABC-1\nxAbC-1\n", "abc-\nab-1\nabc\r1\n" },
	{ "", "", RE_EXACT, "\na\n", "" },
	{ "x", "", RE_EXACT, "\n", "a\n" },
	{ "w", "", RE_EXACT, "\n a\n--\na b \n", "a\na b\n" },
	{ "", "a", RE_EXACT, "a\nba\n", "\nb\nA\n" },
	{ "", "^*", RE_EXACT, "*\n*a\n", "\na*\n" },
	{ "", "^*a", RE_EXACT, "*a\n", "a\n" },
	{ "E", "^*a", RE_EXACT, "a\nba\n", "\nb\n" },
	{ "E", "^+a", RE_EXACT, "a\n", "ba\n" },
	{ "", "*a", RE_EXACT, "*a\n", "a\n" },
	{ "", "\\(*a\\)", RE_EXACT, "*a\n", "a\n" },
	{ "", "x\\(^a\\)", RE_EXACT, "", "xa\nx^a\n" },
	{ "", "x^a$b", RE_EXACT, "x^a$b\n", "xab\n" },
	{ "", "a\\>*b", RE_EXACT, "ab\n", "b\na*b\n" },
	{ "", "$*a", RE_EXACT, "a\n$$a\n", "\n$\n" },
	{ "", "a\\|b$", RE_EXACT, "a\nxb\n", "bx\n" },
	{ "E", "a$b|^", RE_EXACT, "\na\n", "" },
	{ "E", "a$b", RE_EXACT, "", "a\na$b\nab\n" },
	{ "E", "a{1", RE_EXACT, "a{1\n", "a\na{\n" },
	{ "E", "a{,2}b", RE_EXACT, "b\nab\naab\nxaaab\n", "a\n" },
	{ "E", "^a{,2}b", RE_EXACT, "b\nab\naab\n", "aaab\n" },
	{ "", "\\{1\\}", RE_EXACT, "{1}\n", "{\n1\n" },
	{ "E", "x*{0}a", RE_EXACT, "a\nxa\n", "x\n" },
	{ "E", "()", RE_EXACT, "\na\n", "" },
	{ "E", "a||b", RE_EXACT, "\nx\n", "" },
	{ "E", "a)", RE_EXACT, "a)\n", "a\n" },
	{ "xE", "a)|b", RE_EXACT, "a\nab\nb)\nxb)\n", "b\nxa\n" },
	{ "E", "[]a]", RE_EXACT, "]\na\n", "b\n[\n" },
	{ "E", "[a\\]x]", RE_EXACT, "\\x]\nax]\n", "a]\nx]\n]\n" },
	{ "E", "[^]a]", RE_EXACT, "b\n]b\n", "]\na\n\n" },
	{ "Ei", "[^a]", RE_EXACT, "b\n", "a\nA\n\n" },
	{ "Ei", "[a-Z]", RE_EXACT, "", "a\nz\nZ\n_\n" },
	{ "Ei", "[A-z]", RE_EXACT, "a\nZ\n_\n", "1\n" },
	{ "Ei", "[[:upper:]]", RE_EXACT, "a\nA\n", "1\n" },
	{ "E", "[[.a.]-[.c.]]x", RE_PROCESS, "bx\n", "" },
	{ "E", "[[=a=]b]x", RE_PROCESS, "ax\nbx\n", "" },
	{ "E", "\\w\\W\\s\\S", RE_EXACT, "a- b\n_  x\n", "a-b\n-- b\na- \n" },
	{ "E", "\\ba\\b", RE_EXACT, "a\n-a-\nb a\n", "ab\nba\n_a\n" },
	{ "E", "\\Ba", RE_EXACT, "ba\n", "a\n a\n" },
	{ "E", "\\<a|b\\>", RE_EXACT, "ab\na\nb\n", "bab_\n" },
	{ "E", "\\`a|b\\'", RE_EXACT, "ax\nxb\n", "xa\nbx\n" },
	{ "w", "ab", RE_EXACT, "ab\n-ab-\nab ab\nabc ab\n", "abc\nab_\n_ab\n1ab\n" },
	{ "wE", "a|ab", RE_EXACT, "a\nab\n", "abc\n" },
	{ "x", "ab", RE_EXACT, "ab\n", "abc\nxab\n" },
	{ "xw", "ab", RE_EXACT, "ab\n", "ab \n" },
	{ "E", "e.{12}x", RE_EXACT, "e123456789012x\nee123456789012x\n",
	  "e12345678901x\ne1234567890123x\n" },
	{ "E", "ab.{0,5}cd", RE_EXACT, "abcd\nab12345cd\nxabab12345cd\n", "ab123456cd\nabd\n" },
	{ "E", "^a{3,5}b", RE_EXACT, "aaab\naaaaab\n", "aab\naaaaaab\n" },
	{ "E", "x(a{1,2}){2,3}y", RE_EXACT, "xaay\nxaaaaaay\n", "xay\nxaaaaaaay\n" },
	{ "E", "x(a{2,3}){2,3}y", RE_EXACT, "xaaaay\nxaaaaaaaaay\n", "xaaay\nxaaaaaaaaaay\n" },
	{ "E", "x(a{3}){0,2}y", RE_EXACT, "xy\nxaaay\nxaaaaaay\n", "xay\nxaaaay\n" },
	{ "E", "x(a?)+y", RE_EXACT, "xy\nxaaay\n", "xby\n" },
	{ "E", "x(ab|c)*y", RE_WIDER, "xy\nxabcaby\n", "xdy\nxab\n" },
	{ "E", "(ab|c)*y", RE_EXACT, "y\nxaby\n", "x\n" },
	{ "E", "(ab)+", RE_EXACT, "ab\nxababx\n", "a\nba\n" },
	{ "E", "^.*a.*$", RE_EXACT, "a\nxax\n", "\nx\n" },
	{ "x", ".*", RE_EXACT, "\na\n", "" },
	{ "E", "a.{64}b", RE_EXACT,
	  "a0123456789012345678901234567890123456789012345678901234567890123b\n",
	  "a012345678901234567890123456789012345678901234567890123456789012b\n" },
	{ "E", "a.{65}b", RE_EXACT,
	  "a01234567890123456789012345678901234567890123456789012345678901234b\n",
	  "a0123456789012345678901234567890123456789012345678901234567890123b\n" },
	{ "Ei", "(b?\\>[^b]){2}([[.-.]]|)", RE_PROCESS, "a b \n", "" },
	{ "wE", "[[=a=]]", RE_PROCESS, "a\n", "" },
	{ "E", "(\\'|()+*a*+a(b|c)|[[.-.]-]){3,}", RE_PROCESS, "ab\n", "" },
	{ "", "a\\>*[[.-.]]", RE_PROCESS, "a*-\n", "" },
	{ "E", "(a)\\1", RE_PROCESS, "aa\n", "b\n" },
	{ "E", "([0-9]+)x\\1", RE_PROCESS, "12x12\n1x1\n", "x1\n1x\n" },
	{ "F", "a.b*", RE_EXACT, "a.b*\n", "axb\na.b\n" },
	{ "Fi", "a\\", RE_EXACT, "A\\\n", "a\n" },
	{ "F", "", RE_EXACT, "\na\n", "" },
	{ "z", "a.b", RE_EXACT, "axb\n", "ab\n" },
	{ "z", "^b", RE_EXACT, "b\n", "ab\n" },
	{ "E", "(ERROR|WARN).*(timeout|retry)", RE_EXACT, "ERROR timeout\nx WARN: retry\nWARNtimeout\n",
	  "timeout ERROR\nERROR\nERRORtimeou\n" },
	{ "E", "aba.*aba", RE_EXACT, "abaaba\naba aba\n", "ababa\n" },
};

static unsigned int opts_flags(const char *opts)
{
	static const char letters[] = "EFizwx";
	unsigned int flags = 0;

	for (; *opts; opts++)
		flags |= 1U << (strchr(letters, *opts) - letters);
	return flags;
}

static void test_messages(void)
{
	size_t i, k;

	for (i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		const char *pattern = messages[i].pattern;
		struct re_arena arena = { 0 };
		struct re_parsed parsed;
		char said[512] = "";
		int ret;

		ret = ksift_re_parse(&arena, pattern, strlen(pattern), opts_flags(messages[i].opts),
				     &parsed);
		for (k = 0; k < parsed.warning_count; k++) {
			strcat(said, *said ? "|" : "");
			strcat(said, parsed.warnings[k]);
		}
		if (parsed.error) {
			strcat(said, *said ? "|" : "");
			strcat(said, parsed.error);
		}
		ok(ret == (parsed.error ? -EINVAL : 0) && !strcmp(said, messages[i].said),
		   "-%s '%s' gets '%s'", messages[i].opts, pattern, said);
		ksift_re_arena_free(&arena);
	}
}

/* All lines are accepted, or, with @none, no line is. */
static bool accepts(const struct re_program *p, const char *lines, bool none)
{
	const char *end;

	for (; *lines; lines = end + 1) {
		const unsigned char *line = (const unsigned char *)lines;

		end = strchr(lines, '\n');
		if (run_line(p, line, end - lines) != !none)
			return false;
		if (!none && !has_hint(p, line, end - lines))
			return false;
	}
	return true;
}

static void test_cases(void)
{
	size_t i, flags;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *pattern = cases[i].pattern;
		struct re_arena arena = { 0 };
		struct re_parsed parsed;
		struct re_program program;
		bool good;

		good = !ksift_re_parse(&arena, pattern, strlen(pattern), opts_flags(cases[i].opts),
				       &parsed);
		for (flags = 0; good && flags <= (RE_NO_HINTS | RE_NO_SKIP); flags++) {
			struct re_pattern p = {
				.tree = parsed.tree,
				.by_process = parsed.by_process,
			};

			good = !ksift_re_lower(&arena, &p, 1, flags, &program) && !verify(&program) &&
			       program.answers[0] == cases[i].answer &&
			       !program.why[0] == (cases[i].answer == RE_EXACT) &&
			       accepts(&program, cases[i].yes, false) &&
			       accepts(&program, cases[i].no, true);
		}
		ok(good, "-%s '%s'", cases[i].opts, pattern);
		ksift_re_arena_free(&arena);
	}
}

/* What @n patterns make, all basic, or as @opts says; false: something is wrong. */
static bool make(struct re_arena *arena, const char *opts, const char *const *texts, size_t n,
		 struct re_pattern *patterns, struct re_program *program)
{
	struct re_parsed parsed;
	size_t i;

	for (i = 0; i < n; i++) {
		if (ksift_re_parse(arena, texts[i], strlen(texts[i]), opts_flags(opts), &parsed))
			return false;
		patterns[i].tree = parsed.tree;
		patterns[i].by_process = parsed.by_process;
	}
	return !ksift_re_lower(arena, patterns, n, 0, program) && !verify(program);
}

static uint64_t found(const struct re_program *program, const char *line)
{
	return run_line(program, (const unsigned char *)line, strlen(line));
}

static bool hint_is(const struct re_program *p, uint32_t nr, const char *bytes, uint32_t flags)
{
	const struct ksift_pattern *h = &p->hints[nr];

	return nr < p->hint_count && h->len == strlen(bytes) && h->flags == flags &&
	       !memcmp((const void *)(uintptr_t)h->data, bytes, h->len);
}

static void test_many(void)
{
	static const char *const texts[] = { "abc", "^x", "b*c", "\\(ab\\|c\\)*d" };
	struct re_pattern patterns[4] = {
		{ .pattern = 0 }, { .pattern = 5 }, { .pattern = 63 }, { .pattern = 5 }
	};
	struct re_arena arena = { 0 };
	struct re_program p;
	bool good;

	good = make(&arena, "", texts, 4, patterns, &p);
	ok(good && found(&p, "abc") == (1 | 1ULL << 63) && found(&p, "x") == 1 << 5 &&
	   found(&p, "xc") == (1 << 5 | 1ULL << 63) && found(&p, "d") == 1 << 5 &&
	   !found(&p, "ax"),
	   "patterns have their numbers, and some have one");
	ok(good && p.answers[0] == RE_EXACT && p.answers[5] == RE_EXACT &&
	   p.answers[63] == RE_EXACT, "each has an answer");
	ksift_re_arena_free(&arena);

	memset(patterns, 0, sizeof(patterns));
	patterns[1].pattern = 1;
	good = make(&arena, "E", (const char *const[]){ "lone", "x(ab|c)*\\w" }, 2, patterns, &p);
	ok(good && p.ops[0].code == KSIFT_OP_LITERAL && p.ops[1].code == KSIFT_OP_ACCEPT &&
	   !p.ops[1].k && p.answers[0] == RE_EXACT && p.answers[1] == RE_WIDER,
	   "a literal among others is two operations, and exact");
	ksift_re_arena_free(&arena);
}

static void test_hints(void)
{
	struct re_pattern patterns[3] = { 0 };
	struct re_arena arena = { 0 };
	struct re_program p;

	ok(make(&arena, "E", (const char *const[]){ "foo.*overflow[0-9]" }, 1, patterns, &p) &&
	   p.hint_count == 1 && hint_is(&p, 0, "overflow", 0), "the rarest string is a hint");
	ksift_re_arena_free(&arena);
	ok(make(&arena, "Ei", (const char *const[]){ "^Warning:" }, 1, patterns, &p) &&
	   hint_is(&p, 0, "warning:", KSIFT_PATTERN_FOLD | KSIFT_PATTERN_ANCHORED),
	   "one at the start of the line, in either case");
	ksift_re_arena_free(&arena);
	ok(make(&arena, "E", (const char *const[]){ "(panic|kernel panic|oops)!" }, 1, patterns,
		&p) && p.hint_count == 2 && hint_is(&p, 0, "panic", 0) && hint_is(&p, 1, "oops", 0),
	   "one of several, and none that has another");
	ksift_re_arena_free(&arena);
	ok(make(&arena, "E", (const char *const[]){ "panic|[0-9]+" }, 1, patterns, &p) &&
	   !p.hint_count, "none where an alternative has none");
	ksift_re_arena_free(&arena);
	ok(make(&arena, "E", (const char *const[]){ "(panic)?x*" }, 1, patterns, &p) &&
	   !p.hint_count, "none where nothing is needed");
	ksift_re_arena_free(&arena);
	ok(make(&arena, "E", (const char *const[]){ "e" }, 1, patterns, &p) && !p.hint_count,
	   "none that is short and common");
	ksift_re_arena_free(&arena);

	patterns[1].pattern = 1;
	patterns[1].group = 1;
	patterns[2].pattern = 2;
	patterns[2].exclude = true;
	ok(make(&arena, "", (const char *const[]){ "error", "segfault", "xyzzy" }, 3, patterns,
		&p) && p.hint_count == 1 && hint_is(&p, 0, "segfault", 0),
	   "the rarer of two groups, and no excluding pattern");
	ksift_re_arena_free(&arena);
	patterns[1].group = 0;
	ok(make(&arena, "", (const char *const[]){ "error", "segfault", "xyzzy" }, 3, patterns,
		&p) && p.hint_count == 2, "all of one group");
	ksift_re_arena_free(&arena);
}

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* @repeated @times, between @before and @after. */
static char *long_text(const char *before, const char *repeated, size_t times, const char *after)
{
	size_t len = strlen(repeated), i;
	char *text = calloc(1, strlen(before) + len * times + strlen(after) + 1);
	char *at = text + strlen(before);

	memcpy(text, before, strlen(before));
	for (i = 0; i < times; i++, at += len)
		memcpy(at, repeated, len);
	memcpy(at, after, strlen(after));
	return text;
}

/* Whatever is typed, there is an answer, and the line that it has to accept is. */
static void test_limits(void)
{
	static const struct {
		const char *before;
		const char *repeated;
		size_t times;
		const char *after;
		const char *line;
	} limits[] = {
		{ "x(a{1,255}){1,255}y", "", 0, "", "xaay" },
		{ "x((((a{1,9}b){1,9}c){1,9}d){1,9}e){1,9}y", "", 0, "", "xabcdey" },
		{ "xa{1,32767}y", "", 0, "", "xay" },
		{ "x[ab]{0,32767}c{3,32767}y", "", 0, "", "xaccccy" },
		{ "x", "(", 400, "", NULL },
		{ "x", "((a|b)?", 1, "){9}y", "xaby" },
		{ "x", "(a|b|cd)?", 3000, "y", "xaby" },
		{ "x", "(ab|c)*", 3000, "y", "xaby" },
		{ "x", "\\b", 5000, "x", NULL },
		{ "", "a", 100000, "", NULL },
		{ "", "[[:alpha:]]", 5000, "", NULL },
		{ "", ".", 20000, "", NULL },
		{ "a", "*", 20000, "", "b" },
		{ "", "x{9}{9}{9}", 1, "y", NULL },
		{ "(a)", "(\\1\\1\\1\\1\\1\\1)", 1, "b", "aaaaaaab" },
		{ "(ab)(\\1\\1\\1)(\\2\\2\\2\\2)(\\3\\3\\3\\3)(\\4\\4\\4\\4)(\\5\\5\\5)",
		  "", 0, "", NULL },
		{ "", "ab|", 20000, "b", "b" },
	};
	static char words[2000][9];
	char *text = calloc(2000, 9), sets[300][16], *all;
	struct re_pattern p = { 0 };
	struct re_arena arena = { 0 };
	struct re_parsed parsed;
	struct re_program program;
	uint64_t start;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		char *pattern = long_text(limits[i].before, limits[i].repeated, limits[i].times,
					  limits[i].after);
		const char *why = "wrong";

		start = milliseconds();
		ret = ksift_re_parse(&arena, pattern, strlen(pattern), RE_EXTENDED, &parsed);
		p.tree = parsed.tree;
		p.by_process = parsed.by_process;
		if (!ret)
			ret = ksift_re_lower(&arena, &p, 1, 0, &program);
		start = milliseconds() - start;
		if (!ret)
			why = verify(&program);
		ok((ret ? !limits[i].line : !why) && arena.used <= RE_MEMORY_MAX &&
		   (!limits[i].line || found(&program, limits[i].line)),
		   "'%.30s' %.9s %zu times: %d, %u operations, %zu KiB, %llu ms", limits[i].before,
		   limits[i].repeated, limits[i].times, ret, ret ? 0 : program.op_count,
		   arena.used >> 10, (unsigned long long)start);
		/* 50, on a machine that does other things meanwhile. */
		ok(start < 500, "it takes no time");
		ksift_re_arena_free(&arena);
		free(pattern);
	}

	/* Words of their own: too many for a program; every line that has one is accepted. */
	for (i = 0; i < 2000; i++) {
		snprintf(words[i], sizeof(words[i]), "%c%c%c%05zu", 'a' + (int)(i % 26),
			 'a' + (int)(i / 26 % 26), 'a' + (int)(i / 676), i);
		strcat(text + strlen(text), words[i]);
		if (i < 1999)
			strcat(text + strlen(text), "|");
	}
	ret = ksift_re_parse(&arena, text, strlen(text), RE_EXTENDED, &parsed);
	p = (struct re_pattern){ .tree = parsed.tree };
	if (!ret)
		ret = ksift_re_lower(&arena, &p, 1, 0, &program);
	for (i = 0; !ret && i < 2000 && found(&program, words[i]); i++)
		;
	ok(i == 2000 && !verify(&program) && program.answers[0] == RE_WIDER, "2000 words");
	ksift_re_arena_free(&arena);
	free(text);

	/* More sets than there may be, each of which is a part of the next. */
	all = calloc(300, sizeof(*sets));
	for (i = 0; i < 200; i++) {
		snprintf(sets[i], sizeof(sets[i]), "[%c%c]+", 'a' + (int)(i % 20),
			 'A' + (int)(i / 20));
		strcat(all, sets[i]);
	}
	ret = ksift_re_parse(&arena, all, strlen(all), RE_EXTENDED, &parsed);
	p = (struct re_pattern){ .tree = parsed.tree };
	if (!ret)
		ret = ksift_re_lower(&arena, &p, 1, 0, &program);
	for (i = 0; i < 200; i++)
		all[i] = sets[i][1];
	all[i] = '\0';
	ok(!ret && !verify(&program) && program.answers[0] == RE_WIDER && found(&program, all) &&
	   !found(&program, "abc"), "200 sets");
	ksift_re_arena_free(&arena);
	free(all);
}

/* More values at a time than there are registers: some are made again. */
static void test_registers(void)
{
	char *text = calloc(120, 20), line[256];
	struct re_pattern p = { 0 };
	struct re_arena arena = { 0 };
	struct re_parsed parsed;
	struct re_program program;
	bool good;
	size_t i;

	strcat(text, "x(");
	for (i = 0; i < 100; i++)
		sprintf(text + strlen(text), "%s.{%zu}%c.{%zu}", i ? "|" : "", i % 64 + 1,
			'a' + (int)(i % 26), i % 60 + 2);
	strcat(text, ")y");
	good = !ksift_re_parse(&arena, text, strlen(text), RE_EXTENDED, &parsed);
	p.tree = parsed.tree;
	good = good && !ksift_re_lower(&arena, &p, 1, 0, &program) && !verify(&program) &&
	       program.registers == KSIFT_REGISTERS_MAX && program.answers[0] == RE_EXACT;
	for (i = 0; good && i < 100; i++) {
		memset(line, '-', sizeof(line));
		line[0] = 'x';
		line[i % 64 + 2] = 'a' + i % 26;
		line[i % 64 + 3 + i % 60 + 2] = 'y';
		line[i % 64 + 3 + i % 60 + 3] = '\0';
		good = found(&program, line);
		line[i % 64 + 2] = '-';
		good = good && !found(&program, line);
	}
	ok(good, "more values than registers");
	ksift_re_arena_free(&arena);
	free(text);
}

/* The same where what a SKIP asks for is what is needed last. */
static void test_registers_skip(void)
{
	char *text = calloc(150, 8), line[1024] = "xyz";
	struct re_pattern p = { 0 };
	struct re_arena arena = { 0 };
	struct re_parsed parsed;
	struct re_program program;
	bool good;
	size_t i;

	strcat(text, "(xyz|xyz");
	for (i = 0; i < 140; i++) {
		size_t nr = i < 70 ? i : 139 - i;
		char word[3] = { 'a' + nr / 10, 'a' + nr % 10 };

		sprintf(text + strlen(text), "[12]%s", word);
		sprintf(line + strlen(line), "1%s", word);
	}
	strcat(text, ")[89]");
	strcat(line, "8");
	good = !ksift_re_parse(&arena, text, strlen(text), RE_EXTENDED, &parsed);
	p.tree = parsed.tree;
	good = good && !ksift_re_lower(&arena, &p, 1, 0, &program) && !verify(&program) &&
	       program.registers == KSIFT_REGISTERS_MAX && program.answers[0] == RE_EXACT &&
	       program.ops[1].code == KSIFT_OP_SKIP;
	ok(good && found(&program, line) && found(&program, "xyz9") && !found(&program, "xyz") &&
	   !found(&program, line + 3), "more values than registers, after a SKIP");
	ksift_re_arena_free(&arena);
	free(text);
}

static void test_show(void)
{
	static const char want[] =
		"lines that have one of these:\n"
		"       \"a\\tb\" in either case at the start\n"
		"program: 8 operations, 2 registers, 1 sets, 1 literals\n"
		"    0  r0 = the line's start\n"
		"    1  r1 = \"a\\tb\" in either case has come\n"
		"    2  r0 = 3 after r0\n"
		"    3  r0 = r1 and r0\n"
		"    4  without r0 go on at 8\n"
		"    5  r1 = [0-9\\\\\\]] comes next\n"
		"    6  r0 = r0 and r1\n"
		"    7  accept r0 for pattern 1\n"
		"pattern 1: the program decides\n";
	struct re_pattern pattern = { 0 };
	struct re_arena arena = { 0 };
	struct re_program program;
	const char *text = "";

	if (make(&arena, "Ei", (const char *const[]){ "^a\tb[]0-9\\]" }, 1, &pattern, &program))
		text = ksift_re_show(&arena, &program, false);
	if (!ok(text && !strcmp(text, want), "a program is shown"))
		printf("# %s\n", text ? text : "no memory");
	ksift_re_arena_free(&arena);
}

int main(int argc, char **argv)
{
	registers = calloc(KSIFT_REGISTERS_MAX, LINE_MAX_BYTES);
	if (!registers)
		return 2;
	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve(argv[2], argv[3]);
	test_messages();
	test_cases();
	test_many();
	test_hints();
	test_limits();
	test_registers();
	test_registers_skip();
	test_show();
	free(registers);
	return tap_end();
}
