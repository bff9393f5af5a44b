/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_CMD_H
#define KSIFT_CMD_H

#include <linux/types.h>

/**
 * struct ksift_ucmd - An ioctl being handled
 * @user: The caller's structure
 * @user_size: Its size, as first fetched
 * @cmd: The module's copy, as large as the command's table row says; zeros where
 *	the caller's is shorter
 */
struct ksift_ucmd {
	void __user *user;
	u32 user_size;
	void *cmd;
};

/**
 * ksift_copy_struct() - Copy a size-first structure from the caller
 * @dst: Where it goes
 * @dst_size: sizeof() of the structure this module knows
 * @min_size: Least size to accept
 * @user: The caller's
 *
 * Return: the caller's size, at least @min_size, or -EFAULT, -EINVAL, -E2BIG.
 */
int ksift_copy_struct(void *dst, u32 dst_size, u32 min_size,
		      const void __user *user);

/**
 * ksift_ucmd_respond() - Copy the structure back to the caller
 * @ucmd: The ioctl
 * @size: sizeof() of the structure this module knows
 *
 * Return: 0 or -EFAULT.
 */
int ksift_ucmd_respond(struct ksift_ucmd *ucmd, u32 size);

#endif /* KSIFT_CMD_H */
