SPEED ?= 1
BIN := .venv/bin
MEASURED := tests/widget tests/faults tests/reliability tests/test_serving.py

.PHONY: help demo test test-measured test-others hosts engines check format soak chaos bench docs catalogues screenshots wheel image audit lock clean

help:  ## what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1@/p' Makefile | column -t -s @

demo: .venv/installed  ## the demo ATS, the widget and the sandbox, until Ctrl-C
	@exec $(BIN)/python -m demo_ats --speed $(SPEED) $(if $(PORT),--port $(PORT))

# Two halves side by side: one uses the processors while the other waits for something.
# Some containers forbid bytecode files: then each of many processes compiles every module anew.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/installed  ## all tests, with a browser, and the coverage of widget/
	$(BIN)/python -m scripts.chromium
	@echo "Running two halves of the tests side by side.$(if $(OUTPUT_SYNC), Each prints its output when it has ended.)"
	@$(MAKE) --jobs=2 $(OUTPUT_SYNC) --no-print-directory test-measured test-others

# Keeps apart what the two halves print. Versions of make before 4 cannot.
OUTPUT_SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

test-measured:
	$(BIN)/python -m scripts.coverage $(BIN)/pytest -n 2 --dist worksteal $(MEASURED)

test-others:
	$(BIN)/pytest -n 2 --dist worksteal $(MEASURED:%=--ignore=%)

hosts: .venv/installed  ## the element in pages of React, Vue, Svelte, Angular, Turbo and htmx; needs Node
	@node -e 'process.exitCode = parseInt(process.versions.node) < 20 ? 1 : 0' && npm --version >/dev/null || \
		{ echo "The pages need Node 20 or newer with npm: https://nodejs.org" >&2; exit 1; }
	npm ci --prefix tests/hosts --no-audit --no-fund --loglevel=error
	npm run --prefix tests/hosts --silent build
	$(BIN)/python -m scripts.chromium
	$(BIN)/pytest -n 2 tests/hosts

engines: .venv/installed  ## one story in Chromium, Firefox ESR and WebKitGTK; on Debian
	$(BIN)/python -m scripts.engines
	xvfb-run -a dbus-run-session -- $(BIN)/pytest tests/engines

check: .venv/installed  ## format, lint and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: .venv/installed  ## fix what can be fixed automatically
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

soak: .venv/installed  ## ten minutes of use: do memory and file descriptors stay flat?
	$(BIN)/python -m scripts.soak

chaos: .venv/installed  ## break the database in every known way under load, and print what it did
	$(BIN)/python -m tests.chaos

bench: .venv/installed  ## measure what it costs, print a table, write benchmarks/results.md
	$(BIN)/python -m scripts.chromium
	$(BIN)/python -m benchmarks

docs: .venv/installed  ## write the pages that are generated from tests
	$(BIN)/python -m scripts.faults

catalogues: .venv/installed  ## update the translation catalogues from the templates
	$(BIN)/python -m scripts.catalogues

screenshots: .venv/installed  ## take the pictures in README and docs
	$(BIN)/python -m scripts.chromium
	$(BIN)/python -m scripts.screenshots

wheel: .venv/installed  ## build the wheel into dist/
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

image: .venv/installed  ## build the container image, start it, run a report in it
	$(BIN)/python -m scripts.image $(ARGS)

audit: .venv/installed  ## ask for known vulnerabilities of what the widget runs with
	$(BIN)/python -m scripts.audit

lock: .venv/installed  ## pin every dependency again, at its newest version
	scripts/lock

clean:
	rm -rf .venv

.venv/installed: pyproject.toml requirements.lock scripts/install
	scripts/install
	@touch $@
