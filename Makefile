# SPDX-License-Identifier: GPL-2.0-only
#
# The module for KDIR, and the programs.  Kbuild, beside this file, is what the
# kernel's own build reads.

RELEASE := $(shell uname -r)
KDIR ?= /lib/modules/$(RELEASE)/build
O ?= $(CURDIR)/build$(if $(CROSS_COMPILE),/$(notdir $(CROSS_COMPILE:%-=%)))
KSRC ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ksift/src/linux-source-6.12

# The kernel's make has an O of its own.
MAKEOVERRIDES := $(filter-out O=%,$(MAKEOVERRIDES))

PREFIX ?= /usr/local
DESTDIR ?=

# Nobody has asked for a module where there are no headers and no KDIR was given: the
# programs work without one, so that they are built is a success.
ifeq ($(wildcard $(KDIR)/Makefile)$(filter-out file,$(origin KDIR)),)
all: userspace
	@echo 'There is no module, and the programs do the work without one.'
	@$(say_headers)
else
all: module userspace
endif

say_headers = echo 'ksift.ko needs what modules are built with, which is not in $(KDIR);'; \
	if [ -e /etc/debian_version ]; then \
		echo "type 'sudo apt install linux-headers-$(RELEASE)', or give another KDIR."; \
	elif [ -e /etc/redhat-release ]; then \
		echo "type 'sudo dnf install kernel-devel-$(RELEASE)', or give another KDIR."; \
	else \
		echo "install the package that has it for $(RELEASE), or give another KDIR."; \
	fi

help:
	@echo 'make [all]            the module and the programs'
	@echo 'make module           ksift.ko here, for the kernel built in KDIR'
	@echo 'make userspace        the library and the client, in build/userspace'
	@echo 'make selftests        the kernel selftests, in build/selftests'
	@echo 'make testball         module, client and selftests for a test machine, in one tar'
	@echo 'make install          the library, the client and what goes with them, under PREFIX'
	@echo 'make uninstall        takes them away again'
	@echo 'make modules_install  the module, for the kernel built in KDIR'
	@echo 'make demo|test|lint   what the scripts of that name do'
	@echo 'make vm               a shell command in a test guest: make vm CMD="ksift info"'
	@echo 'make clean            remove what was built here'

module: headers
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# Where the module is asked for, too, it is the new one that is looked at, with -j as well.
ifneq ($(filter all module,$(MAKECMDGOALS)),)
built: module
endif

modules_install: headers built
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

headers:
	@[ -e '$(KDIR)/Makefile' ] || { $(say_headers); exit 1; } >&2

# No other kernel loads it.  Its release, the first word of what it says of that, is from
# utsrelease.h; kernel.release is another one on Debian.
utsrelease := $(KDIR)/include/generated/utsrelease.h
built: headers
	@[ -e '$(utsrelease)' ] || { echo "$(KDIR) is not prepared: there is no include/generated/utsrelease.h; type 'make -C $(KDIR) modules_prepare' first." >&2; exit 1; }
	@[ -e ksift.ko ] || { echo "There is no ksift.ko; type 'make module' first." >&2; exit 1; }
	@want=$$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' '$(utsrelease)') && \
	have=$$(tr '\0' '\n' <ksift.ko | sed -n 's/^vermagic=\([^ ]*\).*/\1/p') && \
	if [ "$$have" != "$$want" ]; then \
		echo "ksift.ko is built for $${have:-no kernel}, and this would install it for $$want;"; \
		echo "type 'make module KDIR=$(KDIR)' first, or give the KDIR of $${have:-another}."; \
		exit 1; \
	fi >&2

userspace:
	$(MAKE) -C userspace O=$(O)/userspace

install uninstall:
	$(MAKE) -C userspace O=$(O)/userspace PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) $@

selftests:
	mkdir -p $(O)/selftests
	$(MAKE) -C selftests OUTPUT=$(O)/selftests KSRC=$(KSRC)

testball:
	scripts/testball '$(KDIR)' '$(KSRC)' '$(O)'

demo test lint:
	scripts/$@

CMD ?= ksift info
vm:
	scripts/vm -- sh -c '$(CMD)'

clean:
	find Kbuild module -name '*.o' -delete -o -name '.*.cmd' -delete -o -name '*.mod' -delete
	rm -f ksift.ko ksift.o ksift.mod ksift.mod.c ksift.mod.o .*.cmd .module-common.o Module.symvers modules.order
	rm -rf $(O)

.PHONY: all help headers built module modules_install userspace install uninstall selftests testball demo test lint vm clean
