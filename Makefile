# Needs make and Python 3.11 or newer; everything else goes into .venv, pinned and checked by hash.
# `make` alone lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# PYTHON=/path/to/python chooses the interpreter; otherwise the newest of these that works.
PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3 python
# Further arguments for the tool behind a target: make unit ARGS="-k fold", make demo ARGS=--once
ARGS ?=
# Tests of one file stay together, so that costly fixtures are made once.
WORKERS ?= -n auto --dist loadfile

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_INSTALL := $(UV) pip install --quiet --python $(BIN)/python

PYPROJECTS := core/pyproject.toml $(wildcard plugins/*/pyproject.toml)
EDITABLES := $(foreach pyproject,$(PYPROJECTS),--editable ./$(dir $(pyproject)))

# A stamp is newer than what it stands for; when a pin or a pyproject changes, that step runs again.
UV_READY := $(VENV)/.uv-ready
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready

##@ Everyday

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^##@ /{print "\n" substr($$0, 5)} /^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: $(DEV_READY) ## make .venv with all that the other targets need (they do it themselves)
	@echo "$(VENV) is ready: $$($(BIN)/python --version)"

.PHONY: demo
demo: $(RUN_READY) ## the whole way on this machine, with three emulated CRMs; ARGS=--once ends by itself
	@$(BIN)/afterclick demo $(ARGS)

.PHONY: test
test: lint types unit ## all that must pass before a commit

.PHONY: fmt
fmt: $(DEV_READY) ## format, and mend what can be mended
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: docs
docs: $(DEV_READY) ## write the generated pages of the docs
	@$(BIN)/python -m tests.docs.reference
	@$(BIN)/python -m tests.deploy.rules
	@$(BIN)/python -m tests.deploy.dashboard

##@ One check at a time

.PHONY: lint
lint: $(DEV_READY) ## format, style, layers, news fragments
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/towncrier build --draft --version next >/dev/null

.PHONY: types
types: $(DEV_READY) ## mypy
	@$(BIN)/mypy

.PHONY: unit
unit: $(DEV_READY) ## the tests; ARGS="-k fold" picks some
	@$(BIN)/pytest $(WORKERS) $(ARGS)

.PHONY: bench
bench: $(DEV_READY) ## measure, beside what it is compared with; needs a C compiler; ARGS="ingest fold" picks some
	@$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: soak
soak: $(DEV_READY) ## kill it 200 times under load, then watch its memory for 10 min; ARGS="--rounds 50 --minutes 0"
	@$(BIN)/python -m tests.kill $(ARGS)

##@ Upkeep

# Releases younger than a week are left alone: most that turn out to be bad are withdrawn by then.
COMPILE = $(UV) pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --exclude-newer '7 days' --custom-compile-command 'make lock' $(ARGS)

.PHONY: lock
lock: $(UV_READY) ## write requirements/*.txt anew; ARGS=--upgrade takes newer releases
	$(COMPILE) --group bootstrap -o requirements/bootstrap.txt
	$(COMPILE) --group build -o requirements/build.txt
	$(COMPILE) $(PYPROJECTS) --no-emit-package afterclick -o requirements/run.txt
	$(COMPILE) --group dev $(PYPROJECTS) --no-emit-package afterclick -c requirements/run.txt \
		-o requirements/dev.txt

.PHONY: audit
audit: $(DEV_READY) ## ask whether known holes are in what the program needs; asks OSV, so it needs the network
	@$(BIN)/pip-audit --requirement requirements/run.txt --require-hashes --disable-pip --vulnerability-service osv $(ARGS)

# A lock file does not say who needs whom, which the tool warns about.
.PHONY: sbom
sbom: $(DEV_READY) ## write the list of what the program needs to dist/, as CycloneDX
	@mkdir -p dist
	@PYTHONWARNINGS=ignore::UserWarning $(BIN)/cyclonedx-py requirements --pyproject core/pyproject.toml --output-reproducible \
		--mc-type application -o dist/afterclick.cdx.json $(ARGS) requirements/run.txt
	@echo "dist/afterclick.cdx.json"

.PHONY: clean
clean: ## remove .venv and all that tools left behind
	@rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	@rm -rf $(addsuffix dist,$(dir $(PYPROJECTS)))
	@find core plugins tests -type d -name __pycache__ -prune -exec rm -rf {} +

##@ Deployment

# IMAGE=registry.example.com/afterclick:1.0 names it, ENGINE=podman builds it with another engine.
IMAGE ?= afterclick:$(shell sed -n 's/^version = "\(.*\)"/\1/p' core/pyproject.toml)
ENGINE ?= docker
REVISION = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)

.PHONY: image
image: ## build the container image; ARGS="--build-arg PLUGINS=hubspot" chooses plugins
	$(ENGINE) build --file deploy/Dockerfile --tag $(IMAGE) --build-arg REVISION=$(REVISION) $(ARGS) .

.PHONY: publish
publish: ## push the image to where IMAGE says
	$(ENGINE) push $(IMAGE)

.PHONY: rehearse-image
rehearse-image: $(DEV_READY) ## build and run it without an engine or a registry (Debian, root, buildah)
	@$(BIN)/python -m tests.deploy.rehearse_image

.PHONY: rehearse-systemd
rehearse-systemd: $(DEV_READY) ## judge the unit, and run the service under its rules (Debian, root, systemd)
	@$(BIN)/python -m tests.deploy.rehearse_systemd

.PHONY: rehearse-alerts
rehearse-alerts: $(DEV_READY) ## judge the alerts and run their cases with Prometheus' own tool (promtool)
	@$(BIN)/python -m tests.deploy.rehearse_alerts

.PHONY: rehearse-monitoring
rehearse-monitoring: $(DEV_READY) ## a real Prometheus watches a bad day: alerts, dashboard (prometheus; five minutes)
	@$(BIN)/python -m tests.deploy.rehearse_monitoring

# A .venv that works is kept, whoever made it; a broken or too old one is made anew.
$(UV_READY): requirements/bootstrap.txt
	@usable='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; \
	if ! { $(BIN)/python -c "$$usable" && $(BIN)/python -m pip --version; } >/dev/null 2>&1; then \
		for python in $(PYTHON); do \
			if $$python -c "$$usable" >/dev/null 2>&1; then found=$$python; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "No Python 3.11 or newer with venv was found (tried: $(PYTHON))." >&2; \
			echo "Install one (on Debian and Ubuntu with its python3-venv package), or name it: make PYTHON=/path/to/python" >&2; \
			exit 1; \
		fi; \
		echo "Making $(VENV) with $$($$found --version)"; \
		$$found -m venv --clear $(VENV); \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

# --no-deps: the pins are the only source of versions.
$(RUN_READY): $(UV_READY) requirements/run.txt requirements/build.txt $(PYPROJECTS)
	@echo "Installing what the program needs"
	@$(UV_INSTALL) --no-deps --require-hashes -r requirements/run.txt
	@$(UV_INSTALL) --no-deps --build-constraints requirements/build.txt --require-build-hashes $(EDITABLES)
	@touch $@

$(DEV_READY): $(RUN_READY) requirements/dev.txt
	@echo "Installing what the checks need"
	@$(UV_INSTALL) --no-deps --require-hashes -r requirements/dev.txt
	@touch $@
