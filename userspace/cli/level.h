/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_LEVEL_H
#define _KSIFT_LEVEL_H

#include <stdint.h>

const char *level_name(uint32_t level);
int level_parse_mask(const char *s, uint32_t *mask);

#endif /* _KSIFT_LEVEL_H */
