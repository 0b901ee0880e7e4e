# Every target installs what it needs first, so each works as the first command on a fresh machine
# with Debian 12 and Swift.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

TORCH := 2.13.0
# What the build, the figures, the data scripts and `make deps` itself need from Debian.
PACKAGES := libhdf5-dev hdf5-tools libyaml-dev libarchive-dev libpng-dev libssl-dev zlib1g-dev \
            liblzma-dev gnuplot-nox pkg-config python3-pip unzip curl shellcheck
# Into a folder of ours, beside whatever Python packages the machine has.
PIP_INSTALL := python3 -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
  --root-user-action=ignore --no-warn-conflicts
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# LIBTORCH=/path uses another build of libtorch (for example one with CUDA).
LIBTORCH ?= $(CURDIR)/.deps/libtorch
export LIBTORCH

# MPI=1 builds for runs over several processes and machines.
ifeq ($(MPI),1)
PACKAGES += libopenmpi-dev openmpi-bin
TRAITS := --traits MPI
endif
# What test-cluster needs besides.
ifeq ($(CLUSTER),1)
PACKAGES += slurm-wlm munge
endif

BUILD := swift build -c release $(TRAITS)
SBM := .build/release/sbm

.PHONY: help deps build bundle test-bundle test test-long test-cluster quickstart bench docs snippets sanitize fuzz \
        soak lint format clean

help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' Makefile

deps: .deps/packages $(LIBTORCH)/lib/libtorch_cpu.so ## Install Debian packages and unpack libtorch into .deps.

# The stamp's content is the list of packages that are there: what is missing from it is installed.
.deps/packages: Makefile $(if $(filter-out $(file <.deps/packages),$(PACKAGES)),FORCE)
	@mkdir -p .deps
	@missing=$$(for p in $(PACKAGES); do \
	  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "Installing" $$missing; \
	  $(SUDO) apt-get update -qq; \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
	@echo "$(sort $(PACKAGES) $(file <.deps/packages))" > $@

FORCE:

# The CPU build where the package index has it, else the default one, which has CUDA: of that the parts for
# the CPU are kept, with the two libraries of CUDA that they refer to. CUDA=1 keeps all of it. The wheels
# are zip files; nothing of Python is installed.
CUDA ?=
PIP_DOWNLOAD = python3 -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
  --python-version 3.11 --dest .deps/wheel \
  $(foreach glibc,5 12 17 24 25 26 27 28,--platform manylinux_2_$(glibc)_$(shell uname -m)) \
  --platform manylinux2014_$(shell uname -m)

# Where libtorch's own search path expects CUDA: beside its folder.
$(CURDIR)/.deps/libtorch/lib/libtorch_cpu.so: | .deps/packages
	@echo "Fetching libtorch $(TORCH)"
	@rm -rf .deps/wheel .deps/unpacked .deps/nvidia
	@mkdir -p .deps/wheel
	@{ [ -z "$(CUDA)" ] && $(PIP_DOWNLOAD) --no-deps torch==$(TORCH)+cpu 2>/dev/null; } \
	  || $(PIP_DOWNLOAD) --no-deps torch==$(TORCH)
	@unzip -q .deps/wheel/torch-*.whl 'torch/include/*' 'torch/lib/*' 'torch-*.dist-info/*' -d .deps/unpacked
	@rm .deps/wheel/torch-*.whl
	@mv .deps/unpacked/torch-*.dist-info .deps/unpacked/torch/
	@if [ -e .deps/unpacked/torch/lib/libtorch_cuda.so ]; then \
	  needs=$$(sed -nE 's/^Requires-Dist: ((cuda-toolkit|nvidia-)[^;]*).*/\1/p' .deps/unpacked/torch/torch-*.dist-info/METADATA | tr -d ' '); \
	  if [ -z "$(CUDA)" ]; then \
	    rm -f .deps/unpacked/torch/lib/lib*cuda*.so .deps/unpacked/torch/lib/lib*nv*.so; \
	    needs=$$(sed -nE 's/^cuda-toolkit.*==/cuda-toolkit[cudart,cupti]==/p' <<<"$$needs"); \
	  fi; \
	  echo "Fetching what it needs of CUDA"; \
	  $(PIP_DOWNLOAD) $$needs; \
	  for wheel in .deps/wheel/nvidia*.whl; do unzip -qo "$$wheel" 'nvidia/*' -d .deps/unpacked; done; \
	  mv .deps/unpacked/nvidia .deps/nvidia; \
	fi
	@rm -rf .deps/libtorch
	@mv .deps/unpacked/torch .deps/libtorch
	@rm -rf .deps/wheel .deps/unpacked

# A libtorch of the user's own is theirs to install.
ifneq ($(LIBTORCH),$(CURDIR)/.deps/libtorch)
$(LIBTORCH)/lib/libtorch_cpu.so:
	@echo "error: LIBTORCH=$(LIBTORCH) has no lib/libtorch_cpu.so; unset LIBTORCH to use .deps/libtorch" >&2
	@exit 1
endif

build: deps ## Build .build/release/sbm.
	@$(BUILD) --product sbm

# Without Python's packages the tests of what other tools read are skipped.
test: deps ## Build and run every test, a smoke run of the whole pipeline among them.
	@$(MAKE) --no-print-directory $(PEER_PYTHON) || \
	  echo "warning: no PyTorch and TensorBoard for Python: they will not read exports in the tests" >&2
	@$(BUILD) --product sbm
	@$(BUILD) --build-tests
	@swift test -c release $(TRAITS) --skip-build

test-cluster: ## Check runs over several processes on a Slurm cluster that is started here (minutes).
	@$(MAKE) --no-print-directory build MPI=1 CLUSTER=1
	@Tests/Cluster/check.sh

test-long: deps ## Run the tests that take minutes, too.
	@$(BUILD) --build-tests
	@SBM_LONG_TESTS=1 swift test -c release $(TRAITS) --skip-build

quickstart: build ## Show what SBM attention does: density falls where it costs, rises where it is needed (two minutes).
	@$(SBM) run experiments/quickstart.yaml --out results/quickstart --resume
	@$(SBM) report results/quickstart --out results/quickstart/report.html 2>/dev/null
	@$(SBM) inspect results/quickstart/repeats-sbm-paper-s0.h5 --out results/quickstart/repeats-sbm-paper-s0.html >/dev/null
	@echo
	@$(SBM) report results/quickstart --summary
	@echo
	@echo "Curves and figures:                         results/quickstart/report.html"
	@echo "What SBM attention does with one example:   results/quickstart/repeats-sbm-paper-s0.html"
	@echo "To try next:"
	@echo "  $(SBM) compare results/quickstart/listops-softmax-s0.h5 results/quickstart/listops-sbm-sparse-s0.h5"
	@echo "  $(SBM) run experiments/quickstart-listops.yaml --sweep attention.clusters=8,32,128 --dry-run"
	@echo "  $(SBM) run experiments/repeats.yaml --only sbm --only sbm-paper --seeds 0 --resume"

# WITH_LIBTORCH=1 puts libtorch into it, too. What it packs is what `make build` left.
WITH_LIBTORCH ?=

bundle: build ## Pack a program that runs without Swift, apt and root into .build/bundle (WITH_LIBTORCH=1: libtorch too).
	@rm -rf .build/bundle
	@Tests/Bundle/make.sh .build/release $(LIBTORCH) .build/bundle $(if $(WITH_LIBTORCH),with-libtorch)

test-bundle: bundle ## Run the bundle in a root file system that has nothing else.
	@Tests/Bundle/check.sh .build/bundle/sbm-*.tar.xz $(LIBTORCH)

# PyTorch is the yardstick of speed, and reads what is exported, as do safetensors and TensorBoard. They are installed
# beside libtorch; PEER_PYTHON=/path names a Python that has them.
PEER_PYTHON ?= .deps/peer/python
PEER_PACKAGES := numpy safetensors tensorboard
export PEER_PYTHON

# The list tells whether what is installed is what is wanted.
.deps/peer/python: Makefile | .deps/packages
	@wanted="$(PEER_PACKAGES) torch $(TORCH)"; \
	if [ "$$(cat .deps/peer/list 2>/dev/null)" != "$$wanted" ]; then \
	  echo "Fetching PyTorch $(TORCH), safetensors and TensorBoard"; \
	  rm -rf .deps/peer; \
	  mkdir -p .deps/peer/packages; \
	  pip=($(PIP_INSTALL) --target .deps/peer/packages $(PEER_PACKAGES)); \
	  "$${pip[@]}" torch==$(TORCH)+cpu 2>/dev/null || "$${pip[@]}" torch==$(TORCH); \
	  echo "$$wanted" > .deps/peer/list; \
	fi
	@printf '#!/bin/sh\nPYTHONPATH=%s exec python3 "$$@"\n' "$(CURDIR)/.deps/peer/packages" > $@
	@chmod +x $@

bench: build $(PEER_PYTHON) ## Compare training steps with PyTorch's, and check how their cost grows (minutes).
	@$(PEER_PYTHON) Tests/Peer/compare.py --python $(PEER_PYTHON)
	@python3 Tests/Peer/growth.py
	@python3 Tests/Peer/crossover.py

docs: build ## Build the documentation as a site in .build/docs.
	@.ci/docs

# What the pages show of Python needs these two.
.deps/snippets/matplotlib: | .deps/packages
	@echo "Fetching h5py and matplotlib"
	@$(PIP_INSTALL) --target .deps/snippets h5py matplotlib

snippets: .deps/snippets/matplotlib ## Run the Python that the documentation shows.
	@PYTHONPATH=.deps/snippets python3 Tests/Snippets/run.py Sources/RunLog

# Swift's toolchain has a clang++ with the sanitizers' runtimes beside `swift`.
CLANG = $(dir $(realpath $(shell command -v swift)))clang++

sanitize: ## Run every kernel under AddressSanitizer and UndefinedBehaviorSanitizer.
	@mkdir -p .build
	@$(CLANG) -std=c++20 -O1 -g -fuse-ld=lld -fsanitize=address,undefined -fno-sanitize-recover=all \
	  -fno-math-errno -ffp-contract=fast -ISources/CTorch/include \
	  Sources/CKernels/kernels_*.cpp Sources/CKernels/dispatch.cpp Tests/Sanitize/*.cpp \
	  -o .build/sanitize
	@.build/sanitize

# Seconds for all readers together.
FUZZ_SECONDS ?= 66

fuzz: deps ## Fuzz the readers of files from elsewhere (FUZZ_SECONDS=3600 for an hour).
	@SBM_FUZZ=1 swift build -c release --scratch-path .build/fuzz --sanitize=fuzzer --product fuzz
	@Tests/Fuzz/run.sh "$(CURDIR)/.build/fuzz/release/fuzz" $(FUZZ_SECONDS)

soak: build ## Kill a run 200 times, and compare what it comes to (KILLS=200).
	@$(BUILD) --build-tests
	@SBM_SOAK_KILLS=$(or $(KILLS),200) swift test -c release --skip-build --filter SoakTests

# One version for all: releases of clang-format do not agree on every line.
CLANG_FORMAT := .deps/clang-format/clang_format/data/bin/clang-format

$(CLANG_FORMAT): | .deps/packages
	@echo "Fetching clang-format"
	@$(PIP_INSTALL) --no-deps --target .deps/clang-format clang-format==19.1.7

CXX_SOURCES = $(shell find Sources Tests -name '*.cpp' -o -name '*.hpp' -o -path '*/C[TK]*/*.h')
SCRIPTS = $(wildcard .ci/* data-scripts/*.sh experiments/slurm/*.sbatch) $(shell find Sources Tests -name "*.sh")

lint: $(CLANG_FORMAT) ## Check the format of the sources, and the shell scripts.
	@swift format lint --strict --recursive Package.swift Sources Tests
	@$(CLANG_FORMAT) --dry-run --Werror $(CXX_SOURCES)
	@shellcheck --external-sources --source-path=SCRIPTDIR $(SCRIPTS)

format: $(CLANG_FORMAT) ## Format the sources.
	@swift format format --in-place --recursive Package.swift Sources Tests
	@$(CLANG_FORMAT) -i $(CXX_SOURCES)

clean: ## Remove what was built (not .deps).
	@rm -rf .build
