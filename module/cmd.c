// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies structures that begin with their size from the caller, and back.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "cmd.h"

int ksift_copy_struct(void *dst, u32 dst_size, u32 min_size,
		      const void __user *user)
{
	u32 size;
	int ret;

	if (get_user(size, (const u32 __user *)user))
		return -EFAULT;
	if (size < min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(dst, dst_size, user, size);
	if (ret)
		return ret;
	/* Another thread may have changed the size since the first fetch, which counts. */
	*(u32 *)dst = size;
	return size;
}

int ksift_ucmd_respond(struct ksift_ucmd *ucmd, u32 size)
{
	if (copy_to_user(ucmd->user, ucmd->cmd, min(ucmd->user_size, size)))
		return -EFAULT;
	return 0;
}
