#!/usr/bin/env bash
# Set up .venv and pass the tests. Arguments go to pytest: tools/test.sh -m 'not slow'
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh
.venv/bin/ruff check .
.venv/bin/ruff format --check .
exec .venv/bin/python -m pytest "$@"
