// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs one command in the guest and relays its output, byte for byte and as it
 * comes, to two character devices the host reads.
 *
 * The command's words come NUL-separated from a file, so that no shell ever
 * sees them.  Its stdout and stderr are pipes, as they would be under any
 * harness: the devices behind them block and buffer in ways a test must not
 * notice.  When the command is gone, what is left in the pipes is relayed and
 * the run is over: a daemon it leaves behind cannot hold it open.
 *
 * Exit status: the command's, 128 + N if signal N ended it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "harness: %s: %s\n", what, strerror(errno));
	exit(125);
}

static char **read_words(const char *path)
{
	struct stat st;
	char **words;
	size_t n = 0, len = 0;
	char *buf, *p;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		die(path);
	buf = malloc(st.st_size + 1);
	if (!buf)
		die("malloc");
	while (len < (size_t)st.st_size) {
		ssize_t r = read(fd, buf + len, st.st_size - len);

		if (r <= 0)
			die(path);
		len += r;
	}
	close(fd);
	buf[len] = '\0';
	for (p = buf; p < buf + len; p += strlen(p) + 1)
		n++;
	words = calloc(n + 1, sizeof(*words));
	if (!words || !n)
		die("no command");
	n = 0;
	for (p = buf; p < buf + len; p += strlen(p) + 1)
		words[n++] = p;
	return words;
}

static int open_channel(const char *path)
{
	struct termios t;
	int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	if (!tcgetattr(fd, &t)) {
		cfmakeraw(&t);
		if (tcsetattr(fd, TCSANOW, &t))
			die(path);
	}
	return fd;
}

/* Returns 0 when the pipe has ended, or is empty and non-blocking. */
static int relay(int from, int to)
{
	static char buf[65536];
	ssize_t n = read(from, buf, sizeof(buf)), done = 0;

	if (n < 0)
		return errno == EINTR;
	while (done < n) {
		ssize_t w = write(to, buf + done, n - done);

		if (w < 0 && errno != EINTR && errno != EAGAIN)
			die("write to the host");
		if (w > 0)
			done += w;
	}
	return n > 0;
}

static void on_child(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	int out[2], err[2], to[2], status = 0, i;
	struct sigaction sa = { .sa_handler = on_child };
	const struct rlimit no_core = { 0, 0 };
	struct pollfd fds[2];
	sigset_t chld, old;
	char **words;
	pid_t pid;

	if (argc != 4) {
		fprintf(stderr, "usage: run OUT-DEVICE ERR-DEVICE WORDS-FILE\n");
		return 125;
	}
	to[0] = open_channel(argv[1]);
	to[1] = open_channel(argv[2]);
	words = read_words(argv[3]);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &old);
	sigaction(SIGCHLD, &sa, NULL);

	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		signal(SIGCHLD, SIG_DFL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		setrlimit(RLIMIT_CORE, &no_core);
		setsid();
		dup2(null, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		if (null > 2)
			close(null);
		execvp(words[0], words);
		i = errno;
		fprintf(stderr, "%s: %s\n", words[0], strerror(i));
		_exit(i == ENOENT ? 127 : 126);
	}
	close(out[1]);
	close(err[1]);
	fds[0].fd = out[0];
	fds[1].fd = err[0];
	fds[0].events = POLLIN;
	fds[1].events = POLLIN;

	/* SIGCHLD is only let in while waiting: its arrival is never missed. */
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (ppoll(fds, 2, NULL, &old) < 0) {
			if (errno != EINTR)
				die("poll");
			continue;
		}
		for (i = 0; i < 2; i++)
			if (fds[i].revents && !relay(fds[i].fd, to[i]))
				fds[i].fd = -1;
	}
	for (i = 0; i < 2; i++) {
		if (fds[i].fd < 0)
			continue;
		fcntl(fds[i].fd, F_SETFL, O_NONBLOCK);
		while (relay(fds[i].fd, to[i]))
			;
	}
	for (i = 0; i < 2; i++)
		tcdrain(to[i]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
