# SPDX-License-Identifier: Apache-2.0
#
# Everything a person or a CI does with Netwright. `make` alone lists the targets.

.DEFAULT_GOAL := help
.PHONY: help run test build lint format soak sanitize fuzz bench docs release-check clean

# What the programs need to build and run, and what the tests need besides: Debian package names.
RUN_PACKAGES  := ca-certificates git gcc g++ libc6-dev
TEST_PACKAGES := $(RUN_PACKAGES) netbase python3 python3-twisted telnet ncat socat netcat-openbsd iproute2 curl strace procps \
	redis-server redis-tools haproxy systemd tcpdump

# How the programs are built that somebody uses or measures.
RELEASE := -c release --static-swift-stdlib

# Seconds that one run of the tests may take before it counts as hung.
TEST_LIMIT ?= 900
SOAK_LIMIT ?= 7200

# Each fuzzer's time in seconds.
FUZZ_SECONDS ?= 60

LINTED := $(wildcard Package.swift Sources Tests Examples Benchmarks Fuzz)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is missing, build in release mode, start `nt listen` with the time handler on loopback
	@Scripts/install-packages $(RUN_PACKAGES)
	swift build $(RELEASE) --product nt
	@exec "$$(swift build $(RELEASE) --show-bin-path)/nt" listen --keep 127.0.0.1:9999 time

test: ## install what the tests need, build, run every test (small counts, fixed seeds)
	@Scripts/install-packages $(TEST_PACKAGES)
	@Scripts/run-tests $(TEST_LIMIT)

build: ## build everything in debug mode: the library and its tests, the fuzzers, the benchmarks
	@Scripts/install-packages $(RUN_PACKAGES)
	swift build --build-tests
	swift build --package-path Fuzz
	swift build --package-path Benchmarks

lint: ## check the formatting and the style of every Swift file
	swift format lint --strict --parallel --recursive $(LINTED)

format: ## format every Swift file in place
	swift format --in-place --parallel --recursive $(LINTED)

soak: ## run every test with the counts that the promises name (long)
	@Scripts/install-packages $(TEST_PACKAGES)
	@NETWRIGHT_SOAK=1 Scripts/run-tests $(SOAK_LIMIT)

sanitize: ## run every test under the thread and the address sanitizer
	@Scripts/install-packages $(TEST_PACKAGES)
	@TSAN_OPTIONS="suppressions=$(CURDIR)/Scripts/thread-sanitizer-suppressions" \
		Scripts/run-tests $(SOAK_LIMIT) --sanitize=thread --scratch-path .build-tsan
	@Scripts/run-tests $(SOAK_LIMIT) --sanitize=address --scratch-path .build-asan

fuzz: ## run every fuzzer of Fuzz/ for FUZZ_SECONDS (60) each
	@Scripts/install-packages $(RUN_PACKAGES)
	@Scripts/run-package Fuzz $(FUZZ_SECONDS)

bench: ## run every benchmark of Benchmarks/ beside its peer
	@Scripts/install-packages $(RUN_PACKAGES) strace
	@Scripts/run-package Benchmarks

docs: ## build the reference documentation of every library into .build/docs
	@Scripts/build-docs

release-check: lint test soak sanitize fuzz bench ## everything that must hold before a release (hours)

clean: ## remove what the builds made
	rm -rf .build .build-tsan .build-asan Benchmarks/.build Fuzz/.build
