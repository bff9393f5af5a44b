/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_RE_SHARE_H
#define _LIBKSIFT_RE_SHARE_H

#include "re_values.h"

/* How often a byte of log-like text is this one, in 1/65536. */
unsigned int ksift_re_byte_share(unsigned int c);

/* How often a literal begins at a byte, about. */
double ksift_re_literal_share(const struct re_literal *literal);

#endif /* _LIBKSIFT_RE_SHARE_H */
