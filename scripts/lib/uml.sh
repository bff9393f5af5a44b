# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The newest kernel as User Mode Linux, plain and debug, built once for each
# source, configuration and compiler.

# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/lib source=kernels.sh
. "${BASH_SOURCE[0]%/*}/kernels.sh"

# uml_fragments plain|debug [SOURCE]: what is asked for; of SOURCE, when the patch
# that it takes does not fit, no large folios.
uml_fragments()
{
	local f=("$root/scripts/uml.config") without='^$'
	[ "$1" = plain ] || f+=("$root/scripts/uml-debug.config")
	if [ -n "${2-}" ] && ! grep -q HAVE_ARCH_TRANSPARENT_HUGEPAGE "$2/arch/um/Kconfig"; then
		note "uml-large-folios.patch does not fit: this UML has no large folios"
		without=TRANSPARENT_HUGEPAGE
	fi
	grep -hE '^(CONFIG_|# CONFIG_)' "${f[@]}" | grep -v "$without"
}

# uml_dir plain|debug: the build directory, named by what goes into it.
uml_dir()
{
	local src key
	src=$(newest_source)
	key=$({ cat "$src.version" "$root"/scripts/uml-*.patch; gcc -dumpfullversion; uml_fragments "$1"; } |
		sha256sum | cut -c1-16)
	printf '%s/uml/%s-%s\n' "$cache" "$1" "$key"
}

# Every line asked for must be in the final .config; Kconfig drops silently
# what it does not know or cannot satisfy.
check_config()
{
	local line name bad=0
	while read -r line; do
		grep -qxF "$line" "$1" && continue
		case $line in
		"# "*)
			name=${line#\# }
			grep -q "^${name%% *}=" "$1" || continue
			;;
		esac
		note "not in the kernel's final configuration: $line"
		bad=1
	done
	return $bad
}

# What was applied before may be another version.  What a patch does not fit is used
# as it is, for the kernel is only slower without, or has small folios alone.
patch_uml()
{
	local p applied=$1.patched
	mkdir -p "$applied"
	for p in "$applied"/*.patch; do
		[ -e "$p" ] || continue
		patch -d "$1" -p1 -R -f -s <"$p" || die "$1 is not as it was patched: remove it, and run scripts/setup"
		rm "$p"
	done
	for p in "$root"/scripts/uml-*.patch; do
		if patch -d "$1" -p1 -N -s --dry-run <"$p" >/dev/null; then
			patch -d "$1" -p1 -N -s <"$p"
		elif ! patch -d "$1" -p1 -R -f -s --dry-run <"$p" >/dev/null; then
			continue
		fi
		cp "$p" "$applied/"
	done
}

build_uml_locked()
{
	local kind=$1 dir=$2 src
	[ ! -e "$dir/.built" ] || return 0
	src=$(newest_source)
	case $kind in
	plain) note "building the newest kernel for User Mode Linux, to test at native speed: once, some 3 minutes on two processors" ;;
	debug) note "building it with sanitizers and fault injection, too: once, some 5 minutes on two processors" ;;
	esac
	patch_uml "$src"
	mkdir -p "$dir"
	quietly "UML defconfig" make -s -C "$src" O="$dir" ARCH=um x86_64_defconfig
	uml_fragments "$kind" "$src" >>"$dir/.config"
	quietly "UML olddefconfig" make -s -C "$src" O="$dir" ARCH=um olddefconfig
	uml_fragments "$kind" "$src" | check_config "$dir/.config" || die "the $kind UML cannot be configured as asked"
	quietly "the $kind UML kernel" nice make -s -C "$src" O="$dir" ARCH=um -j"$(nproc)"
	touch "$dir/.built"
}

# build_uml plain|debug: prints the build directory.
build_uml()
{
	local dir
	dir=$(uml_dir "$1") || exit
	# One at a time, whichever: they have the source in common.
	[ -e "$dir/.built" ] || locked uml build_uml_locked "$1" "$dir" || exit
	printf '%s\n' "$dir"
}
