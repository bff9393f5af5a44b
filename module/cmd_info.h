/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_CMD_INFO_H
#define KSIFT_CMD_INFO_H

struct ksift_ucmd;

int ksift_cmd_info(struct ksift_ucmd *ucmd);

#endif /* KSIFT_CMD_INFO_H */
