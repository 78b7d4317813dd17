# make run    serve the current folder on http://127.0.0.1:8000/ (PORT, BIND and DIRECTORY change that)
# make test   run the whole suite
# make coverage   run it and say which lines and branches no test takes
# make test-downstream   run programs from PyPI on this package, in an environment of their own
# make test-clients   let curl, wget, a browser and REDbot ask the file server, and a browser try the
#             page of a folder, in an environment of its own; what is not installed of them is skipped, but on a CI machine (CI=true) it fails
# make lint   check style, types and layers
# make bench  measure this package beside others, in an environment of its own, in 25 minutes at most;
#             write benchmarks/results/ and the pages from it. PYTHON is the interpreter of all, with
#             a VENV of its own where there is a .venv-bench already
# make bench-quick   the same in some 4 minutes, fewer servers and shorter
# make bench-files   measure the file server beside others, in 25 minutes at most, and write its page
# make bench-pages   write the pages from the results, and measure nothing
#             BENCH_ARGUMENTS are options of `python -m benchmarks.compare measure`
# make clean  remove what the others made
#
# A fresh machine needs python3 >= 3.11 and nothing else: everything is installed into $(VENV). To
# measure, it needs wrk, and for some rows nginx, strace and npm (apt-get install wrk nginx-light
# strace npm); test-clients asks with what is there of curl, wget, chromium and ffmpeg (apt-get
# install these).

PYTHON ?=
VENV ?= .venv
PORT ?= 8000
BIND ?= 127.0.0.1
DIRECTORY ?= .
PYTEST_ARGUMENTS ?=
BENCH_ARGUMENTS ?=

CANDIDATES = python3 python3.15 python3.14 python3.13 python3.12 python3.11 python
IN_VENV = $(VENV)/bin/python
IN_BENCH = $(VENV)-bench/bin/python
# The parts of which DESIGN.md asks that nearly every branch be tested.
CORE = src/basehttpserver/_http1/*,src/basehttpserver/handler.py,src/basehttpserver/_request_log.py,src/basehttpserver/_response_head.py,src/basehttpserver/server.py

# Many tests wait more than they compute: more processes than two cores.
PROCESSES ?= 4
# What stands between Python and pytest.
MEASURE =
# The files that have tests to be run alone: no others are read for these.
ALONE = $(shell grep -rl --include='*.py' 'mark\.alone' tests)

.PHONY: run test coverage test-downstream test-clients lint bench bench-quick bench-files bench-pages clean

run: $(VENV)/.installed
	@$(IN_VENV) -m basehttpserver --bind '$(BIND)' --directory '$(DIRECTORY)' '$(PORT)'

# Two passes: what measures has the machine to itself. One that finds no test fails, too.
# Bytecode is kept whatever the environment says: else each process compiles every test anew.
test: $(VENV)/.installed-for-development
	@status=0; export PYTHONDONTWRITEBYTECODE=; set -x; \
	$(IN_VENV) $(MEASURE) -m pytest -m 'not alone' --numprocesses='$(PROCESSES)' --dist=loadfile --no-loadscope-reorder $(PYTEST_ARGUMENTS) || status=1; \
	$(IN_VENV) $(MEASURE) -m pytest -m alone $(ALONE) $(PYTEST_ARGUMENTS) || status=1; \
	exit $$status

coverage: $(VENV)/.installed-for-development
	@rm -f .coverage .coverage.*
	@$(MAKE) --no-print-directory test MEASURE='-m coverage run'
	@$(IN_VENV) -m coverage combine --quiet
	$(IN_VENV) -m coverage report
	$(IN_VENV) -m coverage report --include='$(CORE)' --fail-under=95

test-downstream: $(VENV)-downstream/.installed-for-downstream
	$(VENV)-downstream/bin/python -m pytest tests/downstream --numprocesses=2 --dist=worksteal $(PYTEST_ARGUMENTS)

test-clients: $(VENV)-clients/.installed-for-clients
	$(VENV)-clients/bin/python -m pytest tests/clients tests/browser --numprocesses=2 --dist=loadfile $(PYTEST_ARGUMENTS)

lint: $(VENV)/.installed-for-development
	$(IN_VENV) -m ruff check
	$(IN_VENV) -m ruff format --check
	$(IN_VENV) -m mypy
	$(VENV)/bin/lint-imports --no-cache

bench: $(VENV)-bench/.installed-for-benchmark
	$(IN_BENCH) -m benchmarks.compare measure $(BENCH_ARGUMENTS)
	$(IN_BENCH) -m benchmarks.profile_request measure
	$(IN_BENCH) -m benchmarks.in_process measure
	@$(MAKE) --no-print-directory bench-pages

bench-quick:
	@$(MAKE) --no-print-directory bench BENCH_ARGUMENTS='--quick $(BENCH_ARGUMENTS)'

bench-files: $(VENV)-bench/.installed-for-benchmark
	$(IN_BENCH) -m benchmarks.compare measure --suite files $(BENCH_ARGUMENTS)
	$(IN_BENCH) -m benchmarks.compare render --suite files

bench-pages: $(VENV)-bench/.installed-for-benchmark
	$(IN_BENCH) -m benchmarks.compare render
	$(IN_BENCH) -m benchmarks.compare render --suite files
	$(IN_BENCH) -m benchmarks.profile_request render

clean:
	rm -rf .venv .venv-* .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .ci/logs
	find src tests fuzz benchmarks examples -name __pycache__ -prune -exec rm -rf {} +

# The stamps are newer than pyproject.toml as long as nothing needs to be installed again.

$(VENV)/.installed: pyproject.toml | $(IN_VENV)
	$(IN_VENV) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-for-development: pyproject.toml | $(IN_VENV)
	$(IN_VENV) -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@ $(VENV)/.installed

$(VENV)-downstream/.installed-for-downstream: pyproject.toml
	@$(MAKE) --no-print-directory VENV='$(VENV)-downstream' '$(VENV)-downstream/bin/python'
	$(VENV)-downstream/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,downstream]'
	@touch $@

$(VENV)-clients/.installed-for-clients: pyproject.toml
	@$(MAKE) --no-print-directory VENV='$(VENV)-clients' '$(VENV)-clients/bin/python'
	$(VENV)-clients/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,clients]'
	@touch $@

$(VENV)-bench/.installed-for-benchmark: pyproject.toml benchmarks/install.py benchmarks/peers/package.json
	@$(MAKE) --no-print-directory VENV='$(VENV)-bench' '$(VENV)-bench/bin/python'
	$(IN_BENCH) -m benchmarks.install
	@touch $@

$(IN_VENV):
	@set -e; \
	for candidate in $(if $(PYTHON),'$(PYTHON)',$(CANDIDATES)); do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	        found="$$candidate"; break; \
	    fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo 'basehttpserver needs Python 3.11 or newer, and $(or $(PYTHON),none of: $(CANDIDATES)) is one: install it, or name one with make PYTHON=/path/to/python3' >&2; \
	    exit 1; \
	fi; \
	if ! "$$found" -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	    echo "$$found cannot make virtual environments: on Debian and Ubuntu, apt-get install python3-venv" >&2; \
	    exit 1; \
	fi; \
	echo "Creating $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV)
