// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lines of a scan, whichever way they are found, and where newlines are.
 */
#include "scan.h"
#include "simd.h"

void ksift_line_select(struct ksift_scan *scan, const struct ksift_hit *hit)
{
	ksift_scan_count(scan, hit, &scan->count);
	if (!scan->want_hits)
		return;
	scan->hits[scan->hit_count++] = *hit;
	scan->hit_bytes += ksift_hit_bytes(hit);
}

void ksift_line_set_level(struct ksift_scan *scan, struct ksift_hit *hit)
{
	u64 len = hit->end - hit->start;
	u32 n = ksift_level_head(len);
	const u8 *line = scan->head;

	if (hit->start >= scan->base) {
		line = scan->buf + (hit->start - scan->base);
	} else if (scan->head_len < n) {
		memcpy(scan->head + scan->head_len, scan->buf,
		       n - scan->head_len);
		scan->head_len = n;
	}
	hit->level = ksift_level_find(line, len,
				      scan->hit_levels ? &hit->msg : NULL);
}

void ksift_line_hold_head(struct ksift_scan *scan, size_t len)
{
	size_t n = KSIFT_LEVEL_HEAD, from = 0;

	if (scan->line >= scan->base) {
		from = scan->line - scan->base;
		scan->head_len = 0;
	}
	n = min(n - scan->head_len, len - from);
	memcpy(scan->head + scan->head_len, scan->buf + from, n);
	scan->head_len += n;
}

void ksift_line_end(struct ksift_scan *scan, u64 end, bool newline)
{
	struct ksift_hit hit = {
		.start = scan->line,
		.end = end,
		.index = scan->count.total,
		.seen = scan->seen,
		.match = end,
		.newline = newline,
	};

	if (ksift_prog_selects(scan->prog, scan->seen)) {
		if (ksift_scan_needs_levels(scan))
			ksift_line_set_level(scan, &hit);
		if (ksift_prog_takes(scan->prog, hit.level))
			ksift_line_select(scan, &hit);
	}
	scan->count.total++;
	ksift_line_begin(scan, end + newline);
}

/*
 * Eight bytes at a time, loaded once.  The subtraction borrows from the next byte at
 * a newline only: the lowest bit that is left is the first newline's.
 */
size_t ksift_find_newline(const u8 *buf, size_t len)
{
	const u64 ones = ~0ULL / 0xff, newlines = ones * '\n';
	size_t i;
	u64 v;

	for (i = 0; len - i >= sizeof(v); i += sizeof(v)) {
		v = ksift_le64(ksift_load64(buf + i)) ^ newlines;
		v = (v - ones) & ~v & ones << 7;
		if (v)
			return i + ksift_low_bit(v) / 8;
	}
	while (i < len && ksift_load8(buf + i) != '\n')
		i++;
	return i;
}

size_t ksift_scan_newline(struct ksift_scan *scan, const u8 *buf, size_t len)
{
	size_t i, n;
	u64 bits[8];
	u32 w;

	if (!scan->ops->newlines || len < KSIFT_SIMD_MIN)
		return ksift_find_newline(buf, len);
	for (i = 0; i < len; i += n) {
		n = min(len - i, sizeof(bits) * 8);
		ksift_simd_newlines(scan->ops, buf + i, n, bits, 0);
		for (w = 0; w < (n + 63) / 64; w++)
			if (bits[w])
				return i + w * 64 + ksift_low_bit(bits[w]);
	}
	return len;
}
