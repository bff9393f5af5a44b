// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the client takes to start and to end, next to grep:
 *
 *	startup EMPTY-FILE KSIFT...
 *
 * Each client is to be within a millisecond of grep's own time.  All take turns,
 * so that whatever else the machine does hits all alike, and the median of many
 * runs is what counts.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define RUNS 101
#define CLIENTS_MAX 4
/* grep, and of each client what it is measured with. */
#define COMMANDS_MAX (1 + 2 * CLIENTS_MAX)
#define LIMIT_NS 1000000
/* A machine that has better to do gets another chance. */
#define ROUNDS 5

extern char **environ;

struct command {
	char *argv[7];
	int64_t ns[RUNS];
};

static posix_spawn_file_actions_t quiet;

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t run(char *const *argv)
{
	int64_t start = now();
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 1) {
		printf("Bail out! %s %s does not run\n", argv[0], argv[1]);
		exit(1);
	}
	return now() - start;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure(struct command *commands, int count)
{
	int i, n;

	for (i = 0; i < RUNS; i++) {
		for (n = 0; n < count; n++) {
			struct command *next = &commands[(i + n) % count];

			next->ns[i] = run(next->argv);
		}
	}
	for (n = 0; n < count; n++)
		qsort(commands[n].ns, RUNS, sizeof(*commands[n].ns), compare);
}

static int64_t median(const struct command *command)
{
	return command->ns[RUNS / 2];
}

static bool all_quick(const struct command *commands, int count)
{
	int n;

	for (n = 1; n < count; n++)
		if (median(&commands[n]) - median(&commands[0]) >= LIMIT_NS)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	static struct command commands[COMMANDS_MAX];
	int i, n, count = 0;

	if (argc < 3 || argc > 2 + CLIENTS_MAX)
		return 2;
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	commands[count++] = (struct command){ .argv = { "grep", "x", argv[1] } };
	for (i = 2; i < argc; i++) {
		commands[count++] = (struct command){ .argv = { argv[i], "info" } };
		commands[count++] = (struct command){
			.argv = { argv[i], "grep", "--engine", "user", "x", argv[1] }
		};
	}
	for (i = 0; i < ROUNDS; i++) {
		measure(commands, count);
		if (all_quick(commands, count))
			break;
	}
	for (n = 1; n < count; n++) {
		printf("# %.2f ms, grep's %.2f ms\n", median(&commands[n]) / 1e6,
		       median(&commands[0]) / 1e6);
		ok(median(&commands[n]) - median(&commands[0]) < LIMIT_NS,
		   "%s %s starts within a millisecond of grep",
		   strrchr(commands[n].argv[0], '/') + 1, commands[n].argv[1]);
	}
	return tap_end();
}
