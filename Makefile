# Every path is relative, so the repository may stand in a folder with a space in its name.
# The commands are explained in README.md.

PYTHON ?= python3
EXTRAS ?= course,files,test
# Windows has it elsewhere, and says there that it is Windows.
PY := .venv/$(if $(filter Windows_NT,$(OS)),Scripts/python.exe,bin/python)
READY := .venv/installed
ASKED := pyproject.toml constraints.txt
# It starts, and finds its packages: after an update of the system's Python it may do only the first.
WORKS := $(PY) -c 'import importlib.util as u; raise SystemExit(not u.find_spec("numpy"))' 2>/dev/null
# Compared is what these files say, not when they were written: in a copied folder times are new.
STALE := $(shell $(WORKS) && cat $(ASKED) | cmp -s - $(READY) || echo stale)
# What only `make course` needs.
SITE := .venv/site
SITE_STALE := $(shell $(WORKS) && cat $(ASKED) | cmp -s - $(SITE) || echo stale)
export PYTHONUTF8 := 1

.PHONY: stale help lab test matrix mutate fuzz faults course workshop notebooks model experiments mysteries bench lint

help:
	@echo "make lab          open the course in JupyterLab (FRESH=1 starts anew, ARGS=... passes on)"
	@echo "make test         run every test and every notebook"
	@echo "make matrix       run the tests as other machines would (ONLY=\"haswell avx\" for some rows,"
	@echo "                  ARGS=--unit without the notebooks, ARGS=--list names the rows)"
	@echo "make mutate       change the package in one place at a time: do its tests notice?"
	@echo "                  (a sample, about 10 minutes; ARGS=--all for every mutant, ARGS=--help)"
	@echo "make fuzz         10,000 examples of each property (EXAMPLES=500 for fewer)"
	@echo "make course       execute the course into a website in build/course (ARGS=--stored: as it is)"
	@echo "make workshop     notebooks for students and instructor, and a handout, in build/workshop"
	@echo "                  (PDF=1 prints all of it, if there is a Chromium)"
	@echo "                  (WHEELS=1 or PLATFORMS=linux,macos-arm64,windows loads all packages too)"
	@echo "make notebooks    execute the notebooks in place (NB=02 for one), check them and the exercises"
	@echo "make model        train the models in data/ anew (about 15 minutes)"
	@echo "make experiments  measure the forget bias and the worth of each hour anew (over an hour;"
	@echo "                  ARGS=--continue goes on)"
	@echo "make mysteries    train the networks of notebook 09 anew, and measure what is said of them"
	@echo "make bench        time the NumPy LSTM beside Keras (a table of ratios, 10 minutes)"
	@echo "make faults       plant faults and see which test catches each (ONLY=name for one)"
	@echo "make lint         ruff over package, tests and notebooks, mypy over the package"

$(READY): $(STALE)
	@command -v $(PYTHON) >/dev/null || \
	  { echo "make: no $(PYTHON) here: install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "make: expected Python 3.11 to 3.13, got $$($(PYTHON) -V 2>&1): name another one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "make: $(PYTHON) has no venv module: install it (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@[ -w . ] && { [ -w .venv ] || [ ! -e .venv ]; } || \
	  { echo "make: you can't write in this folder, and .venv must be set up: copy the folder to a place of your own"; exit 1; }
	@echo "Setting up .venv, once: about 2.5 GB on disk, some minutes"
	@rm -f $(READY)
	$(PYTHON) -m venv $$($(WORKS) || echo --clear) .venv
	$(PY) -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[$(EXTRAS)]'
	@$(PY) notebooks/course.py here
	@cat $(ASKED) > $(READY)

lab: $(READY)
	@$(PY) notebooks/course.py lab $(if $(FRESH),--fresh) $(ARGS)

# Two notebooks at a time; all else is in pyproject.toml and conftest.py, so that pytest alone does
# the same.
test: $(READY)
	$(PY) -m pytest -n 2 --dist loadscope --nbval --nbval-current-env tests notebooks $(ARGS)

matrix: $(READY)
	@$(PY) tests/matrix.py $(if $(ONLY),--only $(ONLY)) $(ARGS)

mutate: $(READY)
	@$(PY) tests/mutate.py $(ARGS)

EXAMPLES ?= 10000
fuzz: $(READY)
	OPENBLAS_NUM_THREADS=1 FUZZ_EXAMPLES=$(EXAMPLES) $(PY) -m pytest -q -n 2 tests/test_properties.py $(ARGS)

$(SITE): $(SITE_STALE) | $(READY)
	@echo "Adding Sphinx to .venv, once: about 90 MB"
	$(PY) -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[site]'
	@cat $(ASKED) > $(SITE)

course: $(READY) $(SITE)
	@$(PY) notebooks/course.py render $(ARGS)

workshop: $(READY)
	@$(PY) notebooks/course.py workshop $(if $(PDF),--pdf) $(if $(WHEELS),--wheels) $(if $(PLATFORMS),--platforms $(PLATFORMS)) $(ARGS)

notebooks: $(READY)
	$(PY) notebooks/course.py execute $(NB)
	$(PY) -m pytest -q -o verbosity_assertions=2 tests/test_notebooks.py tests/test_exercises.py

model: $(READY)
	$(PY) data/make_model.py

bench: $(READY)
	$(PY) tests/benchmarks/bench_replay.py $(ARGS)

experiments: $(READY)
	$(PY) data/make_experiments.py $(ARGS)
	$(PY) data/make_window_experiments.py $(ARGS)
	$(PY) data/make_shuffling_costs.py $(ARGS)

mysteries: $(READY)
	$(PY) data/make_mysteries.py $(ARGS)

faults: $(READY)
	PYTHONPATH=tests $(PY) -m faults $(ONLY)

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
