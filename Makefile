# make run: the dashboard on http://localhost:8501. make test: every check. Paths are relative, so that
# the folder's own path may hold spaces.
PYTHON ?= python3
PY = .venv/bin/python

.PHONY: run test nightly bench bench-full lock definitions validation clean

# One thread a session for linear algebra: several sessions at once would only wait for each other.
run: .venv/run.done
	@$(PY) cli.py setup
	@echo "Hepatrace opens on http://localhost:8501 (stop it with Ctrl+C)"
	@OPENBLAS_NUM_THREADS=1 $(PY) app.py

test: .venv/test.done
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m ty check
	$(PY) -m pytest -n 2 --dist worksteal

nightly: .venv/test.done
	HEPATRACE_FUZZ=10000 $(PY) -m pytest -n 2 tests/test_readers.py

bench: .venv/test.done
	$(PY) -m bench

# A million subjects as well; takes about half an hour and 12 GB of disk. Writes docs/benchmark.md.
bench-full: .venv/test.done
	$(PY) -m bench --full

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Hepatrace needs Python 3.11 or newer; name one with: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv

.venv/run.done: requirements.txt | .venv/bin/python
	@echo "Installing the libraries (once, about a minute)"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch .venv/run.done

.venv/test.done: requirements-dev.txt | .venv/bin/python
	@echo "Installing the libraries for the tests (once, about a minute)"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch .venv/test.done

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --extra dev pyproject.toml -o requirements-dev.txt

validation: .venv/test.done
	$(PY) -m tests.validation > docs/validation.md

definitions: .venv/run.done
	$(PY) cli.py definitions > docs/definitions.md

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
