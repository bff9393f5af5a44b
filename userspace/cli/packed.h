/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_PACKED_H
#define _KSIFT_PACKED_H

#include <stddef.h>

/**
 * struct packer - A program that compresses files
 * @name: Its name
 * @cat: What prints the text of such a file
 */
struct packer {
	const char *name;
	const char *cat;
};

/* Bytes at the beginning of a file that tell. */
#define PACKED_HEAD 10

const struct packer *packed_head(const char *head, size_t n);
const struct packer *packed_by(int fd);

#endif /* _KSIFT_PACKED_H */
