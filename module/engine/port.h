/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the engine takes from its surroundings, in the kernel and in a process:
 * fixed-width types, string functions, bit counting, and the two calls that
 * fence the use of vector registers.
 */
#ifndef KSIFT_ENGINE_PORT_H
#define KSIFT_ENGINE_PORT_H

/* arm64/neon.c takes the first bit of a bitmap for the lowest address. */
#if defined(__aarch64__) && !defined(__AARCH64EB__)
#define KSIFT_NEON
#endif

#ifdef __KERNEL__

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#if defined(CONFIG_X86) || defined(CONFIG_ARM64)
#include <asm/cpufeature.h>
#endif

#if defined(CONFIG_X86) && !defined(CONFIG_UML)
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>

static inline void ksift_simd_begin(void)
{
	kernel_fpu_begin();
}

static inline void ksift_simd_end(void)
{
	kernel_fpu_end();
}
#elif defined(CONFIG_ARM64)
#include <asm/neon.h>
#include <asm/simd.h>
#include <linux/preempt.h>

/*
 * A RUN is in task context, where may_use_simd() holds once the machine is up.
 * Since 6.19, which has scoped_ksimd(), kernel_neon_begin() wants room for 32
 * registers, to be preempted in a section; with preemption off it takes NULL.
 * Sections are short and never sleep, so that costs less.
 */
#ifdef scoped_ksimd
#define ksift_neon(verb) kernel_neon_##verb(NULL)
#else
#define ksift_neon(verb) kernel_neon_##verb()
#endif

static inline void ksift_simd_begin(void)
{
	preempt_disable();
	ksift_neon(begin);
}

static inline void ksift_simd_end(void)
{
	ksift_neon(end);
	preempt_enable();
}
#else
#include <linux/preempt.h>
#include <linux/uaccess.h>

/*
 * User Mode Linux saves no vector registers when it switches between kernel stacks,
 * so a section must not be preempted; that page faults are disabled, too, makes its
 * debug checks complain about what would be wrong on x86.  Other machines have no
 * vector variant and never come here.
 */
static inline void ksift_simd_begin(void)
{
	preempt_disable();
	pagefault_disable();
}

static inline void ksift_simd_end(void)
{
	pagefault_enable();
	preempt_enable();
}
#endif

#ifdef CONFIG_X86_64
static inline bool ksift_cpu_has_avx2(void)
{
#ifndef CONFIG_UML
	if (!cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL))
		return false;
#endif
	return boot_cpu_has(X86_FEATURE_AVX) &&
	       boot_cpu_has(X86_FEATURE_AVX2) &&
	       boot_cpu_has(X86_FEATURE_BMI1) &&
	       boot_cpu_has(X86_FEATURE_POPCNT);
}

static inline bool ksift_cpu_has_avx512(void)
{
#ifndef CONFIG_UML
	if (!cpu_has_xfeatures(XFEATURE_MASK_AVX512, NULL))
		return false;
#endif
	return boot_cpu_has(X86_FEATURE_AVX512F) &&
	       boot_cpu_has(X86_FEATURE_AVX512BW) &&
	       boot_cpu_has(X86_FEATURE_AVX512VBMI);
}
#endif

#ifdef KSIFT_NEON
static inline bool ksift_cpu_has_neon(void)
{
	return cpu_have_named_feature(ASIMD);
}
#endif

static inline unsigned int ksift_popcount64(u64 v)
{
	return hweight64(v);
}

#else /* !__KERNEL__ */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#ifdef KSIFT_NEON
#include <sys/auxv.h>
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define U32_MAX (~(u32)0)
#define U64_MAX (~(u64)0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* As the kernel's, each argument is evaluated once: it may look at text that changes. */
#define ksift_choose_of(a, op, b, x, y)	\
	({ __auto_type x = (a); __auto_type y = (b); x op y ? x : y; })
#define ksift_choose_as(a, op, b, n)	\
	ksift_choose_of(a, op, b, ksift_x_##n, ksift_y_##n)
#define ksift_choose(a, op, b, n)	ksift_choose_as(a, op, b, n)
#ifndef min
#define min(a, b) ksift_choose(a, <, b, __COUNTER__)
#endif
#ifndef max
#define max(a, b) ksift_choose(a, >, b, __COUNTER__)
#endif
#define __aligned(x) __attribute__((aligned(x)))
#ifndef noinline
#define noinline __attribute__((noinline))
#endif
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))

static inline void ksift_simd_begin(void)
{
}

static inline void ksift_simd_end(void)
{
}

#ifdef __x86_64__
static inline bool ksift_cpu_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") &&
	       __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("popcnt");
}

static inline bool ksift_cpu_has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vbmi");
}
#endif

#ifdef KSIFT_NEON
static inline bool ksift_cpu_has_neon(void)
{
	return getauxval(AT_HWCAP) & HWCAP_ASIMD;
}
#endif

static inline unsigned int ksift_popcount64(u64 v)
{
	return __builtin_popcountll(v);
}

#endif /* __KERNEL__ */

/*
 * For large variables that a function writes before it reads them: kernels built with
 * CONFIG_INIT_STACK_ALL_ZERO would clear them at each call.
 */
#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized __attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

struct ksift_u64 {
	u64 v;
} __attribute__((packed, may_alias));

/*
 * Others may write to the text.  A byte that decides more than one thing is loaded
 * once, into a variable.  Without the volatile, as in READ_ONCE(), compilers may load
 * it for each use: for a switch, once to compare it with a jump table's bounds and
 * once to index the table.
 */
static inline u8 ksift_load8(const u8 *p)
{
	return *(const volatile u8 *)p;
}

/* The same of 8 bytes, wherever they lie. */
static inline u64 ksift_load64(const u8 *p)
{
	return ((const volatile struct ksift_u64 *)p)->v;
}

/* @v as it lies in memory, its first byte as the lowest. */
static inline u64 ksift_le64(u64 v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/* Bit numbers of the lowest and the highest bit set in @v, which is not 0. */
static inline unsigned int ksift_low_bit(u64 v)
{
	return __builtin_ctzll(v);
}

static inline unsigned int ksift_high_bit(u64 v)
{
	return 63 - __builtin_clzll(v);
}

#endif /* KSIFT_ENGINE_PORT_H */
