# The two commands a newcomer needs are `make up` and `make test`; the rest are their parts.
SHELL := /bin/bash
PYTHON ?= python3
PY := .venv/bin/python
KUBE_CONTEXT ?=

.PHONY: help up down clean status lint format types unit e2e test test-long long-integration long-e2e bench bench-backup bench-rollback bench-webhooks

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.installed: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Install it, or say which: make PYTHON=python3.12 …"; exit 2; }
	@echo "setting up Python packages in .venv"
	@$(PYTHON) -m venv .venv || { echo "python venv failed: on Debian, apt-get install python3-venv"; exit 2; }
	@.venv/bin/pip install -q "$$(grep -o '^uv==[^ ]*' requirements-dev.txt)"
	@UV_HTTP_TIMEOUT=300 .venv/bin/uv pip sync -q --python $(PY) requirements-dev.txt
	@touch $@

up: .venv/.installed ## build and start everything, deploy stack `local` (KUBE_CONTEXT=name: into that cluster)
	@$(PY) -m local up $(if $(KUBE_CONTEXT),--kube-context $(KUBE_CONTEXT))

down: ## stop everything; data stays
	@test ! -x $(PY) || $(PY) -m local down

clean: down ## stop everything and delete what was built and stored under .local
	@test ! -x $(PY) || $(PY) -m local clean

status: .venv/.installed ## what runs, and where its logs are
	@$(PY) -m local status

format: .venv/.installed ## format the code
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lint: .venv/.installed ## format check and lint
	@.venv/bin/ruff format --check . && .venv/bin/ruff check .

types: .venv/.installed ## strict type check
	@.venv/bin/mypy

unit: .venv/.installed ## unit tests (no cluster)
	@$(PY) -m pytest -n auto --dist loadfile tests/unit

e2e: up ## end-to-end tests on the local stack
	@source .local/env && $(PY) -m pytest -n auto --dist loadfile tests/integration
	@source .local/env && $(PY) -m pytest tests/e2e

test: lint types unit e2e ## everything: set-up, lint, types, unit, end to end

long-integration: up
	@source .local/env && $(PY) -m pytest -m long -n auto --dist loadfile tests/integration

long-e2e: up
	@source .local/env && $(PY) -m pytest -m long tests/e2e

test-long: long-integration long-e2e ## what takes longer: kills at every step, soaks (make -k: all, whatever fails)

bench: up ## the cutover, measured beside a raw patch of the route
	@source .local/env && $(PY) -m bench.cutover

bench-backup: .venv/.installed ## backup, proof and restore of 1 GB, beside plain pg_dump and pg_restore
	@$(PY) -m bench.backup

bench-rollback: up ## the emergency rollback, measured beside a raw patch of the route
	@source .local/env && $(PY) -m bench.rollback

bench-webhooks: up ## the agent's own part, alone and while a thousand refused webhooks come in
	@source .local/env && $(PY) -m bench.webhooks
