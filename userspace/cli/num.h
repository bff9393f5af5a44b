/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_NUM_H
#define _KSIFT_NUM_H

#include <stdbool.h>
#include <stdint.h>

/* Sign, 39 digits, NUL. */
#define NUM_DEC128 41

int num_parse_u64(const char *s, uint64_t *value);
int num_parse_range(const char *s, uint64_t *from, uint64_t *to, bool *range,
		    const char **why);
char *num_format_u128(char buf[NUM_DEC128], uint64_t hi, uint64_t lo);
char *num_format_i128(char buf[NUM_DEC128], int64_t hi, uint64_t lo);

#endif /* _KSIFT_NUM_H */
