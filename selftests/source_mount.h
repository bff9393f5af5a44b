/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mounts file systems for a test: in a mount namespace of the test's own, on loop
 * devices that detach themselves after the unmount, so that nothing is left behind
 * however the test ends.
 */
#ifndef KSIFT_SOURCE_MOUNT_H
#define KSIFT_SOURCE_MOUNT_H

#include <sched.h>
#include <sys/mount.h>
#include <linux/loop.h>

#include "test_util.h"

/* Short, so that a path below it fits in PATH_MAX. */
#define MNT_DIR_MAX 256

struct mnt {
	char dir[MNT_DIR_MAX];
	bool mounted;
};

/* Run a program without its output: 0 if it exits with 0. */
static inline int run_quietly(const char *const *argv)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static inline void load_module(const char *name)
{
	const char *argv[] = { "modprobe", "-q", name, NULL };

	run_quietly(argv);
}

/* An attached loop device that detaches itself, or -1 with errno. */
static inline int loop_attach(const char *image, char *dev, size_t len)
{
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int ctl, n, loop = -1, file;

	load_module("loop");
	ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	file = open(image, O_RDWR | O_CLOEXEC);
	if (ctl < 0 || file < 0)
		goto out;
	n = ioctl(ctl, LOOP_CTL_GET_FREE);
	if (n < 0)
		goto out;
	snprintf(dev, len, "/dev/loop%d", n);
	loop = open(dev, O_RDWR | O_CLOEXEC);
	if (loop < 0)
		goto out;
	if (ioctl(loop, LOOP_SET_FD, file) ||
	    ioctl(loop, LOOP_SET_STATUS64, &info)) {
		close(loop);
		loop = -1;
	}
out:
	if (ctl >= 0)
		close(ctl);
	if (file >= 0)
		close(file);
	return loop;
}

/* With 4 KiB blocks, or @small ones of 1 KiB: a page of these can be read in part. */
static inline int mnt_mkfs(const char *type, const char *image, bool small)
{
	const char *ext4[] = {
		"mkfs.ext4", "-q", "-F", "-E", "nodiscard", "-b",
		small ? "1024" : "4096", image, NULL
	};
	/* Small images need an option that older versions do not know. */
	const char *xfs[] = {
		"mkfs.xfs", "-q", "-f", "-K", "--unsupported", image, NULL
	};
	const char *xfs_old[] = { "mkfs.xfs", "-q", "-f", "-K", image, NULL };

	if (!strcmp(type, "ext4"))
		return run_quietly(ext4);
	return run_quietly(xfs) && run_quietly(xfs_old) ? -1 : 0;
}

/* Call once per test, before the first mount.  Returns NULL, or why mounts fail. */
static inline const char *mnt_begin(void)
{
	if (geteuid())
		return "mounting needs root";
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "no mount namespace";
	return NULL;
}

/*
 * Mount @type, or "ext4-1k", on a new directory.  @image_size: 0 for a file
 * system without a device.  Returns NULL, or why that fails.
 */
static inline const char *mnt_make(struct mnt *m, const char *type,
				   const char *opts, __u64 image_size)
{
	char image[PATH_MAX], dev[32];
	bool small = !strcmp(type, "ext4-1k");
	static char why[256];
	int loop = -1, err;

	if (small)
		type = "ext4";
	m->mounted = false;
	snprintf(m->dir, sizeof(m->dir), "%s/ksift-mnt-XXXXXX", tmp_dir());
	if (!mkdtemp(m->dir))
		return "no directory to mount on";
	load_module(type);
	if (image_size) {
		int fd;

		snprintf(image, sizeof(image), "%s/ksift-img-XXXXXX",
			 tmp_dir());
		fd = mkostemp(image, O_CLOEXEC);
		if (fd < 0 || ftruncate(fd, image_size)) {
			if (fd >= 0) {
				close(fd);
				unlink(image);
			}
			rmdir(m->dir);
			return "no room for an image";
		}
		close(fd);
		if (mnt_mkfs(type, image, small)) {
			unlink(image);
			rmdir(m->dir);
			snprintf(why, sizeof(why), "no mkfs.%s here", type);
			return why;
		}
		loop = loop_attach(image, dev, sizeof(dev));
		unlink(image);
		if (loop < 0) {
			rmdir(m->dir);
			return "no loop device";
		}
	}
	err = mount(loop >= 0 ? dev : type, m->dir, type, 0, opts) ? errno : 0;
	if (loop >= 0)
		close(loop);
	if (err) {
		rmdir(m->dir);
		snprintf(why, sizeof(why), "cannot mount %s: %s", type,
			 strerror(err));
		return why;
	}
	m->mounted = true;
	return NULL;
}

static inline void mnt_undo(struct mnt *m)
{
	if (!m->mounted)
		return;
	umount2(m->dir, MNT_DETACH);
	rmdir(m->dir);
	m->mounted = false;
}

#endif /* KSIFT_SOURCE_MOUNT_H */
