// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading.
 */
#include <linux/module.h>

#include "dev.h"

static int __init ksift_init(void)
{
	return ksift_dev_register();
}

static void __exit ksift_exit(void)
{
	ksift_dev_unregister();
}

module_init(ksift_init);
module_exit(ksift_exit);

MODULE_DESCRIPTION("Log filters and compute kernels next to the data");
MODULE_AUTHOR("The ksift developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
