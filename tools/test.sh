#!/usr/bin/env bash
# Set up .venv, check style and types, pass the tests. Arguments go to pytest: tools/test.sh -m 'not slow'
#
#   MMTIN_TEST_PROCESSES=...   processes that share the tests (default: one more than cores, at most 4: some
#                              wait for processes of their own); 0 shows the output of a test while it runs
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh
cores=$(nproc)
processes=${MMTIN_TEST_PROCESSES:-$((cores < 4 ? cores + 1 : 4))}
# One thread a process, and threads that wait should sleep: where cores are shared, spinning makes training
# several times slower.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-PASSIVE}
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports --no-cache
exec .venv/bin/python -m pytest --numprocesses "$processes" --dist worksteal "$@"
