// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module comes and goes, and does not go while somebody has it.  It is
 * left as it was found: loaded, its node with the owner and mode it had.
 */
#include <ftw.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "test_util.h"

#define NAME "ksift"

static char module_path[PATH_MAX];

static int visit(const char *path, const struct stat *st, int type,
		 struct FTW *ftw)
{
	if (type != FTW_F || strcmp(path + ftw->base, NAME ".ko"))
		return 0;
	snprintf(module_path, sizeof(module_path), "%s", path);
	return 1;
}

/* The file of the module for this kernel; false if it is not known. */
static bool find_module(void)
{
	static const char * const places[] = {
		"/harness/" NAME ".ko", "/" NAME ".ko",
	};
	const char *env = getenv("KSIFT_MODULE");
	char dir[PATH_MAX];
	struct utsname uts;
	unsigned int i;

	if (env && *env) {
		snprintf(module_path, sizeof(module_path), "%s", env);
		return !access(module_path, R_OK);
	}
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		if (access(places[i], R_OK))
			continue;
		snprintf(module_path, sizeof(module_path), "%s", places[i]);
		return true;
	}
	uname(&uts);
	snprintf(dir, sizeof(dir), "/lib/modules/%s", uts.release);
	return nftw(dir, visit, 16, FTW_PHYS) == 1;
}

static int load(void)
{
	int fd = open(module_path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return ret;
}

static int unload(void)
{
	return syscall(SYS_delete_module, NAME, O_NONBLOCK);
}

static bool is_loaded(void)
{
	return !access("/sys/module/" NAME, F_OK);
}

/* Users of the module, as lsmod(8) says; -1: cannot say. */
static int users(void)
{
	FILE *f = fopen("/sys/module/" NAME "/refcnt", "r");
	int n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

FIXTURE(module)
{
	struct stat node;
};

FIXTURE_SETUP(module)
{
	int dev = ksift_open();

	close(dev);
	if (geteuid())
		SKIP(return, "loading modules needs root");
	if (!is_loaded())
		SKIP(return, "not a module here");
	if (!find_module())
		SKIP(return, "no " NAME ".ko to load it again from");
	ASSERT_EQ(0, stat(KSIFT_DEV, &self->node));
	ASSERT_EQ(0, users()) TH_LOG("somebody else uses it");
}

/* In the parent: however the test ended, the next ones need the module. */
FIXTURE_TEARDOWN(module)
{
	if (!is_loaded() && load())
		TH_LOG("cannot load %s again: %s", module_path,
		       strerror(errno));
	/* As udev or the test's host had set it. */
	if (self->node.st_mode) {
		EXPECT_OK(chown(KSIFT_DEV, self->node.st_uid,
				self->node.st_gid));
		EXPECT_OK(chmod(KSIFT_DEV, self->node.st_mode & 07777));
	}
}

TEST_F(module, loads_and_unloads)
{
	unsigned int i, rounds = ksift_rounds(200, 1000);
	struct stat st;

	for (i = 0; i < rounds; i++) {
		struct ksift_lines lines;
		struct ksift_run run;
		int dev, filter;

		ASSERT_EQ(0, unload()) TH_LOG("%u: %s", i, strerror(errno));
		ASSERT_FALSE(is_loaded());
		ASSERT_EQ(-1, stat(KSIFT_DEV, &st));
		ASSERT_EQ(ENOENT, errno);
		ASSERT_EQ(0, load()) TH_LOG("%u: %s", i, strerror(errno));
		ASSERT_EQ(0, stat(KSIFT_DEV, &st)) TH_LOG("%u", i);
		ASSERT_TRUE(S_ISCHR(st.st_mode));
		ASSERT_EQ(0660, st.st_mode & 07777);
		/* It works, and to have worked does not keep it. */
		dev = open(KSIFT_DEV, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, dev);
		filter = filter_literals(dev, 0, 1, "b");
		ASSERT_LE(0, filter);
		ASSERT_EQ(0, run_lines_mem(dev, filter, "a\nb\n", 4, &run,
					   &lines));
		ASSERT_EQ(1, lines.out_selected);
		close(filter);
		close(dev);
	}
}

/* Not twice, and not what is not a module. */
TEST_F(module, loaded_twice)
{
	EXPECT_ERRNO(EEXIST, load());
	EXPECT_TRUE(is_loaded());
}

#define EXPECT_BUSY() do {						\
	EXPECT_ERRNO(EWOULDBLOCK, unload());				\
	EXPECT_TRUE(is_loaded());					\
} while (0)

#define EXPECT_IDLE() do {						\
	EXPECT_EQ(0, users());						\
	EXPECT_OK(unload());						\
	EXPECT_OK(load());						\
} while (0)

TEST_F(module, open_device)
{
	int dev = open(KSIFT_DEV, O_RDWR | O_CLOEXEC), dup_dev;

	ASSERT_LE(0, dev);
	EXPECT_BUSY();
	dup_dev = dup(dev);
	close(dev);
	EXPECT_BUSY();
	close(dup_dev);
	EXPECT_IDLE();
}

TEST_F(module, open_filter)
{
	int dev = open(KSIFT_DEV, O_RDWR | O_CLOEXEC), filter, other;
	struct ksift_lines lines;
	struct ksift_run run;

	ASSERT_LE(0, dev);
	filter = filter_literals(dev, 0, 1, "b");
	ASSERT_LE(0, filter);
	EXPECT_EQ(2, users());
	close(dev);
	/* The filter alone keeps it, and is good for another device. */
	EXPECT_EQ(1, users());
	EXPECT_BUSY();
	other = open(KSIFT_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, run_lines_mem(other, filter, "b\n", 2, &run, &lines));
	EXPECT_EQ(1, lines.out_selected);
	close(other);
	EXPECT_BUSY();
	close(filter);
	EXPECT_IDLE();
}

/* A descriptor that only another process has. */
TEST_F(module, open_elsewhere)
{
	int dev, fds[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	dev = open(KSIFT_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, dev);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(fds[1]);
		/* Until the other end is closed. */
		if (read(fds[0], &c, 1))
			_exit(1);
		_exit(0);
	}
	close(dev);
	EXPECT_BUSY();
	close(fds[1]);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_IDLE();
	close(fds[0]);
}

/* A RUN at work, whose descriptor was closed behind its back. */
TEST_F(module, run_at_work)
{
	const size_t len = 64 << 20;
	unsigned int i, busy = 0, ok = 0;
	unsigned char *mem;
	pid_t pid;

	mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (;;) {
			struct ksift_lines lines;
			struct ksift_run run;
			int dev = open(KSIFT_DEV, O_RDWR | O_CLOEXEC);
			int filter;

			if (dev < 0)
				continue;
			filter = filter_literals(dev, 0, 1, "b");
			if (filter >= 0)
				run_lines_mem(dev, filter, mem, len / 64, &run,
					      &lines);
			close(filter);
			close(dev);
		}
	}
	for (i = 0; i < ksift_rounds(200, 5000); i++) {
		usleep(i % 7 * 100);
		if (!unload()) {
			ok++;
			ASSERT_EQ(0, load());
		} else {
			ASSERT_EQ(EWOULDBLOCK, errno);
			busy++;
		}
	}
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_LT(0, busy);
	TH_LOG("%u times busy, %u times unloaded in between", busy, ok);
	munmap(mem, len);
	EXPECT_IDLE();
}

TEST_HARNESS_MAIN
