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

/* Bytes of a pattern's path through the trie, the newline of an anchor included. */
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

/* What both automata together need at most. */
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

size_t ksift_prog_size(u32 count, u32 bytes)
{
	return align8(sizeof(struct ksift_prog)) +
	       align8((size_t)count * sizeof(struct ksift_literal)) +
	       (size_t)nodes_max(count, bytes) * sizeof(struct ksift_ac_node) +
	       (size_t)tables_max(count) * sizeof(u32[256]) + bytes;
}

struct ksift_prog *ksift_prog_init(void *mem, u32 count, u32 bytes, u8 **data)
{
	struct ksift_prog *prog = mem;
	u8 *p = mem;

	prog->count = count;
	p += align8(sizeof(*prog));
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
 * How common a byte is in logs, by kind.  A guess is enough: it decides only how many
 * candidates are false.
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

static void probe_add(struct ksift_probe *probe, u32 off, u8 c, bool fold)
{
	u32 i = probe->count++;

	probe->off[i] = off;
	probe->val[i] = c;
	probe->mask[i] = ksift_case_mask(c, fold);
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

	/* Three rare bytes leave few candidates; comparing more costs more than it saves. */
	if (lit->len > exact)
		probe_rarest(probe, lit, 0, KSIFT_HUNT_PROBES);
	else
		for (i = 0; i < lit->len; i++)
			probe_add(probe, i, lit->data[i],
				  lit->flags & KSIFT_PATTERN_FOLD);
	probe_end(probe);
}

void ksift_probe_rarest(struct ksift_probe *probe, u8 *data, u32 len, bool fold,
			u32 count)
{
	const struct ksift_literal lit = {
		.data = data,
		.len = len,
		.flags = fold ? KSIFT_PATTERN_FOLD : 0,
	};

	probe_rarest(probe, &lit, 0, count);
	probe_end(probe);
}

/* What ksift_literal_begins() compares first. */
static void make_head(struct ksift_literal *lit)
{
	u8 head[sizeof(lit->head)] = { 0 }, mask[sizeof(lit->head)] = { 0 };
	u32 i;

	for (i = 0; i < lit->len && i < sizeof(head); i++) {
		head[i] = lit->data[i];
		mask[i] = ksift_case_mask(head[i], lit->flags & KSIFT_PATTERN_FOLD);
	}
	lit->head = ksift_load64(head);
	lit->head_mask = ksift_load64(mask);
}

static void make_hunt(struct ksift_prog *prog)
{
	const struct ksift_literal *lit = &prog->lits[prog->sole];
	u32 anchor = !!(lit->flags & KSIFT_PATTERN_ANCHORED);

	if (anchor)
		probe_add(&prog->hunt_probe, 0, '\n', false);
	probe_rarest(&prog->hunt_probe, lit, anchor, KSIFT_HUNT_PROBES);
	probe_end(&prog->hunt_probe);
}

static void make_terms(struct ksift_prog *prog)
{
	u64 groups[KSIFT_GROUPS_MAX] = { 0 };
	u64 exclude = 0;
	u32 i;

	for (i = 0; i < prog->count; i++) {
		const struct ksift_literal *lit = &prog->lits[i];
		u64 bit = 1ULL << i;

		if (!lit->len && !prog->lines)
			prog->always |= bit;
		if (lit->flags & KSIFT_PATTERN_EXCLUDE) {
			exclude |= bit;
		} else {
			prog->include |= bit;
			groups[lit->group] |= bit;
		}
	}
	/* A group with the empty pattern holds for every line: no term. */
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

/* The nibbles of the first bytes of @lit; past its end, any. */
static void make_bucket(struct ksift_bucket *bucket,
			const struct ksift_literal *lit)
{
	u32 k;

	for (k = 0; k < KSIFT_TEDDY_WIDTH; k++) {
		u8 c = k < lit->len ? lit->data[k] : 0;
		u32 high = 1u << (c >> 4);

		/* The two cases of a letter have the same low nibble. */
		if (ksift_case_mask(c, lit->flags & KSIFT_PATTERN_FOLD) != 0xff)
			high |= high << 2;
		bucket->low[k] = k < lit->len ? 1u << (c & 15) : 0xffff;
		if (k < KSIFT_TEDDY_WHOLE)
			bucket->high[k] = k < lit->len ? high : 0xffff;
	}
}

/* At which bytes to look of @n patterns, the shortest of @len bytes? */
static void make_shape(struct ksift_teddy *teddy, u32 n, u32 len, bool ascii)
{
	teddy->wide = n > KSIFT_NARROW_PATTERNS && len > 2;
	teddy->width = n > KSIFT_SHORT_PATTERNS ? 6 : 4;
	teddy->whole = !ascii || len < teddy->width;
	/* A short one at a piece's end, where @width bytes are not there, is the automata's. */
	if (teddy->whole)
		teddy->width = len <= 2 ? 2 : 4;
}

/*
 * How many texts, of as many bytes as are looked at, are candidates of a bucket merged
 * from @a and @b: false candidates grow with it.
 */
static u64 bucket_size(const struct ksift_teddy *teddy,
		       const struct ksift_bucket *a, const struct ksift_bucket *b)
{
	u64 size = 1;
	u32 k;

	for (k = 0; k < teddy->width; k++) {
		size *= ksift_popcount64(a->low[k] | b->low[k]);
		if (teddy->whole)
			size *= ksift_popcount64(a->high[k] | b->high[k]);
	}
	return size;
}

/* Find the bucket to merge @i with that adds the fewest candidates. */
static void find_partner(struct ksift_build *build, u32 i)
{
	const struct ksift_teddy *teddy = &build->prog->teddy;
	struct ksift_bucket *buckets = build->prog->buckets;
	struct ksift_bucket *bucket = &buckets[i];
	u32 k;

	bucket->loss = 1LL << 62;
	for (k = 0; k < build->buckets; k++) {
		s64 loss;

		if (k == i)
			continue;
		loss = bucket_size(teddy, bucket, &buckets[k]) - bucket->size -
		       buckets[k].size;
		if (loss < bucket->loss) {
			bucket->loss = loss;
			bucket->partner = k;
		}
	}
}

/* Begin with a bucket for each pattern that a search has to find. */
static void start_buckets(struct ksift_build *build)
{
	struct ksift_prog *prog = build->prog;
	struct ksift_teddy *teddy = &prog->teddy;
	u32 i, k, shortest = KSIFT_PATTERN_LEN_MAX;
	bool ascii = true;

	for (i = 0; i < prog->count; i++) {
		const struct ksift_literal *lit = &prog->lits[i];

		/* The empty one is in every line. */
		if (!lit->len || prog->term_of[i] == KSIFT_TERMS_MAX)
			continue;
		shortest = min(shortest, lit->len);
		for (k = 0; k < lit->len && k < KSIFT_TEDDY_WIDTH; k++)
			ascii &= lit->data[k] < 0x80;
		prog->sole = i;
		prog->buckets[build->buckets].patterns = 1ULL << i;
		make_bucket(&prog->buckets[build->buckets++], lit);
	}
	if (build->buckets == 1)
		make_hunt(prog);
	if (build->buckets <= 1)
		return;
	make_shape(teddy, build->buckets, shortest, ascii);
	for (i = 0; i < build->buckets; i++)
		prog->buckets[i].size = bucket_size(teddy, &prog->buckets[i],
						    &prog->buckets[i]);
	for (i = 0; i < build->buckets; i++)
		find_partner(build, i);
}

/* While there are too many buckets, merge the two that add the fewest candidates. */
static bool merge_buckets(struct ksift_build *build)
{
	const struct ksift_teddy *teddy = &build->prog->teddy;
	struct ksift_bucket *buckets = build->prog->buckets;
	u32 i, k, to = 0, from, last = build->buckets - 1;

	if (build->buckets <= (teddy->wide ? KSIFT_BUCKETS : 8))
		return false;
	for (i = 1; i <= last; i++)
		if (buckets[i].loss < buckets[to].loss)
			to = i;
	from = max(to, buckets[to].partner);
	to = min(to, buckets[to].partner);
	buckets[to].patterns |= buckets[from].patterns;
	for (k = 0; k < KSIFT_TEDDY_WIDTH; k++)
		buckets[to].low[k] |= buckets[from].low[k];
	for (k = 0; k < KSIFT_TEDDY_WHOLE; k++)
		buckets[to].high[k] |= buckets[from].high[k];
	buckets[to].size = bucket_size(teddy, &buckets[to], &buckets[to]);
	buckets[from] = buckets[last];
	build->buckets = last;
	for (i = 0; i < last; i++) {
		u32 partner = buckets[i].partner;

		if (i == to || partner == to || partner == from)
			find_partner(build, i);
		else if (partner == last)
			buckets[i].partner = from;
	}
	return true;
}

static void add_six(struct ksift_teddy *teddy, const struct ksift_literal *lit,
		    u8 bit)
{
	u32 k, c;

	for (k = 0; k < KSIFT_TEDDY_WIDTH; k++) {
		for (c = 0; c < 64 && k >= lit->len; c++)
			teddy->six[k][c] |= bit;
		if (k >= lit->len)
			continue;
		c = lit->data[k];
		teddy->six[k][c % 64] |= bit;
		if (ksift_case_mask(c, lit->flags & KSIFT_PATTERN_FOLD) != 0xff)
			teddy->six[k][(c ^ 0x20) % 64] |= bit;
	}
}

static void make_tables(struct ksift_build *build)
{
	struct ksift_prog *prog = build->prog;
	struct ksift_teddy *teddy = &prog->teddy;
	u32 b, k, c;

	for (b = 0; b < build->buckets && teddy->width; b++) {
		const struct ksift_bucket *bucket = &prog->buckets[b];
		u32 half = b / 8, bit = 1u << b % 8;
		u64 left;

		for (left = bucket->patterns; left; left &= left - 1)
			add_six(teddy, &prog->lits[ksift_low_bit(left)], bit);

		for (c = 0; c < 16; c++) {
			for (k = 0; k < KSIFT_TEDDY_WIDTH; k++)
				if (bucket->low[k] >> c & 1)
					teddy->low[half][k][c] |= bit;
			for (k = 0; k < KSIFT_TEDDY_WHOLE; k++)
				if (bucket->high[k] >> c & 1)
					teddy->high[half][k][c] |= bit;
		}
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
	prog->bitmaps = prog->lines ? 1 : prog->term_count;
	prog->excludes = !prog->lines && prog->has_exclude;
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

/* Set the fail link of the node that pattern @i reaches next, at @build's depth. */
static void link_next(struct ksift_build *build, u32 i)
{
	struct ksift_literal *lit = &build->prog->lits[i];
	struct ksift_ac *ac = ac_of(build->prog, lit);
	u32 parent = build->cursor[i];
	u8 c = path_byte(lit, build->depth);
	u32 state = ac_child(ac, parent, c);
	struct ksift_ac_node *node = &ac->nodes[state];

	build->cursor[i] = state;
	/* Set for an earlier pattern, or just below the root, where it is the root. */
	if (node->fail || !parent)
		return;
	node->fail = ksift_ac_step(ac, ac->nodes[parent].fail, c);
	node->out |= ac->nodes[node->fail].out;
}

static void finish_build(struct ksift_build *build)
{
	struct ksift_prog *prog = build->prog;
	u32 c;

	make_tables(build);
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

	/* Insert a pattern a step; then the fail links, breadth first. */
	if (build->inserted < prog->count) {
		struct ksift_literal *lit = &prog->lits[build->inserted];

		insert(build, lit);
		if (build->inserted == prog->count)
			start_buckets(build);
		return true;
	}
	if (merge_buckets(build))
		return true;
	for (k = 0; k < 16; k++) {
		if (build->depth == prog->reach) {
			finish_build(build);
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
		if (ksift_upper(ksift_load8(text + i)) != lit->data[i])
			return false;
	return true;
}

bool ksift_begins(const struct ksift_prog *prog, u32 buckets, const u8 *buf,
		  size_t at, size_t avail, bool start, u32 *pattern,
		  size_t *budget)
{
	for (; buckets; buckets &= buckets - 1) {
		u64 left = prog->buckets[ksift_low_bit(buckets)].patterns;

		for (; left && *budget; left &= left - 1) {
			*pattern = ksift_low_bit(left);
			if (ksift_literal_begins(&prog->lits[*pattern], buf, at,
						 avail, start, budget))
				return true;
		}
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
