// SPDX-License-Identifier: GPL-2.0-only
/*
 * FILTER: patterns in, an immutable compiled filter behind a descriptor out.
 *
 * The file owns the filter: it is published with the descriptor, never written
 * after, and freed when the file is released, so no user of it takes a lock.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "cmd.h"
#include "cmd_filter.h"
#include "compat.h"
#include "engine/check.h"
#include "engine/filter.h"
#include "line_program.h"
#include "trace.h"
#include "uapi/ksift.h"

/**
 * struct filter - What the file owns
 * @prog: The filter, compiled
 * @hints: A filter of its own, that it points to, or NULL
 * @program: The line program that it points to, if it has one
 * @memory: Bytes that all of it takes
 */
struct filter {
	struct ksift_prog *prog;
	struct ksift_prog *hints;
	struct ksift_program_copy program;
	size_t memory;
};

static void filter_free(struct filter *filter)
{
	kvfree(filter->prog);
	kvfree(filter->hints);
	ksift_program_free(&filter->program);
	kfree(filter);
}

static int filter_release(struct inode *inode, struct file *file)
{
	filter_free(file->private_data);
	return 0;
}

static void filter_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct filter *filter = file->private_data;
	const struct ksift_prog *prog = filter->prog;

	seq_printf(m, "ksift-patterns:\t%u\n", prog->count);
	seq_printf(m, "ksift-invert:\t%u\n", prog->invert);
}

static const struct file_operations filter_fops = {
	.owner = THIS_MODULE,
	.release = filter_release,
	.show_fdinfo = filter_show_fdinfo,
};

struct file *ksift_filter_get(int fd, const struct ksift_prog **prog)
{
	struct file *file = fget(fd);
	const struct filter *filter;

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != &filter_fops) {
		fput(file);
		return ERR_PTR(-EBADF);
	}
	filter = file->private_data;
	*prog = filter->prog;
	return file;
}

static void *alloc_filter(size_t size)
{
	/* With __GFP_RETRY_MAYFAIL, kvmalloc() would try hard for contiguous pages. */
	if (size > PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER)
		return __vmalloc(size, KSIFT_GFP | __GFP_ZERO);
	return kvzalloc(size, KSIFT_GFP);
}

/*
 * Returns a filter of checked patterns, not compiled, with their bytes at *@data.  Adds
 * to *@memory what it takes.
 */
static struct ksift_prog *copy_patterns(const struct ksift_pattern *pats,
					u32 count, u8 **data, size_t *memory)
{
	struct ksift_prog *prog;
	u32 i, bytes = 0;
	size_t size;
	void *mem;
	u8 *p;
	int ret;

	/* At most KSIFT_PATTERN_BYTES_MAX, by the limits of each. */
	for (i = 0; i < count; i++)
		bytes += pats[i].len;
	size = ksift_prog_size(count, bytes);
	mem = alloc_filter(size);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	*memory += size;
	prog = ksift_prog_init(mem, count, bytes, data);
	p = *data;
	for (i = 0; i < count; i++) {
		u32 len = pats[i].len;

		ret = ksift_copy_literal(p, &pats[i]);
		if (ret) {
			kvfree(mem);
			return ERR_PTR(ret);
		}
		prog->lits[i].len = len;
		prog->lits[i].flags = pats[i].flags;
		prog->lits[i].group = array_index_nospec(pats[i].group,
							 KSIFT_GROUPS_MAX);
		p += len;
	}
	return prog;
}

static int compile_filter(struct ksift_prog *prog, u8 *data, u32 flags)
{
	struct ksift_build build;

	ksift_prog_start(&build, prog, data, flags);
	while (ksift_prog_step(&build)) {
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static int make_hints(struct filter *filter,
		      const struct ksift_line_program *given)
{
	struct ksift_pattern *pats;
	struct ksift_prog *prog;
	u8 *data;
	u32 i;
	int ret = 0;

	pats = ksift_copy_array(given->hints, given->hint_count, sizeof(*pats));
	if (IS_ERR_OR_NULL(pats))
		return PTR_ERR_OR_ZERO(pats);
	for (i = 0; i < given->hint_count && !ret; i++)
		ret = ksift_check_literal(&pats[i], KSIFT_PATTERN_ANCHORED |
					  KSIFT_PATTERN_FOLD,
					  KSIFT_PATTERN_LEN_MAX);
	if (!ret) {
		prog = copy_patterns(pats, given->hint_count, &data,
				     &filter->memory);
		ret = PTR_ERR_OR_ZERO(prog);
	}
	kvfree(pats);
	if (ret)
		return ret;
	filter->hints = prog;
	return compile_filter(prog, data, 0);
}

static int make_program(struct filter *filter, const struct ksift_filter *cmd)
{
	struct ksift_line_program given;
	int ret;

	if (!cmd->pattern_count)
		return -EINVAL;
	ret = ksift_copy_struct(&given, sizeof(given),
				KSIFT_LINE_PROGRAM_SIZE_VER0,
				u64_to_user_ptr(cmd->line_program));
	if (ret < 0)
		return ret;
	ret = ksift_check_line_program(&given);
	if (ret)
		return ret;
	ret = ksift_program_take(&filter->program, &given, cmd->pattern_count);
	if (ret)
		return ret;
	filter->memory += filter->program.memory;
	ret = make_hints(filter, &given);
	if (ret)
		return ret;
	filter->prog->lines = filter->program.lines;
	filter->prog->hints = filter->hints;
	filter->prog->nfas = filter->program.nfas;
	filter->prog->nfa_count = filter->program.nfa_count;
	filter->prog->nfa_positions = filter->program.nfa_positions;
	return 0;
}

static int make_prog(struct filter *filter, const struct ksift_filter *cmd)
{
	struct ksift_pattern *pats;
	struct ksift_prog *prog;
	u8 *data;
	u32 i;
	int ret = 0;

	pats = ksift_copy_array(cmd->patterns, cmd->pattern_count, sizeof(*pats));
	if (IS_ERR(pats))
		return PTR_ERR(pats);
	for (i = 0; i < cmd->pattern_count && !ret; i++)
		ret = ksift_check_pattern(&pats[i], cmd->program);
	if (!ret) {
		prog = copy_patterns(pats, cmd->pattern_count, &data,
				     &filter->memory);
		ret = PTR_ERR_OR_ZERO(prog);
	}
	kvfree(pats);
	if (ret)
		return ret;
	filter->prog = prog;
	prog->level_mask = cmd->level_mask;
	if (cmd->program == KSIFT_PROGRAM_LINES)
		ret = make_program(filter, cmd);
	return ret ? ret : compile_filter(prog, data, cmd->flags);
}

static struct filter *make_filter(const struct ksift_filter *cmd)
{
	struct filter *filter = kzalloc(sizeof(*filter), KSIFT_GFP_FIXED);
	int ret;

	if (!filter)
		return ERR_PTR(-ENOMEM);
	ret = make_prog(filter, cmd);
	if (!ret)
		return filter;
	filter_free(filter);
	return ERR_PTR(ret);
}

static void trace_filter(const struct ksift_filter *cmd,
			 const struct filter *filter)
{
	const struct ksift_prog *prog = filter->prog;
	u32 i, bytes = 0;

	if (!trace_filter_create_enabled())
		return;
	for (i = 0; i < prog->count; i++)
		bytes += prog->lits[i].len;
	trace_filter_create(cmd, bytes, filter->memory);
}

int ksift_cmd_filter(struct ksift_ucmd *ucmd)
{
	struct ksift_filter *cmd = ucmd->cmd;
	struct filter *filter;
	struct file *file;
	int fd, ret;
	bool lines;

	if (cmd->flags & ~(KSIFT_FILTER_INVERT |
			   KSIFT_FILTER_MATCH_NONE_IF_EMPTY))
		return -EOPNOTSUPP;
	if (cmd->program > KSIFT_PROGRAM_LINES ||
	    cmd->level_mask >> KSIFT_LEVELS)
		return -EOPNOTSUPP;
	if (cmd->__reserved || cmd->pattern_count > KSIFT_PATTERNS_MAX)
		return -EINVAL;
	lines = cmd->program == KSIFT_PROGRAM_LINES;
	if (lines != !!cmd->line_program)
		return -EINVAL;
	ret = ksift_check_element(cmd->pattern_size, sizeof(struct ksift_pattern),
				  true);
	if (ret)
		return ret;

	filter = make_filter(cmd);
	if (IS_ERR(filter))
		return PTR_ERR(filter);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = fd;
		goto free_filter;
	}
	file = anon_inode_getfile("[ksift-filter]", &filter_fops,
				  filter, O_RDONLY);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto put_fd;
	}
	/* The file owns the filter from here. */
	cmd->out_fd = fd;
	ret = ksift_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret) {
		fput(file);
		put_unused_fd(fd);
		return ret;
	}
	trace_filter(cmd, filter);
	fd_install(fd, file);
	return 0;

put_fd:
	put_unused_fd(fd);
free_filter:
	filter_free(filter);
	return ret;
}
