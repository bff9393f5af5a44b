// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of variants that a lesser processor would have, on any machine.  Tests
 * link it instead of the engine's own: with SCALAR_ALONE it has the portable variant
 * alone, else, on x86-64, AVX2 as well.
 */
#include "engine/port.h"

#ifdef SCALAR_ALONE
#define ksift_cpu_has_avx2() false
#define ksift_cpu_has_neon() false
#endif
#define ksift_cpu_has_avx512() false

#include "engine/variants.c"
