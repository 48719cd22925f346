# make setup    .venv with everything (once per change of the lock file)
# make demo     events, model, RTL, comparison with an analysis, one HTML report in demo/
# make test     the whole suite, lint and type check included
# make lint     ruff and mypy alone
# make bench    events per second of the model and of the co-simulation
# make verify   EVENTS events (default 1000000) through model and RTL, every field compared
# make clean    remove what the targets above made, .venv apart

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup
EVENTS ?= 1000000
SUPPORTED := $(shell sed -n 's/^requires-python = "\(.*\)"/\1/p' pyproject.toml)
PYTHONS := $(PYTHON) python3 python3.13 python3.12 python3.11

# A Python fits if it lies within requires-python, e.g. >=3.11,<3.14 (both bounds are minor versions of Python 3).
FITS := import re, sys; low, high = map(int, re.findall(r"3\.(\d+)", "$(SUPPORTED)")); sys.exit(not low <= sys.version_info[1] < high)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint bench verify clean tools

help:
	@sed -n 's/^# make/make/p' Makefile

setup: $(STAMP)

demo: tools $(STAMP)
	$(BIN)/darktrigger demo

test: tools $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: tools $(STAMP)
	$(BIN)/darktrigger bench ecl

verify: tools $(STAMP)
	@mkdir -p build
	$(BIN)/darktrigger verify ecl --events $(EVENTS) --out build/verify-ecl.json

clean:
	rm -rf build demo .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find trigger hdl hls sim tests -name __pycache__ -type d -prune -exec rm -rf {} +

tools:
	@for pair in g++:g++ make:make perl:perl; do \
	    command -v $${pair%%:*} >/dev/null || { \
	        echo "error: $${pair%%:*} is missing; the Debian package $${pair##*:} brings it" >&2; exit 2; }; \
	done

$(STAMP): requirements.lock pyproject.toml | tools
	@found=; seen=; \
	for python in $(PYTHONS); do \
	    version=$$($$python -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue; \
	    seen="$$seen $$python is $$version;"; \
	    if $$python -c '$(FITS)'; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "error: Python must be $(SUPPORTED);$${seen:- none was found (the Debian package python3 brings one)}" >&2; exit 2; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "error: $$found has no venv; the Debian package python3-venv brings it" >&2; exit 2; \
	fi; \
	echo "installing the locked packages into $(VENV) with $$found (some minutes, about 2.5 GB)"; \
	$$found -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@
