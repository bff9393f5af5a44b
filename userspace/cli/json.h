/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_JSON_H
#define _KSIFT_JSON_H

#include <stddef.h>
#include <stdint.h>

void json_puts(const char *s);
void json_number(uint64_t n);
void json_text(const char *s, size_t len);

#endif /* _KSIFT_JSON_H */
