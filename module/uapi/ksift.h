/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The contract between the ksift module and its users: every ioctl of
 * /dev/ksift, every structure, limit and error.  There is no other copy.
 */
#ifndef _UAPI_KSIFT_H
#define _UAPI_KSIFT_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define KSIFT_TYPE 0xB9

/**
 * DOC: General format
 *
 * Every ioctl takes a pointer to a structure whose first member, @size, is
 * the caller's sizeof() of it.  A structure only ever grows at its end: a
 * module accepts a longer one when what it does not know is zero, and treats
 * what a shorter one lacks as zero.  Members named out_* are written by the
 * module, only on success, and are ignored on input.  Members named
 * __reserved must be zero.  Pointers are carried in 64 bits on every
 * architecture, so that a 32-bit program needs no translation.
 *
 * Errors mean the same for every ioctl:
 *
 * ENOTTY: this module does not know the command.
 * E2BIG: @size is above the page size, or the part of the structure that this
 * module does not know is not zero.
 * EOPNOTSUPP: this module does not support a value that this header has, or a flag,
 * whether this header has it or not.  It is an old module's answer to a new flag, and
 * to elements of an array (patterns, records, values) that are larger than those it
 * knows.
 * EINVAL: a size is too short, or a value is wrong by the rules given here.
 * EFAULT: a pointer leads to memory the caller does not have, or a buffer's size
 * would wrap it around the end of the address space.
 * EBADF: a descriptor is not open, is not open for reading, or is not of the
 * kind asked for.
 * EPERM: the caller may not know what is asked for, see %KSIFT_RUN_CACHED, or a
 * security module or a listener for permission events denies the reading.
 * ESPIPE: the source is not a seekable regular file; read(2) it and use
 * %KSIFT_SOURCE_MEM.
 * EINTR: a signal arrived before anything was done.
 * ENOMEM: no memory within the caller's limits.
 *
 * Since: ksift 0.1, unless something says otherwise.
 */
enum {
	KSIFT_CMD_INFO = 0x00,
	KSIFT_CMD_FILTER = 0x01,
	KSIFT_CMD_RUN = 0x02
};

/**
 * DOC: Limits
 *
 * %KSIFT_PATTERNS_MAX: patterns in one filter.  The set of patterns a line
 * has matched is one machine word.
 * %KSIFT_PATTERN_LEN_MAX: bytes of one pattern.  Nobody types longer ones,
 * and it bounds the engine's look-behind.
 * %KSIFT_PATTERN_BYTES_MAX: bytes of all the patterns of one filter together.
 * A filter takes at most 25 bytes of kernel memory for each of them, 1.2 KiB for
 * each pattern and 3 KiB in any case, and 13 KiB more for more than 16
 * patterns, charged to the caller's cgroup.
 * %KSIFT_GROUPS_MAX: groups in one filter.  Each is a test per candidate line.
 */
#define KSIFT_PATTERNS_MAX	64
#define KSIFT_PATTERN_LEN_MAX	4096
#define KSIFT_PATTERN_BYTES_MAX	(KSIFT_PATTERNS_MAX * KSIFT_PATTERN_LEN_MAX)
#define KSIFT_GROUPS_MAX	16

/**
 * DOC: Limits of line programs
 *
 * %KSIFT_OPS_MAX: operations of one program.  Each costs some 20 to 100 ns for
 * 2 KiB of text.
 * %KSIFT_REGISTERS_MAX: registers, 256 bytes each in every RUN.
 * %KSIFT_SETS_MAX: sets of bytes of one program.
 * %KSIFT_DISTANCE_MAX: places that one operation looks back or advances: a machine
 * word.
 * %KSIFT_OP_LITERAL_MAX: bytes of a literal that an operation searches for.  It
 * bounds how much text is kept of what went before.  Longer ones are two operations.
 * %KSIFT_HINTS_MAX: literals that tell which lines to look at.
 * %KSIFT_POSITIONS_MAX: positions of an automaton: its state is four machine words.
 * %KSIFT_POSITIONS_ALL_MAX: positions of all automata of a program.  Each costs up to
 * 4 ns for a byte of a line that the program suspects.
 *
 * A program takes at most 700 KiB of kernel memory, its automata 600 KiB, and its hints
 * as much as a filter of such patterns, charged to the caller's cgroup.
 */
#define KSIFT_OPS_MAX		1024
#define KSIFT_REGISTERS_MAX	64
#define KSIFT_SETS_MAX		64
#define KSIFT_DISTANCE_MAX	64
#define KSIFT_OP_LITERAL_MAX	255
#define KSIFT_HINTS_MAX		64
#define KSIFT_POSITIONS_MAX	256
#define KSIFT_POSITIONS_ALL_MAX	1024

/**
 * DOC: Sizes
 *
 * The size of each structure as it was first published, which is the least that
 * a module accepts.  A structure that grows gets another constant, for its size
 * then.
 */
#define KSIFT_INFO_SIZE_VER0	56
#define KSIFT_FILTER_SIZE_VER0	40
#define KSIFT_FILTER_SIZE_VER1	48
#define KSIFT_LINE_PROGRAM_SIZE_VER0	72
#define KSIFT_RUN_SIZE_VER0	128
#define KSIFT_LINES_SIZE_VER0	200
#define KSIFT_FIB_SIZE_VER0	40
#define KSIFT_SUMSQ_SIZE_VER0	72
#define KSIFT_SUM_I64_SIZE_VER0	40

/**
 * enum ksift_kernel - What RUN can compute
 * @KSIFT_KERNEL_LINES: Select lines of text, see struct ksift_lines
 * @KSIFT_KERNEL_FIB: Fibonacci numbers, see struct ksift_fib
 * @KSIFT_KERNEL_SUMSQ: Sums of squares, see struct ksift_sumsq
 * @KSIFT_KERNEL_SUM_I64: Sum of 64-bit integers, see struct ksift_sum_i64
 */
enum ksift_kernel {
	KSIFT_KERNEL_LINES = 0,
	KSIFT_KERNEL_FIB = 1,
	KSIFT_KERNEL_SUMSQ = 2,
	KSIFT_KERNEL_SUM_I64 = 3
};

/**
 * enum ksift_variant - Implementations of the engine
 * @KSIFT_VARIANT_BEST: The fastest that this machine can run
 * @KSIFT_VARIANT_SCALAR: The reference: portable C
 * @KSIFT_VARIANT_AVX2: x86-64 with AVX2
 * @KSIFT_VARIANT_NEON: arm64 with Advanced SIMD, little endian
 * @KSIFT_VARIANT_AVX512: x86-64 with AVX-512, its VBMI included
 *
 * Every variant gives the same results.
 */
enum ksift_variant {
	KSIFT_VARIANT_BEST = 0,
	KSIFT_VARIANT_SCALAR = 1,
	KSIFT_VARIANT_AVX2 = 2,
	KSIFT_VARIANT_NEON = 3,
	KSIFT_VARIANT_AVX512 = 4
};

/**
 * enum ksift_level - Severity of a line
 * @KSIFT_LEVEL_EMERG: System is unusable
 * @KSIFT_LEVEL_ALERT: Action must be taken at once
 * @KSIFT_LEVEL_CRIT: Critical
 * @KSIFT_LEVEL_ERR: Error
 * @KSIFT_LEVEL_WARNING: Warning
 * @KSIFT_LEVEL_NOTICE: Normal but significant
 * @KSIFT_LEVEL_INFO: Informational
 * @KSIFT_LEVEL_DEBUG: Debug
 * @KSIFT_LEVEL_TRACE: More than debug
 * @KSIFT_LEVEL_NONE: The line carries no level
 *
 * The first eight are those of RFC 5424.
 */
enum ksift_level {
	KSIFT_LEVEL_EMERG = 0,
	KSIFT_LEVEL_ALERT = 1,
	KSIFT_LEVEL_CRIT = 2,
	KSIFT_LEVEL_ERR = 3,
	KSIFT_LEVEL_WARNING = 4,
	KSIFT_LEVEL_NOTICE = 5,
	KSIFT_LEVEL_INFO = 6,
	KSIFT_LEVEL_DEBUG = 7,
	KSIFT_LEVEL_TRACE = 8,
	KSIFT_LEVEL_NONE = 9
};

/* How many levels there are, NONE among them. */
#define KSIFT_LEVELS		10

/**
 * enum ksift_feature - Bits of struct ksift_info.out_features
 * @KSIFT_FEATURE_LEVELS: Severity: struct ksift_filter.level_mask may be used
 *	and struct ksift_record carries level and msg.  A module without it
 *	answers EOPNOTSUPP to a mask, and gives every record %KSIFT_LEVEL_NONE.
 * @KSIFT_FEATURE_CACHE: Bits of enum ksift_run_flags.  A module without it answers
 *	EOPNOTSUPP to them.
 * @KSIFT_FEATURE_LINE_PROGRAMS: %KSIFT_PROGRAM_LINES.  A module without it answers
 *	E2BIG to a filter with a line program.
 */
enum ksift_feature {
	KSIFT_FEATURE_LEVELS = 1 << 0,
	KSIFT_FEATURE_CACHE = 1 << 1,
	KSIFT_FEATURE_LINE_PROGRAMS = 1 << 2
};

/**
 * struct ksift_info - ioctl(KSIFT_INFO)
 * @size: sizeof(struct ksift_info)
 * @flags: Must be 0
 * @variant: The enum ksift_variant to describe; %KSIFT_VARIANT_BEST describes
 *	the one that RUN uses by default.  EOPNOTSUPP if this machine cannot
 *	run it.
 * @out_variant: The variant described, never %KSIFT_VARIANT_BEST
 * @out_features: Bits of enum ksift_feature
 * @out_kernels: Bit (1 << n) is set when this module has enum ksift_kernel n
 * @out_variants: Bit (1 << n) is set when enum ksift_variant n can run here
 * @out_variant_name: The name of @out_variant, ASCII, padded with zeros
 *
 * What this module can do on this machine.
 *
 * Return: 0, or EINVAL, E2BIG, EOPNOTSUPP, EFAULT.
 */
struct ksift_info {
	__u32 size;
	__u32 flags;
	__u32 variant;
	__u32 out_variant;
	__aligned_u64 out_features;
	__aligned_u64 out_kernels;
	__aligned_u64 out_variants;
	__u8 out_variant_name[16];
};

#define KSIFT_INFO _IO(KSIFT_TYPE, KSIFT_CMD_INFO)

/**
 * enum ksift_pattern_flags - Bits of struct ksift_pattern.flags
 * @KSIFT_PATTERN_ANCHORED: Matches only at the start of a line
 * @KSIFT_PATTERN_FOLD: The ASCII letters match in either case
 * @KSIFT_PATTERN_EXCLUDE: A line that has it is not selected.  The pattern is
 *	in no group: @group must be 0.
 */
enum ksift_pattern_flags {
	KSIFT_PATTERN_ANCHORED = 1 << 0,
	KSIFT_PATTERN_FOLD = 1 << 1,
	KSIFT_PATTERN_EXCLUDE = 1 << 2
};

/**
 * struct ksift_pattern - One pattern of a filter, or a literal of a line program
 * @data: Pointer to @len bytes, taken as they are: NUL and any other byte
 *	but a newline (EINVAL).  Not read when @len is 0.
 * @len: 0 to %KSIFT_PATTERN_LEN_MAX bytes.  An empty pattern matches every
 *	line.
 * @flags: Bits of enum ksift_pattern_flags
 * @group: The group it belongs to, below %KSIFT_GROUPS_MAX
 * @__reserved: Must be 0
 */
struct ksift_pattern {
	__aligned_u64 data;
	__u32 len;
	__u32 flags;
	__u32 group;
	__u32 __reserved;
};

/**
 * enum ksift_filter_flags - Bits of struct ksift_filter.flags
 * @KSIFT_FILTER_INVERT: Select the lines that the patterns do not
 * @KSIFT_FILTER_MATCH_NONE_IF_EMPTY: A filter without patterns matches no
 *	line instead of every line
 */
enum ksift_filter_flags {
	KSIFT_FILTER_INVERT = 1 << 0,
	KSIFT_FILTER_MATCH_NONE_IF_EMPTY = 1 << 1
};

/**
 * enum ksift_program - How the patterns of a filter are found
 * @KSIFT_PROGRAM_LITERALS: Each is a literal, the @data of its struct ksift_pattern
 * @KSIFT_PROGRAM_LINES: A line program accepts them, see struct ksift_line_program.
 *	Of each struct ksift_pattern, only EXCLUDE and the group may be given, the
 *	rest must be 0.  Needs %KSIFT_FEATURE_LINE_PROGRAMS.
 */
enum ksift_program {
	KSIFT_PROGRAM_LITERALS = 0,
	KSIFT_PROGRAM_LINES = 1
};

/**
 * enum ksift_opcode - Operations of a line program
 * @KSIFT_OP_CLASS: @dst = the byte @k bytes before this place's is in set @a, and in
 *	this line; @k is 0 to %KSIFT_DISTANCE_MAX, and 0 is the byte after this place
 * @KSIFT_OP_NEWLINE: @dst = the byte after this place is the line's newline
 * @KSIFT_OP_START: @dst = this place is the line's first
 * @KSIFT_OP_LITERAL: @dst = the bytes before this place are literal @k
 * @KSIFT_OP_AND: @dst = @a & @b
 * @KSIFT_OP_OR: @dst = @a | @b
 * @KSIFT_OP_ANDNOT: @dst = @a & ~@b
 * @KSIFT_OP_XOR: @dst = @a ^ @b
 * @KSIFT_OP_ADVANCE: @dst = @a, each place of it moved on by @k, 1 to
 *	%KSIFT_DISTANCE_MAX, places of its line
 * @KSIFT_OP_RUN: @dst = @a, and each place that is reached from one of @a by going on
 *	while the byte after the place is in @b
 * @KSIFT_OP_THRU: @dst = of each place of @a, the first from it on whose byte is not
 *	in @b; the line's newline never is
 * @KSIFT_OP_PARITY: @dst = the number of places of @a from the line's first to this
 *	one, this one included, is odd
 * @KSIFT_OP_ACCEPT: the lines that have a place in @a have pattern @k
 * @KSIFT_OP_SKIP: if @a is empty, and nothing goes on from earlier text, the next @k
 *	operations may be passed over
 *
 * Members of struct ksift_op that an operation does not name must be 0.
 */
enum ksift_opcode {
	KSIFT_OP_CLASS = 0,
	KSIFT_OP_NEWLINE = 1,
	KSIFT_OP_START = 2,
	KSIFT_OP_LITERAL = 3,
	KSIFT_OP_AND = 4,
	KSIFT_OP_OR = 5,
	KSIFT_OP_ANDNOT = 6,
	KSIFT_OP_XOR = 7,
	KSIFT_OP_ADVANCE = 8,
	KSIFT_OP_RUN = 9,
	KSIFT_OP_THRU = 10,
	KSIFT_OP_PARITY = 11,
	KSIFT_OP_ACCEPT = 12,
	KSIFT_OP_SKIP = 13
};

/**
 * struct ksift_op - An operation of a line program
 * @code: enum ksift_opcode; another is EOPNOTSUPP
 * @dst: The register it writes, below %KSIFT_REGISTERS_MAX
 * @a: A register it reads, which an operation before it has written; for CLASS a
 *	set's number
 * @b: Another
 * @k: A distance, or the number of a literal, a pattern or operations
 * @__reserved: Must be 0
 */
struct ksift_op {
	__u8 code;
	__u8 dst;
	__u8 a;
	__u8 b;
	__u16 k;
	__u16 __reserved;
};

/**
 * struct ksift_set - A set of numbers from 0 to 255
 * @bits: Number n is in it when bit n % 64 of @bits[n / 64] is set
 */
struct ksift_set {
	__aligned_u64 bits[4];
};

/**
 * struct ksift_automaton - What decides about a pattern that a program only suspects
 * @sets: Pointer to 6 + 256 + @positions sets: those numbered below
 * @positions: Positions of the automaton, 1 to %KSIFT_POSITIONS_MAX.  Numbers from
 *	there on are in none of the sets (EINVAL).
 * @pattern: The pattern, below the filter's count; no two automata have the same
 * @empty: Bit (1 << (3 * c + d)) is set when nothing at all is a match at a place whose
 *	context is c and whose next is d, see below; others must be 0
 * @__reserved: Must be 0
 *
 * A position is a byte of the regular expression, as in Glushkov's automaton (V. M.
 * Glushkov, 1961), which is at most at so many positions at a time as there are.  A
 * match may begin at every place of a line.  The context of a place is 0 at the
 * line's start, else 1 if the byte before it is no word's, and 2 if it is a letter, a
 * digit or an underscore.  What is next at a place is 0 at the line's end, else 1 or 2
 * likewise for the byte after it.
 *
 * Sets 0 to 2: the positions at which a match may begin in that context.
 * Sets 3 to 5: the positions after which a match may end if that is next.
 * Sets 6 to 261: the positions that each byte has.
 * Sets 262 on: the positions that may follow each position.
 */
struct ksift_automaton {
	__aligned_u64 sets;
	__u32 positions;
	__u32 pattern;
	__u32 empty;
	__u32 __reserved;
};

/**
 * struct ksift_line_program - What finds the patterns of a %KSIFT_PROGRAM_LINES filter
 * @size: sizeof(struct ksift_line_program)
 * @flags: Must be 0
 * @ops: Pointer to @op_count operations
 * @sets: Pointer to @set_count sets of bytes; 0 if there are none
 * @literals: Pointer to @literal_count patterns of 1 to %KSIFT_OP_LITERAL_MAX bytes,
 *	of which FOLD may be given, and the group must be 0; 0 if there are none
 * @hints: Pointer to @hint_count patterns that are not empty, of which ANCHORED and
 *	FOLD may be given, and the group must be 0.  If there are any, a line that has
 *	none of them does not match, before INVERT: the program runs on the others
 *	alone.  0 if there are none.
 * @automata: Pointer to @automaton_count automata, of at most
 *	%KSIFT_POSITIONS_ALL_MAX positions in all.  A line that the program accepts
 *	for the pattern of one has the pattern if the automaton finds it, too.  0 if
 *	there are none.
 * @op_count: 1 to %KSIFT_OPS_MAX
 * @set_count: 0 to %KSIFT_SETS_MAX
 * @literal_count: 0 to %KSIFT_OPS_MAX
 * @hint_count: 0 to %KSIFT_HINTS_MAX
 * @automaton_count: 0 to %KSIFT_PATTERNS_MAX
 * @op_size: sizeof(struct ksift_op); a smaller one is EINVAL, a larger one EOPNOTSUPP
 *
 * A program is a straight line of operations on registers.  A register has a bit for
 * each place of the text: one before each byte.  A line has the places before its
 * bytes and its newline; the last line has a newline, whether it is there or not.  No
 * operation carries anything from one line to another.
 *
 * The module verifies a program before it runs, in one pass, and refuses one with
 * EINVAL that breaks a rule:
 *
 * Registers, sets, literals and patterns have numbers below their count, distances and
 * lengths are in their ranges, and all that is not used is 0.
 *
 * A register is written before it is read.
 *
 * SKIP passes over no more operations than follow, and over no other SKIP.  Of a SKIP
 * that asks for register a, a register is dead if it is empty whenever a is: a itself,
 * AND with a dead one, OR and XOR of two, ANDNOT with a dead one first, and ADVANCE,
 * RUN, THRU and PARITY with a dead one for @a.  Of the operations that it passes over,
 * ADVANCE, RUN, THRU, PARITY and ACCEPT take dead registers only.  After them, dead
 * registers are empty if they were passed over, and the others that they write count as
 * not written.
 */
struct ksift_line_program {
	__u32 size;
	__u32 flags;
	__aligned_u64 ops;
	__aligned_u64 sets;
	__aligned_u64 literals;
	__aligned_u64 hints;
	__aligned_u64 automata;
	__u32 op_count;
	__u32 set_count;
	__u32 literal_count;
	__u32 hint_count;
	__u32 automaton_count;
	__u32 op_size;
};

/**
 * struct ksift_filter - ioctl(KSIFT_FILTER)
 * @size: sizeof(struct ksift_filter)
 * @flags: Bits of enum ksift_filter_flags
 * @program: enum ksift_program; another is EOPNOTSUPP
 * @pattern_size: sizeof(struct ksift_pattern), the step from one pattern to
 *	the next; a smaller one is EINVAL, a larger one EOPNOTSUPP
 * @patterns: Pointer to @pattern_count patterns.  Not read when that is 0.
 * @pattern_count: 0 to %KSIFT_PATTERNS_MAX
 * @level_mask: Select only lines whose enum ksift_level n has bit (1 << n) set;
 *	0 selects all.  Not inverted by %KSIFT_FILTER_INVERT.  Needs
 *	%KSIFT_FEATURE_LEVELS, and is EOPNOTSUPP without, as are bits that are no
 *	level's.
 * @out_fd: The new filter, close-on-exec
 * @__reserved: Must be 0
 * @line_program: Pointer to a struct ksift_line_program if @program is
 *	%KSIFT_PROGRAM_LINES, else 0.  Since %KSIFT_FILTER_SIZE_VER1.
 *
 * Compile a filter.  A line is selected when at least one pattern of every
 * group that has patterns matches it and no excluding pattern does, and, with
 * %KSIFT_FILTER_INVERT, when that is not so.  The newline that ends a line is
 * not part of what the patterns see.
 *
 * The descriptor can be used in any number of RUNs at once, by any process it
 * is passed to.  It never changes, and lives until its last close.
 *
 * Return: 0, or EINVAL, E2BIG, EOPNOTSUPP, EFAULT, ENOMEM, EMFILE, ENFILE;
 * EINTR when a fatal signal ended the compilation.
 */
struct ksift_filter {
	__u32 size;
	__u32 flags;
	__u32 program;
	__u32 pattern_size;
	__aligned_u64 patterns;
	__u32 pattern_count;
	__u32 level_mask;
	__s32 out_fd;
	__u32 __reserved;
	__aligned_u64 line_program;
};

#define KSIFT_FILTER _IO(KSIFT_TYPE, KSIFT_CMD_FILTER)

/**
 * enum ksift_source - Where RUN takes its input from
 * @KSIFT_SOURCE_NONE: Nowhere: the range is one of numbers, not of bytes
 * @KSIFT_SOURCE_MEM: Memory of the calling process
 * @KSIFT_SOURCE_FILE: A regular file, open for reading
 */
enum ksift_source {
	KSIFT_SOURCE_NONE = 0,
	KSIFT_SOURCE_MEM = 1,
	KSIFT_SOURCE_FILE = 2
};

/**
 * enum ksift_resume_flags - Bits of struct ksift_resume.flags
 * @KSIFT_RESUME_VALID: Go on at @pos.  Set on every successful return.
 * @KSIFT_RESUME_DONE: The range is finished.  EINVAL on input.
 * @KSIFT_RESUME_INLINE: The line at @pos, which is in the range, is selected and
 *	counted already: go on to emit its text from byte @skip of it.
 * @KSIFT_RESUME_PENDING_NL: The line at @pos is selected, counted and emitted;
 *	only the newline that the last line of the source lacks is owed.
 * @KSIFT_RESUME_LIMIT: struct ksift_lines.max_lines was reached; unless INLINE
 *	or PENDING_NL is set, too, @pos is the byte after the last line counted.
 *	May come with DONE.  Ignored on input.
 * @KSIFT_RESUME_ABSENT: With %KSIFT_RUN_CACHED: the byte before @pos was absent.
 *	RUN skips the bytes up to a newline, which end a line whose beginning was
 *	absent, and has not counted that line as cut yet.
 * @KSIFT_RESUME_CUT: With %KSIFT_RUN_CACHED: @pos is in a line that RUN has counted
 *	as cut.  RUN skips the rest of it.
 */
enum ksift_resume_flags {
	KSIFT_RESUME_VALID = 1 << 0,
	KSIFT_RESUME_DONE = 1 << 1,
	KSIFT_RESUME_INLINE = 1 << 2,
	KSIFT_RESUME_PENDING_NL = 1 << 3,
	KSIFT_RESUME_LIMIT = 1 << 4,
	KSIFT_RESUME_ABSENT = 1 << 5,
	KSIFT_RESUME_CUT = 1 << 6
};

/**
 * struct ksift_resume - How far a RUN came
 * @pos: Without a source the next number of the range; for
 *	%KSIFT_KERNEL_LINES the start of a line, unless one of ABSENT and CUT is
 *	set; else the next element's offset
 * @skip: Bytes of the line at @pos that were emitted already; 0 unless one
 *	of INLINE and PENDING_NL is set
 * @flags: Bits of enum ksift_resume_flags.  0 on input starts at the range's
 *	beginning, and @pos and @skip must be 0 then.
 * @__reserved: Must be 0
 *
 * RUN keeps nothing between calls.  Pass back what it returns here, with the same
 * range, and it goes on where it stopped.  Each call counts only what it did itself:
 * add the counts up.  A caller that knows where in the range a line (or
 * element) begins may as well start there: @pos with VALID alone.
 */
struct ksift_resume {
	__aligned_u64 pos;
	__aligned_u64 skip;
	__u32 flags;
	__u32 __reserved;
};

/**
 * enum ksift_run_flags - Bits of struct ksift_run.flags
 * @KSIFT_RUN_CACHED: Scan only bytes that are in the page cache, and read nothing.
 *	Others, and those still being read, are absent, and so are holes.  RUN
 *	scans a line if all of it is cached and it is known to begin where it does:
 *	the byte before it is cached, too, or it is the file's first.  The file's
 *	access time stays as it is.  For %KSIFT_KERNEL_LINES, else EOPNOTSUPP.
 *	RUN tells what is cached only to those whom mincore(2) and cachestat(2)
 *	tell it: who owns the file, may write to it, or is capable, else EPERM.
 *	A line that is longer than 64 KiB, or than the buffer for it, may lose its
 *	rest from the cache while RUN emits it: then its text ends there, and the
 *	line counts as cut, too.
 * @KSIFT_RUN_POLITE: Leave the page cache as it is: cached pages keep their place
 *	in it, and RUN reads absent ones, scans them, and drops them again, unless
 *	somebody else has mapped or written to them by then; it writes nothing back
 *	for that.  Some pages stay: at most 31 each time that the scheduler moves
 *	the thread to another CPU while RUN reads pages, and those that a file
 *	system reads beside the ones requested (the rest of a compressed extent).
 *	Each call begins to read ahead anew, so short ones read some pages twice.
 *	tmpfs has no disk to drop pages to: those that were swapped out stay in.
 *
 * For %KSIFT_SOURCE_FILE, else EINVAL, and for files that can be scanned in the
 * page cache, else EOPNOTSUPP.  Both together are EINVAL: one reads nothing that the
 * other could drop.
 */
enum ksift_run_flags {
	KSIFT_RUN_CACHED = 1 << 0,
	KSIFT_RUN_POLITE = 1 << 1
};

/**
 * struct ksift_run - ioctl(KSIFT_RUN)
 * @size: sizeof(struct ksift_run)
 * @flags: Bits of enum ksift_run_flags
 * @kernel: enum ksift_kernel; EOPNOTSUPP if this module has no such kernel
 * @variant: enum ksift_variant; EOPNOTSUPP if this machine cannot run it
 * @source: enum ksift_source; EINVAL for one that @kernel does not take
 * @source_fd: %KSIFT_SOURCE_FILE: the file, else 0
 * @base: %KSIFT_SOURCE_MEM: address of the first byte, else 0
 * @len: %KSIFT_SOURCE_MEM: bytes there, else 0.  @base + @len must not wrap.
 * @from: First byte of the range, or first number when there is no source.
 *	With a source, above LLONG_MAX is EINVAL, and past its end an empty range.
 * @to: Byte (number) after the range's last, not below @from.  With a source
 *	U64_MAX means its end; other values above LLONG_MAX are EINVAL, and
 *	those past the source's end mean its end.
 * @resume: In and out: where to start, how far it came
 * @args: Pointer to the structure of @kernel, which starts with its own size
 * @out_bytes: Bytes of the source that were scanned
 * @out_walked: How many of @out_bytes came straight from the page cache.  Where RUN
 *	walks that, it gives all of @out_bytes to a caller whom it does not tell what
 *	is cached, see %KSIFT_RUN_CACHED.
 * @out_absent: With %KSIFT_RUN_CACHED, how many bytes of the range were absent,
 *	else 0
 * @out_cut: With %KSIFT_RUN_CACHED, how many lines were scanned in part, because
 *	the rest was absent, else 0.  Each end of an absent stretch counts one if it
 *	is not known to be a line's border; it belongs to the range that has the
 *	line's first byte, or the first byte after the stretch.  RUN cannot know if
 *	the bytes before and after a stretch are the same line's.
 * @out_variant: The enum ksift_variant that ran
 * @__reserved: Must be 0
 *
 * Run one kernel over one range of one source, in the caller's context.
 *
 * What begins in a range belongs to it: a line or an integer whose first byte
 * lies in [from, to) is finished by reading past @to, and one that began
 * before @from is skipped.  So ranges that touch give together what the whole
 * gives, whoever runs them, in whatever order.
 *
 * A signal ends the call early.  If anything is done, the call returns 0, and @resume
 * tells where to go on; else it fails with EINTR, or starts anew after a handler
 * with SA_RESTART, and when there is none.  RUN does a line as a whole: to get past
 * one that takes longer than the time between two signals, block them.
 *
 * Of each byte of a file that others change meanwhile, RUN sees some value that it had
 * during the call, or 0 if the file was truncated to before it during the call.
 *
 * Return: 0, or EINVAL, E2BIG, EOPNOTSUPP, EFAULT, EBADF, ESPIPE, EINTR,
 * ENOMEM, EPERM, EACCES, or what reading the file gave (EIO).  EOPNOTSUPP, too, for an
 * O_DIRECT file that cannot be scanned in the page cache.  On an error nothing
 * is written but, possibly, @args and the buffers that it points to.  An error met in a
 * file after something is done ends the call like a signal, and the next call
 * returns it.
 */
struct ksift_run {
	__u32 size;
	__u32 flags;
	__u32 kernel;
	__u32 variant;
	__u32 source;
	__s32 source_fd;
	__aligned_u64 base;
	__aligned_u64 len;
	__aligned_u64 from;
	__aligned_u64 to;
	struct ksift_resume resume;
	__aligned_u64 args;
	__aligned_u64 out_bytes;
	__aligned_u64 out_walked;
	__aligned_u64 out_absent;
	__aligned_u64 out_cut;
	__u32 out_variant;
	__u32 __reserved;
};

#define KSIFT_RUN _IO(KSIFT_TYPE, KSIFT_CMD_RUN)

/**
 * enum ksift_lines_flags - Bits of struct ksift_lines.flags
 * @KSIFT_LINES_TOTAL: Count every line, not the selected ones alone
 * @KSIFT_LINES_LEVELS: Count the selected lines by level, in @out_levels.  Needs
 *	%KSIFT_FEATURE_LEVELS, and is EOPNOTSUPP without.
 */
enum ksift_lines_flags {
	KSIFT_LINES_TOTAL = 1 << 0,
	KSIFT_LINES_LEVELS = 1 << 1
};

/**
 * struct ksift_record - One selected line
 * @offset: Of the line's first byte in the source
 * @len: Bytes in the line, without its newline
 * @line: How many lines of this call came before it; U64_MAX without
 *	%KSIFT_LINES_TOTAL
 * @level: enum ksift_level
 * @pattern: Index of the first pattern of the filter that is not an excluding
 *	one and that the line has; U32_MAX if it has none
 * @msg: Where in the line the message begins: the first non-blank after the
 *	level and its punctuation, 0 if there is no level
 * @__reserved: 0
 */
struct ksift_record {
	__aligned_u64 offset;
	__aligned_u64 len;
	__aligned_u64 line;
	__u32 level;
	__u32 pattern;
	__u32 msg;
	__u32 __reserved;
};

/**
 * struct ksift_lines - Arguments of %KSIFT_KERNEL_LINES
 * @size: sizeof(struct ksift_lines)
 * @flags: Bits of enum ksift_lines_flags
 * @filter_fd: From KSIFT_FILTER
 * @record_size: sizeof(struct ksift_record), the step from one record to the
 *	next, when @records is given; a smaller one is EINVAL, a larger one
 *	EOPNOTSUPP.  Else 0.
 * @max_lines: Stop after this many selected lines; U64_MAX: never.  0 emits
 *	no more than the line that @resume is in the middle of.
 * @text: Buffer for the selected lines, each with its newline; the last line
 *	of a source that lacks one gets one.  0: the text is not wanted, which
 *	is EINVAL when @resume is in the middle of a line.
 * @text_cap: Size of @text in bytes; not 0 if @text is given, else 0
 * @records: Array for a struct ksift_record per selected line.  0: not wanted.
 * @records_cap: Size of @records in records; not 0 if that is given, else 0
 * @out_selected: Lines selected
 * @out_selected_bytes: Bytes of text that the lines of @out_selected take:
 *	the exact size of a buffer for them
 * @out_total: Lines scanned, selected or not; 0 without %KSIFT_LINES_TOTAL
 * @out_total_bytes: Bytes in the lines scanned.  A line that goes on in the next
 *	call counts in each with the bytes that the call emitted of it.
 * @out_text: Bytes written to @text
 * @out_records: Records written to @records
 * @pattern_counts: Array of one __u64 for each pattern of the filter, which
 *	receives how many of the lines of @out_selected have it.  0: not wanted.
 * @pattern_counts_cap: Size of @pattern_counts in counts; not 0 if that is given, and
 *	at least the number of the filter's patterns (EINVAL), else 0
 * @__reserved: Must be 0
 * @out_levels: With %KSIFT_LINES_LEVELS, how many of the lines of @out_selected
 *	have each enum ksift_level; else 0.  A line that somebody writes to
 *	meanwhile may count here, and in @pattern_counts, as what it was a moment
 *	before RUN took its record or text.
 *
 * A line is the bytes up to and including a newline, or the end of the source
 * if something comes after the last newline.  Sources: MEM, FILE.
 *
 * The call ends when the range does, at @max_lines, when either buffer is
 * full, with %KSIFT_RUN_CACHED when the next line does not fit in what is left of
 * @text, or at a signal.  A line is counted, and its record written, in the
 * call that finds it selected, even if its text is finished by a later one.
 */
struct ksift_lines {
	__u32 size;
	__u32 flags;
	__s32 filter_fd;
	__u32 record_size;
	__aligned_u64 max_lines;
	__aligned_u64 text;
	__aligned_u64 text_cap;
	__aligned_u64 records;
	__aligned_u64 records_cap;
	__aligned_u64 out_selected;
	__aligned_u64 out_selected_bytes;
	__aligned_u64 out_total;
	__aligned_u64 out_total_bytes;
	__aligned_u64 out_text;
	__aligned_u64 out_records;
	__aligned_u64 pattern_counts;
	__u32 pattern_counts_cap;
	__u32 __reserved;
	__aligned_u64 out_levels[KSIFT_LEVELS];
};

/**
 * enum ksift_fib_flags - Bits of struct ksift_fib.out_flags
 * @KSIFT_FIB_WRAPPED: A value of this call is F(n) mod 2^64, not F(n): its n
 *	is above %KSIFT_FIB_EXACT_MAX
 */
enum ksift_fib_flags {
	KSIFT_FIB_WRAPPED = 1 << 0
};

#define KSIFT_FIB_EXACT_MAX	93

/**
 * struct ksift_fib - Arguments of %KSIFT_KERNEL_FIB
 * @size: sizeof(struct ksift_fib)
 * @flags: Must be 0
 * @values: Array of __u64 for F(n) mod 2^64 of each n of the range, in order;
 *	F(0) = 0, F(1) = 1.  0: only count.
 * @values_cap: Size of @values in values; not 0 if that is given, else 0
 * @out_count: Values written; without @values, how many there are
 * @out_flags: Bits of enum ksift_fib_flags; 0 without @values
 * @__reserved: Must be 0
 *
 * Source: NONE.  The call ends when the range does, when @values is full, or
 * at a signal.
 */
struct ksift_fib {
	__u32 size;
	__u32 flags;
	__aligned_u64 values;
	__aligned_u64 values_cap;
	__aligned_u64 out_count;
	__u32 out_flags;
	__u32 __reserved;
};

/**
 * enum ksift_sumsq_flags - Bits of struct ksift_sumsq_value.flags
 * @KSIFT_SUMSQ_OVF64: The sum is not below 2^64
 * @KSIFT_SUMSQ_OVF128: The sum is not below 2^128; lo and hi are its remainder
 */
enum ksift_sumsq_flags {
	KSIFT_SUMSQ_OVF64 = 1 << 0,
	KSIFT_SUMSQ_OVF128 = 1 << 1
};

/**
 * struct ksift_sumsq_value - A sum of squares
 * @lo: Its low 64 bits
 * @hi: Its bits 64 to 127
 * @flags: Bits of enum ksift_sumsq_flags
 * @__reserved: 0
 */
struct ksift_sumsq_value {
	__aligned_u64 lo;
	__aligned_u64 hi;
	__u32 flags;
	__u32 __reserved;
};

/**
 * struct ksift_sumsq - Arguments of %KSIFT_KERNEL_SUMSQ
 * @size: sizeof(struct ksift_sumsq)
 * @flags: Must be 0
 * @value_size: sizeof(struct ksift_sumsq_value) when @values is given; a smaller
 *	one is EINVAL, a larger one EOPNOTSUPP.  Else 0.
 * @__reserved: Must be 0
 * @values: Source MEM: array of struct ksift_sumsq_value, one per __u64 n of
 *	the source: the sum of i * i for 0 <= i < n.  Must be 0 for NONE.
 * @values_cap: Size of @values in values; not 0 if that is given, else 0
 * @out_count: Source MEM: values written; without @values, how many there are
 * @out_tail: Source MEM: bytes at the source's end, if the range takes them
 *	in, that are no whole __u64
 * @out_value: Source NONE: the sum of i * i for from <= i < to.  All of
 *	[from, to) is always done in one call.
 *
 * Sources: NONE; MEM, an array of __u64 in the machine's byte order whose
 * offset 0 is @base: one belongs to the range if its first byte does.
 */
struct ksift_sumsq {
	__u32 size;
	__u32 flags;
	__u32 value_size;
	__u32 __reserved;
	__aligned_u64 values;
	__aligned_u64 values_cap;
	__aligned_u64 out_count;
	__aligned_u64 out_tail;
	struct ksift_sumsq_value out_value;
};

/**
 * struct ksift_sum_i64 - Arguments of %KSIFT_KERNEL_SUM_I64
 * @size: sizeof(struct ksift_sum_i64)
 * @flags: Must be 0
 * @out_lo: Low 64 bits of the sum, a signed 128-bit number that cannot
 *	overflow
 * @out_hi: High 64 bits of it
 * @out_count: Integers summed
 * @out_tail: Bytes at the source's end, if the range takes them in, that are
 *	no whole integer; they are not part of the sum
 *
 * Sources: MEM, FILE.  The source is an array of signed 64-bit integers in
 * the machine's byte order from its offset 0 on: @from need not be aligned.
 */
struct ksift_sum_i64 {
	__u32 size;
	__u32 flags;
	__aligned_u64 out_lo;
	__s64 out_hi;
	__aligned_u64 out_count;
	__aligned_u64 out_tail;
};

#endif /* _UAPI_KSIFT_H */
