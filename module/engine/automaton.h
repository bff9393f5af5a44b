/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Position automata, which decide about the patterns that a line program only
 * suspects, a line at a time.  What they mean is in ../uapi/ksift.h, at struct
 * ksift_automaton.
 */
#ifndef KSIFT_ENGINE_AUTOMATON_H
#define KSIFT_ENGINE_AUTOMATON_H

#include "port.h"
#include "../uapi/ksift.h"

/* Sets of an automaton: where it may begin, where it may end, of each byte; then what follows. */
#define KSIFT_AUTOMATON_BEGIN	0
#define KSIFT_AUTOMATON_END	3
#define KSIFT_AUTOMATON_BYTE	6
#define KSIFT_AUTOMATON_FOLLOW	262

/**
 * struct ksift_nfa - An automaton, verified
 * @sets: Its sets, as given
 * @positions: How many positions it has
 * @pattern: The pattern that it decides about
 * @empty: The contexts in which nothing at all is a match
 */
struct ksift_nfa {
	const struct ksift_set *sets;
	u32 positions;
	u32 pattern;
	u32 empty;
};

/**
 * struct ksift_nfa_state - How far it has come in a line
 * @at: The positions that it is at
 * @context: Of the place that it is at
 * @found: The line has a match
 */
struct ksift_nfa_state {
	struct ksift_set at;
	u32 context;
	bool found;
};

/**
 * ksift_nfa_verify() - May it be run?
 * @nfa: With all members set; @sets are not changed by others any more
 *
 * Return: 0, or -EINVAL.
 */
int ksift_nfa_verify(const struct ksift_nfa *nfa);

/**
 * ksift_nfa_begin() - Begin with the first byte of a line
 * @nfa: The automaton
 * @state: How far it has come
 */
void ksift_nfa_begin(const struct ksift_nfa *nfa, struct ksift_nfa_state *state);

/**
 * ksift_nfa_feed() - Go on in a line
 * @nfa: The automaton
 * @state: How far it has come
 * @buf: Bytes without a newline, which may change meanwhile: each is loaded once
 * @len: How many
 *
 * Takes time in proportion to @len and the number of positions.  Stops when the line
 * has a match: see @found.
 */
void ksift_nfa_feed(const struct ksift_nfa *nfa, struct ksift_nfa_state *state,
		    const u8 *buf, size_t len);

/**
 * ksift_nfa_zeros() - Go on with zero bytes
 * @nfa: The automaton
 * @state: How far it has come
 * @len: How many, not 0
 *
 * As fast for many as for few, unless the automaton counts them.
 *
 * Return: how many it went on over, at least 1.
 */
u64 ksift_nfa_zeros(const struct ksift_nfa *nfa, struct ksift_nfa_state *state,
		    u64 len);

/**
 * ksift_nfa_end() - The line ends
 * @nfa: The automaton
 * @state: How far it has come
 *
 * Return: true if the line has a match.
 */
bool ksift_nfa_end(const struct ksift_nfa *nfa, struct ksift_nfa_state *state);

#endif /* KSIFT_ENGINE_AUTOMATON_H */
