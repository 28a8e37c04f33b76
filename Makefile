# SPDX-License-Identifier: GPL-3.0-or-later
# make            build countersip                 make test            everything that is tested
# make demo       two domains, one verified call   make test T=media/   only tests named so
# make run        one countersip, lab settings     make test SAN=address|thread
# make install    PREFIX=/usr/local DESTDIR=       program, manual, unit; no file of yours changes
# make deps       install and build what is missing
# make check      the gates alone                  make fuzz F=sdp TIME=60
# make clean      forget what was built, not deps  make fuzz-smoke      each parser, 10 s
# make interop    the table of docs/interop.md, anew from what is seen with real peers
# make bench-identity  verdicts and signatures against the bare ECDSA operation
# make bench-calls  calls through us and through Kamailio; QUICK=1: twelve minutes
# make bench-media  packet path against rtpengine and bare forwarders; QUICK=1: two minutes
# make soak       ten minutes of calls that come and go, memory flat; TIME=seconds
# WOLFSSL=system  uses an installed wolfSSL instead of building one; V=1 shows every command

CC      ?= cc
SAN     ?=
T       ?=
TIME    ?= 60
SOAK_TIME := $(if $(filter file,$(origin TIME)),600,$(TIME))
WOLFSSL ?= build
V       ?=
DEPS    ?= build/deps
DESTDIR ?=
PREFIX  ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system
B       := build/$(or $(SAN),plain)$(if $(filter system,$(WOLFSSL)),-system)

WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum \
	  -Wpointer-arith -Wvla -Werror
OPT    := -O2 -g -fno-omit-frame-pointer -fstack-protector-strong
ifeq ($(SAN),address)
OPT    += -fsanitize=address,undefined -fno-sanitize-recover=undefined
else ifeq ($(SAN),thread)
OPT    += -fsanitize=thread
else ifneq ($(SAN),)
$(error SAN is address or thread)
endif

# Made by tools/deps.sh once everything is there; make starts itself again after it.
ifeq ($(filter clean help,$(MAKECMDGOALS)),)
include $(DEPS)/flags-$(WOLFSSL).mk
endif

CFLAGS   += -std=c11 $(WARN) $(OPT)
CPPFLAGS += -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -Iinclude -I. $(DEP_CPPFLAGS) \
	    -DCOUNTERSIP_VERSION='"$(VERSION)"'
VERSION  := 0.1.0
# wolfSSL asks us for the time and for random bytes (sbc/base/wolfssl_tick.c, wolfssl_random.c):
# linked by name, since its archive comes after ours.
LDFLAGS  += -Wl,-u,LowResTimer,-u,wolfssl_random

ROOMS     := base media policy sbc ctl
DIR_base  := sbc/base
DIR_media := media
DIR_policy := policy
DIR_sbc   := sbc
DIR_ctl   := tools/ctl
# What a room's unit tests link beside the room: its own floor and no more.
BELOW_base   :=
BELOW_media  := base
BELOW_policy := base
BELOW_sbc    := policy media base
BELOW_ctl    := sbc policy base

SRC := $(foreach r,$(ROOMS),$(wildcard $(DIR_$(r))/*.c))
OBJ := $(SRC:%.c=$(B)/%.o)
lib = $(B)/lib$(1).a
UNIT     := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/test_*.c))
SCENARIO := $(patsubst %.c,$(B)/%,$(wildcard tests/scenario/test_*.c))
WORLD    := $(B)/tests/scenario/world.o $(B)/tests/scenario/talk.o
CONSOLE  := build/console/index.html
LIBS := $(foreach r,sbc policy media base,$(call lib,$(r)))

# One short line for each command; V=1 shows them whole.
Q    := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-4s %s\n' $(1) $@)

.PHONY: all deps test demo run install check fuzz fuzz-smoke bench-calls bench-control \
	bench-identity bench-media interop soak clean help
.SECONDARY:
.DELETE_ON_ERROR:

all: $(B)/countersip $(B)/countersipctl $(CONSOLE) $(B)/man/countersip.yaml.5

deps:
	@rm -f $(DEPS)/flags-$(WOLFSSL).mk
	@$(MAKE) -s --no-print-directory $(DEPS)/flags-$(WOLFSSL).mk

$(DEPS)/flags-$(WOLFSSL).mk: tools/deps.sh tools/packages.txt tools/npm.txt tools/wolfssl.configure
	@sh tools/deps.sh $(DEPS) $(WOLFSSL) $@

define room_rules
$(call lib,$(1)): $(patsubst %.c,$(B)/%.o,$(filter-out %/main.c,$(wildcard $(DIR_$(1))/*.c)))
	$$(call say,AR)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

$(filter $(B)/tests/unit/$(1)/%,$(UNIT)): %: %.o $(call lib,$(1)) $(foreach b,$(BELOW_$(1)),$(call lib,$(b)))
	$$(call say,LINK)
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(DEP_LIBS) -lcmocka
endef
$(foreach r,$(ROOMS),$(eval $(call room_rules,$(r))))

$(B)/countersip: $(B)/sbc/main.o $(LIBS)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEP_LIBS)

$(B)/countersipctl: $(B)/tools/ctl/main.o $(call lib,ctl) $(call lib,sbc) $(call lib,policy) \
		$(call lib,base)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(DEP_LIBS) -ledit -lresolv

# A scenario has the whole core and judgement around it, and a media room that only remembers; of
# the real one it has how states are written.
$(SCENARIO) $(B)/bench/control: %: %.o $(WORLD) $(call lib,sbc) $(call lib,policy) $(B)/tests/scenario/fake_media.o \
		$(call lib,media) $(call lib,base)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEP_LIBS) -lcmocka

$(B)/%.o: %.c $(DEPS)/flags-$(WOLFSSL).mk
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Other libraries' DTLS ends, never instrumented: what is tested is ours.
PEERS      := build/peers
PEER_FLAGS := -O1 -g -Wall -Wextra -Wshadow -Werror -D_GNU_SOURCE -I.
DTLS_PEERS := $(addprefix $(PEERS)/dtls_,gnutls mbedtls botan wolfssl wolfssl13)

$(PEERS)/dtls_gnutls: LINKS := -lgnutls
$(PEERS)/dtls_mbedtls: LINKS := -lmbedtls -lmbedx509 -lmbedcrypto
$(PEERS)/dtls_%: tests/peers/dtls/%.c tests/peers/dtls/peer.h
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(PEER_FLAGS) $(DEP_CPPFLAGS) -o $@ $< $(LINKS) $(DEP_LIBS)

$(PEERS)/dtls_wolfssl13: $(PEERS)/dtls_wolfssl
	@cp $< $@

$(PEERS)/dtls_botan: tests/peers/dtls/botan.cc tests/peers/dtls/peer.h
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++14 $(PEER_FLAGS) $(subst -I,-isystem,$(shell pkg-config --cflags botan-2)) \
		-o $@ $< $(shell pkg-config --libs botan-2)

test: all $(UNIT) $(SCENARIO) $(DTLS_PEERS) $(B)/bench/phones
	@python3 tools/run_tests.py --build $(B) --san '$(SAN)' --filter '$(T)'

interop: $(B)/countersip $(DTLS_PEERS)
	@python3 tools/interop.py --build $(B)

demo: $(B)/countersip
	@python3 tools/demo/demo.py --build $(B)

# How long a listing of 10000 calls keeps SIP waiting; fails above 10 ms.
bench-control: $(B)/bench/control
	@$<

$(B)/man/countersip.yaml.5: $(B)/countersip tools/config_doc.py
	@mkdir -p $(@D)
	@python3 tools/config_doc.py --man $< >$@

install: all
	@tools/install.sh $(B) "$(DESTDIR)" "$(PREFIX)" "$(UNITDIR)"

# The web console: our files and those that tools/npm.txt names, in one folder to be served from.
$(CONSOLE): $(wildcard contrib/console/*) tools/console.sh $(DEPS)/flags-$(WOLFSSL).mk
	$(call say,WEB)
	$(Q)sh tools/console.sh $(DEPS)/npm build/console

run: $(B)/countersip $(CONSOLE)
	$(B)/countersip -f config/countersip.yaml

check:
	@python3 tools/check.py

# The rooms again, instrumented by clang for libFuzzer.
FUZZ       := build/fuzz
FUZZERS    := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS := -std=c11 -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	      -fno-sanitize-recover=undefined
FUZZ_ROOMS := $(patsubst %.c,$(FUZZ)/%.o,$(filter-out %/main.c,$(SRC)))

$(FUZZ)/%.o: %.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<

$(FUZZ)/librooms.a: $(FUZZ_ROOMS)
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZ)/fuzz_%: $(FUZZ)/tests/fuzz/fuzz_%.o $(FUZZ)/librooms.a
	$(call say,LINK)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(DEP_LIBS)

# The scenarios' world around the core, and their media room before ours.
$(FUZZ)/fuzz_sip_core: $(FUZZ)/tests/fuzz/fuzz_sip_core.o \
		$(patsubst %,$(FUZZ)/tests/scenario/%.o,world talk fake_media) $(FUZZ)/librooms.a
	$(call say,LINK)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(DEP_LIBS) -lcmocka

# What it finds new goes to build/fuzz/corpus; tests/fuzz/corpus has the seeds.
ifneq ($(F),)
fuzz: $(FUZZ)/fuzz_$(F)
	@mkdir -p $(FUZZ)/corpus/$(F)
	$< -max_total_time=$(TIME) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix=$(FUZZ)/$(F)- $(FUZZ)/corpus/$(F) $(wildcard tests/fuzz/corpus/$(F))
else
fuzz:
	@echo "make fuzz F=NAME TIME=SECONDS, NAME one of: $(FUZZERS)"; exit 1
endif

fuzz-smoke: $(FUZZERS:%=$(FUZZ)/fuzz_%)
	@sh tools/fuzz_smoke.sh $(FUZZ) $(or $(SMOKE_TIME),10) $(FUZZERS)

$(B)/bench/identity: $(B)/bench/identity.o $(call lib,policy) $(call lib,base)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEP_LIBS)

bench-identity: $(B)/bench/identity
	@$<

# The load generator, the media room as a process, the floor; then rows in turn.
BENCH := $(B)/bench
$(BENCH)/generator: $(BENCH)/generator.o $(BENCH)/legs.o $(BENCH)/cpu.o
$(BENCH)/host: $(BENCH)/host.o
$(BENCH)/floor: $(BENCH)/floor.o
$(BENCH)/phones: $(BENCH)/phones.o
$(BENCH)/generator $(BENCH)/host $(BENCH)/floor $(BENCH)/phones: $(call lib,media) $(call lib,base)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(DEP_LIBS)

$(BENCH)/calls: $(BENCH)/calls.o $(BENCH)/ends.o $(BENCH)/ends_life.o $(BENCH)/signer.o $(BENCH)/sip_lite.o $(BENCH)/cpu.o \
		$(call lib,policy) $(call lib,base)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEP_LIBS)

bench-calls: $(BENCH)/calls $(B)/countersip
	@python3 bench/calls.py --build $(B) --out build/bench $(if $(QUICK),--quick)

bench-media: $(BENCH)/generator $(BENCH)/host $(BENCH)/floor
	@python3 bench/media.py --build $(B) --out build/bench $(if $(QUICK),--quick)

# Calls come and go at the whole daemon: nothing grows. tests/peers/test_soak.py is the short form.
soak: $(BENCH)/phones $(B)/countersip
	@python3 -m tests.peers.soak --build $(B) --seconds $(SOAK_TIME)

clean:
	rm -rf build/plain* build/address* build/thread* build/fuzz

help:
	@sed -n '2,/^$$/s/^# //p' Makefile

-include $(shell find $(B) $(FUZZ) -name '*.d' 2>/dev/null)
