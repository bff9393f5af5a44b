/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that are supported, by feature, and what
 * allocations are made with.
 */
#ifndef KSIFT_COMPAT_H
#define KSIFT_COMPAT_H

#include <linux/gfp.h>
#include <linux/pagemap.h>
#include <linux/version.h>

/*
 * struct folio_batch, whose own header was renamed in the 7 series.  Since 6.9
 * writeback.h brings it along.
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
#error "ksift needs a 64-bit kernel: pages are used at their address in it"
#endif

/*
 * Charged to the caller's cgroup, and a failure is the caller's to see.  With a
 * size that the caller chooses, nobody else is to be killed for it.
 */
#define KSIFT_GFP_FIXED (GFP_KERNEL_ACCOUNT | __GFP_NOWARN)
#define KSIFT_GFP (KSIFT_GFP_FIXED | __GFP_RETRY_MAYFAIL)

#endif /* KSIFT_COMPAT_H */
