/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_CMD_FILTER_H
#define KSIFT_CMD_FILTER_H

struct file;
struct ksift_prog;
struct ksift_ucmd;

int ksift_cmd_filter(struct ksift_ucmd *ucmd);

/**
 * ksift_filter_get() - Take a reference on a filter
 * @fd: A descriptor of the caller's
 * @prog: Returns the filter, valid until fput() of what is returned
 *
 * Return: the filter's file, or ERR_PTR(-EBADF) if @fd is not a filter.
 */
struct file *ksift_filter_get(int fd, const struct ksift_prog **prog);

#endif /* KSIFT_CMD_FILTER_H */
