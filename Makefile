# SPDX-License-Identifier: GPL-2.0-only
#
# The module for KDIR, and the programs.  Kbuild, beside this file, is what the
# kernel's own build reads.

KDIR ?= /lib/modules/$(shell uname -r)/build
O ?= $(CURDIR)/build$(if $(CROSS_COMPILE),/$(notdir $(CROSS_COMPILE:%-=%)))
KSRC ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ksift/src/linux-source-6.12

# The kernel's make has an O of its own.
MAKEOVERRIDES := $(filter-out O=%,$(MAKEOVERRIDES))

PREFIX ?= /usr/local
DESTDIR ?=

all: module userspace

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

module:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

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

.PHONY: all help module modules_install userspace install uninstall selftests testball demo test lint vm clean
