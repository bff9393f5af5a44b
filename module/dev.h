/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_DEV_H
#define KSIFT_DEV_H

int ksift_dev_register(void);
void ksift_dev_unregister(void);

#endif /* KSIFT_DEV_H */
