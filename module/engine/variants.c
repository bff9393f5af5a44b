// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference variant, and the list of all.
 */
#include "variants.h"
#include "../uapi/ksift.h"

static const struct ksift_variant_ops scalar = {
	.id = KSIFT_VARIANT_SCALAR,
	.name = "scalar",
};

#ifdef __x86_64__
bool ksift_avx2_usable(void)
{
	return ksift_cpu_has_avx2();
}

bool ksift_avx512_usable(void)
{
	return ksift_cpu_has_avx2() && ksift_cpu_has_avx512();
}
#endif

#ifdef KSIFT_NEON
bool ksift_neon_usable(void)
{
	return ksift_cpu_has_neon();
}
#endif

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
