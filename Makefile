# Few verbs: run, app, test, check, warm, bench, clean. The first use of any makes .venv.
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
ARGS ?=

.PHONY: run app test check warm bench clean

run: $(STAMP)
	$(BIN)/swarmscale run $(ARGS)

app: $(STAMP)
	$(BIN)/swarmscale app $(ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

warm: $(STAMP)
	$(BIN)/swarmscale warmup

bench: $(STAMP)
	$(BIN)/swarmscale bench $(ARGS)
	$(BIN)/python benchmarks/live.py

clean:
	rm -rf $(VENV) build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	@python=; for name in python3.14 python3.13 python3.12 python3 python; do \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "swarmscale needs Python 3.12 or newer on PATH; there is none" >&2; exit 1; \
	fi; \
	$$python -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench,dev,viz]'
	@touch $@
