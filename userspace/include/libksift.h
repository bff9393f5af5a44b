/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libksift: select lines of text, and compute, in the kernel through
 * /dev/ksift.
 *
 * The structures and constants of a record, a pattern, a level or a single run
 * are those of the kernel's own header, <ksift.h>; this one adds what a single
 * ioctl cannot do: whole files in order, descriptors that the kernel cannot
 * walk (pipes, terminals, /proc), arrays of any length, and a sentence for
 * every error.
 *
 * The library never prints, never exits and keeps no global state.  A context
 * and a matcher do not change once they are made: any number of threads may
 * use them at once.
 *
 * Functions return 0 or a negative errno value.  The last argument of most of
 * them, which may be NULL, receives that value and the sentence for it.
 *
 * Structures that start with a member named size grow at their end from one
 * release to the next; set it to sizeof() of the structure, or use the
 * initialisers given here.  Others, those that come in arrays above all, never
 * change.
 *
 * Since: 0.1 for everything here, unless something says otherwise.
 */
#ifndef _LIBKSIFT_H
#define _LIBKSIFT_H

#include <stddef.h>
#include <stdint.h>
#include <ksift.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KSIFT_DEVICE "/dev/ksift"

/* Room for the longest sentence, with a device's path in it. */
#define KSIFT_ERROR_TEXT 508

/**
 * struct ksift_error - Why a call failed
 * @err: What the function returned: a negative errno value, or what a callback
 *	returned
 * @text: A sentence in English without a final period, which names the field
 *	or the file descriptor that is to blame, and where there is one the way
 *	out.  Always terminated.
 *
 * Written only by a call that fails.
 */
struct ksift_error {
	int err;
	char text[KSIFT_ERROR_TEXT];
};

/**
 * ksift_version() - The library's own version
 *
 * Return: a string such as "0.1.0", which is never freed.
 */
const char *ksift_version(void);

/**
 * DOC: Context
 *
 * An open engine, with the options of its user.  There are two engines: the
 * module's, in the kernel, and the same code in this library, which needs no
 * module.  Both give the same results, except for the numbers that say how
 * files were read; and a pointer that leads nowhere is EFAULT from the kernel
 * alone.  The user engine scans memory in place: nobody may change it
 * meanwhile.
 */
struct ksift_ctx;

/**
 * enum ksift_engine - Who does the work
 * @KSIFT_ENGINE_AUTO: The kernel if a ksift device answers, else this library:
 *	if there is no device, or no permission to open it, or it is not
 *	ksift's, or of a module that is too old
 * @KSIFT_ENGINE_KERNEL: The kernel
 * @KSIFT_ENGINE_USER: This library, in the calling thread
 */
enum ksift_engine {
	KSIFT_ENGINE_AUTO = 0,
	KSIFT_ENGINE_KERNEL = 1,
	KSIFT_ENGINE_USER = 2
};

/**
 * struct ksift_ctx_opts - How to open
 * @size: sizeof(struct ksift_ctx_opts)
 * @device: The device node; NULL: %KSIFT_DEVICE
 * @variant: Name of the implementation that all runs use, such as "scalar";
 *	NULL: the fastest one that this machine can run
 * @interrupted: Called in the middle of a longer job: when a signal has cut a
 *	system call short, and every few milliseconds of the user engine's work.
 *	0 goes on; a negative value ends the job, and the function that does the
 *	job returns it.  NULL: always go on.
 * @arg: Handed to @interrupted
 * @engine: enum ksift_engine
 * @__reserved: Must be 0
 */
struct ksift_ctx_opts {
	size_t size;
	const char *device;
	const char *variant;
	int (*interrupted)(void *arg);
	void *arg;
	uint32_t engine;
	uint32_t __reserved;
};

#define KSIFT_CTX_OPTS_INIT \
	{ sizeof(struct ksift_ctx_opts), NULL, NULL, NULL, NULL, KSIFT_ENGINE_AUTO, 0 }

/**
 * ksift_ctx_open() - Open an engine
 * @opts: How, or NULL for the defaults.  Not needed after the call.
 * @ctx: The new context, to be given to ksift_ctx_close()
 * @err: Why it failed, or NULL
 *
 * The device's descriptor is close-on-exec.
 *
 * Return: 0; -EOPNOTSUPP: no such variant here; -EINVAL, -E2BIG: @opts;
 * -ENOMEM, -EMFILE, -ENFILE.  With %KSIFT_ENGINE_KERNEL also -ENOENT, -ENXIO,
 * -ENODEV: the module is not loaded; -EACCES: the device belongs to another
 * group; -ENOTTY: not a ksift device.
 */
int ksift_ctx_open(const struct ksift_ctx_opts *opts, struct ksift_ctx **ctx,
		   struct ksift_error *err);

/**
 * ksift_ctx_close() - Close an engine
 * @ctx: From ksift_ctx_open(), or NULL.  Nothing may be using it.
 *
 * Matchers made with it stay valid until they are freed themselves.
 */
void ksift_ctx_close(struct ksift_ctx *ctx);

/**
 * ksift_ctx_engine() - Who does the work
 * @ctx: The context
 *
 * Return: an enum ksift_engine, never %KSIFT_ENGINE_AUTO.
 */
uint32_t ksift_ctx_engine(const struct ksift_ctx *ctx);

/**
 * ksift_ctx_fallback() - Why the kernel does not do the work
 * @ctx: The context
 *
 * Return: a sentence, as in struct ksift_error, that lives as long as @ctx; or
 * NULL if the kernel does the work, or %KSIFT_ENGINE_USER was chosen.
 */
const char *ksift_ctx_fallback(const struct ksift_ctx *ctx);

/**
 * ksift_ctx_info() - What the engine can do on this machine
 * @ctx: The context
 * @variant: The enum ksift_variant to describe; %KSIFT_VARIANT_BEST describes
 *	the one that this context's runs use
 * @info: @size is the caller's, sizeof(struct ksift_info); the rest is filled in
 * @err: Why it failed, or NULL
 *
 * Return: 0; -EINVAL: @info->size; or -EOPNOTSUPP: this machine cannot run @variant.
 */
int ksift_ctx_info(struct ksift_ctx *ctx, uint32_t variant,
		   struct ksift_info *info, struct ksift_error *err);

/**
 * DOC: Matchers
 *
 * A compiled set of patterns, see struct ksift_filter in <ksift.h> for which
 * lines it selects.
 */
struct ksift_matcher;

/**
 * enum ksift_syntax - How an expression is written
 * @KSIFT_SYNTAX_FIXED: As it stands: every byte means itself
 * @KSIFT_SYNTAX_BASIC: A basic regular expression, as grep -G has it
 * @KSIFT_SYNTAX_EXTENDED: An extended regular expression, as grep -E has it
 * @KSIFT_SYNTAX_PERL: One of Perl's, as grep -P has it; -EOPNOTSUPP if the library
 *	was built without PCRE2
 *
 * In the C locale: characters are bytes.
 */
enum ksift_syntax {
	KSIFT_SYNTAX_FIXED = 0,
	KSIFT_SYNTAX_BASIC = 1,
	KSIFT_SYNTAX_EXTENDED = 2,
	KSIFT_SYNTAX_PERL = 3
};

/**
 * enum ksift_expr_flags - Bits of struct ksift_expr.flags
 * @KSIFT_EXPR_FOLD: The ASCII letters match in either case
 * @KSIFT_EXPR_WORDS: No letter, digit or underscore is right before or after a match
 * @KSIFT_EXPR_LINES: A match is the whole line; WORDS means nothing then
 * @KSIFT_EXPR_NUL: Lines end with a NUL, see %KSIFT_SCAN_NUL.  A newline is a byte like
 *	any other then, and no line has a NUL.
 * @KSIFT_EXPR_EXCLUDE: A line that has it is not selected.  It is in no group: @group
 *	must be 0.
 */
enum ksift_expr_flags {
	KSIFT_EXPR_FOLD = 1 << 0,
	KSIFT_EXPR_WORDS = 1 << 1,
	KSIFT_EXPR_LINES = 1 << 2,
	KSIFT_EXPR_NUL = 1 << 3,
	KSIFT_EXPR_EXCLUDE = 1 << 4
};

/**
 * struct ksift_expr - A pattern as somebody wrote it
 * @text: @len bytes, without a newline unless %KSIFT_EXPR_NUL is set
 * @len: How many
 * @syntax: enum ksift_syntax
 * @flags: Bits of enum ksift_expr_flags
 * @group: The group it belongs to, below %KSIFT_GROUPS_MAX
 * @__reserved: Must be 0
 */
struct ksift_expr {
	const char *text;
	size_t len;
	uint32_t syntax;
	uint32_t flags;
	uint32_t group;
	uint32_t __reserved;
};

/**
 * struct ksift_matcher_opts - What to match
 * @size: sizeof(struct ksift_matcher_opts)
 * @patterns: @count patterns, see <ksift.h>; NULL if there are none
 * @count: 0 to %KSIFT_PATTERNS_MAX
 * @flags: Bits of enum ksift_filter_flags
 * @level_mask: See struct ksift_filter; 0: lines of every level
 * @exprs: @expr_count patterns in place of @patterns, or NULL
 * @expr_count: How many.  Up to %KSIFT_PATTERNS_MAX, each is the pattern of its number;
 *	of more, the excluding ones are one pattern, and those of each group are, in
 *	the order in which they come first.
 * @inexact: Receives the number of @exprs that neither a program nor an automaton can
 *	decide about: those with back-references, those of Perl's syntax, and the
 *	largest.  If it is not 0, the matcher selects no fewer lines than it should,
 *	but may select more: find out about them with struct ksift_finder.  NULL: no
 *	such matcher is made (-EOPNOTSUPP).
 * @warn: Called with each warning that grep would give about one of @exprs, a
 *	sentence as in struct ksift_error; or NULL
 * @arg: Handed to @warn
 */
struct ksift_matcher_opts {
	size_t size;
	const struct ksift_pattern *patterns;
	size_t count;
	uint32_t flags;
	uint32_t level_mask;
	const struct ksift_expr *exprs;
	size_t expr_count;
	size_t *inexact;
	void (*warn)(void *arg, size_t expr, const char *text);
	void *arg;
};

#define KSIFT_MATCHER_OPTS_INIT \
	{ sizeof(struct ksift_matcher_opts), NULL, 0, 0, 0, NULL, 0, NULL, NULL, NULL }

/**
 * ksift_matcher_new() - Compile patterns
 * @ctx: The context
 * @opts: The patterns.  Neither they nor their bytes are needed after the call.
 * @matcher: The new matcher, to be given to ksift_matcher_free()
 * @err: Why it failed, or NULL
 *
 * Return: 0; -EINVAL, -E2BIG, -EOPNOTSUPP: @opts, as @err says; -ENOMEM,
 * -EMFILE, -ENFILE.
 */
int ksift_matcher_new(struct ksift_ctx *ctx,
		      const struct ksift_matcher_opts *opts,
		      struct ksift_matcher **matcher, struct ksift_error *err);

/**
 * ksift_matcher_free() - Free a matcher
 * @matcher: From ksift_matcher_new(), or NULL.  Nothing may be using it.
 */
void ksift_matcher_free(struct ksift_matcher *matcher);

/**
 * ksift_matcher_fd() - The kernel's descriptor of a matcher
 * @matcher: The matcher, which still owns the descriptor
 *
 * For passing it to another process, or to ioctls of one's own.
 *
 * Return: the descriptor, or -EOPNOTSUPP: it is the user engine's matcher, which
 * has none.
 */
int ksift_matcher_fd(const struct ksift_matcher *matcher);

/**
 * ksift_matcher_explain() - How a matcher finds its patterns, for people
 * @opts: As for ksift_matcher_new()
 * @text: Returns some lines of text, for free(): the literals, the line program, and
 *	who decides about what
 * @err: Why it failed, or NULL
 *
 * Return: 0, or as ksift_matcher_new().
 */
int ksift_matcher_explain(const struct ksift_matcher_opts *opts, char **text,
			  struct ksift_error *err);

/**
 * DOC: Finders
 *
 * Where in a line an expression matches.  A finder is used by one thread.
 */
struct ksift_finder;

/**
 * ksift_finder_new() - Make a finder
 * @expr: The expression; not needed after the call.  The line's text is as it is in
 *	the file, with %KSIFT_EXPR_NUL as well.
 * @finder: The new finder, to be given to ksift_finder_free()
 * @err: Why it failed, or NULL
 *
 * Return: 0, or -EINVAL, -EOPNOTSUPP, -ENOMEM.
 */
int ksift_finder_new(const struct ksift_expr *expr, struct ksift_finder **finder,
		     struct ksift_error *err);

/**
 * ksift_finder_free() - Free a finder
 * @finder: From ksift_finder_new(), or NULL
 */
void ksift_finder_free(struct ksift_finder *finder);

/**
 * ksift_finder_line() - Look at another line
 * @finder: The finder
 * @line: The line, without what ends it.  It has to stay until the next line.
 * @len: Its length
 */
void ksift_finder_line(struct ksift_finder *finder, const char *line, size_t len);

/**
 * ksift_finder_read() - Look at another line, which is not in memory
 * @finder: The finder
 * @len: The line's length
 * @read: Copies up to @len bytes from byte @at of the line on to @buf, and returns how
 *	many; fewer mean that the rest of the line is no more
 * @arg: Handed to @read
 *
 * Expressions with back-references, and of Perl's syntax, get all of it into memory;
 * for others some 16 MiB and 1/256 of the line's length is enough.
 */
void ksift_finder_read(struct ksift_finder *finder, uint64_t len,
		       size_t (*read)(void *arg, uint64_t at, char *buf, size_t len),
		       void *arg);

/**
 * ksift_finder_has() - Does the line match?
 * @finder: The finder
 *
 * Return: 1, 0, or a negative errno value: see ksift_finder_error().
 */
int ksift_finder_has(struct ksift_finder *finder);

/**
 * ksift_finder_error() - What was wrong with the line
 * @finder: The finder, whose last call for the line returned a negative errno value
 *
 * Perl's syntax allows for expressions that take for ever, so that they are given up; and
 * there may be too little memory.
 *
 * Return: a sentence, as in struct ksift_error, that is valid until the next line.
 */
const char *ksift_finder_error(const struct ksift_finder *finder);

/**
 * ksift_finder_next() - Find a match
 * @finder: The finder
 * @at: Where it may begin, at the earliest; not before that of the last call for this line
 * @empty: Matches of no bytes count, too; the same for all calls for a line.  After one,
 *	go on one byte further.
 * @from: Returns where the leftmost match begins that is at @at or after it
 * @to: Returns where the longest match ends that begins there; @from if it is empty
 *
 * All matches of a line take time in proportion to its length, but those of expressions
 * with back-references, and of Perl's syntax, for which the longest is the one that Perl
 * would choose.
 *
 * Return: 1; 0: there is none; or as ksift_finder_has().
 */
int ksift_finder_next(struct ksift_finder *finder, uint64_t at, int empty, uint64_t *from,
		      uint64_t *to);

/**
 * DOC: Lines
 */

/**
 * ksift_lines_run() - One run over one range
 * @ctx: The context
 * @matcher: Selects the lines; made with this context's engine
 * @run: @size, @flags, @source, @source_fd or @base and @len, @from, @to and @resume are the
 *	caller's, see <ksift.h>; the rest is filled in here
 * @lines: @size, @flags, @max_lines and the buffers are the caller's; the rest is
 *	filled in here
 * @err: Why it failed, or NULL
 *
 * The step that longer jobs are made of.  Call it again with the same @run
 * until @run->resume.flags has %KSIFT_RESUME_DONE, adding up the counts, and
 * lowering @max_lines by what was selected.
 *
 * Return: 0, or what struct ksift_run says, negative.
 */
int ksift_lines_run(struct ksift_ctx *ctx, const struct ksift_matcher *matcher,
		    struct ksift_run *run, struct ksift_lines *lines,
		    struct ksift_error *err);

/**
 * struct ksift_chunk - Part of a scan's output
 * @size: sizeof(struct ksift_chunk) of the library
 * @text: Selected text.  Every line ends with a newline (with %KSIFT_SCAN_NUL: a
 *	NUL), but the last one of a chunk may go on in the next.
 * @text_len: Bytes of @text
 * @records: The selected lines that begin in @text, in order, if asked for.
 *	@offset counts from the start of the file, or from where reading a
 *	stream began; @line from the start of the scan.
 * @record_count: How many there are.  The text of the last one may begin only
 *	in the next chunk.
 * @end: Offset of the byte after the last line scanned; of that line's first
 *	byte if its text goes on in the next chunk.  A line that ends there
 *	without its newline has none in the file.
 *
 * Valid during the callback.
 */
struct ksift_chunk {
	size_t size;
	const char *text;
	size_t text_len;
	const struct ksift_record *records;
	size_t record_count;
	uint64_t end;
};

struct ksift_scan_result;

/**
 * enum ksift_scan_flags - Bits of struct ksift_scan_opts.flags
 * @KSIFT_SCAN_TEXT: Give the selected lines to the callback
 * @KSIFT_SCAN_RECORDS: Give a struct ksift_record for each to the callback
 * @KSIFT_SCAN_TOTAL: Count every line, and number the records' lines
 * @KSIFT_SCAN_CURRENT: Start at the file's current offset, which is taken for
 *	the start of a line, instead of at @from.  The offset is not moved when
 *	the kernel walks the file.
 * @KSIFT_SCAN_NUL: Lines end with a NUL instead of a newline, in the file and in
 *	the output.  A newline is a byte like any other: a NUL in a pattern
 *	matches it.  Files are read, not walked.
 * @KSIFT_SCAN_LEVELS: Count the selected lines by level
 * @KSIFT_SCAN_CACHED: Scan only the bytes of a regular file that are in the page
 *	cache, and read nothing, see %KSIFT_RUN_CACHED in <ksift.h>: lines that are
 *	not cached as a whole are not scanned.  Only with the kernel engine, and
 *	only for who owns the file, may write to it, or is root, else EPERM.
 * @KSIFT_SCAN_POLITE: Leave the page cache as it is, see %KSIFT_RUN_POLITE in
 *	<ksift.h>.  One thread scans, and backs off: it rests the longer the more
 *	the kernel says that work waits for memory or disks (/proc/pressure), but
 *	never longer than a second.  Only with the kernel engine.  Anything but
 *	a regular file is in no cache, and is read.
 * @KSIFT_SCAN_NO_BINARY: Stop at a read that gives a NUL: none of its bytes is
 *	scanned, and the result has %KSIFT_SCAN_BINARY.  Files are read, not
 *	walked, unless %KSIFT_SCAN_CACHED or %KSIFT_SCAN_POLITE is given, with
 *	which regular files are walked and may have NULs.  Not with
 *	%KSIFT_SCAN_NUL.
 */
enum ksift_scan_flags {
	KSIFT_SCAN_TEXT = 1 << 0,
	KSIFT_SCAN_RECORDS = 1 << 1,
	KSIFT_SCAN_TOTAL = 1 << 2,
	KSIFT_SCAN_CURRENT = 1 << 3,
	KSIFT_SCAN_NUL = 1 << 4,
	KSIFT_SCAN_LEVELS = 1 << 5,
	KSIFT_SCAN_CACHED = 1 << 6,
	KSIFT_SCAN_POLITE = 1 << 7,
	KSIFT_SCAN_NO_BINARY = 1 << 8
};

/**
 * struct ksift_scan_opts - What to scan, and what for
 * @size: sizeof(struct ksift_scan_opts)
 * @flags: Bits of enum ksift_scan_flags
 * @from: First byte of the range; a line belongs to it that begins in it
 * @to: Byte after the range; UINT64_MAX: the end of the file
 * @max_lines: Stop after so many selected lines; UINT64_MAX: never
 * @chunk: Called with each piece of output, in order; needed for TEXT and
 *	RECORDS.  0 goes on; a negative value ends the scan, and is returned.
 * @arg: Handed to @chunk and @progress
 * @progress: Called every now and then, after @chunk was given what was found so
 *	far: all of the lines that begin before the result's @end, and perhaps a
 *	part of the one that begins there.  0 goes on; a negative value ends the
 *	scan, and is returned.  NULL: not needed.
 * @pattern_counts: Array of one number for each pattern of the matcher; the scan
 *	adds to it how many of the selected lines have the pattern, which takes
 *	more time than to select them.  NULL: not needed.
 * @pattern_counts_cap: Size of @pattern_counts in numbers
 * @threads: How many threads scan a regular file; 0 and 1: the calling thread.
 *	The output is the same, and the calling thread alone calls back.  It
 *	scans alone a file that is read.  See ksift_cpus().
 * @__reserved: Must be 0
 * @also: A second matcher, for a file that can be read only once: the result has
 *	%KSIFT_SCAN_ALSO if it selects a line that was scanned.  A file that is
 *	walked can be scanned again, and is scanned without it.  NULL: none.
 */
struct ksift_scan_opts {
	size_t size;
	uint32_t flags;
	uint64_t from;
	uint64_t to;
	uint64_t max_lines;
	int (*chunk)(void *arg, const struct ksift_chunk *chunk);
	void *arg;
	int (*progress)(void *arg, const struct ksift_scan_result *so_far);
	uint64_t *pattern_counts;
	size_t pattern_counts_cap;
	uint32_t threads;
	uint32_t __reserved;
	const struct ksift_matcher *also;
};

#define KSIFT_SCAN_OPTS_INIT \
	{ sizeof(struct ksift_scan_opts), 0, 0, UINT64_MAX, UINT64_MAX, NULL, NULL, \
	  NULL, NULL, 0, 0, 0, NULL }

/**
 * enum ksift_scan_result_flags - Bits of struct ksift_scan_result.flags
 * @KSIFT_SCAN_LIMITED: It ended because @max_lines lines were selected
 * @KSIFT_SCAN_STREAM: The file was read, because the kernel cannot walk it
 * @KSIFT_SCAN_ALSO: The second matcher selects a line, too
 * @KSIFT_SCAN_BINARY: It ended because there is a NUL, with %KSIFT_SCAN_NO_BINARY
 */
enum ksift_scan_result_flags {
	KSIFT_SCAN_LIMITED = 1 << 0,
	KSIFT_SCAN_STREAM = 1 << 1,
	KSIFT_SCAN_ALSO = 1 << 2,
	KSIFT_SCAN_BINARY = 1 << 3
};

/**
 * struct ksift_scan_result - What a scan found
 * @size: sizeof(struct ksift_scan_result), set by the caller
 * @flags: Bits of enum ksift_scan_result_flags
 * @variant: The enum ksift_variant that ran
 * @selected: Lines selected
 * @selected_bytes: Bytes of text they take, a newline for each
 * @total: Lines scanned, with %KSIFT_SCAN_TOTAL, else 0
 * @total_bytes: Bytes in the lines scanned
 * @bytes: Bytes scanned, some more than once where lines cross from one run into the
 *	next
 * @walked: How many of @bytes were scanned in the page cache, in place; see out_walked
 *	in <ksift.h>
 * @start: Offset at which it began
 * @end: Offset of the byte after the last line scanned; with
 *	%KSIFT_SCAN_LIMITED, after the last line selected
 * @levels: With %KSIFT_SCAN_LEVELS, how many of the lines selected have each
 *	enum ksift_level; else 0
 * @absent: With %KSIFT_SCAN_CACHED, bytes of the range that were not in the page
 *	cache, else 0
 * @cut: With %KSIFT_SCAN_CACHED, lines that were there in part, else 0; see
 *	struct ksift_run
 */
struct ksift_scan_result {
	size_t size;
	uint32_t flags;
	uint32_t variant;
	uint64_t selected;
	uint64_t selected_bytes;
	uint64_t total;
	uint64_t total_bytes;
	uint64_t bytes;
	uint64_t walked;
	uint64_t start;
	uint64_t end;
	uint64_t levels[KSIFT_LEVELS];
	uint64_t absent;
	uint64_t cut;
};

#define KSIFT_SCAN_RESULT_INIT \
	{ sizeof(struct ksift_scan_result), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, 0, 0 }

/**
 * ksift_lines_scan() - Scan a whole file, or a range of it, in order
 * @ctx: The context
 * @matcher: Selects the lines
 * @fd: Open for reading.  A file that the kernel cannot walk is read from the current
 *	offset on, so that a pipe is a file like any other: complete lines are
 *	delivered as soon as they have arrived.
 * @opts: What to do
 * @result: What was found; when the scan fails, what was found before that.  May
 *	be NULL.
 * @err: Why it failed, or NULL
 *
 * Uses less than 1 MiB of memory, with many threads some 4 MiB, but for a stream
 * with longer lines than that, which takes up to twice the longest.
 *
 * Return: 0; -ESPIPE: a range of a file that can only be read; -EBADF, -EIO,
 * -EISDIR and whatever else reading gives; -EINVAL, -E2BIG: @opts; -ENOMEM; or what
 * a callback returned.
 */
int ksift_lines_scan(struct ksift_ctx *ctx, const struct ksift_matcher *matcher,
		     int fd, const struct ksift_scan_opts *opts,
		     struct ksift_scan_result *result, struct ksift_error *err);

/**
 * ksift_cpus() - How many threads are of use
 *
 * Return: how many processors the calling thread may run on, or, if that is
 * less, how many its cgroups grant it the time of, rounded up; at least 1.
 */
unsigned int ksift_cpus(void);

/**
 * DOC: Computing
 */

/**
 * ksift_fib_range() - Fibonacci numbers of a range
 * @ctx: The context
 * @from: First n
 * @to: The n after the last, not below @from
 * @values: Array for @to - @from values, F(n) mod 2^64
 * @flags: Bits of enum ksift_fib_flags, may be NULL
 * @err: Why it failed, or NULL
 *
 * Return: 0, -EINVAL, or what an ioctl or a callback gave.
 */
int ksift_fib_range(struct ksift_ctx *ctx, uint64_t from, uint64_t to,
		    uint64_t *values, uint32_t *flags, struct ksift_error *err);

/**
 * ksift_fib_one() - One Fibonacci number
 * @ctx: The context
 * @n: Which, below UINT64_MAX
 * @value: F(n) mod 2^64
 * @flags: Bits of enum ksift_fib_flags, may be NULL
 * @err: Why it failed, or NULL
 *
 * Return: 0, -EINVAL, or what an ioctl or a callback gave.
 */
int ksift_fib_one(struct ksift_ctx *ctx, uint64_t n, uint64_t *value,
		  uint32_t *flags, struct ksift_error *err);

/**
 * ksift_sumsq_range() - Sum of i * i over a range
 * @ctx: The context
 * @from: First i
 * @to: The i after the last, not below @from
 * @value: The sum, exact in 128 bits, with flags for the sizes that it does not fit
 * @err: Why it failed, or NULL
 *
 * Return: 0, -EINVAL, or what an ioctl or a callback gave.
 */
int ksift_sumsq_range(struct ksift_ctx *ctx, uint64_t from, uint64_t to,
		      struct ksift_sumsq_value *value, struct ksift_error *err);

/**
 * ksift_sumsq_array() - Sums of i * i below each of many n
 * @ctx: The context
 * @n: @count numbers
 * @count: How many
 * @values: Array for @count sums, of 0 <= i < n each
 * @err: Why it failed, or NULL
 *
 * Return: 0, -EINVAL, or what an ioctl or a callback gave.
 */
int ksift_sumsq_array(struct ksift_ctx *ctx, const uint64_t *n, size_t count,
		      struct ksift_sumsq_value *values, struct ksift_error *err);

/**
 * struct ksift_sum - A running sum of 64-bit integers
 * @lo: Its low 64 bits
 * @hi: Its high 64 bits, signed
 * @count: Integers summed
 * @tail: Bytes left over that are no whole integer
 *
 * Start with all zeros; every call adds to it.  No number of calls that a
 * machine can make overflows 128 bits.
 */
struct ksift_sum {
	uint64_t lo;
	int64_t hi;
	uint64_t count;
	uint64_t tail;
};

/**
 * ksift_sum_memory() - Add up integers in memory
 * @ctx: The context
 * @base: Signed 64-bit integers in the machine's byte order, of any alignment
 * @len: Bytes there
 * @sum: Added to; on an error it may have been in part
 * @err: Why it failed, or NULL
 *
 * Return: 0, -EFAULT, -EINVAL, or what an ioctl or a callback gave.
 */
int ksift_sum_memory(struct ksift_ctx *ctx, const void *base, size_t len,
		     struct ksift_sum *sum, struct ksift_error *err);

/**
 * ksift_sum_file() - Add up integers in a file
 * @ctx: The context
 * @fd: Open for reading: signed 64-bit integers in the machine's byte order,
 *	from offset 0 on
 * @from: First byte of the range; an integer belongs to it that begins in it
 * @to: Byte after the range; UINT64_MAX: the end of the file
 * @sum: Added to; on an error it may have been in part
 * @err: Why it failed, or NULL
 *
 * A file that the kernel cannot walk is read as by ksift_sum_stream(), if the
 * range is all of it.
 *
 * Return: 0, -ESPIPE, -EBADF, -EIO, -EINVAL, or what else an ioctl, read(2) or
 * a callback gave.
 */
int ksift_sum_file(struct ksift_ctx *ctx, int fd, uint64_t from, uint64_t to,
		   struct ksift_sum *sum, struct ksift_error *err);

/**
 * ksift_sum_stream() - Add up integers that can only be read
 * @ctx: The context
 * @fd: Open for reading; the first integer begins at the current offset
 * @sum: Added to; on an error it may have been in part
 * @err: Why it failed, or NULL
 *
 * Return: 0, -EBADF, -EIO, -ENOMEM, or what else read(2), an ioctl or a
 * callback gave.
 */
int ksift_sum_stream(struct ksift_ctx *ctx, int fd, struct ksift_sum *sum,
		     struct ksift_error *err);

#ifdef __cplusplus
}
#endif

#endif /* _LIBKSIFT_H */
