/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the terms of a filter have matches in a chunk.  The engine's own.
 */
#ifndef KSIFT_ENGINE_TERMS_H
#define KSIFT_ENGINE_TERMS_H

#include "lines.h"

/**
 * ksift_terms_find() - Make the bitmaps of a filter's terms
 * @scan: The scan; its @terms get a bit wherever a match begins that lies in the
 *	piece.  Its @newlines are there if a pattern is anchored.
 * @buf: The chunk, which scan->pos is at
 * @len: Its length, at most KSIFT_CHUNK
 * @avail: Bytes from @buf on that are readable
 *
 * Return: false when verifying candidates would read too much per byte of text.
 */
bool ksift_terms_find(struct ksift_scan *scan, const u8 *buf, size_t len,
		      size_t avail);

#endif /* KSIFT_ENGINE_TERMS_H */

