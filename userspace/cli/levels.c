// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift levels
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "cli.h"
#include "engine.h"
#include "level.h"
#include "options.h"
#include "packed.h"
#include "progress.h"

/* Of a terminal that does not tell. */
#define COLUMNS 80
/* Of the longest name, and what stands between columns. */
#define NAME_WIDTH 8

struct levels {
	struct ksift_ctx *ctx;
	struct ksift_matcher *all;
	uint64_t lines;
	uint64_t level[KSIFT_LEVELS];
	uint32_t cache;
	bool failed, looked;	/* at one file at least */
};

static void levels_error(struct levels *l, const char *name, const char *text)
{
	l->failed = true;
	cli_note("%s: %s", name, text);
}

/* As for ksift grep: what is compressed has no lines to speak of. */
static bool is_packed(struct levels *l, const char *name, int fd)
{
	const struct packer *packer = l->cache ? cache_packed_by(l->ctx, l->all, fd, l->cache) :
						 packed_by(fd);
	char text[128];

	if (!packer)
		return false;
	snprintf(text, sizeof(text), "compressed by %s; try '%s%s | ksift levels'", packer->name,
		 packer->cat, fd == STDIN_FILENO ? "" : " FILE");
	levels_error(l, name, text);
	return true;
}

static int step(void *arg, const struct ksift_scan_result *so_far)
{
	(void)arg;
	progress_step(so_far->end - so_far->start);
	return 0;
}

static void levels_fd(struct levels *l, const char *name, int fd)
{
	struct ksift_scan_result res = KSIFT_SCAN_RESULT_INIT;
	struct ksift_scan_opts opts = KSIFT_SCAN_OPTS_INIT;
	struct ksift_error err;
	struct stat st;
	int i, ret;

	if (fstat(fd, &st))
		return levels_error(l, name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return levels_error(l, name, strerror(EISDIR));
	if (S_ISREG(st.st_mode) && is_packed(l, name, fd))
		return;
	progress_begin(false, S_ISREG(st.st_mode) ? st.st_size : 0);
	opts.flags = KSIFT_SCAN_CURRENT | KSIFT_SCAN_LEVELS | l->cache;
	opts.progress = step;
	ret = ksift_lines_scan(l->ctx, l->all, fd, &opts, &res, &err);
	progress_end();
	if (ret)
		levels_error(l, name, err.text);
	else if (l->cache & KSIFT_SCAN_CACHED)
		cache_report(fd, name, UINT64_MAX, &res);
	l->looked |= !ret || res.selected;
	l->lines += res.selected;
	for (i = 0; i < KSIFT_LEVELS; i++)
		l->level[i] += res.levels[i];
}

static void levels_file(struct levels *l, const char *path)
{
	int fd;

	if (!strcmp(path, "-"))
		return levels_fd(l, "(standard input)", STDIN_FILENO);
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return levels_error(l, path, strerror(errno));
	levels_fd(l, path, fd);
	close(fd);
}

/* Room for the longest bar, behind a number of @digits; 0: no bars. */
static int bar_width(int digits)
{
	struct winsize size;
	int columns = COLUMNS;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		columns = size.ws_col;
	columns -= NAME_WIDTH + digits + 2;
	return columns > 0 ? columns : 0;
}

static void put_table(const struct levels *l)
{
	int digits = snprintf(NULL, 0, "%" PRIu64, l->lines);
	int i, bar, width = bar_width(digits);
	uint64_t most = 0;

	for (i = 0; i < KSIFT_LEVELS; i++)
		most = l->level[i] > most ? l->level[i] : most;
	for (i = 0; i < KSIFT_LEVELS; i++) {
		printf("%-*s%*" PRIu64, NAME_WIDTH, level_name(i), digits, l->level[i]);
		/* What is there at all can be seen. */
		bar = l->level[i] ? 1 + (width - 1) * ((double)l->level[i] / most) : 0;
		if (width && bar)
			putchar(' ');
		for (; width && bar; bar--)
			putchar('#');
		putchar('\n');
	}
}

static void put_json(const struct levels *l)
{
	int i;

	printf("{\"lines\":%" PRIu64, l->lines);
	for (i = 0; i < KSIFT_LEVELS; i++)
		printf(",\"%s\":%" PRIu64, level_name(i), l->level[i]);
	puts("}");
}

static int levels_files(struct levels *l, char **files, int count, bool json)
{
	struct ksift_matcher_opts opts = KSIFT_MATCHER_OPTS_INIT;
	struct ksift_error err;
	int i;

	if (ksift_matcher_new(l->ctx, &opts, &l->all, &err))
		return cli_error("levels: %s", err.text);
	if (!count)
		levels_file(l, "-");
	for (i = 0; i < count; i++)
		levels_file(l, files[i]);
	ksift_matcher_free(l->all);
	if (json && l->looked)
		put_json(l);
	else if (l->looked)
		put_table(l);
	if (l->failed)
		return CLI_ERROR;
	if (l->lines > l->level[KSIFT_LEVEL_NONE])
		return CLI_OK;
	cli_note("0 of %" PRIu64 " lines carry a level", l->lines);
	return CLI_NONE;
}

static int levels_run(int argc, char **argv)
{
	struct engine_opts how = { 0 };
	struct levels l = { 0 };
	bool json = false;
	int c, ret;

	while ((c = options_next(&cli_levels, argc, argv)) != -1) {
		switch (c) {
		case OPT_JSON:
			json = true;
			break;
		case OPT_CACHED:
		case OPT_POLITE:
			cache_option(c, &l.cache);
			break;
		default:
			ret = options_common(&cli_levels, &how, c);
			if (ret >= 0)
				return ret;
		}
	}
	if (l.cache == (KSIFT_SCAN_CACHED | KSIFT_SCAN_POLITE))
		return cli_error("levels: --cached and --polite exclude each other");
	ret = engine_open(&how, &l.ctx);
	if (ret)
		return ret;
	ret = cache_check(l.ctx, "levels", l.cache);
	if (!ret)
		ret = levels_files(&l, argv + optind, argc - optind, json);
	ksift_ctx_close(l.ctx);
	return ret;
}

const struct cli_cmd cli_levels = {
	.name = "levels",
	.run = levels_run,
	.summary = "count lines by severity",
	.help =
"Usage: ksift levels [OPTION]... [FILE]...\n"
"\n"
"Print how many lines of all FILEs have each severity: emerg, alert, crit, err,\n"
"warning, notice, info, debug, trace, and none for those that carry none; with\n"
"a bar on a terminal.  Without FILE, or where it is -, read standard input.\n"
"Compressed files are an error.\n",
	.notes =
"The exit status is 0 if a line carries a level, 1 if none does, and 2 on an\n"
"error.\n"
};
