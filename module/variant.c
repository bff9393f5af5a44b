// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which variants of the engine can run here; found out once, when the module is
 * loaded.
 */
#include <linux/cache.h>
#include <linux/init.h>

#include "uapi/ksift.h"
#include "variant.h"

static const struct ksift_variant_ops *best __ro_after_init;
static u64 usable __ro_after_init;

void __init ksift_variant_init(void)
{
	const struct ksift_variant_ops *const *v;

	for (v = ksift_variants; *v; v++) {
		if ((*v)->usable && !(*v)->usable())
			continue;
		usable |= BIT_ULL((*v)->id);
		best = *v;
	}
}

const struct ksift_variant_ops *ksift_variant_get(u32 id)
{
	const struct ksift_variant_ops *const *v;

	if (id == KSIFT_VARIANT_BEST)
		return best;
	for (v = ksift_variants; *v; v++)
		if ((*v)->id == id)
			return usable & BIT_ULL((*v)->id) ? *v : NULL;
	return NULL;
}

u64 ksift_variant_mask(void)
{
	return usable;
}
