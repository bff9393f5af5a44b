/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_ENTRIES_H
#define _KSIFT_ENTRIES_H

#include "job.h"

int entries_search(const struct input *in, const struct ksift_scan_opts *opts,
		   struct ksift_scan_result *res, struct ksift_error *err);

#endif /* _KSIFT_ENTRIES_H */
