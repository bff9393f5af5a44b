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
#include "trace.h"
#include "uapi/ksift.h"

static int filter_release(struct inode *inode, struct file *file)
{
	kvfree(file->private_data);
	return 0;
}

static void filter_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct ksift_prog *prog = file->private_data;

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

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != &filter_fops) {
		fput(file);
		return ERR_PTR(-EBADF);
	}
	*prog = file->private_data;
	return file;
}

static int check_pattern(const struct ksift_pattern *pat)
{
	const u32 known = KSIFT_PATTERN_ANCHORED | KSIFT_PATTERN_FOLD |
			  KSIFT_PATTERN_EXCLUDE;

	if (pat->flags & ~known)
		return -EOPNOTSUPP;
	if (pat->__reserved || pat->len > KSIFT_PATTERN_LEN_MAX ||
	    pat->group >= KSIFT_GROUPS_MAX)
		return -EINVAL;
	if ((pat->flags & KSIFT_PATTERN_EXCLUDE) && pat->group)
		return -EINVAL;
	return 0;
}

static void *alloc_filter(size_t size)
{
	/* With __GFP_RETRY_MAYFAIL, kvmalloc() would try hard for contiguous pages. */
	if (size > PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER)
		return __vmalloc(size, KSIFT_GFP | __GFP_ZERO);
	return kvzalloc(size, KSIFT_GFP);
}

/* Returns the filter, not compiled, with the patterns' bytes at *@data. */
static struct ksift_prog *copy_patterns(const struct ksift_pattern *pats,
					u32 count, u8 **data)
{
	struct ksift_prog *prog;
	u32 i, bytes = 0;
	void *mem;
	u8 *p;
	int ret;

	for (i = 0; i < count; i++) {
		ret = check_pattern(&pats[i]);
		if (ret)
			return ERR_PTR(ret);
		/* At most KSIFT_PATTERN_BYTES_MAX, by the limits above. */
		bytes += pats[i].len;
	}

	mem = alloc_filter(ksift_prog_size(count, bytes));
	if (!mem)
		return ERR_PTR(-ENOMEM);
	prog = ksift_prog_init(mem, count, bytes, data);
	p = *data;
	for (i = 0; i < count; i++) {
		u32 len = pats[i].len;

		ret = -EFAULT;
		if (len && copy_from_user(p, u64_to_user_ptr(pats[i].data), len))
			goto free_mem;
		ret = -EINVAL;
		if (memchr(p, '\n', len))
			goto free_mem;
		prog->lits[i].len = len;
		prog->lits[i].flags = pats[i].flags;
		prog->lits[i].group = array_index_nospec(pats[i].group,
							 KSIFT_GROUPS_MAX);
		p += len;
	}
	return prog;

free_mem:
	kvfree(mem);
	return ERR_PTR(ret);
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

static struct ksift_prog *make_filter(const struct ksift_filter *cmd)
{
	struct ksift_pattern *pats = NULL;
	struct ksift_prog *prog;
	u8 *data;
	int ret;

	if (cmd->pattern_count) {
		size_t size = array_size(cmd->pattern_count, sizeof(*pats));

		pats = kvmalloc(size, KSIFT_GFP);
		if (!pats)
			return ERR_PTR(-ENOMEM);
		if (copy_from_user(pats, u64_to_user_ptr(cmd->patterns), size)) {
			kvfree(pats);
			return ERR_PTR(-EFAULT);
		}
	}
	prog = copy_patterns(pats, cmd->pattern_count, &data);
	kvfree(pats);
	if (IS_ERR(prog))
		return prog;
	prog->level_mask = cmd->level_mask;
	ret = compile_filter(prog, data, cmd->flags);
	if (ret) {
		kvfree(prog);
		return ERR_PTR(ret);
	}
	return prog;
}

static void trace_filter(const struct ksift_filter *cmd,
			 const struct ksift_prog *prog)
{
	u32 i, bytes = 0;

	if (!trace_filter_create_enabled())
		return;
	for (i = 0; i < prog->count; i++)
		bytes += prog->lits[i].len;
	trace_filter_create(cmd, bytes, ksift_prog_size(prog->count, bytes));
}

int ksift_cmd_filter(struct ksift_ucmd *ucmd)
{
	struct ksift_filter *cmd = ucmd->cmd;
	struct ksift_prog *prog;
	struct file *file;
	int fd, ret;

	if (cmd->flags & ~(KSIFT_FILTER_INVERT |
			   KSIFT_FILTER_MATCH_NONE_IF_EMPTY))
		return -EOPNOTSUPP;
	if (cmd->program != KSIFT_PROGRAM_LITERALS ||
	    cmd->level_mask >> KSIFT_LEVELS)
		return -EOPNOTSUPP;
	if (cmd->__reserved || cmd->pattern_count > KSIFT_PATTERNS_MAX)
		return -EINVAL;
	ret = ksift_check_element(cmd->pattern_size, sizeof(struct ksift_pattern),
				  true);
	if (ret)
		return ret;

	prog = make_filter(cmd);
	if (IS_ERR(prog))
		return PTR_ERR(prog);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = fd;
		goto free_prog;
	}
	file = anon_inode_getfile("[ksift-filter]", &filter_fops, prog,
				  O_RDONLY);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto put_fd;
	}
	/* The file owns prog from here. */
	cmd->out_fd = fd;
	ret = ksift_ucmd_respond(ucmd, sizeof(*cmd));
	if (ret) {
		fput(file);
		put_unused_fd(fd);
		return ret;
	}
	trace_filter(cmd, prog);
	fd_install(fd, file);
	return 0;

put_fd:
	put_unused_fd(fd);
free_prog:
	kvfree(prog);
	return ret;
}
