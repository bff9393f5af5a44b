/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_WATCH_H
#define _KSIFT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <libksift.h>

struct input;

void watch_start(bool stats, const char *checkpoint);
int watch_begin(struct input *in, struct ksift_scan_opts *opts, bool prints);
void watch_step(const struct ksift_scan_result *so_far);
void watch_end(const struct input *in, const struct ksift_scan_result *res);
bool watch_finish(struct ksift_ctx *ctx, bool complete);

#endif /* _KSIFT_WATCH_H */
