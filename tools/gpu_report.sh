#!/usr/bin/env bash
# Test and measure what needs a GPU, within ten minutes, and write a report for a bug or for docs/performance.md:
# tools/gpu_report.sh [FILE], where FILE is work_dirs/gpu_report.md unless named.
#
#   DEVICE=...   cuda (default), cuda:1, ...; cpu tries this script itself, on tiny sizes
#   PYTHON=...   of an environment that has mmtin (default: that of tools/setup.sh)
set -euo pipefail
[ $# -eq 0 ] || out=$(realpath -m "$1")
cd "$(dirname "$0")/.."
out=${out:-work_dirs/gpu_report.md} device=${DEVICE:-cuda}
if [ -z "${PYTHON:-}" ]; then tools/setup.sh; fi
python=${PYTHON:-.venv/bin/python}
if [ -e "$out" ]; then
    echo "error: $out is there already; name another file or take it away" >&2
    exit 1
fi
# A row is measured on few clips there.
large=(--clips 16 --repeats 50) network=(--clips 16 --repeats 30 --dtype bfloat16) tests=(tests/ops)
if [ "$device" = cpu ]; then
    large=(--clips 1 --repeats 1 --warmup 1 --size 14) network=(--depth 18 --size 32 --repeats 1 --warmup 1)
    tests=(tests/ops/test_arguments.py)
elif ! "$python" -c "import sys, torch; sys.exit(not torch.cuda.is_available())"; then
    echo "error: torch sees no GPU; see \`$python -m mmtin doctor\`, and tools/setup.sh for torch with CUDA" >&2
    exit 1
fi

mkdir -p "$(dirname "$out")"
part=$out.part status=0
trap 'rm -f "$part"' EXIT

# section SECONDS COMMAND...: run it, and put what it prints into the report.
section() {
    local limit=$1 found=0
    shift
    echo "$*" >&2
    printf '## `%s`\n\n```text\n' "${*:2}" >>"$part"
    timeout "$limit" "$@" >>"$part" || found=$?
    [ $found -ne 124 ] || echo "not finished within $limit s" >>"$part"
    [ $found -eq 0 ] || { echo "exit status $found" >>"$part"; status=1; }
    printf '```\n\n' >>"$part"
}

printf '# GPU report\n\n%s, commit %s\n\n' "$(date -u +%F)" "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" >"$part"
section 60 "$python" -m mmtin doctor
section 180 "$python" -m pytest -q -p no:cacheprovider "${tests[@]}"
section 60 "$python" tools/benchmark.py op --device "$device" "${large[@]}"
section 60 "$python" tools/benchmark.py op --device "$device" "${large[@]}" --layout channels_last
section 180 "$python" tools/benchmark.py model --device "$device" "${network[@]}" --layout channels_last
mv "$part" "$out"
echo "Report: $out"
exit $status
