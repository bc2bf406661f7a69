# Needs Python >= 3.11 and a C++ compiler (g++ or clang++); everything else it makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
BENCH_OPTIONS ?=
TOOLS := $(VENV)/.tools
STAMP := $(VENV)/.installed
NATIVE := CMakeLists.txt $(wildcard native/*.hpp native/*.cpp)
GOLDEN := $(addprefix tests/test_,derivation_reads_as_recorded.py emitted_source.py pages.py house.py docs.py \
	solutions_command.py solutions_terminal.py solutions_page.py)

.PHONY: help install demo test quick check peer-tests soak sanitize golden bench confusion roofline wheel clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## .venv with the package and its development tools

$(TOOLS): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --group build
	touch $@

# Built in .venv and build/, so that only what was edited is compiled anew.
$(STAMP): $(TOOLS) $(NATIVE)
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[dev]'
	touch $@

demo: $(STAMP)  ## the notebook's network, the heart, handwritten digits; pictures in chainrule-demo/
	$(BIN)/chainrule demo

test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest -n 2 -q

quick: $(STAMP)  ## the tests that one runs after every change
	$(BIN)/python -m pytest -n 2 -q -m "not slow"

check: $(STAMP)  ## format, lint, types, import contract, budgets
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/budgets.py

peer-tests: $(STAMP)  ## scikit-learn's own tests of its perceptron, run against ours
	$(BIN)/python tools/peer_tests.py

soak: $(STAMP)  ## the tests that take longer: more random networks
	CHAINRULE_SOAK=1 $(BIN)/python -m pytest -n 2 -q

COMMA := ,
# Programs of native/tests with sanitizers: ulp.cpp under the first two, drive.cpp under all three.
SANITIZED = PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/sanitize-$(1) -G Ninja --log-level=ERROR \
	-DCMAKE_BUILD_TYPE=None -DPython_EXECUTABLE="$(CURDIR)/$(BIN)/python" \
	-Dnanobind_DIR="$$($(BIN)/python -m nanobind --cmake_dir)" -DCHAINRULE_SANITIZE=$(2) > /dev/null && \
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build build/sanitize-$(1) --target $(3)

sanitize: $(STAMP)  ## the kernel under AddressSanitizer, UndefinedBehaviorSanitizer, ThreadSanitizer
	$(call SANITIZED,address,address$(COMMA)undefined,programs)
	$(call SANITIZED,thread,thread,drive)
	$(BIN)/python tools/sanitize.py

golden: $(STAMP)  ## write the golden files of the tests anew; look at the difference before you commit
	CHAINRULE_GOLDEN=update $(BIN)/python -m pytest -q $(GOLDEN)

INSTALL_WITH_SYMBOLS = \
	$(BENCH)/bin/python -m pip install --quiet --no-deps --force-reinstall -C install.strip=false .

bench: $(BENCH)/.installed  ## measure against the peers (half an hour; BENCH_OPTIONS=--quick: minutes)
	$(INSTALL_WITH_SYMBOLS)
	$(BENCH)/bin/python -m benchmarks $(BENCH_OPTIONS)

confusion: $(STAMP)  ## mistakes planted in solutions against what is said of them; a page in benchmarks/
	$(BIN)/python -m benchmarks.confusion

roofline: $(BENCH)/.installed  ## where the time of each workload goes, by perf; a page in benchmarks/
	$(INSTALL_WITH_SYMBOLS)
	$(BENCH)/bin/python -m benchmarks.roofline

# ffnet and fann2 rarely install: what they said stays beside, and is quoted in the results.
$(BENCH)/.installed: pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --upgrade pip
	$(BENCH)/bin/python -m pip install --quiet '.[bench]'
	for peer in ffnet fann2; do \
	  $(BENCH)/bin/python -m pip install $$peer > $(BENCH)/$$peer.log 2>&1 || true; \
	done
	touch $@

wheel: $(STAMP)  ## a wheel in dist/ for other machines, tried in an empty environment
	$(BIN)/python tools/wheel.py

clean:  ## remove what was made
	rm -rf $(VENV) $(BENCH) chainrule-demo build dist
