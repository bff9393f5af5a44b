// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressed files, known by their first bytes.  Searching one finds nothing,
 * which is no answer for who is after an error in a log of last week.
 */
#include <string.h>
#include <unistd.h>

#include "packed.h"

static const struct {
	struct packer packer;
	const char *magic;
	unsigned char offset, len;
} packers[] = {
	{ { "gzip", "zcat" }, "\x1f\x8b\x08", 0, 3 },
	{ { "xz", "xzcat" }, "\xfd""7zXZ\0", 0, 6 },
	{ { "zstd", "zstdcat" }, "\x28\xb5\x2f\xfd", 0, 4 },
	{ { "lz4", "lz4cat" }, "\x04\x22\x4d\x18", 0, 4 },
	/* After "BZh" and a digit: a text may begin with that alone. */
	{ { "bzip2", "bzcat" }, "1AY&SY", 4, 6 },
};

/* What begins with these @n bytes is compressed by that, or NULL. */
const struct packer *packed_head(const char *head, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(packers) / sizeof(*packers); i++) {
		if (n < (size_t)packers[i].offset + packers[i].len)
			continue;
		if (!memcmp(head + packers[i].offset, packers[i].magic, packers[i].len) &&
		    (!packers[i].offset || !memcmp(head, "BZh", 3)))
			return &packers[i].packer;
	}
	return NULL;
}

/* NULL if it is not compressed, or cannot be told without reading it. */
const struct packer *packed_by(int fd)
{
	char head[PACKED_HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	return n > 0 ? packed_head(head, n) : NULL;
}
