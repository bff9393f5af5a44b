/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which variants of the engine there are, and which of them can run here.
 */
#ifndef KSIFT_ENGINE_VARIANTS_H
#define KSIFT_ENGINE_VARIANTS_H

#include "ops.h"

/* Those of this build, the best one last.  Ends with NULL. */
extern const struct ksift_variant_ops *const ksift_variants[];

/* Can this machine run it? */
bool ksift_variant_usable(const struct ksift_variant_ops *ops);

/**
 * ksift_variant_get() - The variant that a caller asked for
 * @id: enum ksift_variant, any value
 * @usable: Returns bit (1 << id) for each variant that this machine can run
 *
 * Return: the variant, or NULL if this machine cannot run it.
 */
const struct ksift_variant_ops *ksift_variant_get(u32 id, u64 *usable);

#endif /* KSIFT_ENGINE_VARIANTS_H */
