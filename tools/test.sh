#!/usr/bin/env bash
# Set up .venv and pass the tests. Arguments go to pytest: tools/test.sh -m 'not slow'
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh
# Threads that wait should sleep: where cores are shared, spinning makes training several times slower.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-PASSIVE}
.venv/bin/ruff check .
.venv/bin/ruff format --check .
exec .venv/bin/python -m pytest "$@"
