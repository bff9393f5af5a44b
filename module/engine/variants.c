// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference variant, and the list of all.  Whether a processor has what a
 * variant takes is asked here: the variant's own file is built for such a one.
 */
#include "variants.h"
#include "../uapi/ksift.h"

static const struct ksift_variant_ops scalar = {
	.id = KSIFT_VARIANT_SCALAR,
	.name = "scalar",
};

const struct ksift_variant_ops *const ksift_variants[] = {
	&scalar,
#ifdef __x86_64__
	&ksift_variant_avx2,
	&ksift_variant_avx512,
#endif
#ifdef KSIFT_NEON
	&ksift_variant_neon,
#endif
	NULL,
};

bool ksift_variant_usable(const struct ksift_variant_ops *ops)
{
	switch (ops->id) {
#ifdef __x86_64__
	case KSIFT_VARIANT_AVX2:
		return ksift_cpu_has_avx2();
	case KSIFT_VARIANT_AVX512:
		return ksift_cpu_has_avx2() && ksift_cpu_has_avx512();
#endif
#ifdef KSIFT_NEON
	case KSIFT_VARIANT_NEON:
		return ksift_cpu_has_neon();
#endif
	}
	return true;
}

const struct ksift_variant_ops *ksift_variant_get(u32 id, u64 *usable)
{
	const struct ksift_variant_ops *const *v, *found = NULL;

	*usable = 0;
	for (v = ksift_variants; *v; v++) {
		if (!ksift_variant_usable(*v))
			continue;
		*usable |= 1ULL << (*v)->id;
		if (id == KSIFT_VARIANT_BEST || id == (*v)->id)
			found = *v;
	}
	return found;
}
