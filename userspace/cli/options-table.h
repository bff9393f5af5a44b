/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All options of the program, a row each.  options.c makes the parser and --help of
 * them, options.awk the manual's entries and the completion.  A new option is a row
 * here, and a case in its command, where options_next() gives it:
 *
 *	OPTION(COMMANDS, "-x, --long-name VALUE", HELP)
 *		It has a letter, and is 'x' in the command.
 *	LONG_OPTION(ID, COMMANDS, "--long-name[=VALUE]", HELP)
 *		It has none, and is OPT_ID there.
 *	AGAIN(ID, COMMANDS, "--long-name", HELP)
 *		That of an earlier row, for commands that have other words for it.
 *	GROUP(COMMANDS, HEADING)
 *		Of the rows that follow, in --help.
 *
 * COMMANDS are those that take it and have it in their --help; filter and entries
 * take all of grep's, too.  With "own" among them, grep(1) has no such option: where
 * the beginning of a name fits this one and others, only grep's own names count.  With
 * "common", the manual has it in front of all commands instead of with each.  The order
 * of rows is that of --help, and of the manual.
 *
 * The comment is what the manual says, in scdoc's language; "@values:" at its end, what
 * the completion offers.  An option whose HELP is NULL is not for users: it is shown
 * nowhere, and its comment is for who reads this file.
 *
 * This file is included once for each thing that the compiler makes of it, and the
 * first line of a row is read by options.awk: COMMANDS, the names, and a NULL are on
 * it.
 */

GROUP("grep", "Patterns")
GROUP("filter", "Conditions")

/*
 * A pattern. Of several, the line has at least one.
 */
OPTION("grep filter explain", "-e, --regexp PATTERN",
       "a pattern; of several, the line has one at least")

/*
 * Each line of _FILE_ is such a pattern; "-" is standard input. An empty
 * _FILE_ has no pattern, and by itself selects no line.
 */
OPTION("grep filter explain", "-f, --file FILE",
       "each line of FILE is a pattern; - is standard input")

/*
 * The line also has this one.
 */
LONG_OPTION(AND, "own grep filter", "--and PATTERN",
	    "the line also has this one")

/*
 * The line does not have this one.
 */
LONG_OPTION(NOT, "own grep filter", "--not PATTERN",
	    "the line does not have this one")

/*
 * Patterns are plain text, whatever is in them.
 */
OPTION("grep explain", "-F, --fixed-strings",
       "patterns are plain text, whatever is in them")

/*
 * Patterns are basic regular expressions, which they are without *-E*, *-F* and *-P*,
 * too. See *REGULAR EXPRESSIONS*.
 */
OPTION("grep explain", "-G, --basic-regexp",
       "patterns are basic regular expressions: the default")

/*
 * Patterns are extended regular expressions.
 */
OPTION("grep explain", "-E, --extended-regexp",
       "patterns are extended regular expressions")

/*
 * The pattern, of which there is one, is one of Perl's regular expressions, if the
 * program was built with PCRE2.
 */
OPTION("grep explain", "-P, --perl-regexp",
       "the pattern is one of Perl's regular expressions")

/*
 * a-z and A-Z are the same.
 */
OPTION("grep explain", "-i, -y, --ignore-case",
       "a-z and A-Z are the same")

/*
 * They are not. Of this one and *-i* the last counts.
 */
LONG_OPTION(NO_IGNORE_CASE, "grep", "--no-ignore-case",
	    "they are not; of this and -i the last one counts")

/*
 * What stands around a pattern, if anything, is no letter of A-Z and a-z, no
 * digit and no "\_". This goes for the patterns of *--and* and *--not*, too.
 */
OPTION("grep explain", "-w, --word-regexp",
       "no letter, digit or _ stands around a pattern")

/*
 * A pattern is all of the line.
 */
OPTION("grep explain", "-x, --line-regexp",
       "a pattern is all of the line")

/*
 * Print the other lines.
 */
OPTION("grep", "-v, --invert-match",
       "print the other lines")

/*
 * Lines end with a zero byte instead of a newline, in what is read and in what
 * is printed.
 */
OPTION("grep explain", "-z, --null-data",
       "lines end with a zero byte, not a newline")

/*
 * The line is of that severity or a higher one: of emerg, alert, crit, err,
 * warning, notice, info, debug or trace, in that order; see *SEVERITY*. With
 * "=" in front, and commas in between, of one of those levels alone; "none":
 * of no level at all. *-v* does not change that. If no line of any file has a
 * level, that is said.
 * @values: emerg alert crit err warning notice info debug trace
 */
LONG_OPTION(LEVEL, "own grep filter", "--level LEVEL",
	    "the line is of that severity or a higher one; =LEVEL,LEVEL is of one of those, "
	    "'none' of none")

/*
 * Stop after _N_ lines of each _FILE_.
 */
OPTION("grep", "-m, --max-count N",
       "stop after N lines of each FILE")

GROUP("grep", "Files")

/*
 * Search what is in directories, and what is in those; without _FILE_, in the
 * current one. Links are followed only if they are named as a _FILE_, and what
 * is no regular file is left alone.
 */
OPTION("grep", "-r, --recursive",
       "search directories; without FILE, the current one")

/*
 * The same, and follow all links.
 */
OPTION("grep", "-R, --dereference-recursive",
       "the same, and follow all links")

/*
 * Search only files whose name fits _GLOB_. A _FILE_ fits by its name or any
 * end of it after a "/".
 */
LONG_OPTION(INCLUDE, "grep", "--include GLOB",
	    "search only files whose name fits")

/*
 * Leave out files whose name fits _GLOB_. Of several *--include* and
 * *--exclude* that fit the last one counts; where none does, a file is left
 * out if the first one is an *--include*.
 */
LONG_OPTION(EXCLUDE, "grep", "--exclude GLOB",
	    "leave out files whose name fits")

/*
 * The same for each line of _FILE_, without the blanks at its end; "-" is standard
 * input.
 */
LONG_OPTION(EXCLUDE_FROM, "grep", "--exclude-from FILE",
	    "leave out files whose name fits a line of FILE")

/*
 * Leave out directories whose name fits, and what is in them.
 */
LONG_OPTION(EXCLUDE_DIR, "grep", "--exclude-dir GLOB",
	    "leave out directories whose name fits")

/*
 * What is done with a _FILE_ that is a directory: _read_, which is an error, as it
 * is without this option; _skip_: leave it out; _recurse_: as *-r*. Of these three
 * options the last one counts, but *-R* goes on to say that links are followed.
 * @values: read recurse skip
 */
OPTION("grep", "-d, --directories ACTION",
       "'read' a FILE that is a directory, which is an error, or 'skip' it, or 'recurse', as "
       "-r")

/*
 * What is done with devices, pipes and sockets: _read_ them, those in directories
 * as well, or _skip_ them. Without this option they are read if they are named as
 * a _FILE_. Standard input is always read.
 * @values: read skip
 */
OPTION("grep", "-D, --devices ACTION",
       "'read' devices, pipes and sockets, or 'skip' them; without it they are read if they "
       "are a FILE")

/*
 * Use _N_ threads for each regular file, 1 to 1024; 0: as many as there are
 * processors to run them on. What is printed is the same.
 */
OPTION("own grep", "-j, --threads N",
       "use N threads a FILE; 0: as many as are of use")

/*
 * Say nothing about FILEs that cannot be read.
 */
OPTION("grep", "-s, --no-messages",
       "say nothing about FILEs that cannot be read")

/*
 * Search files that are compressed by gzip, xz, zstd, bzip2 or lz4 as they are.
 * Otherwise they are an error, since nothing would be found in them.
 */
OPTION("grep", "-a, --text",
       "search compressed files, too, as they are")

/*
 * Take a file that has a zero byte for one without lines. A regular file is
 * looked through for one first; *grep*(1) may have printed lines of a file before it
 * comes to one. What is read from elsewhere is searched as it comes: what has been
 * printed before the zero byte was read stays so, and yet does not count. With *-z* it is
 * nothing. *--join* and *--checkpoint* do not take it.
 */
OPTION("grep", "-I",
       "take a file with a zero byte for one without lines")

/*
 * _text_ is *-a*, _without-match_ is *-I*, and of all these the last counts. grep's
 * _binary_, which says of a file only that it matches, is refused.
 * @values: text without-match
 */
LONG_OPTION(BINARY_FILES, "grep", "--binary-files TYPE",
	    "'text' is -a, 'without-match' is -I; no other exists")

/*
 * Nothing: bytes are read as they are.
 */
OPTION("grep", "-U, --binary",
       "nothing: bytes are read as they are")

GROUP("grep", "Output")

/*
 * Print only how many lines there are.
 */
OPTION("grep", "-c, --count",
       "print only how many lines there are")

/*
 * Print only how many lines have each _PATTERN_, in all FILEs together: a line
 * for each, of the number, a tab, and the pattern. A line that has several
 * counts for each of them.
 */
LONG_OPTION(COUNT_EACH, "own grep", "--count-each",
	    "print how many lines have each PATTERN, in all FILEs")

/*
 * Print only the names of the FILEs that have such lines.
 */
OPTION("grep", "-l, --files-with-matches",
       "print only the names of FILEs that have such lines")

/*
 * Print only the names of those that have none.
 */
OPTION("grep", "-L, --files-without-match, --files-without-matches",
       "print only the names of those that have none")

/*
 * Print nothing, and stop at the first line.
 */
OPTION("grep", "-q, --quiet, --silent",
       "print nothing, stop at the first line")

/*
 * Print not the line but the places in it that have a pattern, each as a line of
 * its own: the leftmost, and there the longest, then what comes after it. With
 * *-b* their own offset.
 */
OPTION("grep", "-o, --only-matching",
       "print the places that have a pattern, each as a line")

/*
 * Print the line's number, from 1, in front of it.
 */
OPTION("grep", "-n, --line-number",
       "print the line's number in front of it")

/*
 * Print where in the _FILE_ the line begins, from 0.
 */
OPTION("grep", "-b, --byte-offset",
       "print where in the FILE the line begins")

/*
 * Nothing, as for grep, which says that it is obsolete.
 */
OPTION("grep", "-u, --unix-byte-offsets",
       "nothing, and says that it is obsolete")

/*
 * Where something stands in front of a line, put a tab between them, unless the
 * line is empty, and give numbers the width that those of the _FILE_ may need.
 */
OPTION("grep", "-T, --initial-tab",
       "put a tab before the line, make numbers equally wide")

/*
 * Print the FILE's name in front of each line, as it is done if there are
 * several.
 */
OPTION("grep", "-H, --with-filename",
       "print the FILE's name, as it is if there are several")

/*
 * Do not.
 */
OPTION("grep", "-h, --no-filename",
       "do not")

/*
 * End a FILE's name with a zero byte.
 */
OPTION("grep", "-Z, --null",
       "end a FILE's name with a zero byte")

/*
 * The name of standard input.
 */
LONG_OPTION(LABEL, "grep", "--label NAME",
	    "the name of standard input")

/*
 * Show the places that have a pattern in colour, and names, numbers and
 * separators in others: _WHEN_ is "always", "never", or "auto", if it is for a
 * terminal, which it is by default. *GREP_COLORS* is heeded as by *grep*(1), and
 * so is *GREP_COLOR*.
 * @values: always auto never
 */
LONG_OPTION(COLOR, "grep", "--color[=WHEN], --colour[=WHEN]",
	    "show places in colour: always, never, or auto, if it is for a terminal; GREP_COLORS "
	    "is heeded, and GREP_COLOR still")

/*
 * Nothing: lines are printed as soon as they are found, and never held back.
 */
LONG_OPTION(LINE_BUFFERED, "grep", "--line-buffered",
	    "nothing: lines are never held back")

/*
 * Print _N_ lines after each selected one, too, with "-" in place of ":".
 */
OPTION("grep", "-A, --after-context N",
       "print N lines after each, too")

/*
 * Print _N_ lines before each.
 */
OPTION("grep", "-B, --before-context N",
       "print N lines before each")

/*
 * Print _N_ lines before and after each. *-*_N_ does the same.
 */
OPTION("grep", "-C, --context N",
       "print N lines before and after each; so does -N")

/* -N, digit by digit. */
OPTION("grep", "-0, -1, -2, -3, -4, -5, -6, -7, -8, -9", NULL)

/*
 * Print _SEP_, not "--", where lines are left out between those.
 */
LONG_OPTION(GROUP_SEPARATOR, "grep", "--group-separator SEP",
	    "print SEP, not --, where lines are left out between them")

/*
 * Print nothing there.
 */
LONG_OPTION(NO_GROUP_SEPARATOR, "grep", "--no-group-separator",
	    "print nothing there")

/*
 * Print JSON Lines, of the form that ripgrep's have: see *JSON Lines* below.
 */
LONG_OPTION(JSON, "own grep", "--json",
	    "print JSON Lines, as ripgrep's --json does, with level, pattern, dev and ino added")

/*
 * Print a JSON object for each line instead of its text: see *Records* below.
 */
LONG_OPTION(RECORDS, "own grep", "--records",
	    "print a JSON object for each line: path, offset, len, line, level, pattern (its "
	    "index, from 0 on) and msg (where in the line the message begins); no text")

GROUP("grep", "Searching")

/*
 * At the end, say on standard error in one line what was searched, which shows
 * what a search that found nothing is worth: see *Stats* below.
 */
LONG_OPTION(STATS, "own grep", "--stats",
	    "at the end, say on standard error in one line what was searched: files, bytes, "
	    "lines, selected, end (of the last FILE's part that was searched), complete (nothing "
	    "was left out), engine, variant, walked and read (bytes), resumed (at a checkpoint), "
	    "grew and shrank (bytes, meanwhile), seconds, and fallback (why it was not the "
	    "kernel)")

/*
 * Begin where the last search with this _CPFILE_ came to, and leave there where
 * this one came to. It takes exactly one _FILE_, a regular one. A last line without
 * its newline is left to the next search. Numbers of lines go on, too.
 *
 * Lines are put out at least once: a search that is killed is repeated from the
 * _CPFILE_ on, which is written about every second while lines are put out, and
 * at the end, always after them. A _FILE_ that is another one, has become shorter,
 * or was rewritten (the first 4096 bytes and the last 4096 before the place
 * tell) is searched from its start, which standard error says; what the old one
 * got since is not searched then. A _CPFILE_ that is empty is as good as none. One
 * that is damaged is an error, and so is one of a search for other lines: with other
 * patterns, another *--level*, or other ones of the options *-i*, *-v*, *-w*, *-x*
 * and *-z*.
 *
 * What is in a _CPFILE_: see *Checkpoints* below.
 */
LONG_OPTION(CHECKPOINT, "own grep", "--checkpoint CPFILE",
	    "go on after the last line that the last search with the same CPFILE came to, of one "
	    "FILE; a last line that is not complete is left to the next one; not with -I")

/*
 * Search only lines of each _FILE_, a regular one, that begin at this byte or after
 * it. *-n* counts from the first of them.
 */
LONG_OPTION(FROM, "own grep", "--from OFFSET",
	    "search only lines that begin at this byte of each FILE, or after it")

/*
 * Search only lines of each _FILE_, a regular one, that begin before this byte.
 * Ranges that touch have together what the whole has, wherever they are cut.
 */
LONG_OPTION(TO, "own grep", "--to OFFSET",
	    "search only lines that begin before this byte: ranges that touch have together what "
	    "the whole has")

/*
 * Look only at what of a regular file is in the page cache, and read nothing.
 * Lines that are not there as a whole, or do not begin after a newline that is
 * there, are not looked at. Standard error says for each FILE how much was:
 * "app.log: 31.2 of 40.0 GB looked at, 0 read, 3 lines cut"; a line is cut when a
 * part of it is there, and is counted on both sides of what is missing. What of a
 * _FILE_ is in memory is told to its owner, to who may write to it, and to root: who
 * merely may read it, as group adm may read logs, needs *sudo*(8), or takes
 * *--polite*. With *--json* the numbers are _bytes_absent_ and _lines_cut_ in
 * _stats_, and line numbers are null. *--threads* is heeded. Holes count as missing.
 */
LONG_OPTION(CACHED, "own grep", "--cached",
	    "look only at what is in memory, read nothing, and say on standard error how much "
	    "that was; lines that are not there as a whole are not looked at.  Needs the kernel "
	    "module")

/*
 * Leave the page cache as it is. What is there keeps its place; what is not is read,
 * and dropped once it was looked at. One thread does it, and rests the longer the
 * more others wait for memory or disks (_/proc/pressure_), but never longer than a
 * second at a time.
 *
 * Both need the kernel module, and a file system whose page cache it can scan: ext4,
 * xfs, btrfs, f2fs or tmpfs. Elsewhere they are refused, but a pipe can be read
 * with *--polite*. Neither can be combined with the other, nor with *-z*, *-A*, *-B*,
 * *-C*, *--join* and *--checkpoint*; *--cached* takes no *-n*.
 */
LONG_OPTION(POLITE, "own grep", "--polite",
	    "leave the page cache as it is: what has to be read is dropped again, by one thread, "
	    "which rests while others wait for memory or disks.  Needs the kernel module")

GROUP("filter", "Other options")

/*
 * Print entries, not lines, as *ksift entries* does. This is no condition.
 */
LONG_OPTION(JOIN, "own filter", "--join",
	    "look for entries, not lines: see 'ksift entries --help'")

/*
 * A line and those after it that go on with it are one entry: lines that begin
 * with a blank or a tab, with "at " or "Caused by", or with "... ", a number and
 * " more". They are selected and printed together, and counted as one. Patterns are
 * looked for in each line, and all lines of an entry count: *--and* may be in
 * another one, *--not* is in none of them, and the level is that of the first. With
 * *--from* and *--to* an entry belongs to the range that holds its first byte. From
 * a stream an entry comes out when the next one begins. Of an entry longer than
 * 2 MiB only the whole lines in its first 2 MiB count; the rest is left out, which is
 * an error. None of *-w*, *-x*, *-o*, *-z*, *-I*, *-A*, *-B*, *-C*, *--count-each* and
 * *--checkpoint* can be given. The file is read for it, not walked.
 */
AGAIN(JOIN, "own entries", "--join",
      "a line that begins with a blank, a tab, 'at ', 'Caused by' or '... N more' is part "
      "of the entry before.  Patterns are looked for in all lines of an entry, --not in "
      "none of them, and its level is that of its first line.  Of an entry that is longer "
      "than 2 MiB only the first 2 MiB are looked at.  It takes none of -w, -x, -o, -z, -I, "
      "-A, -B, -C, and neither of --count-each and --checkpoint.")

/*
 * Write one JSON object. Its keys are _lines_, how many there are, and _emerg_,
 * _alert_, _crit_, _err_, _warning_, _notice_, _info_, _debug_, _trace_ and _none_.
 */
AGAIN(JSON, "levels", "--json",
      "write one JSON object, the number of lines first")

/*
 * As for *ksift grep*.
 */
AGAIN(CACHED, "levels", "--cached",
      "look only at what is in memory, read nothing, and say on standard error how much "
      "that was; lines that are not there as a whole are not looked at.  Needs the kernel "
      "module")

/*
 * As for *ksift grep*.
 */
AGAIN(POLITE, "levels", "--polite",
      "leave the page cache as it is: what has to be read is dropped again, by one thread, "
      "which rests while others wait for memory or disks.  Needs the kernel module")

/*
 * Write 8 bytes for each number, the lowest first.
 */
LONG_OPTION(BINARY, "fib", "--binary",
	    "write each as 8 bytes, the lowest first")

/*
 * Write one JSON object. Its keys are _from_, _to_, _values_ (an array) and
 * _wrapped_: whether a value is mod 2^64.
 */
AGAIN(JSON, "fib", "--json",
      "write one JSON object")

/*
 * Write one JSON object. Its keys are _from_, _to_, _sum_, _overflow64_ and
 * _overflow128_.
 */
AGAIN(JSON, "sumsq", "--json",
      "write one JSON object")

/*
 * _text_, the default: decimal integers with blanks or newlines between them.
 * _i64le_: 8 bytes each, the lowest first, in two's complement.
 * @values: text i64le
 */
LONG_OPTION(FORMAT, "sum", "--format FORMAT",
	    "'text', the default: decimal integers with blanks or newlines between them; "
	    "'i64le': 8 bytes each, the lowest first, in two's complement")

/*
 * Write one JSON object. Its keys are _sum_, _count_ (of integers) and
 * _overflow64_: whether the sum is more than 64 bits hold.
 */
AGAIN(JSON, "sum", "--json",
      "write one JSON object")

/*
 * A pattern as for *ksift grep*. Without one it is "ERROR".
 */
OPTION("bench", "-e, --regexp PATTERN",
       "a pattern, as for 'ksift grep'; without one: ERROR")

/*
 * Patterns are plain text, whatever is in them.
 */
OPTION("bench", "-F, --fixed-strings",
       "patterns are plain text, whatever is in them")

/*
 * Patterns are extended regular expressions. *grep* and *rg* get them as they are.
 */
OPTION("bench", "-E, --extended-regexp",
       "patterns are extended regular expressions")

/*
 * a-z and A-Z are the same.
 */
OPTION("bench", "-i, --ignore-case",
       "a-z and A-Z are the same")

/*
 * The other lines.
 */
OPTION("bench", "-v, --invert-match",
       "the other lines")

/*
 * Of these, lines of that severity, as for *ksift grep*.
 * @values: emerg alert crit err warning notice info debug trace
 */
AGAIN(LEVEL, "bench", "--level LEVEL",
      "of these, lines of that severity, as for 'ksift grep'")

/*
 * The engines search _FILE_, and it is read in memory, with _N_ threads;
 * programs do what they do.
 */
OPTION("bench", "-j, --threads N",
       "engines search FILE with N threads")

/*
 * Measure something else, without programs. _emit_: give the lines out, to a
 * device that throws them away. _records_: tell where they are. _levels_: count
 * the lines of each level. _sum_: add up the 8-byte integers in _FILE_.
 * _sum-memory_: the same when _FILE_ has been copied to memory. _memory_: only
 * read them. _fib_: _N_ Fibonacci numbers. _sumsq_: the sums of squares below
 * each n less than _N_. The default is _count_.
 * @values: count emit records levels sum sum-memory memory fib sumsq
 */
LONG_OPTION(CASE, "bench", "--case NAME",
	    "measure something else than to count, without programs: emit (give the lines out), "
	    "records (tell where they are), levels (count the lines of each level), sum (add up "
	    "the 8-byte integers in FILE), sum-memory (copied to memory before), memory (only "
	    "read them); fib (N numbers) or sumsq (of each n below N)")

/*
 * So many turns. Without it there are seven, or as many, but no less than three,
 * as fit in about ten seconds.
 */
LONG_OPTION(ROUNDS, "bench", "--rounds N",
	    "turns of each; else up to 7 in about ten seconds")

/*
 * One turn of each engine and nothing before that, not even reading _FILE_: for
 * a script that takes care of that.
 */
LONG_OPTION(ONCE, "bench", "--once",
	    "one turn of each engine, without any before that")

/*
 * Write one JSON object. Its keys are _case_, _file_ (null if there is none),
 * _size_ (of _FILE_, or _N_), _cached_ (how much of _FILE_ was in the page cache
 * at the end), _threads_, _rounds_ and _runs_, an array of objects with _name_,
 * _answer_ (an array of numbers, the first of them that of the lines), _walked_
 * (how many bytes of _FILE_ were scanned in the page cache, in place), _median_,
 * _cpu_, _peak\_kib_ and _seconds_, which has each turn.
 */
AGAIN(JSON, "bench", "--json",
      "write one JSON object")

/*
 * Write one JSON object. Its keys are _engine_, _version_, _variant_, _variants_,
 * _kernels_ and _features_.
 */
AGAIN(JSON, "info", "--json",
      "write one JSON object")

/*
 * Who does the work: _kernel_, the kernel, through its module; _user_, this program
 * itself, with the same code; or _auto_, the default, the kernel if the module is
 * there and may be used, else this program. The results are the same. It may also be
 * chosen in the environment and in a file, see *ENVIRONMENT* and *FILES*. If nobody has
 * chosen and it is not the kernel although it could be, for the module is installed
 * and not loaded, or the device may not be opened, standard error says so if it is a
 * terminal.
 * @values: auto kernel user
 */
LONG_OPTION(ENGINE, "own common grep filter entries levels fib sumsq sum bench info", "--engine WHERE",
	    "who does the work: 'kernel', 'user' for this program itself, or 'auto', the kernel "
	    "if its module is there; the results are the same")

/*
 * Use this implementation of the engine, not the fastest that this machine can
 * run: _scalar_, _avx2_ or _avx512_ (x86-64), or _neon_ (arm64). *ksift info*
 * lists those that can run. The results are the same.
 */
LONG_OPTION(VARIANT, "own common grep filter entries levels fib sumsq sum bench info", "--variant NAME",
	    "use this implementation, not the fastest ('ksift info' lists them); the results are "
	    "the same")

/*
 * Show a summary of the command.
 */
LONG_OPTION(HELP, "common grep filter entries explain levels fib sumsq sum bench info doctor", "--help",
	    "show this text")

/*
 * Show the version.
 */
OPTION("grep", "-V, --version",
       "show the version")

/* Where tests have a machine of their own. */
LONG_OPTION(ROOT, "doctor", "--root DIR", NULL)

#undef OPTION
#undef LONG_OPTION
#undef AGAIN
#undef GROUP
