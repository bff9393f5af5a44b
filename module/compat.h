/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the supported kernels, by feature, and the flags of
 * allocations.
 */
#ifndef KSIFT_COMPAT_H
#define KSIFT_COMPAT_H

#include <linux/gfp.h>
#include <linux/pagemap.h>
#include <linux/version.h>

/*
 * For struct folio_batch.  Its own header was renamed in the 7 series; since 6.9
 * writeback.h includes it.
 */
#if KERNEL_VERSION(6, 9, 0) > LINUX_VERSION_CODE
#include <linux/pagevec.h>
#else
#include <linux/writeback.h>
#endif

/* Pages in the smallest folio that a file system keeps this file in. */
static inline unsigned long ksift_min_folio_pages(struct address_space *mapping)
{
#if KERNEL_VERSION(6, 12, 0) > LINUX_VERSION_CODE
	return 1;
#else
	return mapping_min_folio_nrpages(mapping);
#endif
}

#ifndef CONFIG_64BIT
#error "ksift needs a 64-bit kernel: it uses pages at their address in the direct map"
#endif

/*
 * Charged to the caller's cgroup; the caller gets the failure.  Where the caller
 * chooses the size, RETRY_MAYFAIL: the kernel kills no other process for it.
 */
#define KSIFT_GFP_FIXED (GFP_KERNEL_ACCOUNT | __GFP_NOWARN)
#define KSIFT_GFP (KSIFT_GFP_FIXED | __GFP_RETRY_MAYFAIL)

#endif /* KSIFT_COMPAT_H */
