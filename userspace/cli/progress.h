/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_PROGRESS_H
#define _KSIFT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

void progress_begin(bool prints, uint64_t size);
void progress_step(uint64_t done);
void progress_end(void);
void progress_before_output(void);

#endif /* _KSIFT_PROGRESS_H */
