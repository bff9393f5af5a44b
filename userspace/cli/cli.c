// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all commands share: messages, files, and standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "progress.h"

static const struct cli_cmd *running;

static void message(const char *name, const char *fmt, va_list ap)
{
	/* Where both go to one place, what came first comes first. */
	cli_flush();
	progress_end();
	fprintf(stderr, "ksift: %s%s", name ? name : "", name ? ": " : "");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void cli_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(NULL, fmt, ap);
	va_end(ap);
}

int cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(NULL, fmt, ap);
	va_end(ap);
	return CLI_ERROR;
}

int cli_refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(running->name, fmt, ap);
	va_end(ap);
	return CLI_ERROR;
}

int cli_run(const struct cli_cmd *cmd, int argc, char **argv)
{
	running = cmd;
	return cmd->run(argc, argv);
}

/* Of the command that runs. */
const char *cli_name(void)
{
	return running->name;
}

int cli_version(void)
{
	printf("ksift %s\n", ksift_version());
	return CLI_OK;
}

static int read_fd(int fd, size_t max, char **text, size_t *len)
{
	size_t cap = 0;
	ssize_t n;
	char *more;

	*len = 0;
	do {
		/* One byte more than there is: the caller may end it as a string. */
		if (*len + 1 >= cap) {
			cap = cap ? cap * 2 : 4096;
			more = cap <= max ? realloc(*text, cap) : NULL;
			if (!more)
				return cap <= max ? -ENOMEM : -EFBIG;
			*text = more;
		}
		n = read(fd, *text + *len, cap - *len - 1);
		if (n > 0)
			*len += n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

int cli_read(const char *path, size_t max, char **text, size_t *len)
{
	int fd, ret;

	if (!strcmp(path, "-"))
		return read_fd(STDIN_FILENO, max, text, len);
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = read_fd(fd, max, text, len);
	close(fd);
	return ret;
}

/* Does not return if what was written cannot be delivered. */
void cli_flush(void)
{
	progress_before_output();
	if (!fflush(stdout) && !ferror(stdout))
		return;
	progress_end();
	fprintf(stderr, "ksift: write error: %s\n", strerror(errno));
	_exit(CLI_ERROR);
}
