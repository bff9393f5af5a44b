/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines as programs write them, the level of each, and where its message begins.
 * Appending a blank and more text to a line changes neither.
 */
#ifndef KSIFT_LEVEL_LINES_H
#define KSIFT_LEVEL_LINES_H

#include "ksift.h"

struct level_line {
	const char *line;
	unsigned int level;
	unsigned int msg;
};

#define LINE(name, before, message) \
	{ before message, KSIFT_LEVEL_##name, sizeof(before) - 1 }
#define NO_LEVEL(line) { line, KSIFT_LEVEL_NONE, 0 }

static const struct level_line level_lines[] = {
	/* Capitals, a token by themselves. */
	LINE(INFO, "2015-07-29 17:41:44,747 - INFO  ",
	     "[Main:myid=1] - up"),
	LINE(WARNING, "081109 203615 148 WARN ",
	     "dfs.DataNode: slow"),
	LINE(ERR, "17/06/09 20:10:40 ERROR ",
	     "executor.Backend: lost"),
	LINE(CRIT, "[main] FATAL ",
	     "org.apache.Foo - out of memory"),
	LINE(INFO, "RAS KERNEL INFO ",
	     "instruction cache parity error"),
	LINE(ERR, "ERROR: ",
	     "no such table"),
	LINE(ERR, "ERROR:",
	     "root:boom"),
	LINE(ERR, "[2020-01-01 00:00:00] app.ERROR: ",
	     "message {}"),
	LINE(NOTICE, "NOTICE ",
	     "x"),
	LINE(DEBUG, "(DEBUG) ",
	     "x"),
	LINE(TRACE, "TRACE, ",
	     "x"),
	LINE(ERR, "Nov 20, 2026 1:02:03 PM a.B c SEVERE: ",
	     "x"),
	LINE(DEBUG, "FINE: ",
	     "x"),
	LINE(TRACE, "FINEST: ",
	     "x"),
	LINE(INFO, "2020-01-01 00:00:00.000 | INFORMATION | ",
	     "mod:f:1 - hey"),
	LINE(INFO, "[12:00:00 INF] ",
	     "started"),
	LINE(WARNING, "10:27PM WRN ",
	     "zero"),
	LINE(EMERG, "host EMERGENCY ",
	     "x"),
	LINE(EMERG, "PANIC: ",
	     "x"),
	LINE(CRIT, "CRITICAL ",
	     "x"),
	LINE(ALERT, "logrotate: ALERT ",
	     "exited abnormally with [1]"),
	LINE(INFO, "- INFO ",
	     "the first one counts: ERROR"),
	/* Alone in brackets, in any case. */
	LINE(ERR, "[Sun Dec 04 04:47:44 2005] [error] ",
	     "mod_jk child in error state 6"),
	LINE(NOTICE, "[Sun Dec 04 04:47:44 2005] [notice] ",
	     "workerEnv.init() ok"),
	LINE(ERR, "[Wed Oct 11 14:32:52.123 2000] [core:error] ",
	     "[pid 1] x"),
	LINE(INFO, "NetworkManager[1]: <info>  ",
	     "[123.4] msg"),
	LINE(WARNING, "a|warn|",
	     "b"),
	LINE(INFO, "[ INFO ] ",
	     "x"),
	LINE(DEBUG, "[debug  ] ",
	     "x"),
	LINE(ERR, "2024/01/01 12:00:00 [error] ",
	     "123#0: *1 open()"),

	/* Before the colon that ends a header. */
	LINE(ERR, "sshd[123]: error: ",
	     "PAM: Authentication failure"),
	LINE(CRIT, "Jun 14 15:16:01 combo sshd[1]: fatal: ",
	     "Read"),
	LINE(ERR, "error: ",
	     "foo"),
	LINE(WARNING, "  Warning: ",
	     "cannot open"),
	LINE(ERR, "foo.c:3:5: error: ",
	     "expected ';'"),
	LINE(WARNING, "Jul 25 23:23:13 combo xinetd[26484]: warning: ",
	     "can't get"),

	/* After a time. */
	LINE(ERR, "2024-01-01T12:00:00Z error ",
	     "something"),
	LINE(WARNING, "2024-01-01 12:00:00.123 warn ",
	     "foo"),
	LINE(INFO, "2016-09-28 04:30:30, Info                  ",
	     "CBS    Loaded"),
	LINE(DEBUG, "[12:00:01] debug: ",
	     "x"),

	/* As the value of a key. */
	LINE(ERR, "{\"time\":\"x\",\"level\":\"error\",",
	     "\"msg\":\"boom\"}"),
	LINE(INFO, "{\"level\":30,",
	     "\"time\":1531171074631,\"msg\":\"hello\"}"),
	LINE(CRIT, "{\"level\": 60, ",
	     "\"msg\":\"bye\"}"),
	LINE(WARNING, "{\"level\":4,",
	     "\"short_message\":\"x\"}"),
	LINE(WARNING, "{'levelname': 'warning', ",
	     "'x': 1}"),
	LINE(INFO, "ts=2020 caller=main.go level=info ",
	     "msg=\"ERROR x\""),
	LINE(ERR, "{\"severity\": \"ERROR\", ",
	     "\"message\": \"x\"}"),
	LINE(DEBUG, "log.level=\"debug\" ",
	     "x"),
	LINE(TRACE, "lvl=trace ",
	     "x"),
	LINE(WARNING, "@timestamp x, loglevel : \"x\" severity=WARNING ",
	     "y"),
	LINE(ERR, "{\"@level\":\"error\",",
	     "\"@message\":\"x\"}"),

	/* A syslog priority; a letter in its place. */
	LINE(CRIT, "<34>",
	     "1 2003-10-11T22:14:15.003Z mymachine su - ID47 - error"),
	LINE(EMERG, "<0>",
	     "Oct 11 22:14:15 x"),
	LINE(DEBUG, "<191>",
	     "x"),
	LINE(ERR, "E1120 12:34:56.789012  1234 file.cc:56] ",
	     "message"),
	LINE(INFO, "I1120 12:34:56.789012  1234 file.cc:56] ",
	     "ERROR"),
	LINE(WARNING, "11-20 12:34:56.789  1234  5678 W ",
	     "ActivityManager: x"),
	LINE(TRACE, "11-20 12:34:56.789 V/tag(  123): ",
	     "x"),
	LINE(ERR, "E/AndroidRuntime( 123): ",
	     "FATAL EXCEPTION"),

	/* Lines that only speak of a level, or have its name inside another word. */
	NO_LEVEL("2024-01-01 12:00:00 TZ warn of it"),
	NO_LEVEL("0 errors found"),
	NO_LEVEL("3 error messages"),
	NO_LEVEL("no error: all good"),
	NO_LEVEL("I/O error, dev sda, sector 0"),
	NO_LEVEL("ERROR_COUNT=0"),
	NO_LEVEL("errors=0 warnings=0"),
	NO_LEVEL("/var/log/error.log opened"),
	NO_LEVEL("GET /error HTTP/1.1"),
	NO_LEVEL("HTTP 500 internal server error"),
	NO_LEVEL("java.lang.Error: x"),
	NO_LEVEL("TypeError: x"),
	NO_LEVEL("compression_level=9"),
	NO_LEVEL("level=unknown x"),
	NO_LEVEL("level=7up x"),
	NO_LEVEL("the state is error"),
	NO_LEVEL("error rate is 0%"),
	NO_LEVEL("err"),
	NO_LEVEL("info"),
	NO_LEVEL("status=ERROR"),
	NO_LEVEL("--ERROR"),
	NO_LEVEL("user/ERROR"),
	NO_LEVEL("MY_WARN"),
	NO_LEVEL("WARNINGS"),
	NO_LEVEL("an error (error) occurred"),
	NO_LEVEL("<999>x"),
	NO_LEVEL("<1a>x"),
	NO_LEVEL("E112 12:34:56 x"),
	NO_LEVEL("E1120 12-34-56 x"),
	NO_LEVEL("W/o that"),
	NO_LEVEL("W/tag(x): y"),
	NO_LEVEL("PANICKED"),
	NO_LEVEL("CRITICALS"),
	NO_LEVEL("EMERGENCYX"),
	NO_LEVEL("INFORMATIV"),
	NO_LEVEL("a:3 error here"),
	NO_LEVEL("Jun 14 15:16:01 combo kernel: Linux version 2.6.5"),
	NO_LEVEL("level 3 of 5"),
	NO_LEVEL("{\"level\":100,\"x\":1}"),
	NO_LEVEL(""),
	NO_LEVEL(" "),
	NO_LEVEL("key \"level\" is error"),
};

#define LEVEL_LINES (sizeof(level_lines) / sizeof(*level_lines))

#undef LINE
#undef NO_LEVEL

#endif /* KSIFT_LEVEL_LINES_H */
