# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts share: the cache, building the parts, and running one
# command in a guest.  Sourced by bash scripts under "set -euo pipefail".

# Which machine a part is for is said to each make.
unset ARCH CROSS_COMPILE

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ksift
# Builds are incremental per tree, so that two checkouts do not fight over one.
build=$cache/build/$(printf %s "$root" | sha256sum | cut -c1-12)

# Where a stock kernel's headers live, by release.
headers_prefix=/usr/src/linux-headers-

# The source the kselftests and checkpatch come from.
ksrc=$cache/src/linux-source-6.12

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 125
}

note()
{
	printf '%s\n' "$*" >&2
}

# locked NAME COMMAND...: one at a time on this machine.  The command runs in a
# subshell that must not exit on its own account with anything to keep.
locked()
{
	local name=$1
	shift
	mkdir -p "$cache/locks"
	(
		exec 9>"$cache/locks/$name"
		flock 9
		"$@" 9>&-
	)
}

# quietly WHAT COMMAND...: output only when it fails.
quietly()
{
	local what=$1 log
	shift
	mkdir -p "$cache"
	log=$(mktemp "$cache/log.XXXXXX")
	if ! "$@" >"$log" 2>&1 </dev/null; then
		tail -n 100 "$log" >&2
		rm -f "$log"
		die "failed: $what"
	fi
	rm -f "$log"
}

# The content of sources, objects aside; paths are relative to the tree.
hash_of()
{
	(cd "$root" && find "$@" -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod' \
		! -name '*.mod.c' ! -name '.*' ! -name '*.pyc' ! -name modules.order ! -name Module.symvers \
		-print0 2>/dev/null | sort -z | xargs -0 sha256sum) | sha256sum | cut -c1-20
}

#
# Kernels
#

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

#
# The parts
#

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
	[ -e "$ksrc.version" ] || die "no kernel source for the selftests: run scripts/setup"
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

#
# The guest's file system
#

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

#
# Running a guest
#

usage_guest()
{
	local kernel=''
	[ "$machine" = uml ] || kernel='[--arch amd64|arm64] [--kernel 6.1|6.12|RELEASE] '
	[ "$machine" = vm ] || kernel='[--debug] '
	[ "$machine" = uml ] || kernel+='[--icount] '
	cat >&2 <<END
usage: scripts/$machine ${kernel}[--smp N] [--mem SIZE] [--timeout SECONDS]
       [--module FILE.ko|none] [--put SRC:DEST]... -- COMMAND...
END
	exit 125
}

# parse_guest vm|uml ARGUMENTS...: into globals.
parse_guest()
{
	machine=$1
	shift
	opt_arch=amd64 opt_kernel=6.1 opt_kind=plain opt_smp=2 opt_mem=2G opt_timeout=600 opt_module='' opt_puts=() opt_icount=''
	while [ $# -gt 0 ]; do
		case $1 in
		--)
			shift
			break
			;;
		--debug)
			[ "$machine" = uml ] || usage_guest
			opt_kind=debug
			shift
			continue
			;;
		--icount)
			# A nanosecond of the guest's clocks is an instruction.
			[ "$machine" = vm ] || usage_guest
			opt_icount=yes
			shift
			continue
			;;
		--*=*)
			set -- "${1%%=*}" "${1#*=}" "${@:2}"
			;;
		esac
		[ $# -ge 2 ] || usage_guest
		case $1 in
		--arch)
			[ "$machine" = vm ] || usage_guest
			opt_arch=$2
			;;
		--kernel)
			[ "$machine" = vm ] || usage_guest
			opt_kernel=$2
			;;
		--smp) opt_smp=$2 ;;
		--mem) opt_mem=$2 ;;
		--timeout) opt_timeout=$2 ;;
		--module) opt_module=$2 ;;
		--put) opt_puts+=("$2") ;;
		*) usage_guest ;;
		esac
		shift 2
	done
	[ $# -gt 0 ] || usage_guest
	opt_words=("$@")
	[ -z "$opt_icount" ] || opt_smp=1
	case $opt_arch in amd64 | arm64) ;; *) die "--arch takes amd64 or arm64" ;; esac
	case $opt_smp in '' | *[!0-9]* | 0) die "--smp takes a number of CPUs" ;; esac
	case $opt_timeout in '' | *[!0-9]* | 0) die "--timeout takes seconds" ;; esac
	case $opt_mem in
	*[!0-9KMG]* | '' | [KMG]*) die "--mem takes a size such as 512M or 2G" ;;
	*[0-9]) opt_mem=${opt_mem}M ;;
	esac
	case $opt_module in
	'' | none) ;;
	*) [ -f "$opt_module" ] || die "no such module: $opt_module" ;;
	esac
}

# What of the kernel's log is a report, and not a message.  Fault injection's
# own stack dumps are not.
reports='(^|[^A-Za-z_])(BUG:|WARNING:|KASAN:|KFENCE:|UBSAN:|KCSAN:|Oops|kernel BUG at)'
reports+='|general protection fault|Kernel panic|[Uu]nable to handle kernel|Internal error:'
reports+='|INFO: (possible|trying to register non-static key|task .* blocked|suspicious RCU|inconsistent lock)'
reports+='|possible (circular|recursive|irq lock inversion|irq-unsafe)|inconsistent lock state|[Ss]uspicious RCU'
reports+='|suspicious rcu_dereference|lock held when returning|held lock freed|bad unlock balance|DEBUG_LOCKS_WARN'
reports+='|sleeping function called|scheduling while atomic|Invalid wait context|detected stalls?|self-detected stall'
reports+='|soft lockup|hard LOCKUP|blocked for more than|Bad page (state|map|cache)|refcount_t:|list_(add|del) corruption'
reports+='|(slab|kmem_cache).*(corrupt|Objects remaining)|[0-9]+ new suspected memory leaks|unreferenced object 0x'
reports+='|detected (buffer overflow|field-spanning write)|stack guard page|Bad rss-counter|non-zero (pgtables|nr_)'

# Prints what the kernel said since the module was about to be loaded.
judged_log()
{
	tr -d '\r' <"$1" | awk 'on; /ksift-harness: judged from here/ { on = 1 }'
}

# pack_puts RUN: one ext4 image with everything --put asked for, bind-mounted in
# place by the guest: a file of many gigabytes costs the guest no memory, and
# lies on a file system whose page cache ksift walks.
pack_puts()
{
	local run=$1 n=0 put src dest size
	[ ${#opt_puts[@]} -gt 0 ] || return 0
	mkdir -p "$run/put"
	for put in "${opt_puts[@]}"; do
		src=${put%:*} dest=${put##*:}
		[ "$src" != "$put" ] || die "--put takes SRC:DEST, not $put"
		[ -e "$src" ] || die "--put: no such file: $src"
		case $dest in
		*[[:space:]]*) die "--put: white space in $dest" ;;
		/*[!/]) ;;
		*) die "--put: $dest is not an absolute path of a file or folder" ;;
		esac
		src=$(readlink -f "$src")
		cp -aLl "$src" "$run/put/$n" 2>/dev/null || {
			rm -rf "$run/put/${n:?}"
			cp -aL "$src" "$run/put/$n" || die "--put: cannot copy $src"
		}
		printf '%s %s\n' "$n" "$dest" >>"$run/root/harness/puts"
		n=$((n + 1))
	done
	size=$(du -sk --apparent-size "$run/put" | cut -f1)
	truncate -s $((size * 21 / 20 / 1024 + 64 + $(find "$run/put" | wc -l) / 64))M "$run/disk"
	quietly "packing the --put files" \
		mke2fs -q -F -t ext4 -O ^has_journal,^metadata_csum -E root_owner=0:0,lazy_itable_init=0 -m 0 \
		-d "$run/put" "$run/disk"
	rm -rf "$run/put"
}

# The commands that boot one: they leave the guest's process as a child of this
# shell, its pid in $guest.  It dies with this shell, however that ends.
boot_vm()
{
	local run=$1 accel=$2 args qemu=qemu-system-x86_64 board=q35 console=ttyS0 cpu=max
	case $opt_arch$accel in
	arm64*)
		# Signing pointers in QEMU's own way takes no time.
		qemu=qemu-system-aarch64 board=virt console=ttyAMA0 cpu=max,pauth-impdef=on
		;;
	*kvm) cpu=host ;;
	esac
	# shellcheck disable=SC2054 # the commas are QEMU's and UML's
	args=(-M "$board,accel=$accel" -cpu "$cpu" -m "$opt_mem" -smp "$opt_smp" -nodefaults -no-user-config -no-reboot -display none
		-kernel "$image/boot/vmlinuz-$release" -initrd "$run/initrd"
		-append "console=$console quiet panic=-1 oops=panic rdinit=/init"
		-serial "file:$run/console"
		# Without ioeventfd a write in the guest returns when the host
		# has it in the file: nothing is lost at power-off.
		-device virtio-serial-pci,ioeventfd=off)
	# shellcheck disable=SC2054
	[ -z "$opt_icount" ] || args+=(-icount shift=0,sleep=off)
	local n=1 name
	for name in stdout stderr status; do
		args+=(-chardev "file,id=$name,path=$run/$name"
			-device "virtserialport,nr=$n,chardev=$name,name=ksift.$name")
		n=$((n + 1))
	done
	if [ -e "$run/disk" ]; then
		# shellcheck disable=SC2054
		args+=(-drive "if=none,id=put,format=raw,cache=unsafe,file=$run/disk" -device virtio-blk-pci,drive=put)
	fi
	setpriv --pdeathsig KILL "$qemu" "${args[@]}" </dev/null >"$run/qemu" 2>&1 &
	guest=$!
}

boot_uml()
{
	local run=$1 mem=${TMPDIR:-/tmp} args
	# Its memory is a file: on a tmpfs unless told otherwise.
	[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || mem=/dev/shm
	# Where scripts/bench has huge pages for it.
	mem=${KSIFT_UML_MEMORY:-$mem}
	# shellcheck disable=SC2054
	args=("mem=$opt_mem" "ncpus=$opt_smp" seccomp=on "initrd=$run/initrd" rdinit=/init quiet oops=panic noreboot
		"uml_dir=$run/uml" con=null con0=null,fd:1 ssl=null ssl1=null,fd:3 ssl2=null,fd:4 ssl3=null,fd:5)
	[ ! -e "$run/disk" ] || args+=("ubd0=$run/disk")
	# kmemleak misses what something still seems to point at: the slab
	# caches' arrays of free objects (which slab_debug turns off), and the
	# initrd, whose memory UML frees without telling it.
	[ "$opt_kind" = plain ] || args+=(retain_initrd slab_debug=F)
	mkdir -p "$run/uml"
	TMPDIR=$mem setpriv --pdeathsig KILL "$image/linux" "${args[@]}" </dev/null \
		>"$run/console" 2>"$run/qemu" 3>>"$run/stdout" 4>>"$run/stderr" 5>>"$run/status" &
	guest=$!
}

# KVM may exist and hang.  It is used only after one boot under it, with a time
# limit, got as far as running a command; the answer is remembered per kernel, and
# not told: stderr is the command's.
choose_accel()
{
	local answer
	case ${KSIFT_ACCEL-} in
	kvm | tcg)
		printf '%s\n' "$KSIFT_ACCEL"
		return
		;;
	esac
	if [ ! -w /dev/kvm ]; then
		echo tcg
		return
	fi
	answer=$cache/accel-$(uname -r)-$release
	locked accel probe_accel "$answer"
	cat "$answer"
}

probe_accel()
{
	[ ! -s "$1" ] || return 0
	if KSIFT_ACCEL=kvm "$root/scripts/vm" --kernel "$release" --module none --timeout 20 -- true >/dev/null 2>&1; then
		echo kvm >"$1"
	else
		echo tcg >"$1"
	fi
}

cleanup_guest()
{
	local pid
	# KILL: a UML that is asked to terminate tidies up at length, with
	# warnings.  Its processes die with the first of them.
	for pid in ${guest-} ${tail1-} ${tail2-} ${clock-}; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "${run:?}"
}

# run_guest: parse_guest's options have been read.
run_guest()
{
	local accel='' base='' module_name='' kdir modules='' disk='' word code end died

	case $machine in
	vm)
		release=$(resolve_kernel "$opt_kernel" "$opt_arch") || exit
		image=$(kernel_image "$release") || exit
		kdir=$(kernel_headers "$release")
		base=$(base_initramfs "$release" "$release" "$image") || exit
		modules='virtio_pci virtio_console loop'
		;;
	uml)
		[ "$opt_smp" -le 2 ] || die "the UML kernel is built for two CPUs"
		image=$(build_uml "$opt_kind") || exit
		kdir=$image
		base=$(base_initramfs uml) || exit
		;;
	esac

	run=$(mktemp -d "${TMPDIR:-/tmp}/ksift-run.XXXXXX")
	guest='' tail1='' tail2='' clock=''
	trap cleanup_guest EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	mkdir -p "$run/root/harness" "$run/root/usr/bin" "$run/root/usr/lib/ksift"

	case $opt_module in
	'')
		module_name=ksift
		case $machine in
		vm) build_module "$release" "$kdir" "${opt_arch#amd64}" "$run/root/harness/ksift.ko" || exit ;;
		uml) build_module "uml-$opt_kind" "$kdir" um "$run/root/harness/ksift.ko" || exit ;;
		esac
		;;
	none) ;;
	*)
		module_name=$(basename "$opt_module" .ko)
		cp "$opt_module" "$run/root/harness/$module_name.ko"
		;;
	esac
	locked client build_client_locked "$run/root/usr/bin/ksift" "${opt_arch#amd64}" || exit
	locked selftests build_selftests_locked "$run/root/usr/lib/ksift/selftests" "${opt_arch#amd64}" || exit
	ln -s ../lib/ksift/selftests/ksift-selftests "$run/root/usr/bin/ksift-selftests"
	find "$run/root/usr/lib/ksift/selftests" -type f -perm /111 -print0 |
		while IFS= read -r -d '' word; do copy_libs "$run/root" "$word"; done

	pack_puts "$run"
	if [ -e "$run/disk" ]; then
		case $machine in
		vm) disk=/dev/vda modules+=' virtio_blk' ;;
		uml) disk=/dev/ubda ;;
		esac
	fi
	printf '%s\0' "${opt_words[@]}" >"$run/root/harness/words"
	cat >"$run/root/harness/config" <<END
machine=$machine
modules='$modules'
module='$module_name'
disk='$disk'
END
	pack "$run/root" "$run/extra"
	cat "$base" "$run/extra" >"$run/initrd"
	rm -rf "$run/root" "$run/extra"
	: >"$run/stdout"
	: >"$run/stderr"
	: >"$run/status"
	: >"$run/console"

	if [ "$machine" = vm ]; then
		accel=tcg
		[ -n "$opt_icount" ] || [ "$opt_arch" != amd64 ] || accel=$(choose_accel)
		boot_vm "$run" "$accel"
	else
		boot_uml "$run"
	fi
	# The guest writes to files, so a slow reader never stalls it.
	setpriv --pdeathsig KILL tail -c +1 -s 0.05 -f --pid="$guest" "$run/stdout" 2>/dev/null &
	tail1=$!
	setpriv --pdeathsig KILL tail -c +1 -s 0.05 -f --pid="$guest" "$run/stderr" >&2 2>/dev/null &
	tail2=$!

	setpriv --pdeathsig KILL sleep "$opt_timeout" &
	clock=$!

	code=0
	wait -n -p died "$guest" "$tail1" "$tail2" "$clock" 2>/dev/null || true
	case $died in
	"$guest") ;;
	"$clock")
		code=124 clock=''
		kill -KILL "$guest"
		wait "$guest" 2>/dev/null || true
		;;
	*)
		# Whoever read our output went away: then the guest may too.
		exit 141
		;;
	esac
	guest=''
	wait "$tail1" || true
	wait "$tail2" || true
	tail1='' tail2=''

	end=$(sed -n 's/^end //p' "$run/status" | tr -d '\r')
	judged_log "$run/console" >"$run/log"
	if grep -qE "$reports" "$run/log"; then
		head -n 1000 "$run/log" >&2
		note "$machine: the kernel reported:"
		grep -E "$reports" "$run/log" | head -n 20 >&2
		exit 99
	fi
	if grep -q '^leak' "$run/status" || grep -q '^stuck' "$run/status"; then
		cat "$run/log" >&2
		note "$machine: a leak: kmemleak's report, or a module that cannot go though nothing holds it"
		exit 99
	fi
	case $end in
	'')
		if [ "$code" -eq 124 ]; then
			tail -n 20 "$run/console" "$run/qemu" >&2
			note "$machine: timed out after $opt_timeout s"
			exit 124
		fi
		tail -n 50 "$run/console" "$run/qemu" >&2
		die "the guest ended without a result"
		;;
	broken*)
		cat "$run/log" >&2
		die "${end#broken }"
		;;
	*[!0-9]*)
		die "the guest's result cannot be read: $end"
		;;
	esac
	exit "$end"
}
