// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of variants as a lesser processor leaves it, wherever this runs.  Tests
 * are linked with it in place of the engine's own: with SCALAR_ALONE the portable
 * variant alone, or on x86-64 AVX2 and no more.
 */
#include "engine/port.h"

#ifdef SCALAR_ALONE
#define ksift_cpu_has_avx2() false
#define ksift_cpu_has_neon() false
#endif
#define ksift_cpu_has_avx512() false

#include "engine/variants.c"
