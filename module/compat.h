/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that are supported, by feature, and what
 * every allocation whose size a caller can influence is made with.
 */
#ifndef KSIFT_COMPAT_H
#define KSIFT_COMPAT_H

#include <linux/gfp.h>

/*
 * Since 7.1 struct folio_batch has a header of its own.  sparse, which cannot
 * tell, is run on older kernels.
 */
#ifndef __has_include
#include <linux/pagevec.h>
#elif __has_include(<linux/folio_batch.h>)
#include <linux/folio_batch.h>
#else
#include <linux/pagevec.h>
#endif

#ifndef CONFIG_64BIT
#error "ksift needs a 64-bit kernel: pages are used at their address in it"
#endif

/* Charged to the caller's cgroup, and a failure is the caller's to see. */
#define KSIFT_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#endif /* KSIFT_COMPAT_H */
