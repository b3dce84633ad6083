# Two commands: `make visit` and `make test`. Everything they need is set up below, inside .venv; second runs start at once.

SHELL := /bin/bash
# The first of these that is 3.11 to 3.13 and can make environments.
PYTHONS ?= python3.11 python3.12 python3.13 python3
BIN := .venv/bin
MODEL := .venv/share/assembled-by-me/hand_landmarker.task
VISITOR ?= script
ARGS ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
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

# Files go out in the order of collection: by number of tests, the few whole visits on pixels would come last, one
# processor at work and one idle.
tests:
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations 25

campaign: .venv/dev.stamp $(MODEL) ## the long runs over many seeds
	$(BIN)/pytest -q -m campaign -n 2 --timeout 7200 -rA

benchmark: .venv/dev.stamp $(MODEL) browser ## speed and memory, measured, never asserted
	$(BIN)/pytest -q -m benchmark -s --timeout 1200

clean: ## forget the environment and what runs have left
	rm -rf .venv var build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/python.stamp:
	@for python in $(PYTHONS); do \
		$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || continue; \
		$$python -c 'import ensurepip, venv' 2>/dev/null || { bare="$$bare $$python"; continue; }; \
		echo "Making the environment .venv with $$python ..."; \
		$$python -m venv .venv && touch $@; exit; \
	done; \
	if [ -n "$$bare" ]; then \
		echo "Found$$bare, but without the means to make environments: install python3-venv (by apt-get, as root), then run make again."; \
	else \
		echo "Found no Python 3.11, 3.12 or 3.13: install python3.11 and python3.11-venv (by apt-get, as root), then run make again."; \
	fi >&2; exit 1

.venv/setup.stamp: pyproject.toml constraints.txt | .venv/python.stamp
	@echo "Installing the pinned packages into .venv: some minutes the first time ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@command -v aplay paplay pw-play >/dev/null || \
		echo "No sound player here, so the kiosk page plays the speech; for sound at the bench install alsa-utils."
	@touch $@

.venv/dev.stamp: pyproject.toml constraints.txt | .venv/python.stamp
	@echo "Installing the pinned packages and the tests' own into .venv: some minutes the first time ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ .venv/setup.stamp

$(MODEL): vision/hand_model.py | .venv/python.stamp
	@echo "Building the hand model ..."
	@$(BIN)/python -m vision.hand_model --out $@
	@touch $@

# A browser for the pages' tests, and a font for their Japanese: by apt where that is allowed. Where there is none, the tests
# of the pages say so too, after all others have run.
browser:
	@have_browser() { command -v chromium chromium-browser google-chrome >/dev/null; }; \
	have_browser && exit; \
	as_root="sudo -n"; if [ "$$(id -u)" = 0 ]; then as_root=; fi; \
	if command -v apt-get >/dev/null && $$as_root true 2>/dev/null; then \
		echo "Installing Chromium for the tests of the pages ..."; \
		apt="$$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120"; \
		$$apt update; \
		$$apt install -y chromium fonts-noto-cjk >/dev/null || $$apt install -y chromium-browser fonts-noto-cjk >/dev/null; \
	fi; \
	have_browser || echo "The tests of the pages need Chromium: install chromium (Debian) or chromium-browser (Ubuntu)." >&2
