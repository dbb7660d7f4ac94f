# Prerequisites: Python 3.11 or 3.12 and make. Everything else is installed into this folder by `make setup`, which
# every target runs when needed. A target that has nothing left to do ends at once.
PYTHON ?= python3
PORT ?= 8545
# Passed on to pytest, ape or the benchmark: make test ARGS="-k custody"
ARGS ?=

ENV := . tools/env.sh &&
READY := .venv/.project node_modules/.stamp

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup build demo test test-embedded test-node assure zoo mutate devnet lint fmt gas bench-whitelist bench-reporter clean distclean lock

help: ## list the targets (this list)
	@echo "Stockade. Targets (make TARGET, all of them set up what they need):"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-15s %s\n", $$1, $$2}'

setup: $(READY) ## install Python packages into .venv; Node, compiler, anvil, forge and OpenZeppelin into node_modules
	@echo "Set up. In a shell of your own:  . tools/env.sh"

# Ape leaves its copy of OpenZeppelin in contracts/.cache when the checkout lies in the system's temp folder (CI), and
# then finds more than the 500 files it looks at.
build: $(READY) ## compile contracts/ into src/stockade/manifest.json
	@rm -rf contracts/.cache
	@$(ENV) python tools/manifest.py

demo: build ## run the whole life of three listed shares on a chain of its own (anvil); writes build/demo/summary.json
	@$(ENV) ape run demo $(ARGS)

# Two halves side by side, as long as each other, for the tests of one process share one embedded chain. With ARGS, pytest
# alone.
test: build ## run all tests: pytest (embedded chain, anvil, the commands) and forge's invariants; ARGS="-k custody" for some
ifeq ($(ARGS),)
	@$(MAKE) --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) \
	  test-embedded test-node
else
	@$(ENV) pytest $(ARGS)
endif

test-embedded:
	@$(ENV) pytest --ignore=tests/e2e --ignore=tests/storm --ignore=tests/machines

test-node:
	@$(ENV) forge test --threads 1
	@$(ENV) pytest -p no:cacheprovider tests/machines
	@$(ENV) pytest -p no:cacheprovider tests/e2e tests/storm

assure: build ## everything heavier than `test`: long machines and invariants, proofs, storms, static analysis; one table, 40 minutes
	@$(ENV) python tools/assure.py $(ARGS)

zoo: build ## plant every known bug in a copy and require a test to fail; ARGS names some
	@$(ENV) python tools/zoo.py $(ARGS)

SAMPLE ?= 200
SEED ?= 1
mutate: build ## change single lines of the contracts and count the tests' kills; SAMPLE=200 SEED=1
	@$(ENV) python tools/mutate.py --sample $(SAMPLE) --seed $(SEED) $(ARGS)

devnet: build ## start a local chain with the suite deployed and funded accounts; PORT=8545; stop with Ctrl-C
	@$(ENV) STOCKADE_DEVNET_PORT=$(PORT) python tools/devnet.py --port $(PORT) $(ARGS)

# .solhint.json switches off gas advice that `make gas` decides better, and what review decides: prose stands in the
# interfaces, assembly only where a slot holds packed words.
lint: $(READY) ## check Python and Solidity: ruff, mypy --strict, forge fmt, solhint
	@echo "ruff check";         $(ENV) ruff check .
	@echo "ruff format";        $(ENV) ruff format --check .
	@echo "mypy --strict src";  $(ENV) mypy --strict src
	@echo "forge fmt --check";  $(ENV) forge fmt --check
	@echo "solhint contracts";  $(ENV) solhint --disc --noPoster --max-warnings 0 "contracts/**/*.sol"

fmt: $(READY) ## format Python and Solidity in place
	@$(ENV) ruff check --fix --quiet . ; ruff format . && forge fmt

gas: build ## measure the operations of the suite on anvil; writes snapshots/gas.json
	@$(ENV) python benchmarks/gas.py $(ARGS)

bench-whitelist: build ## measure 10,000 admissions against the plain way, plans and proofs of 100,000; build/bench/whitelist.json
	@$(ENV) python benchmarks/whitelist.py $(ARGS)

bench-reporter: build ## follow 200,000 reports into both databases, deliver, time to acknowledgement; build/bench/reporter.json
	@$(ENV) PYTHONPATH=. python benchmarks/reporter.py $(ARGS)

clean: ## remove what builds, tests and runs wrote; keeps .venv, node_modules and accounts
	rm -rf .build build dist out cache contracts/.cache crytic-export src/stockade/manifest.json
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find benchmarks scripts src tests tools -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## remove also what setup installed; keeps accounts (.ape/accounts)
	rm -rf .venv node_modules
	@if [ -d .ape ]; then find .ape -mindepth 1 -maxdepth 1 ! -name accounts -exec rm -rf {} +; fi

lock: ## make requirements.lock and package-lock.json anew after a change of pyproject.toml or package.json
	$(PYTHON) tools/lock.py

# --- setup, in three steps that are each repeated only when their input changes ---

# `--no-deps` because the lock is complete and overrides two caps on purpose (pyproject.toml, [tool.uv]).
.venv/.packages: requirements.lock
	@found=$$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null) || found=missing; \
	case "$$found" in 3.11.*|3.12.*) ;; *) \
	  echo "Stockade needs Python 3.11 or 3.12, but '$(PYTHON)' is $$found. Run:  make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
	  exit 1;; esac
	@echo "Installing Python packages (requirements.lock) into .venv; about a minute the first time."
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --no-deps --require-hashes --disable-pip-version-check -r requirements.lock
	@touch $@

.venv/.project: pyproject.toml .venv/.packages
	@.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --disable-pip-version-check -e .
	@touch $@

# None of the packages needs its install script: the binaries are packages of their own, one for each platform.
node_modules/.stamp: package-lock.json | .venv/.packages
	@echo "Installing compiler, anvil, forge and contract libraries (package-lock.json) into node_modules."
	@$(ENV) npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@
