// SPDX-License-Identifier: GPL-2.0-only
/*
 * Line programs through the ABI: what FILTER takes and refuses, what it does while
 * another thread changes what it reads, and that a program that it takes gives the same
 * on every variant.  What programs mean, and each rule of the verifier, is tested
 * in selftests/host/lineprog.c, where the same code runs under sanitizers.
 */
#include "program_parts.h"
#include "test_abi.h"

#include <pthread.h>
#include <stdatomic.h>

FIXTURE(program)
{
	int dev;
	struct parts good;
};

FIXTURE_SETUP(program)
{
	self->dev = ksift_open();
	parts_init(&self->good);
}

FIXTURE_TEARDOWN(program)
{
	close(self->dev);
}

/* A filter that a change of @... made wrong: the errno. */
#define BAD(err, ...) do {						\
	struct parts p = self->good;					\
	int ret;							\
									\
	parts_link(&p);							\
	__VA_ARGS__;							\
	errno = 0;							\
	ret = ksift_ioctl(self->dev, KSIFT_FILTER, &p.filter);		\
	EXPECT_EQ(err, ret ? errno : 0) {				\
		TH_LOG("%s: %d, %s", #__VA_ARGS__, ret, strerror(errno));\
	}								\
	if (!ret)							\
		close(p.filter.out_fd);					\
} while (0)

#define GOOD(...) BAD(0, __VA_ARGS__)

TEST_F(program, announced)
{
	EXPECT_TRUE(ksift_features(self->dev) & KSIFT_FEATURE_LINE_PROGRAMS);
}

TEST_F(program, filter)
{
	GOOD();
	BAD(EOPNOTSUPP, p.filter.program = 2);
	/* A program belongs to the one kind of filter, and to no other. */
	BAD(EINVAL, p.filter.line_program = 0);
	BAD(EINVAL, p.filter.program = KSIFT_PROGRAM_LITERALS);
	BAD(EINVAL, p.filter.pattern_count = 0);
	BAD(EINVAL, p.filter.pattern_count = 1);
	/* Its patterns have nothing that a literal has. */
	BAD(EINVAL, p.pats[1].len = 1; p.pats[1].data = PTR_U64("a"));
	BAD(EINVAL, p.pats[1].data = PTR_U64("a"));
	BAD(EINVAL, p.pats[1].flags = KSIFT_PATTERN_ANCHORED);
	BAD(EINVAL, p.pats[1].flags = KSIFT_PATTERN_FOLD);
	BAD(EOPNOTSUPP, p.pats[1].flags = 1U << 31);
	BAD(EINVAL, p.pats[1].__reserved = 1);
	GOOD(p.pats[1].flags = KSIFT_PATTERN_EXCLUDE);
	GOOD(p.pats[1].group = KSIFT_GROUPS_MAX - 1);
	BAD(EINVAL, p.pats[1].group = KSIFT_GROUPS_MAX);
}

TEST_F(program, members)
{
	BAD(EOPNOTSUPP, p.program.flags = 1);
	BAD(EINVAL, p.program.op_size = sizeof(struct ksift_op) - 1);
	BAD(EOPNOTSUPP, p.program.op_size = sizeof(struct ksift_op) + 1);
	BAD(EINVAL, p.program.op_count = 0);
	BAD(EINVAL, p.program.op_count = KSIFT_OPS_MAX + 1);
	BAD(EINVAL, p.program.op_count = UINT32_MAX);
	BAD(EINVAL, p.program.set_count = KSIFT_SETS_MAX + 1);
	BAD(EINVAL, p.program.literal_count = KSIFT_OPS_MAX + 1);
	BAD(EINVAL, p.program.hint_count = KSIFT_HINTS_MAX + 1);
	BAD(EINVAL, p.program.automaton_count = KSIFT_PATTERNS_MAX + 1);
	/* A pointer where there is nothing, and nothing where there is something. */
	BAD(EINVAL, p.program.ops = 0);
	BAD(EINVAL, p.program.sets = 0);
	BAD(EINVAL, p.program.literals = 0);
	BAD(EINVAL, p.program.hints = 0);
	BAD(EINVAL, p.program.automata = 0);
	BAD(EINVAL, p.program.hint_count = 0);
	GOOD(p.program.hint_count = 0; p.program.hints = 0);
	GOOD(p.program.automaton_count = 0; p.program.automata = 0);
}

TEST_F(program, pointers)
{
	unsigned int i;

	for (i = 0; i < ABI_BAD_POINTERS; i++) {
		__u64 bad = (uintptr_t)abi_bad_pointer(i);

		if (!bad)
			continue;
		BAD(EFAULT, p.filter.line_program = bad);
		BAD(EFAULT, p.program.ops = bad);
		BAD(EFAULT, p.program.sets = bad);
		BAD(EFAULT, p.program.literals = bad);
		BAD(EFAULT, p.program.hints = bad);
		BAD(EFAULT, p.program.automata = bad);
		BAD(EFAULT, p.literals[1].data = bad);
		BAD(EFAULT, p.hints[1].data = bad);
		BAD(EFAULT, p.automata[0].sets = bad);
	}
}

struct length_test {
	int dev;
	struct parts parts;
};

static int filter_by_program(struct __test_metadata *_metadata, void *ctx, void *arg)
{
	struct length_test *t = ctx;
	int ret;

	t->parts.filter.line_program = PTR_U64(arg);
	ret = ksift_ioctl(t->dev, KSIFT_FILTER, &t->parts.filter);
	if (!ret)
		close(t->parts.filter.out_fd);
	return ret;
}

TEST_F(program, cmd_length)
{
	struct length_test t = { .dev = self->dev, .parts = self->good };
	struct abi_struct abi = {
		.good = &t.parts.program,
		.len = sizeof(t.parts.program),
		.call = filter_by_program,
		.ctx = &t,
	};

	parts_link(&t.parts);
	abi_check_length(_metadata, &abi);
}

TEST_F(program, literals)
{
	static char long_one[KSIFT_OP_LITERAL_MAX + 1];

	memset(long_one, 'x', sizeof(long_one));
	BAD(EINVAL, p.literals[0].len = 0);
	GOOD(p.literals[0] = pattern_mem(long_one, KSIFT_OP_LITERAL_MAX, 0, 0));
	BAD(EINVAL, p.literals[0] = pattern_mem(long_one, KSIFT_OP_LITERAL_MAX + 1, 0, 0));
	BAD(EINVAL, p.literals[0] = pattern_str("a\nb", 0, 0));
	BAD(EINVAL, p.literals[0].flags = KSIFT_PATTERN_ANCHORED);
	BAD(EINVAL, p.literals[0].flags = KSIFT_PATTERN_EXCLUDE);
	BAD(EOPNOTSUPP, p.literals[0].flags = 1 << 3);
	BAD(EINVAL, p.literals[0].group = 1);
	BAD(EINVAL, p.literals[0].__reserved = 1);
	BAD(EINVAL, p.hints[1].len = 0);
	BAD(EINVAL, p.hints[1] = pattern_str("a\nb", 0, 0));
	GOOD(p.hints[1].flags = KSIFT_PATTERN_ANCHORED | KSIFT_PATTERN_FOLD);
	BAD(EINVAL, p.hints[1].flags = KSIFT_PATTERN_EXCLUDE);
	BAD(EOPNOTSUPP, p.hints[1].flags = 1 << 3);
	BAD(EINVAL, p.hints[1].group = 1);
	BAD(EINVAL, p.hints[1].__reserved = 1);
}

TEST_F(program, operations)
{
	BAD(EOPNOTSUPP, p.ops[0].code = KSIFT_OP_SKIP + 1);
	BAD(EINVAL, p.ops[0].__reserved = 1);
	BAD(EINVAL, p.ops[0].dst = KSIFT_REGISTERS_MAX);
	/* Not written yet, no such set, literal or pattern, out of range, not used. */
	BAD(EINVAL, p.ops[2].b = 2);
	BAD(EINVAL, p.ops[1].a = 1);
	BAD(EINVAL, p.ops[0].k = 2);
	BAD(EINVAL, p.ops[6].k = 2);
	BAD(EINVAL, p.ops[3].k = 0);
	BAD(EINVAL, p.ops[3].k = KSIFT_DISTANCE_MAX + 1);
	BAD(EINVAL, p.ops[1].k = KSIFT_DISTANCE_MAX + 1);
	BAD(EINVAL, p.ops[6].dst = 1);
	BAD(EINVAL, p.ops[1].b = 1);
	BAD(EINVAL, p.ops[5] = op(KSIFT_OP_SKIP, 0, 0, 0, 2));
}

TEST_F(program, automata)
{
	BAD(EINVAL, p.automata[0].positions = 0);
	BAD(EINVAL, p.automata[0].positions = KSIFT_POSITIONS_MAX + 1);
	BAD(EINVAL, p.automata[0].pattern = 2);
	BAD(EINVAL, p.automata[0].empty = 1 << 9);
	BAD(EINVAL, p.automata[0].__reserved = 1);
	/* A position that does not exist, in sets of each kind. */
	BAD(EINVAL, set_add(&p.automaton_sets[0], 2));
	BAD(EINVAL, set_add(&p.automaton_sets[5], 255));
	BAD(EINVAL, set_add(&p.automaton_sets[6], 2));
	BAD(EINVAL, set_add(&p.automaton_sets[263], 64));
}

TEST_F(program, two_automata_of_a_pattern)
{
	struct ksift_automaton two[2];

	BAD(EINVAL, two[0] = p.automata[0]; two[1] = two[0];
	    p.program.automata = PTR_U64(two); p.program.automaton_count = 2);
	GOOD(two[0] = p.automata[0]; two[1] = two[0]; two[1].pattern = 0;
	     p.program.automata = PTR_U64(two); p.program.automaton_count = 2);
}

static const char text[] =
	"ab cd\nabcd\nab\ncd\nef\nabcD\ne f\ncd ab\nxxefefxx\n\nab";

/* How many lines does the filter select, and how many have each pattern? */
static int count(int dev, int filter, __u32 variant, __u64 *selected, __u64 counts[2])
{
	struct ksift_lines lines;
	struct ksift_run run;
	int ret;

	run_init(&run, KSIFT_KERNEL_LINES, &lines);
	run_from_mem(&run, text, sizeof(text) - 1);
	run.variant = variant;
	lines_init(&lines, filter);
	lines.pattern_counts = PTR_U64(counts);
	lines.pattern_counts_cap = 2;
	ret = ksift_run(dev, &run);
	*selected = lines.out_selected;
	return ret || !(run.resume.flags & KSIFT_RESUME_DONE);
}

/* With hints and without, the program finds one pattern and the automaton the other. */
TEST_F(program, selects)
{
	__u64 selected, counts[2];
	unsigned int hints, v;

	self->good.ops[6].k = 0;
	for (hints = 0; hints < 2; hints++) {
		struct parts p = self->good;
		struct ksift_op ops[PARTS_OPS + 2];

		parts_link(&p);
		memcpy(ops, p.ops, sizeof(p.ops));
		/* The program suspects every line for the automaton's pattern. */
		ops[PARTS_OPS] = op(KSIFT_OP_START, 2, 0, 0, 0);
		ops[PARTS_OPS + 1] = op(KSIFT_OP_ACCEPT, 0, 2, 0, 1);
		p.program.ops = PTR_U64(ops);
		p.program.op_count = PARTS_OPS + 2;
		if (!hints) {
			p.program.hints = 0;
			p.program.hint_count = 0;
		}
		ASSERT_OK(ksift_ioctl(self->dev, KSIFT_FILTER, &p.filter));
		for_each_variant(self->dev, v) {
			ASSERT_OK(count(self->dev, p.filter.out_fd, v, &selected, counts));
			EXPECT_EQ(5, selected);
			EXPECT_EQ(3, counts[0]);
			EXPECT_EQ(2, counts[1]);
		}
		close(p.filter.out_fd);
	}
}

/* Programs with bytes changed at random: refused, or the same on every variant. */
TEST_F(program, random)
{
	unsigned int rounds = ksift_rounds(4000, 200000), taken = 0, i, k, v;
	unsigned int seed = 1;

	for (i = 0; i < rounds; i++) {
		struct parts p = self->good;
		__u64 first = U64_MAX, selected, counts[2];

		parts_link(&p);
		p.program.hints = 0;
		p.program.hint_count = 0;
		for (k = rand_r(&seed) % 4; k < 4; k++) {
			__u8 *at = (__u8 *)p.ops + rand_r(&seed) % sizeof(p.ops);

			*at = rand_r(&seed) % 4 ? rand_r(&seed) % 14 : rand_r(&seed);
		}
		if (!(rand_r(&seed) % 4))
			p.program.op_count = 1 + rand_r(&seed) % PARTS_OPS;
		errno = 0;
		if (ksift_ioctl(self->dev, KSIFT_FILTER, &p.filter)) {
			ASSERT_TRUE(errno == EINVAL || errno == EOPNOTSUPP);
			continue;
		}
		taken++;
		for_each_variant(self->dev, v) {
			ASSERT_OK(count(self->dev, p.filter.out_fd, v, &selected, counts));
			if (first == U64_MAX)
				first = selected;
			ASSERT_EQ(first, selected) {
				TH_LOG("round %u, variant %u", i, v);
			}
		}
		close(p.filter.out_fd);
	}
	EXPECT_GT(taken, rounds / 100);
}

struct changer {
	struct parts *parts;
	atomic_bool stop;
};

static void *change(void *arg)
{
	struct changer *c = arg;
	unsigned int seed = 7;

	while (!c->stop) {
		__u8 *at = (__u8 *)&c->parts->program + rand_r(&seed) % sizeof(struct parts);
		struct parts *p = c->parts;
		unsigned int spin;
		__u8 was;

		/* Not the pointers: they would lead to where no filter is. */
		if (at < (__u8 *)&p->program.op_count ||
		    (at >= (__u8 *)p->literals && at < (__u8 *)(p->automata + 1)) ||
		    at >= (__u8 *)(p + 1))
			continue;
		was = *at;
		*(volatile __u8 *)at = rand_r(&seed);
		/* As long as a FILTER may take to come to it. */
		for (spin = rand_r(&seed) % 65536; spin; spin--)
			*(volatile unsigned int *)&spin;
		*(volatile __u8 *)at = was;
	}
	return NULL;
}

/* Another thread changes counts, operations and sets while they are read. */
TEST_F(program, changes_meanwhile)
{
	struct changer c = { .parts = &self->good };
	unsigned int rounds = ksift_rounds(4000, 200000), taken = 0, refused = 0, i;
	pthread_t thread;

	parts_link(&self->good);
	ASSERT_EQ(0, pthread_create(&thread, NULL, change, &c));
	for (i = 0; i < rounds; i++) {
		__u64 selected, counts[2];

		errno = 0;
		if (ksift_ioctl(self->dev, KSIFT_FILTER, &self->good.filter)) {
			ASSERT_TRUE(errno == EINVAL || errno == EOPNOTSUPP ||
				    errno == EFAULT || errno == E2BIG) {
				TH_LOG("%s", strerror(errno));
			}
			refused++;
			continue;
		}
		taken++;
		if (!(taken % 64))
			EXPECT_OK(count(self->dev, self->good.filter.out_fd, 0,
					&selected, counts));
		close(self->good.filter.out_fd);
	}
	c.stop = true;
	pthread_join(thread, NULL);
	TH_LOG("%u taken, %u refused", taken, refused);
	EXPECT_GT(taken, 0);
	EXPECT_GT(refused, 0);
}

TEST_HARNESS_MAIN
