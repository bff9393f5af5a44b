/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_CPUS_H
#define _LIBKSIFT_CPUS_H

/*
 * Processors whose time the cgroups of the file @self, below @root, grant;
 * UINT_MAX if they set no limit.
 */
unsigned int ksift_cpus_quota(const char *root, const char *self);

#endif /* _LIBKSIFT_CPUS_H */
