/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is checked of a RUN's arguments on any side, by the contract in uapi/ksift.h.
 */
#ifndef KSIFT_ENGINE_CHECK_H
#define KSIFT_ENGINE_CHECK_H

#include "port.h"
#include "../uapi/ksift.h"

/**
 * ksift_check_run() - Check what all kernels have in common
 * @run: The arguments
 * @sources: Bit (1 << n) for each enum ksift_source that the kernel takes
 *
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int ksift_check_run(const struct ksift_run *run, u32 sources);

/**
 * ksift_check_lines() - Check the arguments of the kernel "lines"
 * @args: The arguments
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP, or -EFAULT: a buffer wraps around.
 */
int ksift_check_lines(const struct ksift_lines *args);

/**
 * ksift_check_element() - Check the size of an array's elements
 * @size: As the caller gave it
 * @known: As this engine knows it
 * @wanted: There is an array; else @size must be 0
 *
 * Return: 0; -EINVAL: too small, or not 0; -EOPNOTSUPP: larger than known.
 */
int ksift_check_element(u32 size, u32 known, bool wanted);

/**
 * ksift_check_array() - Check an array's address and capacity
 * @addr: The address
 * @cap: How many elements there is room for
 * @size: Bytes in an element
 *
 * Return: 0; -EINVAL: one of @addr and @cap is 0 and the other is not; -EFAULT: the
 * array wraps around.
 */
int ksift_check_array(u64 addr, u64 cap, size_t size);

#endif /* KSIFT_ENGINE_CHECK_H */
