# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The guest's file system: busybox, the kernel's modules and what tests use.

# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/lib source=kernels.sh
. "${BASH_SOURCE[0]%/*}/kernels.sh"

# Copies programs into a root with the libraries they are linked with.
copy_libs()
{
	local dest=$1 lib
	shift
	{ ldd "$@" 2>/dev/null || true; } | sed -n 's/^.*=> \(\/[^ ]*\) (0x.*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (0x.*/\1/p' | sort -u |
	while read -r lib; do
		[ -e "$dest$lib" ] && continue
		mkdir -p "$dest${lib%/*}"
		cp -L "$lib" "$dest$lib"
	done
}

pack()
{
	(cd "$1" && find . -mindepth 1 -print0 | sort -z |
		cpio -0 -o -H newc -R 0:0 --reproducible --quiet) >"$2"
}

# Modules a guest may need: the harness's own first, then what tests mount and
# use.  The rest of the kernel's modules stay out.
guest_modules='virtio_pci virtio_blk virtio_console ext4 xfs btrfs f2fs overlay fuse loop zram tun'
guest_programs='mkfs.ext4 mkfs.xfs mkfs.btrfs grep strace'

base_root()
{
	local dir=$1 release=$2 image=$3 name path ko m gcc=gcc busybox programs=$guest_programs emulator=()

	case $release in
	*-arm64)
		gcc=aarch64-linux-gnu-gcc busybox=$arm64_programs/bin/busybox programs='' emulator=(qemu-aarch64)
		;;
	*) busybox=$(command -v busybox) ;;
	esac
	mkdir -p "$dir"/{bin,sbin,dev,etc,proc,sys,tmp,run,root,mnt,harness,var/log,usr/bin,usr/sbin,usr/lib/ksift,lib/modules}
	cp "$root/scripts/guest/init" "$dir/init"
	"$gcc" -O2 -Wall -static -o "$dir/harness/run" "$root/scripts/guest/run.c"
	cp "$busybox" "$dir/bin/busybox"
	for name in $("${emulator[@]}" "$dir/bin/busybox" --list); do
		ln -s /bin/busybox "$dir/bin/$name" 2>/dev/null || true
	done
	for name in modprobe insmod rmmod; do
		ln -sf /bin/busybox "$dir/sbin/$name"
	done
	# The real ones where the busybox applet is too small for a test: GNU
	# grep is the oracle.
	for name in $programs; do
		path=$(command -v "$name" || true)
		[ -n "$path" ] || continue
		cp -L "$path" "$dir/usr/bin/$name"
		copy_libs "$dir" "$path"
	done
	[ ! -e /etc/mke2fs.conf ] || cp /etc/mke2fs.conf "$dir/etc/"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/sh' >"$dir/etc/passwd"
	printf '%s\n' 'root:x:0:' 'tty:x:5:' 'ksift:x:970:' 'nogroup:x:65534:' >"$dir/etc/group"
	: >"$dir/etc/fstab"

	[ -n "$image" ] || return 0
	for m in $guest_modules; do
		{ modprobe -d "$image" -S "$release" --show-depends "$m" 2>/dev/null || true; } |
			sed -n 's/^insmod \([^ ]*\).*/\1/p'
	done | sort -u | while read -r ko; do
		path=$dir${ko#"$image"}
		mkdir -p "${path%/*}"
		case $ko in
		*.xz) xz -dc "$ko" >"${path%.xz}" ;;
		*.zst) zstd -qdc "$ko" >"${path%.zst}" ;;
		*) cp "$ko" "$path" ;;
		esac
	done
	cp "$image/lib/modules/$release"/modules.{order,builtin} "$dir/lib/modules/$release/"
	depmod -b "$dir" "$release"
}

base_initramfs_locked()
{
	local file=$1 release=$2 image=$3 tmp
	[ ! -e "$file" ] || return 0
	tmp=$(mktemp -d "$cache/base.XXXXXX")
	quietly "the guest's file system" base_root "$tmp/root" "$release" "$image"
	pack "$tmp/root" "$tmp/cpio"
	mv "$tmp/cpio" "$file"
	rm -rf "$tmp"
}

# base_initramfs NAME [RELEASE IMAGE]: prints the archive's name.
base_initramfs()
{
	local file key
	key=$({ cat "${BASH_SOURCE[0]}" "$root/scripts/guest"/*; printf '%s\n' "$@"
		for p in busybox $guest_programs; do command -v "$p" || true; done
	} | sha256sum | cut -c1-16)
	file=$cache/base/$1-$key.cpio
	mkdir -p "$cache/base"
	locked base base_initramfs_locked "$file" "${2-}" "${3-}" || exit
	printf '%s\n' "$file"
}
