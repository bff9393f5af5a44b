// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that trees, programs and automata of one compilation take, all of which
 * is freed at once, and the making of nodes.
 */
#include <stdlib.h>
#include <string.h>

#include "re_tree.h"

/* Most patterns fit into one. */
#define RE_BLOCK_BYTES (16u << 10)

struct re_block {
	struct re_block *next;
	size_t size;
	size_t used;
	max_align_t data[];
};

void *ksift_re_alloc(struct re_arena *arena, size_t size)
{
	struct re_block *block = arena->blocks;
	void *data;

	if (size > RE_MEMORY_MAX || arena->exhausted)
		goto exhausted;
	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (!block || block->size - block->used < size) {
		size_t room = size > RE_BLOCK_BYTES ? size : RE_BLOCK_BYTES;

		if (room > RE_MEMORY_MAX - arena->used)
			goto exhausted;
		block = calloc(1, sizeof(*block) + room);
		if (!block)
			goto exhausted;
		block->size = room;
		block->next = arena->blocks;
		arena->blocks = block;
		arena->used += room;
	}
	data = (char *)block->data + block->used;
	block->used += size;
	return data;

exhausted:
	arena->exhausted = true;
	return NULL;
}

void ksift_re_arena_free(struct re_arena *arena)
{
	struct re_block *block = arena->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		free(block);
	}
	memset(arena, 0, sizeof(*arena));
}

struct re_node *ksift_re_node_new(struct re_arena *arena, enum re_kind kind,
				  struct re_node *const *kids, size_t kid_count)
{
	struct re_node *node = ksift_re_alloc(arena, sizeof(*node));
	size_t i;

	if (!node)
		return NULL;
	node->kind = kind;
	node->depth = 1;
	if (!kid_count)
		return node;
	node->kids = ksift_re_alloc(arena, kid_count * sizeof(*kids));
	if (!node->kids)
		return NULL;
	memcpy(node->kids, kids, kid_count * sizeof(*kids));
	node->kid_count = kid_count;
	for (i = 0; i < kid_count; i++)
		if (node->depth <= kids[i]->depth)
			node->depth = kids[i]->depth + 1;
	if (node->depth > RE_DEPTH_MAX) {
		arena->exhausted = true;
		return NULL;
	}
	return node;
}
