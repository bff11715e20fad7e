#!/usr/bin/env bash
# Train and test TIN, and the same network without a temporal module (TSN), on videos made for it.
# A second run goes on where the first one stopped and trains nothing that is trained already.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh
export PATH="$PWD/.venv/bin:$PATH"
started=$SECONDS

python tools/make_demo_data.py
for model in tin tsn; do
    config=configs/${model}_r18_demo.py work_dir=work_dirs/${model}_r18_demo
    mim train mmtin "$config" --work-dir "$work_dir" --resume
    mim test mmtin "$config" --checkpoint "$(cat "$work_dir/last_checkpoint")" --work-dir "$work_dir"
done

python tools/compare.py work_dirs/tin_r18_demo work_dirs/tsn_r18_demo
python tools/contact_sheet.py configs/tin_r18_demo.py "$(cat work_dirs/tin_r18_demo/last_checkpoint)" \
    --out work_dirs/demo_contact_sheet.png
echo "The demo took $((SECONDS - started)) s after the set-up."
