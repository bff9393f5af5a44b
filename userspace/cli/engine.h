/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_ENGINE_H
#define _KSIFT_ENGINE_H

#include <libksift.h>

/**
 * struct engine_opts - What a command line says of the engine
 * @engine: From --engine, or NULL
 * @variant: From --variant, or NULL
 */
struct engine_opts {
	const char *engine;
	const char *variant;
};

/* Open the engine that does the work.  Gives the exit status. */
int engine_open(const struct engine_opts *how, struct ksift_ctx **ctx);

#endif /* _KSIFT_ENGINE_H */
