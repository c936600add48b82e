# Each target is one script; what it does is said there. `make help` lists them.
PYTHON ?= python3
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help venv lint unit charts rules e2e test test-long bench generate format demo demo-clean clean clean-all

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## .venv with paddle-operator, paddle-runtime and kubectl-paddle_sla in .venv/bin
	@$(PYTHON) hack/venv.py

demo: venv ## A cluster, a model, a picture read through the gateway
	@$(PY) -m hack.demo up

demo-clean: venv ## Take away everything that make demo started
	@$(PY) -m hack.demo clean

clean-all: venv ## Take away everything that make demo and make test started
	@$(PY) -m hack.demo clean-all

test: venv ## Everything, fast checks first, then end to end on a real node
	@$(PY) -m hack.checks test

lint: venv ## Format, lint, types, import contracts, generated files: under a minute
	@$(PY) -m hack.checks lint

unit: venv ## Unit, golden, property and contract tests
	@$(PY) -m hack.checks unit

charts: venv ## Chart checks: helm lint, API schemas, Pod Security, RBAC
	@$(PY) -m hack.checks charts

rules: venv ## Alert scenarios, judged by promtool
	@$(PY) -m hack.checks rules

e2e: venv ## End-to-end tests on the cluster
	@$(PY) -m hack.checks e2e

test-long: venv ## Sweeps and soaks; the result, with its commit, goes to benchmarks/results/
	@$(PY) -m hack.checks test-long

bench: venv ## The runtime's figures beside its rivals', into benchmarks/results/ and docs/benchmarks.md: 15 minutes, 25 at first
	@$(PY) -m hack.peers rapidocr paddlex && $(PY) -m benchmarks.runtime_start --rounds 3
	@$(PY) -m benchmarks.dynamic_static && $(PY) -m benchmarks.report --minutes 5

generate: venv ## Write every generated file again
	@$(PY) -m hack.generate

format: venv ## Let ruff format and repair what it can
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

clean: ## Remove what was built in this folder (the cache under ~/.cache/paddle-sla stays)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build demo-out
