/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_IOCTL_H
#define KSIFT_IOCTL_H

struct file;

long ksift_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* KSIFT_IOCTL_H */
