# Everything that a developer or CI does with parity; `make help` explains each target.
# No target needs more than a Linux with Python 3.10, make, and (for an engine) Docker or root on Debian.

PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
SITE    := .state/docs
DEBIAN  := debian11-py39 debian12-py311 debian13-py313 debian12-py311-ruby31 debian13-py313-ruby33

# Much of a test with an engine is waiting; the unit tests come last and fill what idles.
TEST_PROCESSES ?= 4
PYTEST  := pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
COVERED ?= tests/unit
.DEFAULT_GOAL := help
.PHONY: help setup engine images demo test long attack matrix coverage pins farside realworld reach check house bench docs newcomer image clean

help: ## show what each target does
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make the virtual environment with parity and its development tools

$(STAMP): pyproject.toml
	@echo "setup: virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "setup: parity needs Python 3.10 or later; name one with make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "setup: this Python has no venv; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

engine: ## see to it that a container engine answers (installs one on Debian and Ubuntu as root)
	@sh .ci/engine

images: setup engine ## make the Debian images that the tests and the demo use
	@$(BIN)/parity image build $(DEBIAN)

demo: setup engine ## build, verify and install a real bundle: numpy, pandas, scipy, scikit-learn, matplotlib
	@$(BIN)/parity build demo --output dist --bundle-version 1
	@$(BIN)/parity verify --rehearse dist/sci-1-demo.parity.tar

# What one process has compiled of the tests, the others and the next run need not; some environments forbid it.
test: setup images ## the tests, on the real engine, but for the longest
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m $(PYTEST) -m 'not long' tests

long: setup images ## the longest tests (half an hour); writes their table
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m tests.long $(PYTEST)

attack: setup images ## hostile wheels, repositories, indexes and bundles by the hundred thousand; writes its table
	@$(BIN)/python -m tests.attack

realworld: setup images ## build, carry, install and use what people have (an hour; --resume goes on); writes its table
	@$(BIN)/python -m tests.realworld

reach: setup images ## engines, families and machines beyond those of make test (an hour or more); writes its table
	@$(BIN)/python -m tests.reach

matrix: setup ## every Python that is promised, as far as this machine has it: near side 3.10 up, far side 3.6 up
	@$(BIN)/python -m tests.matrix

coverage: setup ## what the unit tests reach of parity, and what not; COVERED=tests for all tests; report in .state/coverage
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m $(PYTEST) $(COVERED); ended=$$?; \
	  $(BIN)/python -m coverage combine --quiet && $(BIN)/python -m coverage html --quiet && \
	  $(BIN)/python -m coverage report --skip-covered --sort=cover | tail -n 60; exit $$ended

pins: setup images ## bring uv, the C++ ABI table, the table of libraries and the images up to date; says what it could not check
	@$(BIN)/python -m tests.pins

farside: setup images ## carry a bundle across the gap and use it there: install, serve, devpi, update, roll back
	@$(BIN)/python -m tests.farside_story

image: setup images ## parity as an image, installed from its own bundle, and run once with this machine's engine
	@rm -rf .state/image && mkdir -p .state/image
	@PARITY_HOME=.state/image/home $(BIN)/parity build debian12-py311 . -r images/parity/requirements.txt \
	  --product parity --output .state/image/context --lock .state/image/pylock.toml
	@cp .state/image/home/config/keys/parity.key.pub .state/image/context/sender.pub
	@$(BIN)/parity farside -o .state/image/context/parity-farside.py
	@docker build --quiet --file images/parity/Containerfile --tag parity/parity:latest .state/image/context
	@docker run --rm --volume /var/run/docker.sock:/var/run/docker.sock \
	  --group-add "$$(stat -c %g /var/run/docker.sock)" parity/parity doctor
	@docker run --rm --entrypoint id parity/parity

newcomer: setup images ## type what the front page and the five-minute page say, as an ordinary user with the wheel alone
	@$(BIN)/python -m tests.newcomer

check: setup ## types, lint and format, in seconds
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@sh -n .ci/run .ci/engine

$(SITE)/env/.installed: pyproject.toml
	@$(PYTHON) -m venv --clear $(SITE)/env
	@$(SITE)/env/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(SITE)/env/bin/python -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@

docs: setup $(SITE)/env/.installed ## the documentation as a site in .state/docs/html; a broken link is an error
	@$(BIN)/python -m tests.docs_site $(SITE)/source
	@$(SITE)/env/bin/sphinx-build --fail-on-warning --keep-going --quiet -E $(SITE)/source $(SITE)/html
	@echo "docs: $(SITE)/html/index.html"

house: setup ## the code in figures: sizes, circles, folders, types, names, prose; each beside its target
	@$(BIN)/python -m tests.house

bench: setup images ## measure parity against its rivals; writes tests/bench/results/
	@$(BIN)/python -m tests.bench

clean: ## remove what make made here (not the engine, its images, or your keys)
	rm -rf $(VENV) dist build .state .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
