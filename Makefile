# Every chore of the project. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo setup test test-deps test-picamera test-browser check lint types imports fast soak fuzz bench-decode bench-ingest bench-credentials bench-kiosk bench-trace bench-cases bench-coverage bench-pages bench-face-to-face fresh docs pictures lock clean

PYTHON ?= /usr/bin/python3
KILLS ?= 1000
SECONDS ?= 20
VISITS ?= 10000000
PSEUDONYMS ?= 5000000
SCANS ?= 10000000
ENGINE ?= sqlite
VISITS_DATA ?= ../shared/data/visits
BIN := .venv/bin
RUN := .venv/.ready-run
DEV := .venv/.ready-dev
SOURCES := wire kiosk fleet_server demo tests bench fuzz docs
WORKERS ?= 3
PYTEST := $(BIN)/pytest
# Much of the suite waits for servers: one worker more than a small machine's two cores.
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
SHELL_SCRIPTS := .ci/run $(wildcard provisioning/*.sh)

help: ## List the chores
	@echo "Tram. First: make demo"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUN) ## Show the whole path; until Ctrl-C, or once and checked with ONCE=1
	@exec $(BIN)/python -m demo $(if $(filter-out 0 no,$(ONCE)),--once)

setup: $(RUN) ## Make .venv with the locked packages (PYTHON=/usr/bin/python3)

test: test-deps $(DEV) ## Install what the tests need, then run all of them (ARGS="-k words", WORKERS=3)
	$(PYTEST) $(SPREAD) $(ARGS)

test-deps: ## Install the tests' Debian packages: mosquitto, postgresql, libzbar0, …
	@provisioning/test-deps.sh

test-picamera: $(DEV) ## As root: the real picamera2 on the real libcamera, in a Debian tree
	TRAM_PICAMERA=1 $(PYTEST) -s -rs tests/kiosk/hardware/test_picamera.py

test-browser: test-deps $(DEV) ## The pages in Debian's Chromium; pictures of all land in build/screens
	$(PYTEST) -n 2 tests/browser $(ARGS)

check: lint types imports fast ## Before a commit: lint, types, import contracts, fast tests

lint: $(DEV) ## Look for mistakes and formatting in Python and shell
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	@if command -v shellcheck >/dev/null; then \
		echo "shellcheck $(SHELL_SCRIPTS)"; shellcheck $(SHELL_SCRIPTS); \
	else echo "shellcheck is not installed: shell scripts not checked"; fi

types: $(DEV) ## Check the types with mypy, strictly
	$(BIN)/mypy
	$(BIN)/mypy docs/write.py docs/pictures.py

imports: $(DEV) ## Hold the packages to who may import whom
	$(BIN)/lint-imports

fast: $(DEV) ## Run the tests that need no broker, no database server and no patience
	@provisioning/test-deps.sh libzbar0 fonts-dejavu-core
	$(PYTEST) -q $(SPREAD) -m "not slow" $(ARGS)

soak: test-deps $(DEV) ## Kill processes at random moments, KILLS=1000 times, and count what was lost
	TRAM_KILLS=$(KILLS) $(PYTEST) -s --timeout=0 tests/system/test_kills.py

fuzz: $(DEV) ## Fuzz all that reads a stranger's bytes, SECONDS=20 for each parser
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--only-binary :all: -r locks/fuzz.txt
	$(BIN)/python -m fuzz --seconds $(SECONDS) $(PARSERS)

bench-decode: $(DEV) ## Count the codes read, beside pyzbar and zxing-cpp (PICTURES=folder)
	$(BIN)/python -m bench.decode $(PICTURES)

bench-ingest: test-deps $(DEV) ## Time records into SQLite and PostgreSQL beside the barest loop (ARGS=…)
	$(BIN)/python -m bench.bench_ingest $(ARGS)

bench-credentials: $(DEV) ## Time the verification of certificates beside the bare signature check
	$(BIN)/python -m bench.credentials

bench-kiosk: $(DEV) ## The whole kiosk on a queue of people, 20 and 30 a minute, in real time
	$(BIN)/python -m bench.kiosk $(ARGS)

bench-trace: test-deps $(DEV) ## Time a tracer's questions beside numpy and a self-join (VISITS=10000000 ENGINE=sqlite|postgres)
	$(BIN)/python -m bench.trace --visits $(VISITS) --engine $(ENGINE) $(ARGS)

bench-cases: test-deps $(DEV) ## Time names opened by the vault beside bare HPKE, and finding (PSEUDONYMS=5000000 ENGINE=…)
	$(BIN)/python -m bench.cases --pseudonyms $(PSEUDONYMS) --engine $(ENGINE) $(ARGS)

bench-coverage: test-deps $(DEV) ## Count a province's week for the report on coverage (SCANS=10000000 ENGINE=sqlite|postgres)
	$(BIN)/python -m bench.coverage --scans $(SCANS) --engine $(ENGINE)

bench-pages: VISITS = 1000000
bench-pages: test-deps $(DEV) ## Time every page alone and under fifty readers beside a bare hello (VISITS=… ENGINE=…)
	$(BIN)/python -m bench.pages --visits $(VISITS) --engine $(ENGINE) $(ARGS)

bench-face-to-face: $(DEV) ## How well F1 lists say who met (VISITS_DATA=folder of badge data)
	$(BIN)/python -m bench.face_to_face $(VISITS_DATA)

fresh: ## As root, by hand: a clone on bare Debian 12 and 13, demo and tests
	provisioning/fresh.sh

docs: $(DEV) ## Write the documents that are made from code
	$(BIN)/python docs/write.py

pictures: test-browser ## Make the guides' pictures again, from what the browser tests saw
	$(BIN)/python docs/pictures.py

lock: ## Pin all packages again with hashes (UPGRADE=1 takes newer releases)
	@PYTHON=$(PYTHON) provisioning/lock.sh $(if $(filter-out 0 no,$(UPGRADE)),--upgrade)

clean: ## Remove the virtual environment and everything generated
	rm -rf .venv .tools build ./*.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# The tests' packages contain the demo's, in the same versions: whoever has them needs no others.
$(RUN): $(if $(wildcard $(DEV)),$(DEV)) locks/run.txt pyproject.toml provisioning/venv.sh
	@if [[ ! -e $(DEV) ]]; then PYTHON=$(PYTHON) provisioning/venv.sh run; fi
	@touch $@

$(DEV): locks/dev.txt pyproject.toml provisioning/venv.sh
	@PYTHON=$(PYTHON) provisioning/venv.sh dev
	@touch $@
