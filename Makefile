# outdial: `make` builds everything under build/, `make help` lists what else there is.

VERSION    := 0.1.0
SOVERSION  := 0
BUILD      ?= build
PREFIX     ?= /usr/local
DESTDIR    ?=
LIBDIR     ?= $(PREFIX)/lib
LUA        ?= lua5.4

# LuaJIT loads what was built for 5.1.
LUA_MODULE_VERSIONS := 5.4 5.3 5.1
LUA_INTERPRETERS    := lua5.4 luajit lua5.1 lua5.3

CC         ?= gcc
OPT        ?= -O2 -g
WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2
ifneq ($(CI)$(WERROR),)
WARN       += -Werror
endif
SANITIZE   ?=
CFLAGS     ?= $(OPT)
BASEFLAGS  := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread $(WARN) $(SANITIZE)
INCLUDES   := -Icore/include -Icore
LIBS       := -lcurl -lcrypto -ljansson -lsqlite3 -lm -pthread

CORE_SRC   := $(sort $(wildcard core/*.c core/*/*.c))
LUA_SRC    := $(sort $(wildcard bindings/lua/*.c bindings/httpd/*.c))
HOST_SRC   := $(sort $(wildcard bindings/host/*.c))
SCRIPTS    := $(sort $(wildcard scripts/outdial/*.lua scripts/outdial/*/*.lua scripts/mock/*.lua))
TEST_SRC   := $(sort $(wildcard tests/core/test_*.c))
TEST_HELP  := $(sort $(filter-out $(TEST_SRC),$(wildcard tests/core/*.c)))
BENCH_SRC  := $(sort $(wildcard tests/bench/*.c))
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/*.c))
# What a build in which processes die on purpose has of its own; the rest it shares.
FAULT_SRC  := $(filter core/store/% core/transport/curl_% core/follow.c \
    core/vendors/genesys_following.c,$(CORE_SRC))

CORE_OBJ   := $(CORE_SRC:%.c=$(BUILD)/obj/%.o)
HOST_OBJ   := $(HOST_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/embedded.o
TEST_BIN   := $(TEST_SRC:tests/core/%.c=$(BUILD)/tests/%)
FAULT_OBJ  := $(FAULT_SRC:%.c=$(BUILD)/faults/obj/%.o) $(filter-out $(FAULT_SRC:%.c=$(BUILD)/obj/%.o),$(CORE_OBJ)) \
    $(BUILD)/faults/obj/tests/crash/fault.o $(BUILD)/faults/obj/tests/crash/power_vfs.o
FAULT_BIN  := $(BUILD)/faults/outdial $(BUILD)/faults/worker $(BUILD)/faults/ledger $(BUILD)/faults/power_cut
BENCH_BIN  := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)
LUA_MODULES := $(LUA_MODULE_VERSIONS:%=$(BUILD)/lua%/outdial/core.so)

# Where each Lua's headers are: asked only when a rule needs them, so that `make deps` works on a bare machine.
lua_pc      = $(if $(filter 5.1,$(1)),lua5.1,lua$(1))
lua_cflags  = $(shell pkg-config --cflags $(call lua_pc,$(1)))

.PHONY: all
all: $(BUILD)/liboutdial.a $(BUILD)/liboutdial.so $(BUILD)/liboutdial-lua5.4.a $(BUILD)/outdial lua \
    $(BUILD)/compile_commands.json

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# One short line a step; V=1 shows the commands.
ifeq ($(V),)
Q   := @
say = @printf '  %-4s %s\n' '$(1)' '$(2)'
else
Q   :=
say = @:
endif

# ---- the C library ----

# One rule compiles all C: a file's room decides what it may include.
define compile
@mkdir -p $(@D)
$(call say,CC,$<)
$(Q)$(CC) $(BASEFLAGS) $(CFLAGS) $(INCLUDES) $(1) -MMD -MP -c -o $@ $<
@printf '{"directory":"%s","file":"%s","command":"%s"},\n' '$(CURDIR)' '$<' \
    '$(CC) $(BASEFLAGS) $(CFLAGS) $(INCLUDES) $(1) -c $<' > $(@:.o=.json)
endef

$(BUILD)/obj/core/%.o: core/%.c
	$(call compile)

$(BUILD)/liboutdial.a: $(CORE_OBJ)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $^

# nodelete: a thread that used it calls it once more as it ends.
$(BUILD)/liboutdial.so.$(VERSION): $(CORE_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(SANITIZE) -Wl,-soname,liboutdial.so.$(SOVERSION) -Wl,-z,defs,-z,nodelete -o $@ $^ $(LDFLAGS) $(LIBS) -ldl

$(BUILD)/liboutdial.so: $(BUILD)/liboutdial.so.$(VERSION)
	@ln -sf $(<F) $(BUILD)/liboutdial.so.$(SOVERSION)
	@ln -sf $(<F) $@

# ---- the Lua modules: one per Lua version, each with the core inside ----

.PHONY: lua
lua: $(LUA_MODULES)

define lua_module
$(BUILD)/obj/lua$(1)/%.o: %.c
	$$(call compile,-Ibindings/lua -Ibindings/httpd $$(call lua_cflags,$(1)))

$(BUILD)/lua$(1)/outdial/core.so: $(LUA_SRC:%.c=$(BUILD)/obj/lua$(1)/%.o) $(BUILD)/liboutdial.a
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$(CC) -shared $(SANITIZE) -Wl,--exclude-libs,ALL -o $$@ $$^ $(LDFLAGS) $(LIBS) -ldl
endef
$(foreach v,$(LUA_MODULE_VERSIONS),$(eval $(call lua_module,$(v))))

# ---- the host program: Lua 5.4 with the library embedded ----

$(BUILD)/embedded.c: bindings/host/embed.lua $(SCRIPTS)
	@mkdir -p $(@D)
	$(call say,LUA,$@)
	$(Q)$(LUA) bindings/host/embed.lua $@ $(SCRIPTS)

$(BUILD)/obj/embedded.o: $(BUILD)/embedded.c
	$(call compile,-Ibindings/host)

$(BUILD)/obj/bindings/host/%.o: bindings/host/%.c
	$(call compile,-Ibindings/host -Ibindings/lua -Ibindings/lua/include $(call lua_cflags,5.4))

# The same library for the Lua 5.4 states of other programs, to be linked before liboutdial.a.
$(BUILD)/liboutdial-lua5.4.a: $(LUA_SRC:%.c=$(BUILD)/obj/lua5.4/%.o) $(BUILD)/obj/bindings/host/library.o $(BUILD)/obj/embedded.o
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/outdial: $(HOST_OBJ) $(LUA_SRC:%.c=$(BUILD)/obj/lua5.4/%.o) $(BUILD)/liboutdial.a
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) -Wl,-E -o $@ $^ $(LDFLAGS) $$(pkg-config --libs lua5.4) $(LIBS) -ldl

$(BUILD)/compile_commands.json: $(CORE_OBJ) $(HOST_OBJ) $(LUA_SRC:%.c=$(BUILD)/obj/lua5.4/%.o)
	@{ echo '['; cat $(^:.o=.json) | sed '$$ s/,$$//'; echo ']'; } > $@

# ---- dependencies ----

APT_BUILD := gcc libc6-dev pkg-config libcurl4-openssl-dev libssl-dev libjansson-dev libsqlite3-dev libmicrohttpd-dev \
    tzdata lua5.4 liblua5.4-dev lua-cjson
APT_TEST  := lua5.1 liblua5.1-0-dev lua5.3 liblua5.3-dev luajit libcmocka-dev lua-busted lua-check luarocks \
    lua-luv lua-cqueues unzip curl openssl nodejs valgrind
APT_LINT  := cppcheck clang clang-tidy

# Installs what dpkg does not know as installed; as another user than root it prints the line to type.
define apt_install
@missing=; for p in $(1); do \
    dpkg-query -W -f='$${db:Status-Status}' "$$p" 2>/dev/null | grep -qx installed || missing="$$missing $$p"; done; \
if [ -n "$$missing" ]; then \
    line="apt-get install -y --no-install-recommends$$missing"; \
    if [ "$$(id -u)" = 0 ]; then \
        echo "installing:$$missing"; \
        log=$$(mktemp); { apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$line; } > "$$log" 2>&1 || \
            { cat "$$log"; rm -f "$$log"; echo "make deps: the line above failed: $$line" >&2; exit 1; }; rm -f "$$log"; \
    else \
        echo "make deps: these packages are missing; as root type:" >&2; echo "    apt-get update && $$line" >&2; exit 1; \
    fi; \
fi
endef

# npm comes with some builds of node and not with Debian's.
APT_NPM = $(if $(shell command -v npm),,npm)

.PHONY: deps deps-build deps-lint
deps: ## install what building and testing need (Debian, Ubuntu; npm packages under build/npm)
	$(call apt_install,$(APT_BUILD) $(APT_TEST) $(APT_NPM))
	@$(MAKE) --no-print-directory build/npm/installed || { test -z "$$CI" && \
	    echo "make deps: without these npm packages the tests against others' CometD servers are left out" >&2; }
deps-build:
	$(call apt_install,$(APT_BUILD))
deps-lint: deps
	$(call apt_install,$(APT_LINT))

# The servers and clients of others that the notifications are tested against.
build/npm/installed: tests/servers/package.json tests/servers/package-lock.json
	@mkdir -p $(@D) && cp $^ $(@D)
	$(call say,NPM,tests/servers/package.json)
	@cd $(@D) && npm ci --no-audit --no-fund --loglevel=error --fetch-retry-maxtimeout=10000 && touch installed

# ---- seeing it work ----

.PHONY: demo demo-clean
demo: deps-build ## build, start the mock vendors, run a campaign of 240 people; stopped half-way, it goes on where it was
	@$(MAKE) --no-print-directory -j$$(nproc) $(BUILD)/outdial
	@BUILD=$(BUILD) sh scripts/examples/demo.sh
demo-clean: ## end a demo that was stopped half-way
	@BUILD=$(BUILD) sh scripts/examples/demo.sh clean

# ---- tests ----

TEST_INCLUDES := $(INCLUDES) -Itests/core

$(BUILD)/obj/tests/core/%.o: tests/core/%.c
	$(call compile,-Itests/core)

$(BUILD)/tests/%: $(BUILD)/obj/tests/core/%.o $(TEST_HELP:%.c=$(BUILD)/obj/%.o) $(BUILD)/liboutdial.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) -rdynamic -o $@ $^ $(LDFLAGS) -lcmocka $(LIBS) -ldl

$(BUILD)/obj/tests/torture/%.o: tests/torture/%.c
	$(call compile,-Itests/core)

$(BUILD)/torture/%: $(BUILD)/obj/tests/torture/%.o $(TEST_HELP:%.c=$(BUILD)/obj/%.o) $(BUILD)/liboutdial.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) -rdynamic -o $@ $^ $(LDFLAGS) -lcmocka $(LIBS) -ldl

.SECONDARY:

.PHONY: check
check: all $(TEST_BIN) $(BENCH_BIN) $(FAULT_BIN)
	@BUILD=$(BUILD) sh tests/run.sh layers core lua crash install

.PHONY: check-core check-lua check-install
check-core: $(TEST_BIN)
	@BUILD=$(BUILD) sh tests/run.sh core
check-lua: lua $(BUILD)/outdial
	@BUILD=$(BUILD) LUAS="$(LUA_INTERPRETERS)" sh tests/run.sh lua
check-install: all
	@BUILD=$(BUILD) sh tests/run.sh install

.PHONY: test
test: deps ## install what is missing, build, run every test
	@$(MAKE) --no-print-directory -j$$(nproc) all $(TEST_BIN) $(BENCH_BIN) $(FAULT_BIN)
	@$(MAKE) --no-print-directory check

# ---- crash tests: the program with points at which it dies, and the same worker in C over nothing but the store ----

$(BUILD)/faults/obj/%.o: %.c
	$(call compile,-DOD_FAULTS -Itests/crash)

$(BUILD)/faults/outdial: $(HOST_OBJ) $(LUA_SRC:%.c=$(BUILD)/obj/lua5.4/%.o) $(FAULT_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) -Wl,-E -o $@ $^ $(LDFLAGS) $$(pkg-config --libs lua5.4) $(LIBS) -ldl

$(BUILD)/faults/worker: $(BUILD)/faults/obj/tests/crash/worker.o $(FAULT_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(LDFLAGS) $(LIBS) -ldl

$(BUILD)/faults/ledger: $(BUILD)/faults/obj/tests/crash/ledger.o
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(LDFLAGS) -lsqlite3

$(BUILD)/faults/power_cut: $(BUILD)/faults/obj/tests/crash/power_cut.o
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(LDFLAGS)

.PHONY: crash check-crash
crash: deps ## kill workers everywhere and at random, check that nobody is rung twice
	@$(MAKE) --no-print-directory -j$$(nproc) $(BUILD)/outdial $(FAULT_BIN)
	@BUILD=$(BUILD) sh tests/crash/long.sh
check-crash: $(BUILD)/outdial $(FAULT_BIN)
	@BUILD=$(BUILD) sh tests/run.sh crash

SAN_ASAN  := -fsanitize=address -fno-omit-frame-pointer
SAN_UBSAN := -fsanitize=undefined -fno-sanitize-recover=all

.PHONY: asan ubsan valgrind valground
asan: deps ## core and Lua tests under AddressSanitizer with leak checking
	@$(MAKE) --no-print-directory -j$$(nproc) sanitized BUILD=$(BUILD)/asan SANITIZE='$(SAN_ASAN)' OPT='-O1 -g'
ubsan: deps ## core and Lua tests under UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory -j$$(nproc) sanitized BUILD=$(BUILD)/ubsan SANITIZE='$(SAN_UBSAN)' OPT='-O1 -g'

.PHONY: sanitized
sanitized: all $(TEST_BIN)
	@BUILD=$(BUILD) LUAS=lua5.4 SANITIZE='$(SANITIZE)' sh tests/run.sh core lua

# OD_PLAIN_HEAP: a block that was freed is not made again behind its back.
valgrind: deps ## core tests under valgrind, every leak and bad access an error
	@$(MAKE) --no-print-directory -j$$(nproc) valground BUILD=$(BUILD)/valgrind CFLAGS='$(CFLAGS) -DOD_PLAIN_HEAP'
valground: $(TEST_BIN)
	@BUILD=$(BUILD) sh tests/run.sh valgrind

SAN_TSAN  := -fsanitize=thread

.PHONY: tsan torture
tsan: deps ## core tests under ThreadSanitizer
	@$(MAKE) --no-print-directory -j$$(nproc) sanitized-core BUILD=$(BUILD)/tsan SANITIZE='$(SAN_TSAN)' OPT='-O1 -g'
torture: deps ## every allocation on a call's way fails once, under AddressSanitizer with leak checking
	@$(MAKE) --no-print-directory -j$$(nproc) tortured BUILD=$(BUILD)/asan SANITIZE='$(SAN_ASAN)' OPT='-O1 -g'

.PHONY: sanitized-core tortured
sanitized-core: $(TEST_BIN)
	@BUILD=$(BUILD) SANITIZE='$(SANITIZE)' sh tests/run.sh core
tortured: $(BUILD)/torture/torture
	@BUILD=$(BUILD) sh tests/run.sh torture

.PHONY: layers
layers: ## check the fences between the rooms
	@sh tests/layers.sh

.PHONY: lint
lint: deps-lint ## cppcheck, clang-tidy, luacheck
	@$(MAKE) --no-print-directory -j$$(nproc) all
	luacheck --quiet --no-color scripts tests/lua tests/crash rockspec bindings/host
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -D_GNU_SOURCE -DOD_LINT $(INCLUDES) core bindings
	clang-tidy --quiet --warnings-as-errors='*' -p $(BUILD) $(CORE_SRC) $(LUA_SRC) $(HOST_SRC)

# ---- measuring ----

$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/liboutdial.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(BASEFLAGS) -O2 -g $(INCLUDES) -o $@ $^ $(LDFLAGS) $(LIBS) -ldl

.PHONY: bench
bench: deps ## cost per call, as ratios against a bare libcurl client in the same run
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BENCH_BIN)
	@BUILD=$(BUILD) sh tests/bench/bench.sh

FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
FUZZ_SECONDS ?= 60

$(BUILD)/fuzz/%: tests/fuzz/%.c $(CORE_SRC)
	@mkdir -p $(@D)
	clang -std=c11 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined $(INCLUDES) -o $@ $< $(CORE_SRC) $(LIBS) -ldl

.PHONY: fuzz
fuzz: deps-lint ## each fuzz target for FUZZ_SECONDS (60)
	@$(MAKE) --no-print-directory $(FUZZ_BIN)
	@for f in $(FUZZ_BIN); do mkdir -p $$f.corpus; echo "fuzzing $$f for $(FUZZ_SECONDS) s"; \
	    $$f -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -verbosity=0 -artifact_prefix=$$f- $$f.corpus || exit 1; done

.PHONY: docs
docs: $(BUILD)/outdial ## the reference of all operations, from their descriptors, as build/docs/operations.md
	@mkdir -p $(BUILD)/docs
	$(Q)$(BUILD)/outdial operations --markdown > $(BUILD)/docs/operations.md
	@echo $(BUILD)/docs/operations.md

# ---- installing ----

.PHONY: install
install: all ## copy header, libraries, outdial.pc, host and Lua library under PREFIX (and DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/include/outdial $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(PREFIX)/bin
	install -m 644 core/include/outdial.h $(DESTDIR)$(PREFIX)/include/outdial.h
	install -m 644 bindings/lua/include/outdial/lua.h $(DESTDIR)$(PREFIX)/include/outdial/lua.h
	install -m 644 $(BUILD)/liboutdial.a $(BUILD)/liboutdial-lua5.4.a $(DESTDIR)$(LIBDIR)/
	install -m 755 $(BUILD)/liboutdial.so.$(VERSION) $(DESTDIR)$(LIBDIR)/liboutdial.so.$(VERSION)
	ln -sf liboutdial.so.$(VERSION) $(DESTDIR)$(LIBDIR)/liboutdial.so.$(SOVERSION)
	ln -sf liboutdial.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/liboutdial.so
	for pc in core/outdial.pc bindings/lua/outdial-lua5.4.pc; do \
	    sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' $$pc.in \
	        > $(DESTDIR)$(LIBDIR)/pkgconfig/$${pc##*/} || exit 1; \
	done
	install -m 755 $(BUILD)/outdial $(DESTDIR)$(PREFIX)/bin/outdial
	for v in $(LUA_MODULE_VERSIONS); do \
	    install -d $(DESTDIR)$(LIBDIR)/lua/$$v/outdial $(DESTDIR)$(PREFIX)/share/lua/$$v/outdial || exit 1; \
	    install -m 755 $(BUILD)/lua$$v/outdial/core.so $(DESTDIR)$(LIBDIR)/lua/$$v/outdial/core.so || exit 1; \
	    install -m 644 scripts/outdial/*.lua $(DESTDIR)$(PREFIX)/share/lua/$$v/outdial/ || exit 1; \
	done

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/include/outdial.h $(DESTDIR)$(LIBDIR)/liboutdial.* $(DESTDIR)$(LIBDIR)/liboutdial-lua5.4.a \
	    $(DESTDIR)$(LIBDIR)/pkgconfig/outdial.pc $(DESTDIR)$(LIBDIR)/pkgconfig/outdial-lua5.4.pc \
	    $(DESTDIR)$(PREFIX)/bin/outdial
	rm -rf $(DESTDIR)$(PREFIX)/include/outdial
	for v in $(LUA_MODULE_VERSIONS); do rm -rf $(DESTDIR)$(LIBDIR)/lua/$$v/outdial $(DESTDIR)$(PREFIX)/share/lua/$$v/outdial; done

.PHONY: clean
clean: ## remove build/
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj $(BUILD)/faults/obj -name '*.d' 2>/dev/null)
