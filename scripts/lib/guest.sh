# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs one command in a guest: what scripts/vm and scripts/uml are made of.

# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/lib source=uml.sh
. "${BASH_SOURCE[0]%/*}/uml.sh"
# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/lib source=parts.sh
. "${BASH_SOURCE[0]%/*}/parts.sh"
# shellcheck source-path=SCRIPTDIR source-path=SCRIPTDIR/lib source=rootfs.sh
. "${BASH_SOURCE[0]%/*}/rootfs.sh"

usage_guest()
{
	local kernel=''
	[ "$machine" = uml ] || kernel='[--arch amd64|arm64] [--kernel 6.1|6.12|RELEASE] '
	[ "$machine" = vm ] || kernel='[--debug] '
	[ "$machine" = uml ] || kernel+='[--icount] '
	cat >&2 <<END
usage: scripts/$machine ${kernel}[--smp N] [--mem SIZE] [--timeout SECONDS]
       [--module FILE.ko|none] [--no-selftests] [--put SRC:DEST]... -- COMMAND...
END
	exit 125
}

# parse_guest vm|uml ARGUMENTS...: into globals.
parse_guest()
{
	machine=$1
	shift
	opt_arch=amd64 opt_kernel=6.1 opt_kind=plain opt_smp=2 opt_mem=2G opt_timeout=600 opt_module='' opt_puts=() opt_icount='' opt_selftests=yes
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
		--no-selftests)
			opt_selftests=''
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
	# Before QEMU 8.1, a thread that translates may read code that another CPU is
	# changing, and keep it: an int3 of the kernel's own that is gone since, say, of
	# which the kernel dies.  And two threads that wait for one another cost more
	# than one that does the work of both.
	[ "$accel" != tcg ] || accel+=,thread=single
	# shellcheck disable=SC2054 # the commas are QEMU's and UML's
	args=(-M "$board" -accel "$accel" -cpu "$cpu" -m "$opt_mem" -smp "$opt_smp" -nodefaults -no-user-config -no-reboot -display none
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
	if KSIFT_ACCEL=kvm "$root/scripts/vm" --kernel "$release" --module none --no-selftests --timeout 20 -- true >/dev/null 2>&1; then
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
	local accel='' base='' module_name='' kdir modules='' disk='' code end died

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
	if [ -n "$opt_selftests" ]; then
		locked selftests build_selftests_locked "$run/root/usr/lib/ksift/selftests" "${opt_arch#amd64}" || exit
		ln -s ../lib/ksift/selftests/ksift-selftests "$run/root/usr/bin/ksift-selftests"
	fi

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
