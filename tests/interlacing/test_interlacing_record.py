"""The record of offsets and weights: sums that add up, a file that says when it is damaged."""

import numpy as np
import pytest
import torch

from mmtin.errors import UserError
from mmtin.interlacing.record import (
    InterlacingRecord,
    LayerRecord,
    Moments,
    checkpoint_of_latest_record,
    farthest_layer,
    latest_record,
    read_record,
    write_record,
)


def layer(name, offset):
    offsets = torch.tensor(offset)[None]
    return LayerRecord(
        name, 4.0, True, Moments.of(offsets).spread(), Moments.of(torch.rand(3, 8, 2)).spread()
    )


def test_moments_of_parts_add_up():
    values = 100 + torch.randn(50, 3, dtype=torch.double)
    spread = (Moments.of(values[:7]) + Moments.of(values[7:])).spread()
    np.testing.assert_allclose(spread.mean, values.mean(0))
    np.testing.assert_allclose(spread.std, values.std(0, correction=0), rtol=1e-6)
    np.testing.assert_array_equal(spread.min, values.amin(0))
    np.testing.assert_array_equal(spread.max, values.amax(0))


def test_file_gives_back_the_record(tmp_path):
    record = InterlacingRecord(3, [layer('layer1.0', [1.0, -2.5]), layer('layer1.1', [-3.0, 0.5])])
    (tmp_path / 'work/20260101_000000').mkdir(parents=True)
    write_record(record, tmp_path / 'work/20260101_000000/interlacing.json')
    read = latest_record(tmp_path / 'work')
    assert (read.num_clips, read.layers[1].name, read.layers[1].max_offset) == (3, 'layer1.1', 4.0)
    np.testing.assert_array_equal(read.layers[0].weight.std, record.layers[0].weight.std)
    assert farthest_layer(read) == 'layer1.1'


@pytest.mark.parametrize(
    'text', ['', '{"num_clips": 1, "layers": [{"na', '[]', '{"num_clips": 1, "layers": [1]}']
)
def test_damaged_file_is_named(tmp_path, text):
    path = tmp_path / 'interlacing.json'
    path.write_text(text)
    with pytest.raises(UserError, match=r'interlacing\.json is no record .* cut off'):
        read_record(path)


def write_run(work_dir, timestamp, log):
    folder = work_dir / timestamp
    folder.mkdir(parents=True)
    write_record(InterlacingRecord(1, [layer('layer1.0', [1.0])]), folder / 'interlacing.json')
    (folder / f'{timestamp}.log').write_text(log)


def test_newest_record_is_of_the_checkpoint_that_made_it(tmp_path):
    work_dir, other = tmp_path / 'work', tmp_path / 'other.pth'
    write_run(work_dir, '20260101_000000', 'Load checkpoint from kinetics.pth\nEpoch(train) [1][1/1]\n')
    for path in (work_dir / 'epoch_1.pth', work_dir / 'best.pth', other):
        path.touch()
    (work_dir / 'last_checkpoint').write_text('/where/it/was/epoch_1.pth')
    assert checkpoint_of_latest_record(work_dir) == work_dir / 'epoch_1.pth'
    write_run(work_dir, '20260102_000000', f'Load checkpoint from {other}\nEpoch(test) [1/1]\n')
    assert checkpoint_of_latest_record(work_dir) == other
    write_run(work_dir, '20260103_000000', 'Load checkpoint from /where/it/was/best.pth\n')
    assert checkpoint_of_latest_record(work_dir) == work_dir / 'best.pth'
    write_run(work_dir, '20260104_000000', 'Load checkpoint from /gone.pth\n')
    with pytest.raises(UserError, match=r'are those of /gone.pth, which is not there; name the checkpoint'):
        checkpoint_of_latest_record(work_dir)


def test_folder_without_record_names_the_remedy(tmp_path):
    with pytest.raises(UserError, match='InterlacingHook'):
        latest_record(tmp_path)
