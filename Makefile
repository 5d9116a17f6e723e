# What a fresh machine needs: Python 3.11 or newer, git and make. Everything else goes into .venv.
#   make cull SHOOT=path/to/photos      make test      make serve      make help

.DEFAULT_GOAL := help
.PHONY: help cull serve test fuzz accuracy bench clean
.DELETE_ON_ERROR:

# The first Python that is new enough; `make cull PYTHON=python3.12` names another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv
SAMPLE := sample-shoot
SHOOT ?=
export SHOOT

PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

help:
	@echo "make cull SHOOT=path/to/photos   cull a folder of photos (without SHOOT: a sample shoot)"
	@echo "make serve                       open the page that judges photos you drop on it"
	@echo "make test                        install what the tests need and run them all (ARGS=-x goes to pytest)"
	@echo "make fuzz                        feed damaged metadata to the readers for FUZZ_SECONDS (600)"
	@echo "make accuracy EVAL=folder        measure the development sets in folder and rewrite docs/accuracy.md"
	@echo "make bench                       measure the speed of this machine and rewrite docs/performance.md (PEERS=python)"
	@echo "make clean                       remove $(VENV) and $(SAMPLE)"
	@echo "PYTHON=python3.12                names the Python to use, 3.11 or newer"

# The shell would not expand a ~ behind SHOOT= in every case, and a path may hold spaces: hence the quotes.
ifeq ($(strip $(SHOOT)),)
cull: $(VENV)/runtime.stamp $(SAMPLE)/labels.csv
	@$(VENV)/bin/keepers cull $(SAMPLE)
else
cull: $(VENV)/runtime.stamp
	@shoot="$$SHOOT"; case "$$shoot" in "~/"*) shoot="$$HOME/$${shoot#??}";; esac; \
	$(VENV)/bin/keepers cull "$$shoot"
endif

serve: $(VENV)/runtime.stamp
	@$(VENV)/bin/keepers serve

# Most tests keep one core busy. A file stays with one worker, so that what its tests share is made once. Those that
# measure a time come last, with nothing beside them; 5 is pytest's word for none among ARGS.
JOBS ?= auto
test: $(VENV)/test.stamp
	@$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile -m "not timed" $(ARGS)
	@$(VENV)/bin/python -m pytest -m timed $(ARGS) || [ $$? = 5 ]

# What it finds is left beside the corpus; the next run goes on from there.
FUZZ_SECONDS ?= 600
fuzz: $(VENV)/test.stamp
	@$(PIP) atheris
	@mkdir -p $(VENV)/fuzz/corpus
	@$(VENV)/bin/python tests/fuzz/fuzz_xmp.py -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2000 \
	  -artifact_prefix=$(VENV)/fuzz/ $(VENV)/fuzz/corpus

# MADE: a dataset of `keepers dataset build`, BESIDE: another network. The prose of the page stays as it is.
EVAL ?=
MADE ?=
BESIDE ?=
export EVAL MADE BESIDE
accuracy: $(VENV)/runtime.stamp
	@test -d "$$EVAL" || { echo "Name the folder of the development sets: make accuracy EVAL=path/to/eval"; exit 1; }
	@$(VENV)/bin/python docs/accuracy/build.py "$$EVAL" $${MADE:+--made "$$MADE"} $${BESIDE:+--beside "$$BESIDE"}

# Fails where a ratio is much worse than the one in bench/results. PEERS: the Python of an environment that has
# bench/peers/requirements.txt; without one their table stays as it is. BENCH_PHOTOS: where made photos are kept.
PEERS ?=
BENCH_PHOTOS ?=
export PEERS BENCH_PHOTOS
bench: $(VENV)/runtime.stamp
	@$(VENV)/bin/python bench/build.py $${PEERS:+--peers "$$PEERS"} $${BENCH_PHOTOS:+--photos "$$BENCH_PHOTOS"} $(ARGS)

$(SAMPLE)/labels.csv: | $(VENV)/runtime.stamp
	@$(VENV)/bin/keepers sample $(SAMPLE)

# A stamp makes the second run instant; a changed pin or dependency makes it old.
$(VENV)/runtime.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing keepers into $(VENV) (a minute, once) ..."
	@$(PIP) -e .
	@touch $@

$(VENV)/test.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing keepers with what training and tests need into $(VENV) (some minutes, once) ..."
	@$(PIP) -e '.[train,test]'
	@$(PIP) -e '.[openvino]' || echo "OpenVINO could not be installed; the tests with it will be skipped."
	@touch $@ $(VENV)/runtime.stamp

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
	echo "keepers needs Python 3.11 or newer and found none; install it, or name it: make PYTHON=/path/to/python3"; \
	exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "keepers needs Python 3.11 or newer, and $(PYTHON) is older or missing; name another: make PYTHON=python3.12"; \
	exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu install python3-venv, then try again."; \
	exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

clean:
	@rm -rf $(VENV) $(SAMPLE)
