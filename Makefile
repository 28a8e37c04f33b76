# SPDX-License-Identifier: GPL-3.0-or-later
# make            build countersip                 make test            everything that is tested
# make demo       two domains, one verified call   make test T=media/   only tests named so
# make run        one countersip, lab settings     make test SAN=address|thread
# make deps       install and build what is missing
# make check      the gates alone                  make fuzz F=sdp TIME=60
# WOLFSSL=system  uses an installed wolfSSL instead of building one

CC      ?= cc
SAN     ?=
T       ?=
TIME    ?= 60
WOLFSSL ?= build
DEPS    ?= build/deps
B       := build/$(if $(SAN),$(SAN),plain)

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

# wolfSSL asks for it (USER_TICKS) from behind the archive it lies in: wolfssl_tick.c
DEP_LIBS += -Wl,-u,LowResTimer

CFLAGS   += -std=c11 $(WARN) $(OPT)
CPPFLAGS += -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -Iinclude -I. $(DEP_CPPFLAGS) \
	    -DCOUNTERSIP_VERSION='"$(VERSION)"'
VERSION  := 0.1.0

ROOMS     := base media policy sbc
DIR_base  := sbc/base
DIR_media := media
DIR_policy := policy
DIR_sbc   := sbc
# What a room's unit tests link beside the room: its own floor and no more.
BELOW_base   :=
BELOW_media  := base
BELOW_policy := base
BELOW_sbc    := policy media base

SRC := $(foreach r,$(ROOMS),$(wildcard $(DIR_$(r))/*.c))
OBJ := $(SRC:%.c=$(B)/%.o)
lib = $(B)/lib$(1).a
LIBS := $(foreach r,sbc policy media base,$(call lib,$(r)))

.PHONY: all deps test demo run check fuzz clean help
.SECONDARY:
.DELETE_ON_ERROR:

all: $(B)/countersip

deps:
	@rm -f $(DEPS)/flags-$(WOLFSSL).mk
	@$(MAKE) --no-print-directory $(DEPS)/flags-$(WOLFSSL).mk

$(DEPS)/flags-$(WOLFSSL).mk: tools/deps.sh tools/packages.txt tools/wolfssl.configure
	@sh tools/deps.sh $(DEPS) $(WOLFSSL) $@

define room_rules
$(call lib,$(1)): $(patsubst %.c,$(B)/%.o,$(filter-out sbc/main.c,$(wildcard $(DIR_$(1))/*.c)))
	@rm -f $$@
	$$(AR) rcs $$@ $$^

$(B)/tests/unit/$(1)/%: $(B)/tests/unit/$(1)/%.o $(call lib,$(1)) $(foreach b,$(BELOW_$(1)),$(call lib,$(b)))
	$$(CC) $$(CFLAGS) -o $$@ $$^ $$(DEP_LIBS) -lcmocka
endef
$(foreach r,$(ROOMS),$(eval $(call room_rules,$(r))))

$(B)/countersip: $(B)/sbc/main.o $(LIBS)
	$(CC) $(CFLAGS) -o $@ $^ $(DEP_LIBS)

$(B)/tests/scenario/%: $(B)/tests/scenario/%.o $(LIBS)
	$(CC) $(CFLAGS) -o $@ $^ $(DEP_LIBS) -lcmocka

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

UNIT     := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/test_*.c))
SCENARIO := $(patsubst %.c,$(B)/%,$(wildcard tests/scenario/test_*.c))

test: $(B)/countersip $(UNIT) $(SCENARIO)
	@python3 tools/run_tests.py --build $(B) --san '$(SAN)' --filter '$(T)'

demo: $(B)/countersip
	@python3 tools/demo/demo.py --build $(B)

run: $(B)/countersip
	$(B)/countersip -f config/countersip.yaml

check:
	@python3 tools/check.py

# The rooms again, instrumented by clang for libFuzzer.
FUZZ_DIR := build/fuzz
fuzz:
	@test -n "$(F)" || { echo "make fuzz F=NAME, one of:"; ls tests/fuzz | sed -n 's/^fuzz_\(.*\)\.c/  \1/p'; exit 1; }
	@mkdir -p $(FUZZ_DIR)/corpus/$(F)
	clang -fsanitize=fuzzer,address,undefined -g -O1 -std=c11 $(CPPFLAGS) -o $(FUZZ_DIR)/$(F) \
		tests/fuzz/fuzz_$(F).c $(filter-out sbc/main.c,$(SRC)) $(DEP_LIBS)
	$(FUZZ_DIR)/$(F) -max_total_time=$(TIME) -print_final_stats=1 $(FUZZ_DIR)/corpus/$(F) \
		$(wildcard tests/fuzz/corpus/$(F))

clean:
	rm -rf build/plain build/address build/thread build/fuzz

help:
	@sed -n '2,/^$$/s/^# //p' Makefile

-include $(shell find $(B) -name '*.d' 2>/dev/null)
