/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_MODULE_H
#define _KSIFT_MODULE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where, below @root, the module is that is installed for the kernel @release: @file
 * becomes "" if none is.  Return: whether modprobe finds it.
 */
bool module_find(const char *root, const char *release, char *file, size_t len);

#endif /* _KSIFT_MODULE_H */
