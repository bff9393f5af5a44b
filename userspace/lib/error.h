/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LIBKSIFT_ERROR_H
#define _LIBKSIFT_ERROR_H

#include <libksift.h>

/* Both return @ret, so that they can end a function; @err may be NULL. */
int ksift_error_set(struct ksift_error *err, int ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int ksift_error_sys(struct ksift_error *err, int ret, const char *what);

int ksift_error_open(struct ksift_error *err, int ret, const char *device);
int ksift_error_size(struct ksift_error *err, const char *name, size_t size,
		     size_t min_size);
int ksift_error_opts(void *dst, size_t dst_size, const void *src,
		     size_t min_size, const char *name, struct ksift_error *err);

#endif /* _LIBKSIFT_ERROR_H */
