# Two commands: `make visit` and `make test`. Everything they need is set up below, inside .venv; second runs start at once.

SHELL := /bin/bash
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' && echo $$p && break; done)
BIN := .venv/bin
MODEL := .venv/share/assembled-by-me/hand_landmarker.task
VISITOR ?= script
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup visit test lint types layers tests browser campaign benchmark clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

setup: .venv/setup.stamp $(MODEL) ## environment in .venv, pinned packages, the hand model, a voice

visit: setup ## one visit on the simulated bench (VISITOR=me: you are the visitor)
	$(BIN)/station visit --visitor $(VISITOR) $(ARGS)

test: .venv/dev.stamp $(MODEL) browser lint types layers tests ## everything that must hold

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

layers:
	$(BIN)/lint-imports

tests:
	$(BIN)/pytest -q

campaign: .venv/dev.stamp $(MODEL) ## the long runs over many seeds
	$(BIN)/pytest -q -m campaign -n 2 --timeout 7200 -rA

benchmark: .venv/dev.stamp $(MODEL) browser ## speed and memory, measured, never asserted
	$(BIN)/pytest -q -m benchmark -s --timeout 1200

clean: ## forget the environment and what runs have left
	rm -rf .venv var build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/python.stamp:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 found; install one (Debian, Ubuntu: apt-get install python3 python3-venv)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments; install python3-venv."; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/setup.stamp: pyproject.toml constraints.txt | .venv/python.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/dev.stamp: pyproject.toml constraints.txt | .venv/python.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ .venv/setup.stamp

$(MODEL): vision/hand_model.py | .venv/python.stamp
	@test -e .venv/setup.stamp || test -e .venv/dev.stamp || $(MAKE) --no-print-directory .venv/setup.stamp
	$(BIN)/python -m vision.hand_model --out $@
	@touch $@

# A browser for the pages' tests: the system's Chromium, installed by apt where that is allowed.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null && exit 0; \
	as_root=""; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; \
	if command -v apt-get >/dev/null && $$as_root true 2>/dev/null; then \
		echo "Installing Chromium for the tests of the pages ..."; \
		export DEBIAN_FRONTEND=noninteractive; \
		$$as_root apt-get update -qq && $$as_root apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; \
	else \
		echo "The tests of the pages need Chromium; install the package chromium (Debian) or chromium-browser (Ubuntu)."; exit 1; \
	fi
