// SPDX-License-Identifier: GPL-2.0-only
/*
 * Position automata, simulated: the state is a set of positions, and a byte leads to
 * those of its positions that follow one of the state's, or that a match begins at.
 *
 * A place is judged when the byte after it is known, since that is part of what an
 * end, and nothing at all, depend on.
 */
#include "automaton.h"

#define WORDS		4
#define SETS_FIXED	KSIFT_AUTOMATON_FOLLOW
/* Contexts, and what is next: see struct ksift_automaton. */
#define CONTEXTS	3
#define LINE_START	0
#define LINE_END	0
#define OTHER		1
#define WORD		2
/*
 * Enough for one cycle of all positions and a way there as long.  A call takes no longer
 * than some 200 us, with all of them in the state.
 */
#define ZEROS_MAX	1024ULL

/* Letters, digits and the underscore. */
static const u64 word_bytes[WORDS] = { 0x03ff000000000000, 0x07fffffe87fffffe };

static u32 next_of(u8 c)
{
	return word_bytes[c / 64] >> c % 64 & 1 ? WORD : OTHER;
}

static bool meet(const struct ksift_set *a, const struct ksift_set *b)
{
	u64 both = 0;
	u32 w;

	for (w = 0; w < WORDS; w++)
		both |= a->bits[w] & b->bits[w];
	return both;
}

static bool is_empty(const struct ksift_set *set)
{
	return !(set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]);
}

int ksift_nfa_verify(const struct ksift_nfa *nfa)
{
	struct ksift_set none = { };
	u32 i, w;

	if (!nfa->positions || nfa->positions > KSIFT_POSITIONS_MAX ||
	    nfa->empty >> (CONTEXTS * CONTEXTS))
		return -EINVAL;
	for (i = nfa->positions; i < KSIFT_POSITIONS_MAX; i++)
		none.bits[i / 64] |= (u64)1 << i % 64;
	for (i = 0; i < SETS_FIXED + nfa->positions; i++)
		for (w = 0; w < WORDS; w++)
			if (nfa->sets[i].bits[w] & none.bits[w])
				return -EINVAL;
	return 0;
}

void ksift_nfa_begin(const struct ksift_nfa *nfa, struct ksift_nfa_state *state)
{
	(void)nfa;
	memset(state, 0, sizeof(*state));
	state->context = LINE_START;
}

/* Does a match end at the place, before what is @next? */
static bool ends(const struct ksift_nfa *nfa, const struct ksift_nfa_state *state,
		 u32 next)
{
	return nfa->empty >> (CONTEXTS * state->context + next) & 1 ||
	       meet(&state->at, &nfa->sets[KSIFT_AUTOMATON_END + next]);
}

static void step(const struct ksift_nfa *nfa, struct ksift_nfa_state *state, u8 c)
{
	const struct ksift_set *follow = nfa->sets + KSIFT_AUTOMATON_FOLLOW;
	const struct ksift_set *byte = nfa->sets + KSIFT_AUTOMATON_BYTE + c;
	struct ksift_set to = nfa->sets[KSIFT_AUTOMATON_BEGIN + state->context];
	u32 w, v;

	for (w = 0; w < WORDS; w++) {
		u64 left = state->at.bits[w];

		for (; left; left &= left - 1) {
			const struct ksift_set *f = &follow[64 * w + ksift_low_bit(left)];

			for (v = 0; v < WORDS; v++)
				to.bits[v] |= f->bits[v];
		}
	}
	for (w = 0; w < WORDS; w++)
		state->at.bits[w] = to.bits[w] & byte->bits[w];
}

/*
 * With no position in the state, as nearly everywhere in most lines: pass over the bytes
 * at which no match begins.  Return: how many.
 */
static size_t idle(const struct ksift_nfa *nfa, struct ksift_nfa_state *state,
		   const u8 *buf, size_t len)
{
	const struct ksift_set *begin = nfa->sets + KSIFT_AUTOMATON_BEGIN;
	const struct ksift_set *byte = nfa->sets + KSIFT_AUTOMATON_BYTE;
	u32 context = state->context;
	size_t i;

	for (i = 0; i < len; i++) {
		u8 c = ksift_load8(buf + i);
		u32 next = next_of(c);

		if (nfa->empty >> (CONTEXTS * context + next) & 1) {
			state->found = true;
			break;
		}
		if (meet(&begin[context], &byte[c])) {
			state->context = context;
			step(nfa, state, c);
			context = next;
			i++;
			break;
		}
		context = next;
	}
	state->context = context;
	return i;
}

void ksift_nfa_feed(const struct ksift_nfa *nfa, struct ksift_nfa_state *state,
		    const u8 *buf, size_t len)
{
	size_t i = 0;

	while (i < len && !state->found) {
		u32 next;
		u8 c;

		if (is_empty(&state->at)) {
			i += idle(nfa, state, buf + i, len - i);
			continue;
		}
		c = ksift_load8(buf + i++);
		next = next_of(c);
		if (ends(nfa, state, next)) {
			state->found = true;
			break;
		}
		step(nfa, state, c);
		state->context = next;
	}
}

/*
 * What zeros lead to is soon the same for ever, unless positions go round: then after
 * some number of zeros.  R. P. Brent's way to find it (1980): compare with the state
 * after each power of two.
 */
u64 ksift_nfa_zeros(const struct ksift_nfa *nfa, struct ksift_nfa_state *state, u64 len)
{
	const u64 most = min(len, ZEROS_MAX);
	struct ksift_set seen;
	u64 done = 0, since = 0;

	while (done < most && !state->found) {
		if (ends(nfa, state, OTHER)) {
			state->found = true;
			break;
		}
		step(nfa, state, 0);
		state->context = OTHER;
		done++;
		if (done > 1 && !memcmp(&seen, &state->at, sizeof(seen)))
			return len - (len - done) % (done - since);
		if (!(done & (done - 1))) {
			seen = state->at;
			since = done;
		}
	}
	return state->found ? len : done;
}

bool ksift_nfa_end(const struct ksift_nfa *nfa, struct ksift_nfa_state *state)
{
	if (!state->found)
		state->found = ends(nfa, state, LINE_END);
	return state->found;
}
