#!/usr/bin/env bash
# Train and test TIN, and the same network without a temporal module (TSN), on videos made for it:
# tools/demo.sh [WORK_DIR], where results go to work_dirs unless another folder is named.
# A second run goes on where the first one stopped and trains nothing that is trained already.
set -euo pipefail
[ $# -eq 0 ] || work_dirs=$(realpath -m "$1")
cd "$(dirname "$0")/.."
work_dirs=${work_dirs:-work_dirs}
tools/setup.sh
export PATH="$PWD/.venv/bin:$PATH"
# mmcv-lite and mim greet every start with the same warnings, which ask nothing of anybody here.
export PYTHONWARNINGS=ignore
# Threads that wait should sleep: where cores are shared, spinning makes training several times slower.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-PASSIVE}
started=$SECONDS

# The set of the size that it once had gives way: it can be made again.
force=$(grep -qs '"num_clips": 960, "num_val": 240, "seed": 0' data/demo/dataset.json && echo --force || true)
python tools/make_demo_data.py $force
train_and_test() {
    local config=configs/$1_r18_demo.py work_dir=$work_dirs/$1_r18_demo
    mim train mmtin "$config" --work-dir "$work_dir" --resume
    mim test mmtin "$config" --checkpoint "$(cat "$work_dir/last_checkpoint")" --work-dir "$work_dir" \
        --dump "$work_dir/predictions.pkl" --force
}
# Both at once, with half of the cores each: so small a network gains little from more of them.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(((1 + $(getconf _NPROCESSORS_ONLN)) / 2))}
mkdir -p "$work_dirs"
control_log=$work_dirs/tsn_r18_demo.log
echo "TSN, the control, trains meanwhile; what it says is in $control_log."
set -m # a group of its own, which goes with this script
train_and_test tsn >"$control_log" 2>&1 &
control=$!
set +m
trap 'kill -- -$control 2>/dev/null || true' EXIT
train_and_test tin
wait $control || { cat "$control_log"; exit 1; }
trap - EXIT
python tools/contact_sheet.py configs/tin_r18_demo.py "$(cat "$work_dirs/tin_r18_demo/last_checkpoint")" \
    --out "$work_dirs/contact_sheet.png" --force
python tools/report.py "$work_dirs"/{tin,tsn}_r18_demo --out "$work_dirs/report.html" --force

echo
python tools/compare.py "$work_dirs"/{tin,tsn}_r18_demo
echo
echo "Contact sheet with true and predicted classes: $work_dirs/contact_sheet.png"
echo "Curves, confusions, clips and learned offsets: $work_dirs/report.html"
echo "The demo took $((SECONDS - started)) s after the set-up."
