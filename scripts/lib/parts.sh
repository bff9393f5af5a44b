# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module for a kernel, the static client and the selftests, built when their
# sources have changed.

# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/lib source=kernels.sh
. "${BASH_SOURCE[0]%/*}/kernels.sh"

build_module_locked()
{
	local name=$1 kdir=$2 arch=$3 stage=$build/module-$1 hash vars=()
	[ -f "$root/Kbuild" ] || die "no Kbuild in the tree"
	hash=$(hash_of Kbuild module)-$kdir
	if [ "$(cat "$stage/.hash" 2>/dev/null)" != "$hash" ]; then
		rm -f "$stage/.hash"
		mkdir -p "$stage"
		# No times: a source changed during a build must be newer than its object.
		rsync -rlp --checksum --delete --exclude='*.o' --exclude='.*' --exclude='*.ko' --exclude='*.mod' --exclude='*.mod.c' \
			--exclude=modules.order --exclude=Module.symvers "$root/Kbuild" "$root/module" "$stage/"
		case $arch in
		arm64) mapfile -t vars < <(cross arm64) ;;
		?*) vars=(ARCH="$arch") ;;
		esac
		quietly "ksift.ko for $name" make -s -C "$kdir" M="$stage" "${vars[@]}" -j"$(nproc)" modules
		printf '%s\n' "$hash" >"$stage/.hash"
	fi
	[ -z "${4-}" ] || cp "$stage/ksift.ko" "$4"
}

# build_module NAME KDIR ARCH [COPY]
build_module()
{
	locked "module-$1" build_module_locked "$@"
}

# build_client_locked COPY [arm64]
build_client_locked()
{
	local out=$build/userspace${2:+-$2} hash vars
	mapfile -t vars < <(cross "${2-}")
	hash=$(hash_of userspace module/uapi module/engine)
	if [ "$(cat "$out/.hash" 2>/dev/null)" != "$hash" ]; then
		rm -f "$out/.hash"
		mkdir -p "$out"
		quietly "the static client" make -s -C "$root/userspace" O="$out" "${vars[@]}" static
		[ -x "$out/ksift-static" ] || die "userspace built no ksift-static"
		printf '%s\n' "$hash" >"$out/.hash"
	fi
	cp "$out/ksift-static" "$1"
}

# build_selftests_locked COPY [arm64]
build_selftests_locked()
{
	local out=$build/selftests${2:+-$2} dest hash vars
	dest=$out-installed
	mapfile -t vars < <(cross "${2-}")
	[ -e "$ksrc.version" ] || die "no kernel source for the selftests: run scripts/setup, or leave them out with --no-selftests"
	hash=$(hash_of selftests module/uapi)
	if [ "$(cat "$out/.hash" 2>/dev/null)" != "$hash" ]; then
		rm -f "$out/.hash"
		rm -rf "$dest"
		mkdir -p "$out" "$dest"
		quietly "the selftests" make -s -C "$root/selftests" OUTPUT="$out" KSRC="$ksrc" "${vars[@]}"
		quietly "installing the selftests" \
			make -s -C "$root/selftests" OUTPUT="$out" KSRC="$ksrc" "${vars[@]}" install INSTALL_PATH="$dest"
		[ -x "$dest/ksift-selftests" ] || die "the selftests installed no ksift-selftests"
		printf '%s\n' "$hash" >"$out/.hash"
	fi
	cp -a "$dest" "$1"
}
