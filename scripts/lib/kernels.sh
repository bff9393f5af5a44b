# shellcheck shell=bash disable=SC2034 # variables are for those who source it
# SPDX-License-Identifier: GPL-2.0-only
#
# The stock kernels, the kernel sources and the compilers: which there are, and where.

# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/lib source=common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

# Where a stock kernel's headers live, by release.
headers_prefix=/usr/src/linux-headers-

# The source the kselftests and checkpatch come from.
ksrc=$cache/src/linux-source-6.12

# kernel_headers RELEASE: prints where they are; those of another architecture
# are only in the cache, with the image.
kernel_headers()
{
	case $1 in
	*-arm64) printf '%s\n' "$cache/kernels/$1/usr/src/linux-headers-$1" ;;
	*) printf '%s%s\n' "$headers_prefix" "$1" ;;
	esac
}

# resolve_kernel 6.1|6.12|RELEASE [ARCH]: prints the release of the newest stock
# kernel of that series whose headers are installed, or the same one for arm64.
resolve_kernel()
{
	local found arch=${2:-amd64}
	if [ -d "$(kernel_headers "$1")/include/generated" ]; then
		[ "${1##*-}" = "$arch" ] || die "kernel $1 is not for $arch"
		printf '%s\n' "$1"
		return
	fi
	found=$(find "${headers_prefix%/*}" -maxdepth 1 -name "${headers_prefix##*/}$1.*-cloud-amd64" -printf '%f\n' |
		sed "s/^${headers_prefix##*/}//" | sort -V | tail -n 1)
	[ -n "$found" ] || die "no headers for kernel $1: run scripts/setup"
	printf '%s\n' "${found%amd64}$arch"
}

# What Debian packages for arm64 that are no kernels have in them: a busybox,
# and a library for the engine's tests.
arm64_programs=$cache/arm64

# cross arm64|'': prints make's variables for another architecture.
cross()
{
	[ -z "$1" ] || printf '%s\n' "ARCH=$1" CROSS_COMPILE=aarch64-linux-gnu-
}

# kernel_image RELEASE: prints the directory with boot/ and lib/modules/ of it.
kernel_image()
{
	local dir=$cache/kernels/$1
	[ -e "$dir/.complete" ] || die "kernel $1 is not in the cache: run scripts/setup"
	printf '%s\n' "$dir"
}

newest_source()
{
	[ -s "$cache/src/newest" ] || die "no kernel source for UML: run scripts/setup"
	printf '%s\n' "$cache/src/$(cat "$cache/src/newest")"
}
