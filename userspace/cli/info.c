// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift info
 */
#include <stdbool.h>
#include <string.h>

#include "cli.h"
#include "engine.h"
#include "options.h"

#define VERSION_FILE "/sys/module/ksift/version"

static const char *const kernels[] = {
	[KSIFT_KERNEL_LINES] = "lines",
	[KSIFT_KERNEL_FIB] = "fib",
	[KSIFT_KERNEL_SUMSQ] = "sumsq",
	[KSIFT_KERNEL_SUM_I64] = "sum-i64",
};

static const char *const features[] = {
	[0] = "levels",
	[1] = "cache",
	[2] = "line-programs",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void engine_version(struct ksift_ctx *ctx, char *buf, size_t len)
{
	FILE *f;

	if (ksift_ctx_engine(ctx) == KSIFT_ENGINE_USER) {
		snprintf(buf, len, "%s", ksift_version());
		return;
	}
	f = fopen(VERSION_FILE, "re");
	if (!f || !fgets(buf, len, f))
		snprintf(buf, len, "unknown");
	buf[strcspn(buf, "\n")] = 0;
	if (f)
		fclose(f);
}

static void print_name(bool json, bool *first, const char *name)
{
	if (json)
		printf("%s\"%s\"", *first ? "" : ",", name);
	else
		printf(" %s", name);
	*first = false;
}

/* The bits of @set by name, those that this program has none for by number. */
static void print_set(bool json, const char *title, unsigned long long set,
		      const char *const *names, size_t count)
{
	bool first = true;
	char number[16];
	unsigned int i;

	printf(json ? ",\"%s\":[" : "%s:", title);
	for (i = 0; i < 64; i++) {
		if (!(set & (1ULL << i)))
			continue;
		snprintf(number, sizeof(number), "%u", i);
		print_name(json, &first, i < count && names[i] ? names[i] : number);
	}
	fputs(json ? "]" : first ? " none\n" : "\n", stdout);
}

static int info_print(struct ksift_ctx *ctx, bool json)
{
	struct ksift_info info = { .size = sizeof(info) }, other = { .size = sizeof(other) };
	bool user = ksift_ctx_engine(ctx) == KSIFT_ENGINE_USER;
	const char *why = ksift_ctx_fallback(ctx);
	struct ksift_error err;
	bool first = true;
	char version[64];
	unsigned int i;

	if (ksift_ctx_info(ctx, KSIFT_VARIANT_BEST, &info, &err))
		return cli_error("info: %s", err.text);
	engine_version(ctx, version, sizeof(version));
	printf(json ? "{\"engine\":\"%s\"" : "engine: %s", user ? "user" : "kernel");
	if (why && !json)
		printf(" (%s)", why);
	printf(json ? ",\"version\":\"%s\",\"variant\":\"%.*s\",\"variants\":[" :
		      "\nversion: %s\nvariant: %.*s\nvariants:",
	       version, (int)sizeof(info.out_variant_name), info.out_variant_name);
	for (i = 1; i < 64; i++) {
		if (!(info.out_variants & (1ULL << i)) ||
		    ksift_ctx_info(ctx, i, &other, NULL))
			continue;
		other.out_variant_name[sizeof(other.out_variant_name) - 1] = 0;
		print_name(json, &first, (char *)other.out_variant_name);
	}
	fputs(json ? "]" : "\n", stdout);
	print_set(json, "kernels", info.out_kernels, kernels, COUNT(kernels));
	print_set(json, "features", info.out_features, features, COUNT(features));
	if (json)
		puts("}");
	return CLI_OK;
}

static int info_run(int argc, char **argv)
{
	struct engine_opts how = { 0 };
	struct ksift_ctx *ctx;
	bool json = false;
	int c, ret;

	while ((c = options_next(&cli_info, argc, argv)) != -1) {
		switch (c) {
		case OPT_JSON:
			json = true;
			break;
		default:
			ret = options_common(&cli_info, &how, c);
			if (ret >= 0)
				return ret;
		}
	}
	if (argc != optind)
		return cli_error("info: there is nothing to give it, such as '%s'",
				 argv[optind]);
	ret = engine_open(&how, &ctx);
	if (ret)
		return ret;
	ret = info_print(ctx, json);
	ksift_ctx_close(ctx);
	return ret;
}

const struct cli_cmd cli_info = {
	.name = "info",
	.run = info_run,
	.summary = "tell what does the work, and what it can do here",
	.help =
"Usage: ksift info [OPTION]...\n"
"\n"
"Print who does the work, the kernel's module or this program, and which version\n"
"of it; the implementation in use and those that can be used on this machine, the\n"
"kernels, and the features.\n",
};
