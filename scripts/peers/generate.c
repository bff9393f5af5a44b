// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes what scripts/bench measures with: the same bytes each time.
 *
 * usage: generate front|middle|short|long BYTES | i64 COUNT | words
 *
 * front and middle are logs of a service, with the level in front of the line or
 * after the time.  Of their lines one in 10 is an ERROR, one in 2 has
 * "status=200", one in 100 "timeout" in some mix of cases, one in 100 one of the
 * words, and one in 100000 "segfault".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[64] = {
	"aborted", "backlog", "bailout", "blocked", "broken", "cancelled", "closed", "collision",
	"conflict", "corrupt", "crashed", "dangling", "deadlock", "degraded", "denied", "detached",
	"disabled", "discarded", "dropped", "duplicate", "evicted", "exceeded", "exhausted", "expired",
	"failover", "fenced", "flapping", "forbidden", "frozen", "garbled", "hanging", "ignored",
	"illegal", "inactive", "invalid", "killed", "lagging", "leaking", "locked", "malformed",
	"missing", "mismatch", "obsolete", "offline", "orphaned", "overflow", "overrun", "panicked",
	"poisoned", "preempted", "quarantine", "refused", "rejected", "rollback", "saturated", "skipped",
	"stalled", "starved", "throttled", "truncated", "unknown", "unmounted", "vanished", "zombie",
};

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int one_in(unsigned int n)
{
	return any() % n == 0;
}

static const char *level(void)
{
	unsigned int n = any() % 10;

	return n < 1 ? "ERROR" : n < 2 ? "WARN" : n < 8 ? "INFO" : "DEBUG";
}

static const char *timeout(void)
{
	static const char *const all[] = { "timeout", "Timeout", "TIMEOUT", "TimeOut" };

	return all[any() % 4];
}

static int put_log(char *p, int middle, uint64_t line)
{
	unsigned int ms = line % 1000, s = line / 1000 % 60, m = line / 60000 % 60;
	const char *l = level();
	char *start = p;

	if (middle)
		p += sprintf(p, "2026-01-02 03:%02u:%02u,%03u [worker-%u] %s com.example.Items - ",
			     m, s, ms, (unsigned int)(any() % 32), l);
	else
		p += sprintf(p, "%s 2026-01-02T03:%02u:%02u.%03uZ worker-%u ",
			     l, m, s, ms, (unsigned int)(any() % 32));
	p += sprintf(p, "request %08x path=/api/v1/items/%u status=%s took %ums",
		     (unsigned int)any(), (unsigned int)(any() % 100000),
		     one_in(2) ? "200" : one_in(2) ? "304" : "503", (unsigned int)(any() % 900));
	if (one_in(100))
		p += sprintf(p, ", %s", timeout());
	if (one_in(100))
		p += sprintf(p, ", item is %s", words[any() % 64]);
	if (one_in(100000))
		p += sprintf(p, ", segfault");
	*p++ = '\n';
	return p - start;
}

static int put_short(char *p)
{
	return sprintf(p, "%-5s %03u\n", level(), (unsigned int)(any() % 1000));
}

static int put_long(char *p, uint64_t line)
{
	char *start = p;

	while (p - start < 10000)
		p += put_log(p, 0, line) - 1;
	*p++ = '\n';
	return p - start;
}

static int put_line(char *p, char kind, uint64_t line)
{
	switch (kind) {
	case 's':
		return put_short(p);
	case 'l':
		return put_long(p, line);
	default:
		return put_log(p, kind == 'm', line);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	uint64_t left = argc > 2 ? strtoull(argv[2], NULL, 10) : 0, line;
	static char buf[32 << 10];
	int64_t value;
	unsigned int i, len;

	if (!strcmp(what, "words")) {
		for (i = 0; i < 64; i++)
			puts(words[i]);
	} else if (!strcmp(what, "i64") && argc == 3) {
		while (left--) {
			/* Their sum fits, too: most peers wrap. */
			value = (int64_t)any() >> 20;
			fwrite(&value, sizeof(value), 1, stdout);
		}
	} else if (argc == 3 && *what && strchr("fmsl", *what)) {
		for (line = 0; left; line++, left -= len) {
			len = put_line(buf, *what, line);
			if (len > left)
				break;
			fwrite(buf, len, 1, stdout);
		}
	} else {
		fputs("usage: generate front|middle|short|long BYTES | i64 COUNT | words\n",
		      stderr);
		return 2;
	}
	return fflush(stdout) ? 1 : 0;
}
