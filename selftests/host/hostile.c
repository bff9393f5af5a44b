// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the engine on text that changes at each load.  The text is unreadable, so an
 * instruction that loads from it traps; the handler changes the text, makes it
 * readable for that one instruction, and locks it again.  So no instruction sees
 * what the one before it saw, which a second thread could not achieve.
 *
 * In a build without optimization all loads of the source are instructions, in an
 * optimized one those that the compiler makes of them.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <ucontext.h>

#include <cmocka.h>

#include "lineprog_util.h"
#include "../level_lines.h"

#ifdef __x86_64__

#define TRAP_FLAG 0x100

/* Work is linear in the text, however that changes: so many looks a byte, at most. */
#define LOOKS_MAX 100

static struct guarded guard;
static u8 *text;
static size_t text_len;
static unsigned long looks, looks_before;

/* Changes the text, before @at in it is looked at. */
static void (*change)(size_t at);

static void lock_text(int prot)
{
	if (mprotect(guard.map, guard.end - (u8 *)guard.map, prot))
		abort();
}

static void before_look(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	u8 *at = info->si_addr;

	MUST(sig == SIGSEGV && at >= text && at < guard.end);
	lock_text(PROT_READ | PROT_WRITE);
	change(at - text);
	looks++;
	MUST(looks - looks_before <= LOOKS_MAX * (text_len + 64));
	uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void after_look(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	MUST(sig == SIGTRAP && info);
	lock_text(PROT_NONE);
	uc->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

/* Have the text, @len bytes that end at the guard page, change at each look. */
static u8 *begin_changes(const void *from, size_t len, void (*how)(size_t at))
{
	struct sigaction act = { .sa_flags = SA_SIGINFO };

	if (!guard.map)
		guard = guarded_alloc(4096);
	lock_text(PROT_READ | PROT_WRITE);
	text = guard.end - len;
	text_len = len;
	memcpy(text, from, len);
	change = how;
	looks_before = looks;
	act.sa_sigaction = before_look;
	sigaction(SIGSEGV, &act, NULL);
	act.sa_sigaction = after_look;
	sigaction(SIGTRAP, &act, NULL);
	lock_text(PROT_NONE);
	return text;
}

/* Two texts, one of which is there at each look. */
static const u8 *first, *second;

static void one_of_two(size_t at)
{
	(void)at;
	memcpy(text, rnd(2) ? first : second, text_len);
}

/* The levels that a line may have that is one of two. */
static void level_of_two(void **state)
{
	static const struct {
		const char *a, *b;
		u32 levels;
	} cases[] = {
#define L(level) (1 << KSIFT_LEVEL_##level)
		/* As a digit, the letter would be 59, and that is of level 3. */
		{ "<1>x", "<k>x", L(ALERT) | L(NONE) },
		{ "<12>x", "<1k>x", L(WARNING) | L(NONE) },
		{ "level=3 x", "level=k x", L(ERR) | L(NONE) },
		{ "level=10 x", "level=1x x", L(TRACE) | L(ALERT) | L(NONE) },
		{ "[ERROR]: x", "[error]: x", L(ERR) },
		{ "x ERROR\"]: y", "x error\"]: y", L(ERR) | L(NONE) },
		{ "E1120 12:34:56.789012 1 f.cc:56] m",
		  "X1120 12:34:56.789012 1 f.cc:56] m", L(ERR) | L(NONE) },
		{ "W/tag( 123): m", "I/tag( 123): m", L(WARNING) | L(INFO) },
		{ "EMERGENCY: x", "emergency  x", L(EMERG) | L(NONE) },
		{ "ERRERRERR xyz zyx yxz", "   ERR xx ERRxERR yxz", L(ERR) | L(NONE) },
#undef L
	};
	const struct ksift_variant_ops *const *v;
	unsigned int c, i;
	u32 level, msg;

	(void)state;
	for (c = 0; c < ARRAY_SIZE(cases); c++) {
		size_t len = strlen(cases[c].a);
		const u8 *line;

		assert_int_equal(len, strlen(cases[c].b));
		first = (const u8 *)cases[c].a;
		second = (const u8 *)cases[c].b;
		line = begin_changes(first, len, one_of_two);
		for (i = 0; i < 40; i++) {
			looks_before = looks;
			level = ksift_level_find(line, len, &msg);
			if (level >= KSIFT_LEVELS || !(cases[c].levels >> level & 1))
				fail_msg("level %u of %s, seed %#llx", level,
					 cases[c].a, (unsigned long long)seed);
			assert_in_range(msg, 0, len);
		}
		for (v = ksift_variants; *v; v++) {
			struct ksift_lead lead = { .end = len };

			if (!ksift_variant_usable(*v) || !(*v)->find_levels)
				continue;
			for (i = 0; i < 40; i++) {
				looks_before = looks;
				(*v)->find_levels(line, len, &lead, 1);
				ksift_level_complete(line, &lead, 1, true);
				if (lead.level >= KSIFT_LEVELS ||
				    !(cases[c].levels >> lead.level & 1))
					fail_msg("%s: level %u of %s, seed %#llx",
						 (*v)->name, lead.level, cases[c].a,
						 (unsigned long long)seed);
				assert_in_range(lead.msg, 0, len);
			}
		}
	}
}

/* Each integer is one that was there, and not of each half another. */
static void integers_of_two(void **state)
{
	enum { COUNT = 67 };
	static s64 ones[COUNT], zeros[COUNT];
	const struct ksift_variant_ops *const *v;
	unsigned int i;

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	first = (const u8 *)ones;
	second = (const u8 *)zeros;
	begin_changes(ones, sizeof(ones), one_of_two);
	for (v = ksift_variants; *v; v++) {
		if (!ksift_variant_usable(*v))
			continue;
		for (i = 0; i < 40; i++) {
			struct ksift_sum128 sum = { 0 };

			looks_before = looks;
			ksift_sum128_add(*v, &sum, text, COUNT);
			assert_true(sum.hi == (sum.lo ? UINT64_MAX : 0));
			assert_in_range(-sum.lo, 0, COUNT);
		}
	}
}

static const char *const words[] = {
	"\n", "\n", "E", "a", "x", " ", ":", "]", "\"", "<", "9", "\0",
	"ERROR", "error: ", " INFO ", "level=", "<34>", "[warn]", "\nE", "12:34:56 ",
};

static size_t word_len(const char *word)
{
	return *word ? strlen(word) : 1;
}

/* What is looked at next, or what is near, is another word; or all is as before. */
static void other_words(size_t at)
{
	const char *word = words[rnd(ARRAY_SIZE(words))];
	size_t len = word_len(word), back = rnd(len);

	if (!rnd(4))
		return;
	if (rnd(2))
		at += rnd(64);
	at -= min(at, back);
	if (at < text_len)
		memcpy(text + at, word, min(len, text_len - at));
}

static size_t make_text(u8 *to, size_t len)
{
	size_t i = 0;

	while (i < len) {
		const char *word = rnd(3) ? words[rnd(ARRAY_SIZE(words))] :
					    level_lines[rnd(LEVEL_LINES)].line;
		size_t n = min(word_len(word), len - i);

		memcpy(to + i, word, n);
		i += n;
		if (i < len && !rnd(4))
			to[i++] = '\n';
	}
	return len;
}

/* What is reported lies in the text, in order, whatever becomes of it. */
static void lines(void **state)
{
	static u8 from[2048];
	struct oracle_pattern pats[4];
	const struct ksift_variant_ops *const *v;
	struct ksift_lines_count count;
	unsigned int i, k, n;

	(void)state;
	for (i = 0; i < 40; i++) {
		size_t len = make_text(from, 200 + rnd(sizeof(from) - 200));
		unsigned int asked = rnd(256);
		struct ksift_prog *prog;
		uint64_t seed_here = seed;

		n = rnd(ARRAY_SIZE(pats) + 1);
		for (k = 0; k < n; k++) {
			/* Not the newlines. */
			const char *word = words[2 + rnd(16)];

			pats[k] = (struct oracle_pattern){
				(const u8 *)word, word_len(word), rnd(8),
				0 };
		}
		prog = make_prog(pats, n, rnd(4));
		if (asked & ONE_LEVEL)
			prog->level_mask = 1 << KSIFT_LEVEL_ERR;
		for (v = ksift_variants; *v; v++) {
			/* It looks at each byte, and so there are fewer of them. */
			size_t few = (*v)->find ? len : len / 8;

			if (!ksift_variant_usable(*v))
				continue;
			begin_changes(from + len - few, few, other_words);
			scan_text(prog, *v, text, few,
				  rnd(4) ? UINT64_MAX : rnd(few), 64 + rnd(4000),
				  asked, false, &count);
			if (seed_here == seed)
				fail_msg("%s has not looked at the text", (*v)->name);
		}
		free(prog);
	}
}

/*
 * All operations of a program see the same text: what two of them tell of the same byte
 * never differs.
 */
static void line_programs(void **state)
{
	static u8 from[2048];
	static struct program p;
	const struct ksift_variant_ops *const *v;
	struct ksift_lineprog *prog;
	unsigned int i;
	void *mem;

	(void)state;
	p.pattern_count = 2;
	add_set(&p, "E", 1, false);
	add_literal(&p, "E", 1, 0);
	add_op(&p, KSIFT_OP_CLASS, 0, 0, 0, 0);
	add_op(&p, KSIFT_OP_ADVANCE, 1, 0, 0, 1);
	add_op(&p, KSIFT_OP_LITERAL, 2, 0, 0, 0);
	add_op(&p, KSIFT_OP_XOR, 3, 1, 2, 0);
	add_op(&p, KSIFT_OP_ACCEPT, 0, 3, 0, 0);
	add_op(&p, KSIFT_OP_CLASS, 4, 0, 0, 1);
	add_op(&p, KSIFT_OP_XOR, 5, 4, 2, 0);
	add_op(&p, KSIFT_OP_ACCEPT, 0, 5, 0, 0);
	add_op(&p, KSIFT_OP_ACCEPT, 0, 2, 0, 1);
	assert_int_equal(make_program(&p, &prog, &mem), 0);
	for (i = 0; i < 40; i++) {
		size_t len = make_text(from, 100 + rnd(sizeof(from) - 100));

		for (v = ksift_variants; *v; v++) {
			struct ksift_lineprog_work *work;
			size_t at, k;
			void *how_far;

			if (!ksift_variant_usable(*v))
				continue;
			work = alloc64(ksift_lineprog_work_size(prog));
			how_far = alloc64(ksift_lineprog_state_size(prog));
			ksift_lineprog_begin(prog, how_far);
			begin_changes(from, len, other_words);
			for (at = 0; at < len;) {
				size_t n = ksift_lineprog_feed(*v, prog, how_far, work,
							       text + at, len - at,
							       len - at);

				assert_in_range(n, 1, len - at);
				assert_false(work->some & 1);
				for (k = 0; work->some & 2 && k < (n + 63) / 64; k++)
					assert_false(ksift_lineprog_accepted(work, 1)[k] &
						     ~work->newlines[k]);
				at += n;
			}
			/* Each byte is loaded once; of the last few, some may be twice. */
			assert_in_range(looks - looks_before, 1, len / 8 + 64);
			free(how_far);
			free(work);
		}
	}
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(level_of_two),
		cmocka_unit_test(integers_of_two),
		cmocka_unit_test(lines),
		cmocka_unit_test(line_programs),
	};
	const char *s = getenv("KSIFT_SEED");

	seed = s ? strtoull(s, NULL, 0) : 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}

#else

int main(void)
{
	puts("1..0 # SKIP it takes single steps, as of x86-64");
	return 0;
}

#endif
