# Two commands a newcomer needs: `make up` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: up test test-http check format lock bench bench-quick bench-bulk bench-soak openapi clean-data programme

$(VENV)/.run: requirements.lock pyproject.toml client/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Cần Python 3.11 trở lên / Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Thiếu mô-đun venv / the venv module is missing (Debian: apt install python3-venv)"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e client
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# A code generator whose own packages do not go together with ours.
$(VENV)/.generators: openapi/generators.lock $(VENV)/.run
	$(PYTHON) -m venv $(VENV)/generators
	$(VENV)/generators/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r openapi/generators.lock
	@touch $@

up: $(VENV)/.run
	@exec $(BIN)/lantoa up

tests/node/node_modules: tests/node/package-lock.json
	@command -v npm > /dev/null || { echo "Thiếu Node.js 20 / Node.js 20 is needed for the tests (Debian: apt install nodejs npm)"; exit 1; }
	npm ci --silent --no-audit --no-fund --prefix tests/node
	@touch $@

test: $(VENV)/.dev $(VENV)/.generators tests/node/node_modules
	$(BIN)/python -m pytest -n 4 --dist loadgroup -m "not alone" tests bench
	$(BIN)/python -m pytest -m alone tests bench

# The HTTP tests with other settings: make test-http LANTOA_RESPONSE_CACHE=off
test-http: $(VENV)/.dev
	LANTOA_RESPONSE_CACHE=$(LANTOA_RESPONSE_CACHE) $(BIN)/python -m pytest -n 4 --dist loadgroup -m "not alone" tests/http

NODE_BIN := tests/node/node_modules/.bin

check: $(VENV)/.dev tests/node/node_modules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file client/pyproject.toml client/lantoa_sync
	$(BIN)/lint-imports
	$(BIN)/python -m tests.layout
	$(BIN)/python -m openapi.export --check
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(NODE_BIN)/redocly lint --config openapi/redocly.yaml openapi/openapi.json
	$(NODE_BIN)/spectral lint --fail-severity hint --ruleset openapi/spectral.yaml openapi/openapi.json

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(VENV)/.dev
	$(BIN)/python -m openapi.export

bench: $(VENV)/.dev
	$(BIN)/python -m bench.run

bench-quick: $(VENV)/.dev
	$(BIN)/python -m bench.run --quick

bench-bulk: $(VENV)/.dev
	$(BIN)/python -m bench.bulk

bench-soak: $(VENV)/.dev
	$(BIN)/python -m bench.soak

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url openapi/generators.in -o openapi/generators.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra dev -c requirements.lock pyproject.toml client/pyproject.toml -o requirements-dev.lock

clean-data:
	rm -rf .lantoa
