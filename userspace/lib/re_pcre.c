// SPDX-License-Identifier: GPL-2.0-only
/*
 * libpcre2 is loaded when a pattern asks for it, so that nobody else waits for it to be
 * and it need not be there.  Only its header has to be when this is compiled.  What is
 * linked statically loads nothing, and is compiled with KSIFT_NO_PCRE2.
 *
 * A pattern may take for ever in a line.  It may not: after so many steps back it is an
 * error, as it is to grep.
 */
#define _GNU_SOURCE /* mempcpy() */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "re_parse.h"
#include "re_pcre.h"

#if !defined(KSIFT_NO_PCRE2) && __has_include(<pcre2.h>)

#define PCRE2_CODE_UNIT_WIDTH 8
#include <dlfcn.h>
#include <limits.h>
#include <pcre2.h>
#include <pthread.h>

#define LIBRARY "libpcre2-8.so.0"

/* A second or so; libpcre2's own default. */
#define STEPS_MAX 10000000
/* KiB for places to go back to, for the interpreter and for compiled code. */
#define HEAP_MAX (64u << 10)
#define JIT_STACK_MIN (32u << 10)
#define JIT_STACK_MAX (8u << 20)

#define FUNCTIONS(f) \
	f(compile_context_create) f(compile_context_free) f(set_compile_extra_options) \
	f(compile) f(code_free) f(jit_compile) f(jit_stack_create) f(jit_stack_free) \
	f(jit_stack_assign) f(match_context_create) f(match_context_free) \
	f(set_match_limit) f(set_heap_limit) f(match_data_create_from_pattern) \
	f(match_data_free) f(match) f(get_ovector_pointer) f(get_error_message)

/* With what pcre2.h appends. */
#define NAME(f) TEXT(f)
#define TEXT(f) #f

static struct {
#define MEMBER(f) __typeof__(&pcre2_##f) f;
	FUNCTIONS(MEMBER)
	bool loaded;
} pcre;

static pthread_once_t once = PTHREAD_ONCE_INIT;

struct re_pcre {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	char pattern[RE_PCRE_ERROR_MAX / 2];
	char error[RE_PCRE_ERROR_MAX];
	const char *text;
	uint64_t len;
};

static void load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return;
	pcre.loaded = true;
#define LOAD(f) do { \
		*(void **)&pcre.f = dlsym(library, NAME(pcre2_##f)); \
		pcre.loaded &= !!pcre.f; \
	} while (0);
	FUNCTIONS(LOAD)
}

/* "what: pattern" */
static void say(char *error, const char *what, const char *pattern)
{
	snprintf(error, RE_PCRE_ERROR_MAX, "%s: %s", what, pattern);
}

static void say_code(char *error, int code, const char *pattern)
{
	char what[RE_PCRE_ERROR_MAX / 2 - 8];

	pcre.get_error_message(code, (PCRE2_UCHAR *)what, sizeof(what));
	say(error, what, pattern);
}

/* -w as grep has it: in libpcre2's own way, a match would begin and end with a word. */
static char *for_words(const char *text, size_t *len)
{
	static const char before[] = "(?<!\\w)(?:", after[] = ")(?!\\w)";
	char *all = malloc(sizeof(before) + *len + sizeof(after)), *p = all;

	if (!all)
		return NULL;
	p = mempcpy(p, before, sizeof(before) - 1);
	p = mempcpy(p, text, *len);
	p = mempcpy(p, after, sizeof(after) - 1);
	*len = p - all;
	return all;
}

static int compile(struct re_pcre *p, const char *text, size_t len, unsigned int flags)
{
	uint32_t options = PCRE2_DOLLAR_ENDONLY | (flags & RE_FOLD ? PCRE2_CASELESS : 0);
	pcre2_compile_context *context = pcre.compile_context_create(NULL);
	char *words = NULL;
	PCRE2_SIZE at;
	int code;

	if (flags & RE_LINES) {
		if (context)
			pcre.set_compile_extra_options(context, PCRE2_EXTRA_MATCH_LINE);
	} else if (flags & RE_WORDS) {
		words = for_words(text, &len);
		text = words;
	}
	if (!context || !text) {
		pcre.compile_context_free(context);
		return -ENOMEM;
	}
	p->code = pcre.compile((PCRE2_SPTR)text, len, options, &code, &at, context);
	pcre.compile_context_free(context);
	free(words);
	if (p->code)
		return 0;
	say_code(p->error, code, p->pattern);
	return code == PCRE2_ERROR_HEAP_FAILED ? -ENOMEM : -EINVAL;
}

/* Where it cannot be compiled to machine code, it is interpreted. */
static int prepare(struct re_pcre *p)
{
	p->data = pcre.match_data_create_from_pattern(p->code, NULL);
	p->context = pcre.match_context_create(NULL);
	if (!p->data || !p->context)
		return -ENOMEM;
	pcre.set_match_limit(p->context, STEPS_MAX);
	pcre.set_heap_limit(p->context, HEAP_MAX);
	if (pcre.jit_compile(p->code, PCRE2_JIT_COMPLETE))
		return 0;
	p->stack = pcre.jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
	if (!p->stack)
		return -ENOMEM;
	pcre.jit_stack_assign(p->context, NULL, p->stack);
	return 0;
}

int ksift_re_pcre_new(const char *text, size_t len, unsigned int flags, struct re_pcre **out,
		      char *error)
{
	struct re_pcre *p;
	int ret;

	pthread_once(&once, load);
	if (!pcre.loaded) {
		say(error, "-P needs libpcre2, which is not there", LIBRARY);
		return -EOPNOTSUPP;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	snprintf(p->pattern, sizeof(p->pattern), "%.*s", (int)(len < INT_MAX ? len : INT_MAX),
		 text);
	ret = compile(p, text, len, flags);
	if (!ret)
		ret = prepare(p);
	if (ret) {
		memcpy(error, p->error, sizeof(p->error));
		ksift_re_pcre_free(p);
		return ret;
	}
	*out = p;
	return 0;
}

void ksift_re_pcre_free(struct re_pcre *p)
{
	if (!p)
		return;
	pcre.match_data_free(p->data);
	pcre.match_context_free(p->context);
	pcre.jit_stack_free(p->stack);
	pcre.code_free(p->code);
	free(p);
}

void ksift_re_pcre_begin(struct re_pcre *p, const char *text, uint64_t len)
{
	p->text = len ? text : "";
	p->len = len;
	p->error[0] = '\0';
}

static int failed(struct re_pcre *p, int code)
{
	switch (code) {
	case PCRE2_ERROR_NOMEMORY:
		say(p->error, "out of memory", p->pattern);
		return -ENOMEM;
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
		say(p->error, "exceeded PCRE's backtracking limit", p->pattern);
		return -ETIME;
	case PCRE2_ERROR_JIT_STACKLIMIT:
		say(p->error, "exhausted PCRE JIT stack", p->pattern);
		return -ETIME;
	default:
		say_code(p->error, code, p->pattern);
		return -EIO;
	}
}

int ksift_re_pcre_next(struct re_pcre *p, uint64_t from, bool empty, uint64_t *start,
		       uint64_t *end)
{
	for (; from <= p->len; from = *start + 1) {
		const PCRE2_SIZE *at;
		int ret = pcre.match(p->code, (PCRE2_SPTR)p->text, p->len, from, 0, p->data,
				     p->context);

		if (ret == PCRE2_ERROR_NOMATCH)
			return 0;
		if (ret < 0)
			return failed(p, ret);
		at = pcre.get_ovector_pointer(p->data);
		/* Before libpcre2 10.38, \K may say that a match is elsewhere. */
		*start = at[0] > from ? at[0] : from;
		*end = at[1] > *start ? at[1] : *start;
		if (empty || *end > *start)
			return 1;
	}
	return 0;
}

const char *ksift_re_pcre_error(const struct re_pcre *p)
{
	return p->error[0] ? p->error : NULL;
}

#else /* built without libpcre2 */

int ksift_re_pcre_new(const char *text, size_t len, unsigned int flags, struct re_pcre **out,
		      char *error)
{
	(void)text;
	(void)len;
	(void)flags;
	(void)out;
	snprintf(error, RE_PCRE_ERROR_MAX, "-P needs libpcre2, which this was built without");
	return -EOPNOTSUPP;
}

/* What there is none of is not asked about. */

void ksift_re_pcre_free(struct re_pcre *p)
{
	(void)p;
}

void ksift_re_pcre_begin(struct re_pcre *p, const char *text, uint64_t len)
{
	(void)p;
	(void)text;
	(void)len;
}

int ksift_re_pcre_next(struct re_pcre *p, uint64_t from, bool empty, uint64_t *start,
		       uint64_t *end)
{
	(void)p;
	(void)from;
	(void)empty;
	(void)start;
	(void)end;
	return 0;
}

const char *ksift_re_pcre_error(const struct re_pcre *p)
{
	(void)p;
	return NULL;
}

#endif
