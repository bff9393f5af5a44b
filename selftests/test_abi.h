/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks for every structure of the ABI: the module takes all lengths, at all places
 * in memory, and writes nothing when the call fails.
 */
#ifndef KSIFT_TEST_ABI_H
#define KSIFT_TEST_ABI_H

#include "test_util.h"

/**
 * struct abi_struct - A structure under test
 * @good: One that works, its outputs poisoned
 * @len: Its length
 * @least: The shortest that the module takes, or 0: that is @len
 * @call: Calls the module with the structure at @arg; 0, or -1 with errno
 * @done: Undoes a successful call, or NULL
 * @ctx: For @call and @done
 */
struct abi_struct {
	const void *good;
	__u32 len;
	__u32 least;
	int (*call)(struct __test_metadata *_metadata, void *ctx, void *arg);
	void (*done)(void *ctx, void *arg);
	void *ctx;
};

/* Addresses that no process has, of 32 bits or 64. */
static inline void *abi_bad_pointer(unsigned int i)
{
	static const __u64 bad[] = {
		0, 1, 0xfffffffffffff000ULL, 0xffff888000001000ULL, U64_MAX - 7,
	};

	return i < ARRAY_SIZE(bad) ? (void *)(uintptr_t)bad[i] : NULL;
}

#define ABI_BAD_POINTERS 5

/* The call must fail and change none of the @present bytes at @arg, which are mapped. */
static inline void abi_fails(struct __test_metadata *_metadata,
			     const struct abi_struct *abi, void *arg,
			     size_t present, int err, const char *what,
			     unsigned long n)
{
	void *before = malloc(present + 1);
	int ret;

	ASSERT_NE(NULL, before);
	memcpy(before, arg, present);
	errno = 0;
	ret = abi->call(_metadata, abi->ctx, arg);
	if (ret != -1)
		errno = 0;
	EXPECT_EQ(err, errno) {
		TH_LOG("%s %lu: %d, %s", what, n, ret, strerror(errno));
	}
	EXPECT_EQ(0, memcmp(before, arg, present)) {
		TH_LOG("%s %lu: written to, although it failed", what, n);
	}
	if (!ret && abi->done)
		abi->done(abi->ctx, arg);
	free(before);
}

static inline void abi_works(struct __test_metadata *_metadata,
			     const struct abi_struct *abi, void *arg,
			     const char *what, unsigned long n)
{
	__u32 size;
	int ret;

	memcpy(&size, arg, sizeof(size));
	errno = 0;
	ret = abi->call(_metadata, abi->ctx, arg);
	EXPECT_EQ(0, ret) {
		TH_LOG("%s %lu: %s", what, n, strerror(errno));
	}
	if (ret)
		return;
	EXPECT_EQ(0, memcmp(&size, arg, sizeof(size))) {
		TH_LOG("%s %lu: its size was changed", what, n);
	}
	if (abi->done)
		abi->done(abi->ctx, arg);
}

static inline void abi_set_size(void *arg, __u32 size)
{
	memcpy(arg, &size, sizeof(size));
}

/* Check every length that the structure can have. */
static inline void abi_check_length(struct __test_metadata *_metadata,
				    const struct abi_struct *abi)
{
	static const __u32 huge[] = { 1 << 16, 1U << 31, UINT32_MAX };
	size_t ps = page_size();
	__u32 size, i;
	char *arg;

	arg = mmap(NULL, 3 * ps, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, arg);

	for (size = 0; size < (abi->least ? abi->least : abi->len); size++) {
		memset(arg, 0, 3 * ps);
		memcpy(arg, abi->good, abi->len);
		abi_set_size(arg, size);
		abi_fails(_metadata, abi, arg, ps, EINVAL, "size", size);
	}
	/* As it was first published, and as much of what has come since. */
	for (; size < abi->len; size++) {
		memset(arg, POISON, 3 * ps);
		memcpy(arg, abi->good, size);
		abi_set_size(arg, size);
		abi_works(_metadata, abi, arg, "size", size);
		EXPECT_TRUE(mem_is(arg + size, POISON, 3 * ps - size));
	}

	/* The module neither reads nor writes behind the size given. */
	memset(arg, POISON, 3 * ps);
	memcpy(arg, abi->good, abi->len);
	abi_works(_metadata, abi, arg, "size", abi->len);
	EXPECT_TRUE(mem_is(arg + abi->len, POISON, 3 * ps - abi->len));

	for (size = abi->len + 1; size <= ps;
	     size += size < abi->len + 17 || size + 64 > ps ? 1 : 61) {
		memset(arg, POISON, 3 * ps);
		memset(arg, 0, size);
		memcpy(arg, abi->good, abi->len);
		abi_set_size(arg, size);
		abi_works(_metadata, abi, arg, "zero tail", size);
		EXPECT_TRUE(mem_is(arg + abi->len, 0, size - abi->len));
		EXPECT_TRUE(mem_is(arg + size, POISON, 3 * ps - size));

		memset(arg, 0, 3 * ps);
		memcpy(arg, abi->good, abi->len);
		abi_set_size(arg, size);
		arg[size - 1] = 1;
		abi_fails(_metadata, abi, arg, 3 * ps, E2BIG,
			  "tail that ends in 1,", size);
	}

	for (i = abi->len; i < abi->len + 64; i++) {
		memset(arg, 0, 3 * ps);
		memcpy(arg, abi->good, abi->len);
		abi_set_size(arg, abi->len + 64);
		arg[i] = -128;
		abi_fails(_metadata, abi, arg, 3 * ps, E2BIG,
			  "tail with a bit set at", i);
	}

	memset(arg, 0, 3 * ps);
	memcpy(arg, abi->good, abi->len);
	abi_set_size(arg, ps + 1);
	abi_fails(_metadata, abi, arg, 3 * ps, E2BIG, "size", ps + 1);
	abi_set_size(arg, 2 * ps);
	abi_fails(_metadata, abi, arg, 3 * ps, E2BIG, "size", 2 * ps);
	for (i = 0; i < ARRAY_SIZE(huge); i++) {
		abi_set_size(arg, huge[i]);
		abi_fails(_metadata, abi, arg, 3 * ps, E2BIG, "size", huge[i]);
	}
	munmap(arg, 3 * ps);
}

/* Check every place in memory that the structure can have, whole or in part. */
static inline void abi_check_pointer(struct __test_metadata *_metadata,
				     const struct abi_struct *abi)
{
	size_t ps = page_size();
	char *base, *arg;
	__u32 i;

	for (i = 0; i < ABI_BAD_POINTERS; i++)
		abi_fails(_metadata, abi, abi_bad_pointer(i), 0, EFAULT,
			  "bad pointer", i);

	base = mmap(NULL, 2 * ps, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, base);

	for (i = 0; i < 8; i++) {
		memset(base, POISON, 2 * ps);
		memcpy(base + i, abi->good, abi->len);
		abi_works(_metadata, abi, base + i, "alignment", i);
		memset(base, POISON, 2 * ps);
		memcpy(base + ps - i, abi->good, abi->len);
		abi_works(_metadata, abi, base + ps - i, "across a page by", i);
	}

	/* In a page that is read-only, the module cannot write the outputs. */
	memcpy(base, abi->good, abi->len);
	ASSERT_OK(mprotect(base, ps, PROT_READ));
	abi_fails(_metadata, abi, base, abi->len, EFAULT, "read-only", 0);
	ASSERT_OK(mprotect(base, ps, PROT_READ | PROT_WRITE));

	ASSERT_OK(make_hole(base + ps));
	arg = base + ps - abi->len;
	memset(base, POISON, ps);
	memcpy(arg, abi->good, abi->len);
	abi_works(_metadata, abi, arg, "up to a page that is not there", 0);

	for (i = 0; i < abi->len; i++) {
		arg = base + ps - i;
		memset(base, POISON, ps);
		memcpy(arg, abi->good, i);
		abi_fails(_metadata, abi, arg, i, EFAULT,
			  "bytes that are there:", i);
	}

	/* The module reads the part that it does not know, too. */
	arg = base + ps - abi->len;
	memset(base, POISON, ps);
	memcpy(arg, abi->good, abi->len);
	abi_set_size(arg, abi->len + 8);
	abi_fails(_metadata, abi, arg, abi->len, EFAULT,
		  "a tail that is not there", 0);

	munmap(base, 2 * ps);
}

#endif /* KSIFT_TEST_ABI_H */
