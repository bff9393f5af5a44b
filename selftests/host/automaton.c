// SPDX-License-Identifier: GPL-2.0-only
/*
 * Position automata: what may be run, and random ones beside a search that goes back
 * over each way through the line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/automaton.h"
#include "engine_util.h"

#define SETS_MAX	(KSIFT_AUTOMATON_FOLLOW + KSIFT_POSITIONS_MAX)
#define LINE_MAX_LEN	10

static struct ksift_set sets[SETS_MAX];

static void set_add(struct ksift_set *set, u32 n)
{
	set->bits[n / 64] |= (u64)1 << n % 64;
}

static bool set_has(const struct ksift_set *set, u32 n)
{
	return set->bits[n / 64] >> n % 64 & 1;
}

static void bits_beyond(void **unused)
{
	static const u32 sizes[] = { 1, 63, 64, 65, 128, 200, 255, 256 };
	struct ksift_nfa nfa = { .sets = sets };
	u32 i, n, w;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		nfa.positions = sizes[i];
		memset(sets, 0, sizeof(sets));
		/* Sets that are not the automaton's do not count. */
		memset(sets + KSIFT_AUTOMATON_FOLLOW + sizes[i], 0xff,
		       (KSIFT_POSITIONS_MAX - sizes[i]) * sizeof(*sets));
		for (n = 0; n < KSIFT_AUTOMATON_FOLLOW + sizes[i]; n++)
			for (w = 0; w < sizes[i]; w++)
				set_add(&sets[n], w);
		assert_int_equal(ksift_nfa_verify(&nfa), 0);
		for (n = 0; n < KSIFT_AUTOMATON_FOLLOW + sizes[i]; n++)
			for (w = sizes[i]; w < KSIFT_POSITIONS_MAX; w++) {
				struct ksift_set was = sets[n];

				set_add(&sets[n], w);
				assert_int_equal(ksift_nfa_verify(&nfa), -EINVAL);
				sets[n] = was;
			}
	}
}

static void counts(void **unused)
{
	struct ksift_nfa nfa = { .sets = sets };

	(void)unused;
	memset(sets, 0, sizeof(sets));
	assert_int_equal(ksift_nfa_verify(&nfa), -EINVAL);
	for (nfa.positions = 1; nfa.positions <= KSIFT_POSITIONS_MAX; nfa.positions++)
		assert_int_equal(ksift_nfa_verify(&nfa), 0);
	assert_int_equal(ksift_nfa_verify(&nfa), -EINVAL);
	nfa.positions = U32_MAX;
	assert_int_equal(ksift_nfa_verify(&nfa), -EINVAL);
}

static void empty_bits(void **unused)
{
	struct ksift_nfa nfa = { .sets = sets, .positions = 1 };
	u32 bit;

	(void)unused;
	memset(sets, 0, sizeof(sets));
	for (bit = 0; bit < 32; bit++) {
		nfa.empty = (u32)1 << bit;
		assert_int_equal(ksift_nfa_verify(&nfa), bit < 9 ? 0 : -EINVAL);
	}
	nfa.empty = 0x1ff;
	assert_int_equal(ksift_nfa_verify(&nfa), 0);
}

/* The oracle. */

static bool oracle_word(u8 c)
{
	return isalnum(c) || c == '_';
}

static u32 oracle_context(const u8 *line, size_t at)
{
	return !at ? 0 : oracle_word(line[at - 1]) ? 2 : 1;
}

static u32 oracle_next(const u8 *line, size_t len, size_t at)
{
	return at == len ? 0 : oracle_word(line[at]) ? 2 : 1;
}

/* Having taken the bytes before @at, the last of them with @position. */
static bool oracle_from(const struct ksift_nfa *nfa, const u8 *line, size_t len,
			size_t at, u32 position)
{
	u32 q;

	if (set_has(&nfa->sets[KSIFT_AUTOMATON_END + oracle_next(line, len, at)], position))
		return true;
	for (q = 0; at < len && q < nfa->positions; q++)
		if (set_has(&nfa->sets[KSIFT_AUTOMATON_FOLLOW + position], q) &&
		    set_has(&nfa->sets[KSIFT_AUTOMATON_BYTE + line[at]], q) &&
		    oracle_from(nfa, line, len, at + 1, q))
			return true;
	return false;
}

static bool oracle_matches(const struct ksift_nfa *nfa, const u8 *line, size_t len)
{
	size_t at;
	u32 q;

	for (at = 0; at <= len; at++) {
		u32 context = oracle_context(line, at);

		if (nfa->empty >> (3 * context + oracle_next(line, len, at)) & 1)
			return true;
		for (q = 0; at < len && q < nfa->positions; q++)
			if (set_has(&nfa->sets[KSIFT_AUTOMATON_BEGIN + context], q) &&
			    set_has(&nfa->sets[KSIFT_AUTOMATON_BYTE + line[at]], q) &&
			    oracle_from(nfa, line, len, at + 1, q))
				return true;
	}
	return false;
}

/* Word, other, and what is next to them in ASCII. */
static const u8 alphabet[] = { 'a', 'z', 'A', 'Z', '0', '9', '_', ' ', '`', '{', '@', '[', '/',
			       ':', '^', 0, 0, 0x80, 0xff, 'a' + 0x80 };

static void add_some(struct ksift_set *set, u32 positions, u32 count)
{
	while (count--)
		set_add(set, rnd(positions));
}

/* A few positions that matter, among many. */
static void random_automaton(struct ksift_nfa *nfa)
{
	u32 n, letters = 2 + rnd(ARRAY_SIZE(alphabet) - 2);

	memset(sets, 0, sizeof(sets));
	*nfa = (struct ksift_nfa){
		.sets = sets,
		.positions = rnd(2) ? 1 + rnd(6) : 1 + rnd(KSIFT_POSITIONS_MAX),
		.empty = rnd(3) ? 0 : (u32)1 << rnd(9),
	};
	for (n = 0; n < 3; n++) {
		add_some(&sets[KSIFT_AUTOMATON_BEGIN + n], nfa->positions, rnd(4));
		add_some(&sets[KSIFT_AUTOMATON_END + n], nfa->positions,
			 rnd(1 + nfa->positions / 8));
	}
	for (n = 0; n < letters; n++)
		add_some(&sets[KSIFT_AUTOMATON_BYTE + alphabet[n]], nfa->positions,
			 rnd(1 + nfa->positions / 2));
	for (n = 0; n < nfa->positions; n++)
		add_some(&sets[KSIFT_AUTOMATON_FOLLOW + n], nfa->positions, rnd(4));
	assert_int_equal(ksift_nfa_verify(nfa), 0);
}

/* @cuts has a bit for each byte after which a piece ends. */
static bool run(const struct ksift_nfa *nfa, const u8 *line, size_t len, u32 cuts,
		struct guarded *g)
{
	struct ksift_nfa_state state;
	size_t from = 0, i;

	memset(&state, 0xa5, sizeof(state));
	ksift_nfa_begin(nfa, &state);
	for (i = 1; i <= len; i++) {
		if (i < len && !(cuts >> (i - 1) & 1))
			continue;
		memcpy(g->end - (i - from), line + from, i - from);
		ksift_nfa_feed(nfa, &state, g->end - (i - from), i - from);
		from = i;
	}
	return ksift_nfa_end(nfa, &state);
}

static void random_lines(void **unused)
{
	struct guarded g = guarded_alloc(LINE_MAX_LEN);
	u32 matched = 0, i, k, cuts;

	(void)unused;
	seed = 1;
	for (i = 0; i < 1500; i++) {
		struct ksift_nfa nfa;
		uint64_t case_seed = seed;

		random_automaton(&nfa);
		for (k = 0; k < 12; k++) {
			size_t len = rnd(LINE_MAX_LEN + 1), n;
			u8 line[LINE_MAX_LEN];
			bool want;

			for (n = 0; n < len; n++)
				line[n] = alphabet[rnd(ARRAY_SIZE(alphabet))];
			want = oracle_matches(&nfa, line, len);
			matched += want;
			for (cuts = 0; cuts < 1u << (len ? len - 1 : 0); cuts++)
				if (run(&nfa, line, len, cuts, &g) != want)
					fail_msg("seed %#llx, line %u, cuts %#x",
						 (unsigned long long)case_seed, k, cuts);
		}
	}
	/* Both answers are there often. */
	assert_in_range(matched, 1500 * 12 / 8, 1500 * 12 * 7 / 8);
	guarded_free(&g);
}

/* What is found first ends the work: nothing after it is read. */
static void stops(void **unused)
{
	struct guarded g = guarded_alloc(4096);
	struct ksift_nfa nfa = { .sets = sets, .positions = 1 };
	struct ksift_nfa_state state;
	u32 n;

	(void)unused;
	memset(sets, 0, sizeof(sets));
	for (n = 0; n < 6; n++)
		set_add(&sets[n], 0);
	set_add(&sets[KSIFT_AUTOMATON_BYTE + 'a'], 0);
	ksift_nfa_begin(&nfa, &state);
	memcpy(g.end - 2, "ab", 2);
	ksift_nfa_feed(&nfa, &state, g.end - 2, 1 << 30);
	assert_true(state.found);
	ksift_nfa_feed(&nfa, &state, g.end, 1);
	assert_int_equal(ksift_nfa_zeros(&nfa, &state, 1000), 1000);
	assert_true(ksift_nfa_end(&nfa, &state));
	guarded_free(&g);
}

/* The state is what feeding as many zeros gives, whatever number it says. */
static void zeros_fed(void **unused)
{
	static const u8 zeros[700];
	u32 i, jumps = 0;

	(void)unused;
	seed = 2;
	for (i = 0; i < 4000; i++) {
		u64 len = 1 + rnd(sizeof(zeros)), done, fed = 0, calls = 0;
		struct ksift_nfa_state a, b;
		struct ksift_nfa nfa;
		u8 before[4];
		u32 n, got = rnd(4);

		random_automaton(&nfa);
		for (n = 0; n < got; n++)
			before[n] = alphabet[rnd(ARRAY_SIZE(alphabet))];
		ksift_nfa_begin(&nfa, &a);
		ksift_nfa_feed(&nfa, &a, before, got);
		b = a;
		for (done = 0; done < len; done += fed, calls++) {
			fed = ksift_nfa_zeros(&nfa, &a, len - done);
			assert_in_range(fed, 1, len - done);
			ksift_nfa_feed(&nfa, &b, zeros, fed);
			assert_int_equal(a.found, b.found);
			if (!a.found)
				assert_memory_equal(&a, &b, sizeof(a));
		}
		jumps += len > 256 && calls <= 2;
		ksift_nfa_feed(&nfa, &a, before, got);
		ksift_nfa_feed(&nfa, &b, before, got);
		assert_int_equal(ksift_nfa_end(&nfa, &a), ksift_nfa_end(&nfa, &b));
	}
	assert_true(jumps > 1000);
}

/* A ring of @n positions, for zeros, that begins only at the line's start. */
static void ring(struct ksift_nfa *nfa, u32 n)
{
	u32 i;

	memset(sets, 0, sizeof(sets));
	*nfa = (struct ksift_nfa){ .sets = sets, .positions = n };
	set_add(&sets[KSIFT_AUTOMATON_BEGIN], 0);
	set_add(&sets[KSIFT_AUTOMATON_END], n - 1);
	for (i = 0; i < n; i++) {
		set_add(&sets[KSIFT_AUTOMATON_BYTE], i);
		set_add(&sets[KSIFT_AUTOMATON_FOLLOW + i], (i + 1) % n);
	}
}

static void zeros_many(void **unused)
{
	static const u32 sizes[] = { 1, 2, 3, 7, 60, 64, 100 };
	struct ksift_nfa nfa;
	u32 i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u32 n = sizes[i], more;

		for (more = 0; more < 2; more++) {
			u64 len = ((u64)1 << 50) / n * n + more, done = 0, calls = 0;
			struct ksift_nfa_state state;

			ring(&nfa, n);
			ksift_nfa_begin(&nfa, &state);
			for (; done < len; calls++)
				done += ksift_nfa_zeros(&nfa, &state, len - done);
			assert_in_range(calls, 1, 3);
			assert_int_equal(ksift_nfa_end(&nfa, &state), !more || n == 1);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_beyond),
		cmocka_unit_test(counts),
		cmocka_unit_test(empty_bits),
		cmocka_unit_test(random_lines),
		cmocka_unit_test(stops),
		cmocka_unit_test(zeros_fed),
		cmocka_unit_test(zeros_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
