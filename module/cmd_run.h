/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_CMD_RUN_H
#define KSIFT_CMD_RUN_H

#include <linux/types.h>

struct ksift_ucmd;

int ksift_cmd_run(struct ksift_ucmd *ucmd);

/* Bit (1 << n) is set for each enum ksift_kernel there is. */
u64 ksift_run_kernels(void);

#endif /* KSIFT_CMD_RUN_H */
