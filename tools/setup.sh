#!/usr/bin/env bash
# Create or update .venv at the root with everything mmtin needs. Does nothing when nothing changed.
#
#   PYTHON=...       the interpreter to start from (default: python3, else python3.14 down to python3.10)
#   MMTIN_MMCV=...   full: mmcv with compiled operators; lite: without; auto (default): full where CUDA is
set -euo pipefail
cd "$(dirname "$0")/.."

# The first that is in the range of pyproject.toml.
candidates=(python3 python3.1{4,3,2,1,0})
[ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
for python in "${candidates[@]}" ''; do
    "${python:-false}" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && break
done
if [ -z "$python" ]; then
    found=$("${candidates[0]}" --version 2>/dev/null || echo none)
    echo "error: Python 3.10 to 3.14 is needed, ${candidates[0]} is '$found'; name one with PYTHON=/path/to/python" >&2
    exit 1
fi

mmcv=${MMTIN_MMCV:-auto}
case $mmcv in
    auto) if command -v nvcc >/dev/null && command -v nvidia-smi >/dev/null; then mmcv=full; else mmcv=lite; fi ;;
    full | lite) ;;
    *) echo "error: MMTIN_MMCV must be full, lite or auto, got '$mmcv'" >&2; exit 1 ;;
esac

stamp=.venv/mmtin-setup
# An editable install copies configs and tools to where mim looks for them: new ones need another.
wanted="$mmcv $(find pyproject.toml configs tools -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 cat | cksum)"
if [ -x .venv/bin/mim ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

echo "Setting up .venv ($mmcv mmcv); this takes some minutes the first time."
rm -f "$stamp"
[ -x .venv/bin/python ] || "$python" -m venv .venv
pip=(.venv/bin/python -m pip --disable-pip-version-check)
"${pip[@]}" install --quiet --upgrade 'pip>=25.1' 'setuptools>=77,<81' wheel
"${pip[@]}" install --quiet --group torch --group build
# The two builds of mmcv install the same files: the one not wanted must go first.
if [ "$mmcv" = full ]; then
    "${pip[@]}" uninstall --quiet --yes mmcv-lite
    # mmcv's setup imports torch, which an isolated build does not see.
    "${pip[@]}" install --quiet psutil ninja
    "${pip[@]}" install --quiet --no-build-isolation --editable '.[full,mim,test]'
else
    "${pip[@]}" uninstall --quiet --yes mmcv
    "${pip[@]}" install --quiet --editable '.[lite,mim,test]'
fi
"${pip[@]}" install --quiet --no-deps --group mim
"${pip[@]}" install --quiet --no-deps --upgrade --target .venv/zoo --group zoo
echo "$wanted" >"$stamp"
