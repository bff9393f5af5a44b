/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: what a RUN was asked for, and where its time went.  ksift(4) says
 * how to read them; like the kernel's own, they are no ABI.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ksift

#if !defined(KSIFT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KSIFT_TRACE_H

#include <linux/kdev_t.h>
#include <linux/tracepoint.h>

#include "uapi/ksift.h"

#ifndef KSIFT_TRACE_NAMES
#define KSIFT_TRACE_NAMES
struct ksift_stats;

#define show_kernel(kernel)                                             \
	__print_symbolic(kernel,                                        \
			 { KSIFT_KERNEL_LINES, "lines" },               \
			 { KSIFT_KERNEL_FIB, "fib" },                   \
			 { KSIFT_KERNEL_SUMSQ, "sumsq" },               \
			 { KSIFT_KERNEL_SUM_I64, "sum-i64" })

#define show_source(source)                                             \
	__print_symbolic(source,                                        \
			 { KSIFT_SOURCE_NONE, "none" },                 \
			 { KSIFT_SOURCE_MEM, "mem" },                   \
			 { KSIFT_SOURCE_FILE, "file" })

#define show_run_flags(flags)                                           \
	__print_flags(flags, "|",                                       \
		      { KSIFT_RUN_CACHED, "cached" },                   \
		      { KSIFT_RUN_POLITE, "polite" })

#define show_resume_flags(flags)                                        \
	__print_flags(flags, "|",                                       \
		      { KSIFT_RESUME_VALID, "valid" },                  \
		      { KSIFT_RESUME_DONE, "done" },                    \
		      { KSIFT_RESUME_INLINE, "inline" },                \
		      { KSIFT_RESUME_PENDING_NL, "pending_nl" },        \
		      { KSIFT_RESUME_LIMIT, "limit" },                  \
		      { KSIFT_RESUME_ABSENT, "absent" },                \
		      { KSIFT_RESUME_CUT, "cut" })
#endif

/* For tools that read the formats, which do not know these names. */
TRACE_DEFINE_ENUM(KSIFT_KERNEL_LINES);
TRACE_DEFINE_ENUM(KSIFT_KERNEL_FIB);
TRACE_DEFINE_ENUM(KSIFT_KERNEL_SUMSQ);
TRACE_DEFINE_ENUM(KSIFT_KERNEL_SUM_I64);
TRACE_DEFINE_ENUM(KSIFT_SOURCE_NONE);
TRACE_DEFINE_ENUM(KSIFT_SOURCE_MEM);
TRACE_DEFINE_ENUM(KSIFT_SOURCE_FILE);
TRACE_DEFINE_ENUM(KSIFT_RUN_CACHED);
TRACE_DEFINE_ENUM(KSIFT_RUN_POLITE);
TRACE_DEFINE_ENUM(KSIFT_RESUME_VALID);
TRACE_DEFINE_ENUM(KSIFT_RESUME_DONE);
TRACE_DEFINE_ENUM(KSIFT_RESUME_INLINE);
TRACE_DEFINE_ENUM(KSIFT_RESUME_PENDING_NL);
TRACE_DEFINE_ENUM(KSIFT_RESUME_LIMIT);
TRACE_DEFINE_ENUM(KSIFT_RESUME_ABSENT);
TRACE_DEFINE_ENUM(KSIFT_RESUME_CUT);

/* A RUN, whose arguments have been checked as far as all kernels need them. */
TRACE_EVENT(run_begin,
	TP_PROTO(const struct ksift_run *run),
	TP_ARGS(run),

	TP_STRUCT__entry(
		__field(u32, kernel)
		__field(u32, source)
		__field(int, fd)
		__field(u32, flags)
		__field(u32, variant)
		__field(u64, from)
		__field(u64, to)
		__field(u64, pos)
		__field(u32, resume)
	),

	TP_fast_assign(
		__entry->kernel = run->kernel;
		__entry->source = run->source;
		__entry->fd = run->source_fd;
		__entry->flags = run->flags;
		__entry->variant = run->out_variant;
		__entry->from = run->from;
		__entry->to = run->to;
		__entry->pos = run->resume.pos;
		__entry->resume = run->resume.flags;
	),

	TP_printk("kernel=%s source=%s fd=%d flags=%s variant=%u from=%llu to=%llu pos=%llu resume=%s",
		  show_kernel(__entry->kernel), show_source(__entry->source),
		  __entry->fd, show_run_flags(__entry->flags),
		  __entry->variant, __entry->from, __entry->to, __entry->pos,
		  show_resume_flags(__entry->resume))
);

/*
 * That RUN returns @ret.  @stats is what it did with its source, even if it failed;
 * @lines is how many lines it selected.
 */
TRACE_EVENT(run_end,
	TP_PROTO(const struct ksift_run *run, const struct ksift_stats *stats,
		 u64 lines, int ret),
	TP_ARGS(run, stats, lines, ret),

	TP_STRUCT__entry(
		__field(u32, kernel)
		__field(int, ret)
		__field(dev_t, dev)
		__field(u64, ino)
		__field(u64, pos)
		__field(u32, resume)
		__field(u64, bytes)
		__field(u64, walked)
		__field(u64, unwalked)
		__field(u64, missing)
		__field(u64, changed)
		__field(u64, dense)
		__field(u64, reread)
		__field(u64, absent)
		__field(u64, lines)
	),

	TP_fast_assign(
		__entry->kernel = run->kernel;
		__entry->ret = ret;
		__entry->dev = stats->dev;
		__entry->ino = stats->ino;
		__entry->pos = run->resume.pos;
		__entry->resume = run->resume.flags;
		__entry->bytes = stats->bytes;
		__entry->walked = stats->walked;
		__entry->unwalked = stats->copied[KSIFT_COPY_UNWALKED];
		__entry->missing = stats->copied[KSIFT_COPY_MISSING];
		__entry->changed = stats->copied[KSIFT_COPY_CHANGED];
		__entry->dense = stats->copied[KSIFT_COPY_DENSE];
		__entry->reread = stats->copied[KSIFT_COPY_LONG];
		__entry->absent = run->out_absent;
		__entry->lines = lines;
	),

	TP_printk("kernel=%s ret=%d dev=%u:%u ino=%llu pos=%llu resume=%s bytes=%llu walked=%llu copied: unwalked=%llu missing=%llu changed=%llu dense=%llu long=%llu absent=%llu lines=%llu",
		  show_kernel(__entry->kernel), __entry->ret,
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino,
		  __entry->pos, show_resume_flags(__entry->resume),
		  __entry->bytes, __entry->walked, __entry->unwalked,
		  __entry->missing, __entry->changed, __entry->dense,
		  __entry->reread, __entry->absent, __entry->lines)
);

/* A filter was made of @bytes of patterns; it takes @memory bytes. */
TRACE_EVENT(filter_create,
	TP_PROTO(const struct ksift_filter *filter, u32 bytes, size_t memory),
	TP_ARGS(filter, bytes, memory),

	TP_STRUCT__entry(
		__field(u32, patterns)
		__field(u32, bytes)
		__field(u32, flags)
		__field(u32, levels)
		__field(u64, memory)
	),

	TP_fast_assign(
		__entry->patterns = filter->pattern_count;
		__entry->bytes = bytes;
		__entry->flags = filter->flags;
		__entry->levels = filter->level_mask;
		__entry->memory = memory;
	),

	TP_printk("patterns=%u bytes=%u flags=%#x levels=%#x memory=%llu",
		  __entry->patterns, __entry->bytes, __entry->flags,
		  __entry->levels, __entry->memory)
);

#endif /* KSIFT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
