// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksift doctor
 *
 * What stands between this machine and the kernel's engine, in the order in
 * which it has to be put right.  Whether it works at all is found by using it;
 * everything else is read from files, which --root, for tests, looks for below
 * a directory of its own.
 */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"
#include "module.h"
#include "options.h"

/* The oldest kernel that the module builds for. */
#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1

#define DEVICE "/dev/ksift"
#define GROUP "ksift"
#define SECURE_BOOT \
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
/* dkms's key, which distributions have their users enroll. */
#define MOK "/var/lib/dkms/mok"
#define SIGNATURE_END "~Module signature appended~\n"

/* Takes a module of this source. */
#define RENEW \
	"in ksift's source, type 'make && sudo make modules_install && sudo depmod && sudo rmmod ksift && sudo modprobe ksift'"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define PATH_LEN 4096
#define NAME_LEN 256
/* A group of /etc/group with its members. */
#define GROUP_LEN (64u << 10)

struct doctor {
	const char *root;
	unsigned int problems;
	bool usable;			/* the kernel's engine is */
	struct ksift_error why;		/* and if not, why */
	struct ksift_info kernel;	/* what it can do */
	struct ksift_info user;		/* what this program can */
	char release[NAME_LEN];		/* of the kernel */
	bool loaded;			/* the module is */
	char file[PATH_LEN];		/* the module's, "" if there is none */
	bool indexed;			/* and modprobe finds it */
};

enum kind { OK, NOTE, PROBLEM };

static void fact(struct doctor *d, enum kind kind, const char *subject,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void fact(struct doctor *d, enum kind kind, const char *subject,
		 const char *fmt, ...)
{
	static const char *const words[] = { "ok", "note", "problem" };
	va_list ap;

	/* Nothing is, that the engine works with. */
	if (kind == PROBLEM && d->usable)
		kind = NOTE;
	d->problems += kind == PROBLEM;
	printf("%s %s: ", words[kind], subject);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static const char *full_path(const struct doctor *d, const char *name)
{
	static char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s%s", d->root, name);
	return path;
}

static bool is_there(const struct doctor *d, const char *name)
{
	return !access(full_path(d, name), F_OK);
}

static FILE *open_file(const struct doctor *d, const char *name)
{
	return fopen(full_path(d, name), "re");
}

/* The first line of a file, without its newline. */
static bool read_line(const struct doctor *d, const char *name, char *buf, int len)
{
	FILE *f = open_file(d, name);

	*buf = 0;
	if (!f)
		return false;
	if (!fgets(buf, len, f))
		*buf = 0;
	fclose(f);
	buf[strcspn(buf, "\n")] = 0;
	return true;
}

/* Not sscanf(), for which a static program takes another 100 KiB. */
static bool parse_pair(const char *text, char between, unsigned int *first,
		       unsigned int *second)
{
	char *end, *end2;

	*first = strtoul(text, &end, 10);
	if (end == text || *end != between)
		return false;
	*second = strtoul(end + 1, &end2, 10);
	return end2 != end + 1;
}

static void check_kernel(struct doctor *d)
{
	unsigned int major = 0, minor = 0;
	struct utsname uts;

	uname(&uts);
	if (!read_line(d, "/proc/sys/kernel/osrelease", d->release, sizeof(d->release)))
		snprintf(d->release, sizeof(d->release), "%s", uts.release);
	parse_pair(d->release, '.', &major, &minor);
	if (strcmp(uts.machine, "x86_64") && strcmp(uts.machine, "aarch64"))
		fact(d, PROBLEM, "kernel",
		     "the module is for x86-64 and arm64, not for %s; use 'ksift grep --engine user'",
		     uts.machine);
	else if (major < KERNEL_MAJOR || (major == KERNEL_MAJOR && minor < KERNEL_MINOR))
		fact(d, PROBLEM, "kernel",
		     "%s is older than %d.%d, which the module needs; install a newer kernel and 'sudo reboot'",
		     d->release, KERNEL_MAJOR, KERNEL_MINOR);
	else
		fact(d, OK, "kernel", "%s", d->release);
}

static void find_module(struct doctor *d)
{
	d->indexed = module_find(d->root, d->release, d->file, sizeof(d->file));
	d->loaded = is_there(d, "/sys/module/ksift");
}

static void check_secure_boot(struct doctor *d)
{
	/* Four bytes of attributes, then the value. */
	unsigned char value[5] = { 0 };
	FILE *f = open_file(d, SECURE_BOOT);

	if (!f)
		return;
	if (fread(value, sizeof(value), 1, f) == 1)
		fact(d, NOTE, "secure boot", value[4] ? "on" : "off");
	fclose(f);
}

/* Does the kernel load signed modules only? */
static bool must_be_signed(struct doctor *d)
{
	char line[NAME_LEN], *mode;
	bool enforced, locked = false;

	if (read_line(d, "/sys/kernel/security/lockdown", line, sizeof(line))) {
		/* Of all there are, the one in brackets. */
		mode = strchr(line, '[');
		if (mode)
			mode[strcspn(mode, "]")] = 0;
		mode = mode ? mode + 1 : "none";
		locked = strcmp(mode, "none");
		fact(d, NOTE, "lockdown", "%s", mode);
	}
	read_line(d, "/sys/module/module/parameters/sig_enforce", line, sizeof(line));
	enforced = *line == 'Y';
	if (enforced)
		fact(d, NOTE, "signatures", "the kernel loads signed modules only");
	return enforced || locked;
}

/* A compressed file cannot be told. */
static bool is_unsigned(const struct doctor *d)
{
	char end[sizeof(SIGNATURE_END)] = "";
	const char *suffix = strrchr(d->file, '.');
	FILE *f;

	if (!suffix || strcmp(suffix, ".ko"))
		return false;
	f = open_file(d, d->file);
	if (!f)
		return false;
	if (!fseek(f, -(long)strlen(SIGNATURE_END), SEEK_END) &&
	    !fread(end, strlen(SIGNATURE_END), 1, f))
		*end = 0;
	fclose(f);
	return strcmp(end, SIGNATURE_END);
}

static void check_signature(struct doctor *d)
{
	bool must = must_be_signed(d), key = is_there(d, MOK ".pub");
	char taint[NAME_LEN];

	if (d->loaded) {
		read_line(d, "/sys/module/ksift/taint", taint, sizeof(taint));
		fact(d, NOTE, "signature", strchr(taint, 'E') ?
		     "the module is not signed" : "nothing is wrong with the module's");
		return;
	}
	if (!must || !*d->file)
		return;
	if (!is_unsigned(d) && key)
		fact(d, NOTE, "signature",
		     "if the module's key is rejected, type 'sudo mokutil --import " MOK ".pub && sudo reboot', and enroll it when asked");
	if (!is_unsigned(d))
		return;
	if (key)
		fact(d, PROBLEM, "signature",
		     "%s is not signed; type 'sudo /lib/modules/%s/build/scripts/sign-file sha256 " MOK ".key " MOK ".pub %s'",
		     d->file, d->release, d->file);
	else
		fact(d, PROBLEM, "signature",
		     "%s is not signed, and there is no key to do it; type 'sudo install -d %.*s && sudo openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=ksift -outform DER -keyout " MOK ".key -out " MOK ".pub'",
		     d->file, (int)(strrchr(MOK, '/') - MOK), MOK);
}

static void check_headers(struct doctor *d)
{
	static const struct {
		const char *file;	/* a distribution's */
		const char *package;
	} distros[] = {
		{ "/etc/debian_version", "sudo apt install linux-headers-" },
		{ "/etc/redhat-release", "sudo dnf install kernel-devel-" },
	};
	enum kind kind = d->loaded || *d->file ? NOTE : PROBLEM;
	char name[NAME_LEN];
	unsigned int i;

	snprintf(name, sizeof(name), "/lib/modules/%.200s/build/Makefile", d->release);
	if (is_there(d, name)) {
		fact(d, OK, "headers", "%.*s", (int)(strrchr(name, '/') - name), name);
		return;
	}
	for (i = 0; i < COUNT(distros); i++) {
		if (!is_there(d, distros[i].file))
			continue;
		fact(d, kind, "headers", "to build a module there are none; type '%s%s'",
		     distros[i].package, d->release);
		return;
	}
	fact(d, kind, "headers",
	     "to build a module there are none; install the package that has them for %s",
	     d->release);
}

static void check_module(struct doctor *d)
{
	char line[NAME_LEN];

	if (d->loaded) {
		fact(d, OK, "module", "loaded");
		return;
	}
	read_line(d, "/proc/sys/kernel/modules_disabled", line, sizeof(line));
	if (*line == '1')
		fact(d, PROBLEM, "module",
		     "not loaded, and the kernel takes no more modules until it starts again; type 'sudo reboot'");
	else if (d->indexed)
		fact(d, PROBLEM, "module", "not loaded; type 'sudo modprobe ksift'");
	else if (*d->file)
		fact(d, PROBLEM, "module",
		     "%s is there and modprobe does not know it; type 'sudo depmod && sudo modprobe ksift'",
		     d->file);
	else
		fact(d, PROBLEM, "module",
		     "none for this kernel; in ksift's source, type 'make && sudo make modules_install && sudo depmod && sudo modprobe ksift'");
}

/* The two need not be of one release; each knows what the other cannot do. */
static void check_version(struct doctor *d)
{
	char version[NAME_LEN];

	if (!d->loaded)
		return;
	if (!read_line(d, "/sys/module/ksift/version", version, sizeof(version)))
		snprintf(version, sizeof(version), "unknown");
	if (d->usable && ((d->user.out_kernels & ~d->kernel.out_kernels) ||
			  (d->user.out_features & ~d->kernel.out_features)))
		fact(d, NOTE, "version",
		     "the module (%s) lacks something that this program (%s) has; " RENEW,
		     version, ksift_version());
	else
		fact(d, strcmp(version, ksift_version()) ? NOTE : OK, "version",
		     "the module is %s, this program %s", version, ksift_version());
}

/* Not getgrnam() and its like: a static program has them only in part. */
static bool find_group(const struct doctor *d, const char *name, gid_t gid,
		       struct group *found, char buf[GROUP_LEN])
{
	FILE *f = open_file(d, "/etc/group");
	struct group *g = NULL;

	while (f && !fgetgrent_r(f, found, buf, GROUP_LEN, &g))
		if (name ? !strcmp(g->gr_name, name) : g->gr_gid == gid)
			break;
	if (f)
		fclose(f);
	return g;
}

static bool is_member(const struct doctor *d, const struct group *g)
{
	FILE *f = open_file(d, "/etc/passwd");
	struct passwd *p;
	bool ret = false;
	char **name;

	while (f && (p = fgetpwent(f))) {
		if (p->pw_uid != geteuid())
			continue;
		ret = p->pw_gid == g->gr_gid;
		for (name = g->gr_mem; *name; name++)
			ret |= !strcmp(*name, p->pw_name);
		break;
	}
	if (f)
		fclose(f);
	return ret;
}

static bool has_gid(gid_t gid)
{
	static gid_t list[NGROUPS_MAX];
	int n = getgroups(NGROUPS_MAX, list);

	while (n > 0)
		if (list[--n] == gid)
			return true;
	return getegid() == gid;
}

static void check_group(struct doctor *d)
{
	struct group g;
	char buf[GROUP_LEN];

	if (!find_group(d, GROUP, 0, &g, buf))
		fact(d, NOTE, "group", "there is no group " GROUP "; type 'sudo groupadd --system " GROUP "'");
	else if (has_gid(g.gr_gid) || is_member(d, &g))
		fact(d, OK, "group", GROUP ", and you are in it");
	else
		fact(d, NOTE, "group", GROUP ", and you are not in it");
}

static void check_permission(struct doctor *d, const struct stat *st)
{
	struct group g;
	char buf[GROUP_LEN];

	if (st->st_gid && (st->st_mode & 060) != 060)
		fact(d, PROBLEM, "device",
		     DEVICE " has mode %04o; type 'sudo chmod 660 " DEVICE "'",
		     st->st_mode & 07777);
	else if (st->st_gid && find_group(d, NULL, st->st_gid, &g, buf) && is_member(d, &g))
		fact(d, PROBLEM, "device",
		     "you are in group %s, but not since you logged in; type 'newgrp %s', or log in again",
		     g.gr_name, g.gr_name);
	else
		fact(d, PROBLEM, "device", "%s", d->why.text);
}

/* The number that the kernel has given it is "10:123". */
static void check_node(struct doctor *d, const struct stat *st)
{
	unsigned int major = 0, minor = 0;
	char line[NAME_LEN];

	read_line(d, "/sys/class/misc/ksift/dev", line, sizeof(line));
	if (!parse_pair(line, ':', &major, &minor))
		fact(d, PROBLEM, "device",
		     "the module made none; type 'sudo rmmod ksift; sudo modprobe ksift'");
	else if (!st)
		fact(d, PROBLEM, "device",
		     DEVICE " is not there, though the module made it; type 'sudo mknod -m 660 " DEVICE " c %u %u'",
		     major, minor);
	else if (!S_ISCHR(st->st_mode) || st->st_rdev != makedev(major, minor))
		fact(d, PROBLEM, "device",
		     DEVICE " is something else; type 'sudo rm " DEVICE " && sudo mknod -m 660 " DEVICE " c %u %u'",
		     major, minor);
}

static void check_device(struct doctor *d)
{
	const char *path = full_path(d, DEVICE);
	struct stat st;

	if (stat(path, &st)) {
		/* Without the module there is none. */
		if (d->loaded)
			check_node(d, NULL);
	} else if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS)) {
		check_permission(d, &st);
	} else if (d->usable) {
		fact(d, OK, "device", DEVICE ", mode %04o", st.st_mode & 07777);
	} else if (d->loaded) {
		check_node(d, &st);
	}
}

static int check_engine(struct doctor *d)
{
	const struct ksift_info *info = d->usable ? &d->kernel : &d->user;
	int len = sizeof(info->out_variant_name);
	const char *variant = (const char *)info->out_variant_name;

	if (d->usable) {
		fact(d, OK, "engine", "kernel, variant %.*s", len, variant);
		return CLI_OK;
	}
	if (!d->problems)
		fact(d, PROBLEM, "engine", "%s; " RENEW, d->why.text);
	fact(d, NOTE, "engine", "user, variant %.*s: this program itself, with the same results",
	     len, variant);
	return CLI_NONE;
}

static int open_engine(const struct doctor *d, uint32_t engine,
		       struct ksift_info *info, struct ksift_error *err)
{
	struct ksift_ctx_opts opts = KSIFT_CTX_OPTS_INIT;
	struct ksift_ctx *ctx;
	int ret;

	opts.device = full_path(d, DEVICE);
	opts.engine = engine;
	ret = ksift_ctx_open(&opts, &ctx, err);
	if (ret)
		return ret;
	info->size = sizeof(*info);
	ret = ksift_ctx_info(ctx, KSIFT_VARIANT_BEST, info, err);
	ksift_ctx_close(ctx);
	return ret;
}

static int diagnose(struct doctor *d)
{
	struct ksift_error err;

	if (open_engine(d, KSIFT_ENGINE_USER, &d->user, &err))
		return cli_error("doctor: %s", err.text);
	d->usable = !open_engine(d, KSIFT_ENGINE_KERNEL, &d->kernel, &d->why);
	check_kernel(d);
	/* Nothing that follows helps with that. */
	if (d->problems)
		return check_engine(d);
	find_module(d);
	check_headers(d);
	check_secure_boot(d);
	check_signature(d);
	check_module(d);
	check_version(d);
	check_group(d);
	check_device(d);
	return check_engine(d);
}

static int doctor_run(int argc, char **argv)
{
	struct doctor d = { .root = "" };
	int c;

	while ((c = options_next(&cli_doctor, argc, argv)) != -1) {
		switch (c) {
		case OPT_ROOT:
			d.root = optarg;
			break;
		default:
			return options_common(&cli_doctor, NULL, c);
		}
	}
	if (argc != optind)
		return cli_error("doctor: there is nothing to give it, such as '%s'",
				 argv[optind]);
	return diagnose(&d);
}

const struct cli_cmd cli_doctor = {
	.name = "doctor",
	.run = doctor_run,
	.summary = "tell why the kernel's engine cannot be used, and what to do",
	.help =
"Usage: ksift doctor\n"
"\n"
"Look at what the kernel's engine needs: the kernel, its headers, Secure Boot,\n"
"the module, the device and who may open it, and whether it works.  Each line\n"
"begins with 'ok', 'problem' or 'note'; one with 'problem' says what to type\n"
"next.  They are in the order in which to go about it.\n",
	.notes =
"The exit status is 0 if the kernel's engine can be used, 1 if only the user\n"
"engine can, and 2 on an error.\n"
};
