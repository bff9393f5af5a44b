#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# ksift doctor against trees of files that stand for machines.  With the
# stand-in preloaded, a file that begins with its magic is a working device.
set -u
export LC_ALL=C

: "${KSIFT:?}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
# Where others can read them, who may not enter the directory they are from.
cp "$KSIFT" "$dir/ksift"
KSIFT=$dir/ksift
if [ -n "${LD_PRELOAD-}" ]; then
	cp "$LD_PRELOAD" "$dir/standin.so"
	LD_PRELOAD=$dir/standin.so
fi
root=$dir/root
release=6.1.0-9-amd64
modules=/lib/modules/$release
: >"$dir/problems"

n=0 bad=0
result()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		bad=1
		echo "not ok $n - $2"
		sed 's/^/# /' "$dir/out" "$dir/err"
	fi
}

skip()
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

# put FILE TEXT: the text as printf takes it
put()
{
	mkdir -p "$root${1%/*}"
	# shellcheck disable=SC2059
	printf "$2" >"$root$1"
}

# A machine where all is well; each test takes something from it.
healthy()
{
	rm -rf "$root"
	put /proc/sys/kernel/osrelease "$release\n"
	put /proc/sys/kernel/modules_disabled '0\n'
	put $modules/build/Makefile ''
	put $modules/modules.dep "kernel/fs/xfs/xfs.ko: kernel/lib/libcrc32c.ko\nupdates/ksift.ko:\n"
	put $modules/updates/ksift.ko 'module'
	put /sys/module/ksift/version "$("$KSIFT" --version | sed 's/ksift //')\n"
	put /sys/module/ksift/taint 'O\n'
	put /sys/module/module/parameters/sig_enforce 'N\n'
	put /sys/kernel/security/lockdown '[none] integrity confidentiality\n'
	put /sys/class/misc/ksift/dev '1:3\n'
	put /etc/group 'root:x:0:\nksift:x:970:\n'
	put /etc/passwd 'root:x:0:0:root:/root:/bin/sh\n'
	put /etc/debian_version '12\n'
	put /dev/ksift 'vedtfisk'
	chmod 660 "$root/dev/ksift"
}

# The same, but that the module is not loaded.
unloaded()
{
	healthy
	rm -r "$root/sys/module/ksift" "$root/sys/class/misc" "${root:?}/dev"
}

# finds NAME STATUS LINE...: lines that the doctor says, with that status
finds()
{
	name=$1 status=$2
	shift 2
	${as-} "$KSIFT" doctor --root "$root" >"$dir/out" 2>"$dir/err"
	good=$(($? != status))
	grep '^problem' "$dir/out" >>"$dir/problems"
	for line; do
		grep -qxF -e "$line" "$dir/out" || { good=1; echo "wanted: $line" >>"$dir/err"; }
	done
	result $good "$name"
}

renew="in ksift's source, type 'make && sudo make modules_install && sudo depmod && sudo rmmod ksift && sudo modprobe ksift'"

healthy
finds "a machine where all is well" 0
{
	version=$(cat "$root/sys/module/ksift/version")
	echo "ok kernel: $release"
	echo "ok headers: $modules/build"
	echo "note lockdown: none"
	echo "note signature: nothing is wrong with the module's"
	echo "ok module: loaded"
	echo "ok version: the module is $version, this program $version"
	if [ "$(id -u)" -eq 0 ]; then
		echo "note group: ksift, and you are not in it"
		echo "ok device: /dev/ksift, mode 0660"
	fi
} >"$dir/want"
grep -v -e '^ok engine: kernel, variant [a-z0-9]*$' "$dir/out" >"$dir/err"
if [ "$(id -u)" -eq 0 ]; then
	cmp -s "$dir/want" "$dir/err"
else
	! grep -q ^problem "$dir/err"
fi
result $? "what the doctor says of it"
printf '9.9\n' >"$root/sys/module/ksift/version"
finds "another version" 0 \
	"note version: the module is 9.9, this program $version"
rm "$root/sys/module/ksift/version"
finds "no version" 0 "note version: the module is unknown, this program $version"
put /sys/module/ksift/version '0.0.1\n'
as='env KSIFT_STANDIN_OLD=1'
finds "an old module" 0 \
	"note version: the module (0.0.1) lacks something that this program ($version) has; $renew"
as=
put /sys/module/ksift/taint 'OE\n'
finds "an unsigned module" 0 "note signature: the module is not signed"
put /proc/sys/kernel/osrelease '5.10.0\n'
finds "what works is no problem" 0 \
	"note kernel: 5.10.0 is older than 6.1, which the module needs; install a newer kernel and 'sudo reboot'"

unloaded
finds "the module is not loaded" 1 "problem module: not loaded; type 'sudo modprobe ksift'"
[ "$(grep -c ^problem "$dir/out")" = 1 ]
result $? "one problem is one line"
tail -n 1 "$dir/out" | grep -qx 'note engine: user, variant [a-z0-9]*: this program itself, with the same results'
result $? "what is left is the user engine"
put /proc/sys/kernel/modules_disabled '1\n'
finds "no more modules" 1 \
	"problem module: not loaded, and the kernel takes no more modules until it starts again; type 'sudo reboot'"

unloaded
put $modules/modules.dep 'kernel/fs/xfs/xfs.ko:\n'
finds "depmod was forgotten" 1 \
	"problem module: $modules/updates/ksift.ko is there and modprobe does not know it; type 'sudo depmod && sudo modprobe ksift'"
mv "$root$modules/updates" "$root$modules/extra"
mv "$root$modules/extra/ksift.ko" "$root$modules/extra/ksift.ko.xz"
finds "depmod was forgotten, elsewhere" 1 \
	"problem module: $modules/extra/ksift.ko.xz is there and modprobe does not know it; type 'sudo depmod && sudo modprobe ksift'"
rm -r "$root$modules/extra"
none="problem module: none for this kernel; in ksift's source, type 'make && sudo make modules_install && sudo depmod && sudo modprobe ksift'"
finds "no module" 1 "$none" "ok headers: $modules/build"
put $modules/modules.dep 'updates/ksift.ko:\n'
finds "a module that is gone" 1 "$none"
rm -r "$root$modules/build"
lacks="headers: to build a module there are none"
finds "no headers, Debian" 1 "problem $lacks; type 'sudo apt install linux-headers-$release'"
rm "$root/etc/debian_version"
put /etc/redhat-release 'Fedora\n'
finds "no headers, Fedora" 1 "problem $lacks; type 'sudo dnf install kernel-devel-$release'"
rm "$root/etc/redhat-release"
nobody_knows="problem $lacks; install the package that has them for $release"
finds "no headers" 1 "$nobody_knows"
unloaded
rm -r "$root$modules/build"
finds "no headers, and no need for them" 1 "note $lacks; type 'sudo apt install linux-headers-$release'"

for old in 5.10.0 6.0.19 4.19.0-27-amd64; do
	unloaded
	put /proc/sys/kernel/osrelease "$old\n"
	finds "kernel $old" 1 \
		"problem kernel: $old is older than 6.1, which the module needs; install a newer kernel and 'sudo reboot'"
	[ "$(grep -c ^problem "$dir/out")" = 1 ]
	result $? "kernel $old: nothing else helps"
done
for new in 6.1.0 6.12.1-1 7.2.0-rc1+ 10.0; do
	unloaded
	put /proc/sys/kernel/osrelease "$new\n"
	finds "kernel $new" 1 "ok kernel: $new"
done

unloaded
put /sys/kernel/security/lockdown 'none [integrity] confidentiality\n'
efivar=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
put $efivar '\006\0\0\0\001'
finds "Secure Boot, and no key" 1 "note secure boot: on" "note lockdown: integrity" \
	"problem signature: $modules/updates/ksift.ko is not signed, and there is no key to do it; type 'sudo install -d /var/lib/dkms && sudo openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=ksift -outform DER -keyout /var/lib/dkms/mok.key -out /var/lib/dkms/mok.pub'"
put /var/lib/dkms/mok.pub 'key'
unsigned="problem signature: $modules/updates/ksift.ko is not signed; type 'sudo $modules/build/scripts/sign-file sha256 /var/lib/dkms/mok.key /var/lib/dkms/mok.pub $modules/updates/ksift.ko'"
finds "Secure Boot, and no signature" 1 "$unsigned"
put $modules/updates/ksift.ko ''
finds "Secure Boot, and an empty module" 1 "$unsigned"
put $modules/updates/ksift.ko 'module~Module signature appended~\n'
finds "Secure Boot, and a signature" 1 \
	"note signature: if the module's key is rejected, type 'sudo mokutil --import /var/lib/dkms/mok.pub && sudo reboot', and enroll it when asked"
rm "$root/var/lib/dkms/mok.pub"
finds "Secure Boot, and somebody else's signature" 1 "problem module: not loaded; type 'sudo modprobe ksift'"
! grep -q ' signature' "$dir/out"
result $? "Secure Boot, and no need for a key"
put /var/lib/dkms/mok.pub 'key'
put /sys/kernel/security/lockdown '[none] integrity confidentiality\n'
put $efivar '\006\0\0\0\0'
finds "no Secure Boot" 1 "note secure boot: off" "note lockdown: none"
! grep -q ' signature' "$dir/out"
result $? "no Secure Boot, no signature"
put /sys/module/module/parameters/sig_enforce 'Y\n'
put $modules/updates/ksift.ko 'module'
finds "signatures are enforced" 1 "note signatures: the kernel loads signed modules only" "$unsigned"

healthy
rm "$root/dev/ksift"
finds "no device" 1 \
	"problem device: /dev/ksift is not there, though the module made it; type 'sudo mknod -m 660 /dev/ksift c 1 3'"
put /dev/ksift 'nothing'
finds "no character device" 1 \
	"problem device: /dev/ksift is something else; type 'sudo rm /dev/ksift && sudo mknod -m 660 /dev/ksift c 1 3'"
ln -sf /dev/null "$root/dev/ksift"
put /sys/class/misc/ksift/dev '10:122\n'
finds "another device" 1 \
	"problem device: /dev/ksift is something else; type 'sudo rm /dev/ksift && sudo mknod -m 660 /dev/ksift c 10 122'"
rm "$root/sys/class/misc/ksift/dev"
finds "a module without a device" 1 \
	"problem device: the module made none; type 'sudo rmmod ksift; sudo modprobe ksift'"
put /sys/class/misc/ksift/dev '1:3\n'
finds "a device that does not know the commands" 1 \
	"problem engine: $root/dev/ksift is not the device of a ksift module; $renew"

# Root may open everything.
if [ "$(id -u)" -eq 0 ]; then
	as='setpriv --reuid 65534 --regid 65534 --clear-groups'
	$as true 2>/dev/null || as=none
fi
healthy
chmod 000 "$root/dev/ksift"
if [ "${as-}" = none ]; then
	skip "permissions" "there is no setpriv"
elif [ -z "${as-}" ]; then
	finds "no permission for anybody" 1 "problem device: /dev/ksift has mode 0000; type 'sudo chmod 660 /dev/ksift'"
	skip "permissions of others" "needs root"
else
	finds "root's device" 1 \
		"problem device: no permission to open $root/dev/ksift: only root may; give it to a group with 'sudo groupadd --system --force ksift; sudo chgrp ksift $root/dev/ksift'"
	put /etc/group 'root:x:0:\n'
	finds "no group" 1 "note group: there is no group ksift; type 'sudo groupadd --system ksift'"
	put /etc/group 'root:x:0:\nksift:x:970:\n'
	chgrp 970 "$root/dev/ksift"
	finds "not for the group" 1 "problem device: /dev/ksift has mode 0000; type 'sudo chmod 660 /dev/ksift'"
	chmod 660 "$root/dev/ksift"
	# The library asks the machine's own /etc/group for the name.
	finds "not in the group" 1 "note group: ksift, and you are not in it"
	grep -q "^problem device: no permission to open .* it belongs to group .*; join it with 'sudo usermod -aG " "$dir/out"
	result $? "how to get into the group"
	put /etc/group 'root:x:0:\nksift:x:970:somebody,nobody\n'
	put /etc/passwd 'root:x:0:0::/:\nnobody:x:65534:65534::/:\n'
	finds "in the group since the last login" 1 "ok group: ksift, and you are in it" \
		"problem device: you are in group ksift, but not since you logged in; type 'newgrp ksift', or log in again"
	as='setpriv --reuid 65534 --regid 65534 --groups 970'
	finds "in the group" 0 "ok group: ksift, and you are in it" "ok device: /dev/ksift, mode 0660"
fi
as=

cp "$dir/problems" "$dir/out"
! grep -vxF "$nobody_knows" "$dir/problems" | grep -v "'.*'" >"$dir/err" && [ "$(grep -c . "$dir/problems")" -gt 15 ]
result $? "every problem has its command"

"$KSIFT" doctor me >"$dir/out" 2>"$dir/err"
[ $? = 2 ] && grep -q "there is nothing to give it, such as 'me'" "$dir/err"
result $? "doctor me"
"$KSIFT" doctor --json >"$dir/out" 2>"$dir/err"
[ $? = 2 ] && grep -q 'option --json is not known' "$dir/err"
result $? "doctor --json"

echo "1..$n"
exit $bad
