/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_COLOR_H
#define _KSIFT_COLOR_H

#include <stdbool.h>

/**
 * struct colors - What GREP_COLORS says: codes of ECMA-48, "" for none
 * @selected: "ms", of a match in a selected line
 * @context: "mc", of a match in a line of context
 * @name: "fn"
 * @number: "ln"
 * @offset: "bn"
 * @separator: "se"
 * @selected_line: "sl", of the rest of a selected line
 * @context_line: "cx"
 * @reverse: "rv": the last two change places with -v
 * @no_erase: "ne": the rest of the screen's line is not erased
 */
struct colors {
	char *selected, *context, *name, *number, *offset, *separator;
	char *selected_line, *context_line;
	bool reverse, no_erase;
};

extern struct colors colors;

void colors_read(void);
bool colors_wanted(void);
void color_begin(const char *code);
void color_end(const char *code);

#endif /* _KSIFT_COLOR_H */
