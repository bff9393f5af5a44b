/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KSIFT_VARIANT_H
#define KSIFT_VARIANT_H

#include <linux/init.h>

#include "engine/variants.h"

/* Find out what this machine can run.  Before any other call. */
void __init ksift_variant_init(void);

/**
 * ksift_variant_get() - The engine variant that a caller asked for
 * @id: enum ksift_variant, any value
 *
 * Return: the variant, or NULL if this machine cannot run it.
 */
const struct ksift_variant_ops *ksift_variant_get(u32 id);

/* Bit (1 << id) is set for each variant that can run. */
u64 ksift_variant_mask(void);

#endif /* KSIFT_VARIANT_H */
