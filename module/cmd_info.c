// SPDX-License-Identifier: GPL-2.0-only
/*
 * INFO: what this module can do on this machine.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "cmd.h"
#include "cmd_info.h"
#include "cmd_run.h"
#include "engine/variants.h"
#include "uapi/ksift.h"

int ksift_cmd_info(struct ksift_ucmd *ucmd)
{
	struct ksift_info *info = ucmd->cmd;
	const struct ksift_variant_ops *variant;
	u64 usable;

	if (info->flags)
		return -EOPNOTSUPP;
	variant = ksift_variant_get(info->variant, &usable);
	if (!variant)
		return -EOPNOTSUPP;

	info->out_variant = variant->id;
	info->out_features = KSIFT_FEATURE_LEVELS | KSIFT_FEATURE_CACHE;
	info->out_kernels = ksift_run_kernels();
	info->out_variants = usable;
	memset(info->out_variant_name, 0, sizeof(info->out_variant_name));
	memcpy(info->out_variant_name, variant->name,
	       min(strlen(variant->name), sizeof(info->out_variant_name) - 1));
	return ksift_ucmd_respond(ucmd, sizeof(*info));
}
