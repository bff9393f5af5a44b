// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which engine does the work: what --engine says, else what KSIFT_ENGINE does in
 * the environment, else the user's file.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"
#include "engine.h"
#include "module.h"

#define DEVICE "/dev/ksift"
#define PATH_LEN 4096

/**
 * struct engine_choice - Which engine is to do the work
 * @engine: An enum ksift_engine
 * @made: Somebody has chosen it
 * @where: Who: an option, a variable, or a line of a file
 */
struct engine_choice {
	uint32_t engine;
	bool made;
	char where[PATH_LEN + 16];
};

/* @what, at @choice->where, is @name. */
static int take(struct engine_choice *choice, const char *what, const char *name)
{
	static const char *const names[] = {
		[KSIFT_ENGINE_AUTO] = "auto",
		[KSIFT_ENGINE_KERNEL] = "kernel",
		[KSIFT_ENGINE_USER] = "user",
	};
	uint32_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(name, names[i])) {
			choice->engine = i;
			choice->made = true;
			return CLI_OK;
		}
	}
	return cli_error("%s%s is auto, kernel or user, not '%s'", choice->where, what, name);
}

/* Without the blanks around it. */
static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = 0;
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* A line is empty, or has a "#" in front, or is "engine = NAME". */
static int take_line(struct engine_choice *choice, char *line)
{
	char *key = trim(line), *value = strchr(key, '=');

	if (!*key || *key == '#')
		return CLI_OK;
	if (!value)
		return cli_error("%s: '%s' is no setting, such as 'engine = user'",
				 choice->where, key);
	*value++ = 0;
	key = trim(key);
	if (strcmp(key, "engine"))
		return cli_error("%s: there is no setting '%s'; there is 'engine'",
				 choice->where, key);
	return take(choice, ": engine", trim(value));
}

/*
 * HOME may be another user's, as it is to a daemon that root started: what cannot be
 * reached there is nobody's choice.  @asked: the user said himself where the file is.
 */
static bool is_none(int err, bool asked)
{
	return err == ENOENT || err == ENOTDIR || (!asked && (err == EACCES || err == EPERM));
}

/* @f becomes NULL if there is no file.  What opens without waiting may be a FIFO. */
static int open_file(const char *path, bool asked, FILE **f)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int ret;

	*f = NULL;
	if (fd < 0)
		return is_none(errno, asked) ? CLI_OK : cli_error("%s: %s", path, strerror(errno));
	if (fstat(fd, &st))
		ret = cli_error("%s: %s", path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		ret = cli_error("%s: %s", path, strerror(EISDIR));
	else if (!S_ISREG(st.st_mode))
		ret = cli_error("%s: settings are in a regular file, and this is none", path);
	else if (*f = fdopen(fd, "r"), *f)
		return CLI_OK;
	else
		ret = cli_error("%s: %s", path, strerror(errno));
	close(fd);
	return ret;
}

static int read_file(struct engine_choice *choice, const char *path, bool asked)
{
	char where[sizeof(choice->where)] = "", *line = NULL;
	int ret, number = 0;
	size_t cap = 0;
	ssize_t len;
	FILE *f;

	ret = open_file(path, asked, &f);
	if (!f)
		return ret;
	errno = 0;
	while (!ret && (len = getline(&line, &cap, f)) >= 0) {
		bool made = choice->made;

		snprintf(choice->where, sizeof(choice->where), "%s:%d", path, ++number);
		choice->made = false;
		if (strlen(line) < (size_t)len)
			ret = cli_error("%s: there is a zero byte in this line", choice->where);
		else
			ret = take_line(choice, line);
		if (choice->made)
			memcpy(where, choice->where, sizeof(where));
		choice->made |= made;
	}
	if (!ret && ferror(f))
		ret = cli_error("%s: %s", path, strerror(errno));
	memcpy(choice->where, where, sizeof(where));
	free(line);
	fclose(f);
	return ret;
}

static int choose(const char *option, struct engine_choice *choice)
{
	const char *name = getenv("KSIFT_ENGINE"), *dir = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char path[PATH_LEN];
	bool asked;

	*choice = (struct engine_choice){ .engine = KSIFT_ENGINE_AUTO };
	if (option) {
		strcpy(choice->where, "--engine");
		return take(choice, "", option);
	}
	if (name && *name) {
		strcpy(choice->where, "KSIFT_ENGINE");
		return take(choice, "", name);
	}
	/* One that is not absolute is to be ignored. */
	asked = dir && *dir == '/';
	if (asked)
		snprintf(path, sizeof(path), "%s/ksift/config", dir);
	else if (home && *home)
		snprintf(path, sizeof(path), "%s/.config/ksift/config", home);
	else
		return CLI_OK;
	return read_file(choice, path, asked);
}

/* The user engine does it, which nobody has asked for: is that easily changed? */
static void notice(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	char file[PATH_LEN] = "";
	struct utsname uts;
	const char *why = NULL;

	if (fd >= 0) {
		close(fd);
		return;
	}
	if (errno == EACCES || errno == EPERM) {
		why = DEVICE " may not be opened";
	} else if (errno == ENOENT || errno == ENXIO || errno == ENODEV) {
		uname(&uts);
		module_find("", uts.release, file, sizeof(file));
		if (*file)
			why = "the ksift module is installed and not loaded";
	}
	if (why)
		cli_note("%s, so this program does the work itself; see 'ksift doctor'", why);
}

int engine_open(const struct engine_opts *how, struct ksift_ctx **ctx)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct engine_choice choice;
	struct ksift_error err;

	if (choose(how->engine, &choice))
		return CLI_ERROR;
	opts.engine = choice.engine;
	opts.variant = how->variant;
	if (ksift_ctx_open(&opts, ctx, &err)) {
		/* What is not on the command line is easily forgotten. */
		if (choice.engine == KSIFT_ENGINE_KERNEL && !how->engine)
			return cli_error("%s: %s", choice.where, err.text);
		return cli_error("%s", err.text);
	}
	/* For who asked for neither, and may wonder; a script need not hear it. */
	if (!choice.made && ksift_ctx_fallback(*ctx) && isatty(STDERR_FILENO))
		notice();
	return CLI_OK;
}
