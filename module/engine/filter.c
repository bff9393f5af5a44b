// SPDX-License-Identifier: GPL-2.0-only
/*
 * Literal patterns are compiled to an Aho-Corasick automaton (A. Aho and
 * M. Corasick, "Efficient string matching: an aid to bibliographic search",
 * CACM 18(6), 1975), one for the patterns taken as they are and one for those
 * that fold case.  It is what keeps every filter linear in the text, and the
 * reference that the vector variants are tested against.
 *
 * A line's start is the byte "\n" to the automaton.  Patterns have no newline,
 * so an anchored pattern is simply one that begins with it.
 */
#include "filter.h"

/* Bytes of one pattern's way through the trie, anchor included. */
static u32 path_len(const struct ksift_literal *lit)
{
	if (!lit->len)
		return 0;
	return lit->len + !!(lit->flags & KSIFT_PATTERN_ANCHORED);
}

static u8 path_byte(const struct ksift_literal *lit, u32 i)
{
	if (lit->flags & KSIFT_PATTERN_ANCHORED)
		return i ? lit->data[i - 1] : '\n';
	return lit->data[i];
}

/* Both automata together never need more nodes or tables than this. */
static u32 nodes_max(u32 count, u32 bytes)
{
	return bytes + count + 2;
}

static u32 tables_max(u32 count)
{
	return count + 2;
}

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static size_t grams_size(u32 count)
{
	return count > KSIFT_GRAM_PATTERNS ? align8(sizeof(struct ksift_grams)) :
					     0;
}

size_t ksift_prog_size(u32 count, u32 bytes)
{
	return align8(sizeof(struct ksift_prog)) +
	       align8((size_t)count * sizeof(struct ksift_literal)) +
	       (size_t)nodes_max(count, bytes) * sizeof(struct ksift_ac_node) +
	       (size_t)tables_max(count) * sizeof(u32[256]) +
	       grams_size(count) + bytes;
}

struct ksift_prog *ksift_prog_init(void *mem, u32 count, u32 bytes, u8 **data)
{
	struct ksift_prog *prog = mem;
	u8 *p = mem;

	prog->count = count;
	p += align8(sizeof(*prog));
	if (grams_size(count))
		prog->grams = (void *)p;
	p += grams_size(count);
	prog->lits = (void *)p;
	p += align8((size_t)count * sizeof(struct ksift_literal));
	prog->ac[0].nodes = (void *)p;
	p += (size_t)nodes_max(count, bytes) * sizeof(struct ksift_ac_node);
	prog->ac[0].tables = (void *)p;
	p += (size_t)tables_max(count) * sizeof(u32[256]);
	*data = p;
	return prog;
}

static u32 add_table(struct ksift_ac *ac, struct ksift_ac_node *node)
{
	u32 (*table)[256] = &ac->tables[ac->table_count++];

	if (node->child)
		(*table)[node->byte] = node->child;
	node->child = 0;
	node->table = ac->table_count;
	return node->table;
}

static void ac_init(struct ksift_ac *ac)
{
	ac->node_count = 1;
	add_table(ac, &ac->nodes[0]);
}

static u32 ac_child(const struct ksift_ac *ac, u32 state, u8 c)
{
	const struct ksift_ac_node *node = &ac->nodes[state];

	if (node->table)
		return ac->tables[node->table - 1][c];
	return node->byte == c ? node->child : 0;
}

static u32 ac_insert(struct ksift_ac *ac, u32 state, u8 c)
{
	struct ksift_ac_node *node = &ac->nodes[state];
	u32 next = ac_child(ac, state, c);

	if (next)
		return next;
	next = ac->node_count++;
	ac->nodes[next].depth = node->depth + 1;
	if (!node->table && node->child)
		add_table(ac, node);
	if (node->table) {
		ac->tables[node->table - 1][c] = next;
	} else {
		node->byte = c;
		node->child = next;
	}
	return next;
}

static void ac_add(struct ksift_ac *ac, const struct ksift_literal *lit, u32 bit)
{
	u32 i, len = path_len(lit), state = 0;

	ac->used = true;
	for (i = 0; i < len; i++)
		state = ac_insert(ac, state, path_byte(lit, i));
	ac->nodes[state].out |= 1ULL << bit;
}

/*
 * How common a byte is in logs, by kind; a guess is enough, since it decides
 * only how often a candidate is looked at in vain.
 */
#define LETTER(c) (1u << ((c) - 'a'))

static u32 commonness(u8 c)
{
	const u32 often = LETTER('e') | LETTER('t') | LETTER('a') | LETTER('o') |
			  LETTER('i') | LETTER('n') | LETTER('s') | LETTER('r') |
			  LETTER('l');
	const u32 seldom = LETTER('j') | LETTER('k') | LETTER('q') | LETTER('v') |
			   LETTER('w') | LETTER('x') | LETTER('y') | LETTER('z');

	if (c == ' ')
		return 9;
	if (c >= '0' && c <= '9')
		return 7;
	if (c >= 'a' && c <= 'z') {
		if (often & LETTER(c))
			return 8;
		return seldom & LETTER(c) ? 3 : 6;
	}
	if (c >= 'A' && c <= 'Z')
		return 4;
	if (c == '.' || c == ':' || c == '-' || c == '/' || c == '=')
		return 5;
	return c > ' ' && c < 0x7f ? 2 : 1;
}

/* The bits that count in a pattern's byte: a letter's two cases differ in one. */
static u8 case_mask(u8 c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (u8)~('a' - 'A') : 0xff;
}

static void probe_add(struct ksift_probe *probe, u32 off, u8 c, bool fold)
{
	u32 i = probe->count++;

	probe->off[i] = off;
	probe->val[i] = c;
	probe->mask[i] = case_mask(c, fold);
	probe->masked |= probe->mask[i] != 0xff;
}

/* Add the rarest bytes of @lit, which begins @off bytes on, up to @count. */
static void probe_rarest(struct ksift_probe *probe,
			 const struct ksift_literal *lit, u32 off, u32 count)
{
	u32 i, k, n = min(count - probe->count, lit->len);
	u32 best[KSIFT_HUNT_PROBES];

	for (k = 0; k < n; k++) {
		u32 rarest = 10;

		for (i = 0; i < lit->len; i++) {
			u32 j, c = commonness(lit->data[i]);

			for (j = 0; j < k && best[j] != i; j++)
				;
			if (j == k && c < rarest) {
				rarest = c;
				best[k] = i;
			}
		}
		probe_add(probe, off + best[k], lit->data[best[k]],
			  lit->flags & KSIFT_PATTERN_FOLD);
	}
}

static void probe_end(struct ksift_probe *probe)
{
	u32 i;

	for (i = probe->count; i < KSIFT_PROBES_MAX; i++) {
		probe->off[i] = probe->off[0];
		probe->mask[i] = probe->mask[0];
		probe->val[i] = probe->val[0];
	}
}

static void make_probe(struct ksift_literal *lit)
{
	u32 i, exact = lit->flags & KSIFT_PATTERN_FOLD ? KSIFT_PROBES_FOLD :
							 KSIFT_PROBES_MAX;
	struct ksift_probe *probe = &lit->probe;

	/* Three rare bytes leave few candidates; more cost more than they save. */
	if (lit->len > exact)
		probe_rarest(probe, lit, 0, KSIFT_HUNT_PROBES);
	else
		for (i = 0; i < lit->len; i++)
			probe_add(probe, i, lit->data[i],
				  lit->flags & KSIFT_PATTERN_FOLD);
	probe_end(probe);
}

/* As ksift_literal_begins() looks at it. */
static void make_head(struct ksift_literal *lit)
{
	u8 head[sizeof(lit->head)] = { 0 }, mask[sizeof(lit->head)] = { 0 };
	u32 i;

	for (i = 0; i < lit->len && i < sizeof(head); i++) {
		head[i] = lit->data[i];
		mask[i] = case_mask(head[i], lit->flags & KSIFT_PATTERN_FOLD);
	}
	lit->head = ksift_load64(head);
	lit->head_mask = ksift_load64(mask);
}

static void make_hunt(struct ksift_prog *prog)
{
	const struct ksift_literal *lit = &prog->lits[prog->sole];
	u32 anchor = !!(lit->flags & KSIFT_PATTERN_ANCHORED);

	if (anchor)
		probe_add(&prog->hunt, 0, '\n', false);
	probe_rarest(&prog->hunt, lit, anchor, KSIFT_HUNT_PROBES);
	probe_end(&prog->hunt);
}

static void make_terms(struct ksift_prog *prog)
{
	u64 groups[KSIFT_GROUPS_MAX] = { 0 };
	u64 exclude = 0;
	u32 i;

	for (i = 0; i < prog->count; i++) {
		const struct ksift_literal *lit = &prog->lits[i];
		u64 bit = 1ULL << i;

		if (!lit->len)
			prog->always |= bit;
		if (lit->flags & KSIFT_PATTERN_EXCLUDE) {
			exclude |= bit;
		} else {
			prog->include |= bit;
			groups[lit->group] |= bit;
		}
	}
	/* A group with the empty pattern in it is no condition. */
	for (i = 0; i < KSIFT_GROUPS_MAX; i++)
		if (groups[i] && !(groups[i] & prog->always))
			prog->terms[prog->term_count++] = groups[i];
	if (exclude) {
		prog->terms[prog->term_count++] = exclude;
		prog->has_exclude = true;
		if (exclude & prog->always)
			prog->never = true;
	}
}

static void make_term_of(struct ksift_prog *prog)
{
	u32 i, t;

	for (i = 0; i < prog->count; i++) {
		prog->term_of[i] = KSIFT_TERMS_MAX;
		for (t = 0; t < prog->term_count; t++)
			if (prog->terms[t] >> i & 1)
				prog->term_of[i] = t;
	}
}

/*
 * The patterns that a search has to find, those alike next to each other, and
 * the shortest one's length.
 */
static u32 sort_searched(const struct ksift_prog *prog, u8 *order, u32 *shortest)
{
	u32 i, k, n = 0;

	*shortest = KSIFT_PATTERN_LEN_MAX;
	for (i = 0; i < prog->count; i++) {
		const struct ksift_literal *lit = &prog->lits[i];

		/* The empty one is in every line. */
		if (!lit->len || prog->term_of[i] == KSIFT_TERMS_MAX)
			continue;
		*shortest = min(*shortest, lit->len);
		for (k = n++; k; k--) {
			const struct ksift_literal *prev =
				&prog->lits[order[k - 1]];

			if (memcmp(prev->data, lit->data,
				   min(prev->len, lit->len)) <= 0)
				break;
			order[k] = order[k - 1];
		}
		order[k] = i;
	}
	return n;
}

static void teddy_add(struct ksift_teddy *teddy, u32 bucket,
		      const struct ksift_literal *lit)
{
	u32 k;

	for (k = 0; k < teddy->width; k++) {
		u8 c;

		if (k >= lit->len) {
			for (c = 0; c < 16; c++) {
				teddy->low[k][c] |= 1 << bucket;
				teddy->high[k][c] |= 1 << bucket;
			}
			continue;
		}
		c = lit->data[k];
		teddy->low[k][c & 15] |= 1 << bucket;
		teddy->high[k][c >> 4] |= 1 << bucket;
		/* The two cases of a letter have the same low half. */
		if ((lit->flags & KSIFT_PATTERN_FOLD) && c >= 'A' && c <= 'Z')
			teddy->high[k][(c >> 4) + 2] |= 1 << bucket;
	}
}

static void gram_add(struct ksift_grams *grams, u32 pattern, const u8 *p,
		     u32 off)
{
	u32 value = ksift_gram_at(grams, p + off);
	u32 hash = ksift_gram_hash(value), i = grams->count++;
	struct ksift_gram *gram = &grams->list[i];
	u16 *first = &grams->first[hash % KSIFT_GRAM_LISTS];

	gram->value = value;
	gram->pattern = pattern;
	gram->off = off;
	gram->next = *first;
	*first = i + 1;
	grams->some[hash / 64] |= 1ULL << hash % 64;
}

/* Of the patterns of @order, the shortest of which has @len bytes. */
static void make_grams(struct ksift_prog *prog, const u8 *order, u32 n, u32 len)
{
	struct ksift_grams *grams = prog->grams;
	u32 i, off;

	if (n <= KSIFT_GRAM_PATTERNS || len <= KSIFT_GRAM) {
		prog->grams = NULL;
		return;
	}
	grams->step = min(len - KSIFT_GRAM + 1, KSIFT_GRAM_STEP);
	for (i = 0; i < n; i++)
		if (prog->lits[order[i]].flags & KSIFT_PATTERN_FOLD)
			grams->fold = 0x20202020;
	for (i = 0; i < n; i++)
		for (off = 0; off < grams->step; off++)
			gram_add(grams, order[i], prog->lits[order[i]].data,
				 off);
}

static void make_search(struct ksift_prog *prog)
{
	u8 order[KSIFT_PATTERNS_MAX];
	u32 i, width, n = sort_searched(prog, order, &width);

	if (prog->grams)
		make_grams(prog, order, n, width);
	width = min(width, KSIFT_TEDDY_WIDTH);

	if (n == 1) {
		prog->sole = order[0];
		make_hunt(prog);
	}
	if (n <= 1)
		return;
	/* Where a short one is the last of a text, the automata see it. */
	prog->teddy.width = width <= 2 ? 2 : KSIFT_TEDDY_WIDTH;
	for (i = 0; i < n; i++) {
		u32 bucket = i * KSIFT_BUCKETS / max(n, KSIFT_BUCKETS);

		prog->buckets[bucket] |= 1ULL << order[i];
		teddy_add(&prog->teddy, bucket, &prog->lits[order[i]]);
	}
}

void ksift_prog_start(struct ksift_build *build, struct ksift_prog *prog,
		      u8 *data, u32 filter_flags)
{
	u32 i, exact_nodes = 1, exact_tables = 1;

	memset(build, 0, sizeof(*build));
	build->prog = prog;
	build->data = data;
	prog->invert = filter_flags & KSIFT_FILTER_INVERT;
	if (!prog->count && (filter_flags & KSIFT_FILTER_MATCH_NONE_IF_EMPTY))
		prog->never = true;

	for (i = 0; i < prog->count; i++) {
		struct ksift_literal *lit = &prog->lits[i];

		if (!(lit->flags & KSIFT_PATTERN_FOLD)) {
			exact_nodes += path_len(lit);
			exact_tables++;
		}
		prog->reach = max(prog->reach, path_len(lit));
		if (lit->flags & KSIFT_PATTERN_ANCHORED)
			prog->anchored = true;
	}
	make_terms(prog);
	make_term_of(prog);
	prog->vector = prog->term_count <= KSIFT_VECTOR_TERMS;

	prog->ac[1].nodes = prog->ac[0].nodes + exact_nodes;
	prog->ac[1].tables = prog->ac[0].tables + exact_tables;
	ac_init(&prog->ac[0]);
	ac_init(&prog->ac[1]);
}

static struct ksift_ac *ac_of(struct ksift_prog *prog,
			      const struct ksift_literal *lit)
{
	return &prog->ac[!!(lit->flags & KSIFT_PATTERN_FOLD)];
}

static void insert(struct ksift_build *build, struct ksift_literal *lit)
{
	u32 i;

	lit->data = build->data;
	build->data += lit->len;
	if (lit->flags & KSIFT_PATTERN_FOLD)
		for (i = 0; i < lit->len; i++)
			lit->data[i] = ksift_upper(lit->data[i]);
	if (lit->len) {
		make_probe(lit);
		make_head(lit);
		ac_add(ac_of(build->prog, lit), lit, build->inserted);
	}
	build->inserted++;
}

/* Give the node that @build's cursor @i reaches next its suffix. */
static void link_next(struct ksift_build *build, u32 i)
{
	struct ksift_literal *lit = &build->prog->lits[i];
	struct ksift_ac *ac = ac_of(build->prog, lit);
	u32 parent = build->cursor[i];
	u8 c = path_byte(lit, build->depth);
	u32 state = ac_child(ac, parent, c);
	struct ksift_ac_node *node = &ac->nodes[state];

	build->cursor[i] = state;
	/* Shared with an earlier pattern, or just below the root. */
	if (node->fail || !parent)
		return;
	node->fail = ksift_ac_step(ac, ac->nodes[parent].fail, c);
	node->out |= ac->nodes[node->fail].out;
}

static void finish_build(struct ksift_prog *prog)
{
	u32 c;

	make_search(prog);
	prog->ac[0].start = ac_child(&prog->ac[0], 0, '\n');
	prog->ac[1].start = ac_child(&prog->ac[1], 0, '\n');
	for (c = 0; c < ARRAY_SIZE(prog->wakes); c++)
		prog->wakes[c] = c == '\n' || ac_child(&prog->ac[0], 0, c) ||
				 ac_child(&prog->ac[1], 0, ksift_upper(c));
}

bool ksift_prog_step(struct ksift_build *build)
{
	struct ksift_prog *prog = build->prog;
	u32 i, k;

	/* Insert a pattern a step; then the links, the shallow ones first. */
	if (build->inserted < prog->count) {
		struct ksift_literal *lit = &prog->lits[build->inserted];

		insert(build, lit);
		return true;
	}
	for (k = 0; k < 16; k++) {
		if (build->depth == prog->reach) {
			finish_build(prog);
			return false;
		}
		for (i = 0; i < prog->count; i++)
			if (build->depth < path_len(&prog->lits[i]))
				link_next(build, i);
		build->depth++;
	}
	return true;
}

bool ksift_literal_equal(const struct ksift_literal *lit, const u8 *text)
{
	u32 i;

	if (!(lit->flags & KSIFT_PATTERN_FOLD))
		return !memcmp(text, lit->data, lit->len);
	for (i = 0; i < lit->len; i++)
		if (ksift_upper(text[i]) != lit->data[i])
			return false;
	return true;
}

bool ksift_begins(const struct ksift_prog *prog, u8 buckets, const u8 *buf,
		  size_t at, size_t avail, bool start, u32 *pattern,
		  size_t *budget)
{
	u32 b;

	for (b = 0; b < KSIFT_BUCKETS; b++) {
		u64 left = buckets >> b & 1 ? prog->buckets[b] : 0;

		for (; left && *budget; left &= left - 1) {
			*pattern = ksift_low_bit(left);
			if (ksift_literal_begins(&prog->lits[*pattern], buf, at,
						 avail, start, budget))
				return true;
		}
	}
	return false;
}

bool ksift_gram_begins(const struct ksift_prog *prog, const u8 *buf, size_t at,
		       size_t from, size_t to, size_t avail, bool start,
		       size_t *where, u32 *pattern, size_t *budget)
{
	const struct ksift_grams *grams = prog->grams;
	u32 value = ksift_gram_at(grams, buf + at), next;

	next = grams->first[ksift_gram_hash(value) % KSIFT_GRAM_LISTS];
	while (next && *budget) {
		const struct ksift_gram *gram = &grams->list[next - 1];

		next = gram->next;
		*budget -= min(*budget, sizeof(*gram));
		if (gram->value != value || at < from + gram->off ||
		    at - gram->off >= to)
			continue;
		*where = at - gram->off;
		*pattern = gram->pattern;
		if (ksift_literal_begins(&prog->lits[gram->pattern], buf, *where,
					 avail,
					 *where ? buf[*where - 1] == '\n' : start,
					 budget))
			return true;
	}
	return false;
}

bool ksift_prog_selects(const struct ksift_prog *prog, u64 seen)
{
	bool match = !prog->never;
	u32 i;

	for (i = 0; match && i < prog->term_count; i++) {
		bool hit = seen & prog->terms[i];
		bool excludes = prog->has_exclude && i == prog->term_count - 1;

		match = hit != excludes;
	}
	return match != prog->invert;
}
