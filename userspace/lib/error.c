// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turns errors into sentences, and checks structures that start with their size.
 */
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"

/* No structure gets longer: the caller has not set the size. */
#define SIZE_LIMIT 4096

int ksift_error_set(struct ksift_error *err, int ret, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return ret;
	err->err = ret;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return ret;
}

int ksift_error_sys(struct ksift_error *err, int ret, const char *what)
{
	char buf[128];

	if (strerror_r(-ret, buf, sizeof(buf)))
		snprintf(buf, sizeof(buf), "error %d", -ret);
	return ksift_error_set(err, ret, "%s%s%s", what, *what ? ": " : "", buf);
}

/*
 * Not getgrgid(): it loads whatever /etc/nsswitch.conf names, which a static
 * program cannot.
 */
static void group_name(gid_t gid, char *name, size_t len)
{
	struct group grp, *found;
	char buf[4096];
	FILE *f;

	snprintf(name, len, "%lu", (unsigned long)gid);
	f = fopen("/etc/group", "re");
	if (!f)
		return;
	while (!fgetgrent_r(f, &grp, buf, sizeof(buf), &found)) {
		if (grp.gr_gid == gid) {
			snprintf(name, len, "%s", grp.gr_name);
			break;
		}
	}
	fclose(f);
}

static int error_permission(struct ksift_error *err, int ret, const char *device)
{
	struct stat st;
	char group[64];

	if (stat(device, &st))
		return ksift_error_sys(err, ret, device);
	if (st.st_gid == 0)
		return ksift_error_set(err, ret,
			"no permission to open %s: only root may; give it to a group with 'sudo groupadd --system --force ksift; sudo chgrp ksift %s'",
			device, device);
	group_name(st.st_gid, group, sizeof(group));
	return ksift_error_set(err, ret,
		"no permission to open %s: it belongs to group %s; join it with 'sudo usermod -aG %s $USER' and log in again",
		device, group, group);
}

int ksift_error_open(struct ksift_error *err, int ret, const char *device)
{
	switch (ret) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return ksift_error_set(err, ret,
			"no device %s: the ksift module is not loaded; load it with 'sudo modprobe ksift' (or 'sudo insmod ksift.ko')",
			device);
	case -EACCES:
	case -EPERM:
		return error_permission(err, ret, device);
	default:
		return ksift_error_sys(err, ret, device);
	}
}

int ksift_error_size(struct ksift_error *err, const char *name, size_t size,
		     size_t min_size)
{
	if (size >= min_size && size <= SIZE_LIMIT)
		return 0;
	return ksift_error_set(err, -EINVAL,
		"size of struct ksift_%s is %zu, which is not its sizeof()",
		name, size);
}

/*
 * Copy a caller's size-first structure, which may be of an older or a newer
 * release than this library.
 */
int ksift_error_opts(void *dst, size_t dst_size, const void *src,
		     size_t min_size, const char *name, struct ksift_error *err)
{
	const unsigned char *tail = src;
	size_t size, i;
	int ret;

	memcpy(&size, src, sizeof(size));
	ret = ksift_error_size(err, name, size, min_size);
	if (ret)
		return ret;
	for (i = dst_size; i < size; i++)
		if (tail[i])
			return ksift_error_set(err, -E2BIG,
				"struct ksift_%s uses a member that this libksift (%s) does not know: the library is older than the program",
				name, KSIFT_VERSION);
	memset(dst, 0, dst_size);
	memcpy(dst, src, size < dst_size ? size : dst_size);
	return 0;
}
