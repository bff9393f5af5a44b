// SPDX-License-Identifier: GPL-2.0-only
/*
 * The character device /dev/ksift.  It has no state: each ioctl stands alone.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "dev.h"
#include "ioctl.h"

static const struct file_operations ksift_dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ksift_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice ksift_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ksift",
	.fops = &ksift_dev_fops,
	.mode = 0660,
};

int ksift_dev_register(void)
{
	return misc_register(&ksift_dev);
}

void ksift_dev_unregister(void)
{
	misc_deregister(&ksift_dev);
}
