# The usual ways in. CMake does the work: CMakePresets.json has all builds, each in build/PRESET.
.DEFAULT_GOAL := all
.PHONY: all demo test test-asan test-ubsan test-interop bench paths pictures format format-check tidy soak fuzz rfc-map mutate bugbank sim clean install help setup

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 10
MUTATIONS ?= 20
SIM_SECONDS ?= 180
MUTATE ?= $(addprefix src/tcp/,segment_arrives.c half_open.c time_wait.c acknowledge.c output.c)
C_FILES = $(shell find include src tests bench examples -name '*.[ch]' 2>/dev/null)

all: ## build the release: build/rill
	@scripts/setup build
	@scripts/build release

demo: ## see real programs talk over rill's TCP
	@scripts/setup demo
	@scripts/build release
	@scripts/demo

test: ## unit tests and the checks of the source, release build
	@scripts/setup test
	@scripts/test release

test-asan: ## the same tests under AddressSanitizer and UBSan
	@scripts/setup test
	@scripts/test asan

test-ubsan: ## the same tests with unsigned wrap in the core an error too
	@scripts/setup test
	@scripts/test ubsan

test-interop: ## unmodified programs under rill run and on the kernel, 10 minutes; QUICK=1: the shorter half, 90 s
	@scripts/setup $(if $(QUICK),interop-quick,interop)
	@scripts/build release
	@tests/interop/run --build build $(if $(QUICK),--quick,--jobs 3)

bench: ## measure; every number is printed with its command
	@scripts/setup bench
	@scripts/build release
	@bench/run

paths: ## goodput, queue and waiting on every named path, in virtual time
	@scripts/setup build
	@scripts/build release
	@bench/paths

pictures: ## docs/pictures: congestion windows and time-sequence plots, by gnuplot
	@scripts/setup build pictures
	@scripts/build release
	@bench/paths --plot

soak: ## long runs: the in-process pair over a bad wire, many seeds
	@scripts/setup build
	@scripts/build release
	@scripts/soak

fuzz: ## each fuzz target for FUZZ_SECONDS (10)
	@scripts/setup fuzz
	@scripts/fuzz $(FUZZ_SECONDS)

rfc-map: ## docs/rfc-map.md: which test stands for which rule
	@scripts/setup test
	@scripts/rfc-map

mutate: ## change MUTATIONS (20) operators or statements in each of MUTATE's files: do the tests notice?
	@scripts/setup build test
	@scripts/mutate --count $(MUTATIONS) --jobs $(JOBS) $(MUTATE)

bugbank: ## put historic bugs back one by one (tests/bugbank): which are noticed, by what, and how soon?
	@scripts/setup build test
	@scripts/bugbank --jobs $(JOBS)

sim: ## seeds that ever failed, then new ones for SIM_SECONDS (180): networks of stacks in virtual time
	@scripts/setup build
	@scripts/build release
	@scripts/simulate $(SIM_SECONDS)

format: ## format all C by .clang-format
	@scripts/setup format
	@clang-format --style=file -i $(C_FILES)

format-check: ## fail when something is not formatted
	@scripts/setup format
	@clang-format --style=file --dry-run --Werror $(C_FILES)

tidy: ## clang-tidy on everything in src
	@scripts/setup tidy
	@scripts/tidy src

install: ## install to PREFIX (/usr/local); DESTDIR is honoured
	@scripts/setup build
	@cmake --preset package -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@cmake --build build/package -j $(JOBS)
	@cmake --install build/package

setup: ## install what all of the above need
	@scripts/setup build test demo bench tidy format fuzz

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile
