// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node /dev/ksift: who may open it, what is not to be done with it, and
 * that what is open keeps the module where it is.
 */
#include "test_util.h"

#include <grp.h>
#include <poll.h>
#include <sys/sysmacros.h>

#define NOBODY 65534
#define MISC_MAJOR 10

FIXTURE(device)
{
	int dev;
	struct stat st;
};

FIXTURE_SETUP(device)
{
	self->dev = ksift_open();
	ASSERT_OK(stat(KSIFT_DEV, &self->st));
}

FIXTURE_TEARDOWN(device)
{
	close(self->dev);
}

/* The group ID of "ksift", or -1; the C library's way needs shared libraries. */
static long ksift_group(void)
{
	char line[4096];
	long gid = -1;
	FILE *f;

	f = fopen("/etc/group", "r");
	if (!f)
		return -1;
	while (gid < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "ksift:%*[^:]:%ld", &gid) != 1)
			sscanf(line, "ksift::%ld", &gid);
	}
	fclose(f);
	return gid;
}

TEST_F(device, node)
{
	unsigned int major, minor;
	long gid = ksift_group();
	FILE *f;

	EXPECT_TRUE(S_ISCHR(self->st.st_mode));
	EXPECT_EQ(0660, self->st.st_mode & 07777);
	EXPECT_EQ(0, self->st.st_uid);
	EXPECT_EQ(gid < 0 ? 0 : gid, self->st.st_gid);

	EXPECT_EQ(MISC_MAJOR, major(self->st.st_rdev));
	f = fopen("/sys/class/misc/ksift/dev", "r");
	ASSERT_NE(NULL, f);
	ASSERT_EQ(2, fscanf(f, "%u:%u", &major, &minor));
	fclose(f);
	EXPECT_EQ(major, major(self->st.st_rdev));
	EXPECT_EQ(minor, minor(self->st.st_rdev));
}

/*
 * The errno of opening the device in the given way as nobody, with that one
 * group; 0 if it opens.
 */
static int open_as_nobody(gid_t gid, int flags)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(255);
		errno = 0;
		_exit(open(KSIFT_DEV, flags) < 0 ? errno : 0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST_F(device, permissions)
{
	if (geteuid())
		SKIP(return, "only root can become others");

	EXPECT_EQ(EACCES, open_as_nobody(NOBODY, O_RDWR));
	EXPECT_EQ(EACCES, open_as_nobody(NOBODY, O_RDONLY));
	EXPECT_EQ(EACCES, open_as_nobody(NOBODY, O_WRONLY));
	EXPECT_EQ(0, open_as_nobody(self->st.st_gid, O_RDWR));
	EXPECT_EQ(0, open_as_nobody(self->st.st_gid, O_RDONLY));
	EXPECT_EQ(0, open_as_nobody(self->st.st_gid, O_WRONLY));
}

static const char sample[] = "ERROR one\nfine\nERROR two\n";

static int use(int dev)
{
	struct ksift_lines lines;
	struct ksift_run run;
	int filter, ret;

	filter = filter_literals(dev, 0, 1, "ERROR");
	if (filter < 0)
		return -1;
	ret = run_lines_mem(dev, filter, sample, sizeof(sample) - 1, &run,
			    &lines);
	close(filter);
	return ret ? -1 : (int)lines.out_selected;
}

/* Whoever was given the descriptor needs no other right. */
TEST_F(device, passed_to_nobody)
{
	int status;
	pid_t pid;

	if (geteuid())
		SKIP(return, "only root can become others");

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		if (setgroups(0, NULL) ||
		    setresgid(NOBODY, NOBODY, NOBODY) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(255);
		_exit(use(self->dev));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(2, WEXITSTATUS(status));
}

TEST_F(device, open_modes)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		int fd = open(KSIFT_DEV, modes[i] | O_CLOEXEC);

		ASSERT_GE(fd, 0);
		EXPECT_EQ(2, use(fd));
		close(fd);
		fd = open(KSIFT_DEV, modes[i] | O_NONBLOCK | O_CLOEXEC);
		ASSERT_GE(fd, 0);
		EXPECT_EQ(2, use(fd));
		close(fd);
	}
}

TEST_F(device, is_not_a_file)
{
	char buf[16];

	EXPECT_ERRNO(EINVAL, read(self->dev, buf, sizeof(buf)));
	EXPECT_ERRNO(EINVAL, write(self->dev, "x", 1));
	EXPECT_ERRNO(ESPIPE, lseek(self->dev, 0, SEEK_SET));
	EXPECT_ERRNO(ESPIPE, lseek(self->dev, 0, SEEK_END));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 1, PROT_READ, MAP_SHARED,
				   self->dev, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_ERRNO(EINVAL, ftruncate(self->dev, 0));
	EXPECT_ERRNO(EINVAL, fsync(self->dev));
	EXPECT_EQ(2, use(self->dev));
}

static long module_refs(void)
{
	long refs = -1;
	FILE *f;

	f = fopen("/sys/module/ksift/refcnt", "r");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &refs) != 1)
		refs = -1;
	fclose(f);
	return refs;
}

/* Each descriptor holds the module, and its close lets it go. */
TEST_F(device, references)
{
	int dev, copy, filter;
	long refs;

	refs = module_refs();
	ASSERT_GE(refs, 1) {
		TH_LOG("no /sys/module/ksift/refcnt");
	}
	dev = open(KSIFT_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(dev, 0);
	EXPECT_EQ(refs + 1, module_refs());
	copy = dup(dev);
	EXPECT_EQ(refs + 1, module_refs());
	filter = filter_literals(dev, 0, 1, "x");
	ASSERT_GE(filter, 0);
	EXPECT_EQ(refs + 2, module_refs());
	close(dev);
	EXPECT_EQ(refs + 2, module_refs());
	close(copy);
	EXPECT_EQ(refs + 1, module_refs());
	close(filter);
	EXPECT_EQ(refs, module_refs());
	EXPECT_EQ(2, use(self->dev));
	EXPECT_EQ(refs, module_refs());
}

TEST_F(device, opened_many_times)
{
	int fds[500];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = open(KSIFT_DEV, O_RDWR | O_CLOEXEC);
		ASSERT_GE(fds[i], 0);
	}
	for (i = 0; i < ARRAY_SIZE(fds); i += 7) {
		EXPECT_EQ(2, use(fds[i]));
	}
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
