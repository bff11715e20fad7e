"""Curves and environment from mmengine's logs, resumed and cut off ones included."""

import json

import numpy as np
import pytest

from mmtin.errors import UserError
from mmtin.report.logs import read_curves, read_environment


def write_log(work_dir, timestamp, *rows):
    folder = work_dir / timestamp / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(''.join(f'{json.dumps(row)}\n' for row in rows))


def training(iteration, loss):
    return dict(loss=loss, epoch=1 + (iteration - 1) // 10, iter=iteration, step=iteration, lr=0.1)


def validation(epoch, accuracy):
    return {'acc/top1': accuracy, 'time': 0.1, 'step': epoch}


def test_validation_stands_at_the_end_of_its_epoch(tmp_path):
    write_log(
        tmp_path,
        '1',
        training(5, 2.0),
        training(10, 1.0),
        validation(1, 0.5),
        training(20, 0.5),
        validation(2, 0.9),
    )
    curves = read_curves(tmp_path)
    np.testing.assert_array_equal(curves['loss'], [[5, 2.0], [10, 1.0], [20, 0.5]])
    np.testing.assert_array_equal(curves['acc/top1'], [[10, 0.5], [20, 0.9]])
    assert 'time' not in curves


def test_resumed_training_replaces_what_it_did_again(tmp_path):
    write_log(tmp_path, '1', training(10, 3.0), training(15, 2.5), training(20, 2.0))
    write_log(tmp_path, '2', training(12, 1.5), training(22, 1.0))
    np.testing.assert_array_equal(read_curves(tmp_path)['loss'], [[10, 3.0], [12, 1.5], [22, 1.0]])


def test_resumed_training_that_begins_with_a_validation(tmp_path):
    write_log(tmp_path, '1', training(10, 3.0))
    write_log(tmp_path, '2', validation(1, 0.5), training(15, 1.0))
    np.testing.assert_array_equal(read_curves(tmp_path)['acc/top1'], [[10, 0.5]])


def test_long_curves_are_thinned_up_to_their_last_point(tmp_path):
    write_log(tmp_path, '1', *(training(i, 1 / i) for i in range(1, 1001)))
    curve = read_curves(tmp_path)['loss']
    assert 300 < len(curve) <= 400
    assert curve[-1, 0] == 1000


def test_scalars_of_layers_stand_at_their_iteration(tmp_path):
    write_log(
        tmp_path, '1', training(20, 1.0), {'interlacing/layer1.0/group1/offset_mean': 1.5, 'step': 20}
    )
    np.testing.assert_array_equal(
        read_curves(tmp_path)['interlacing/layer1.0/group1/offset_mean'], [[20, 1.5]]
    )


def test_log_cut_off_in_the_middle(tmp_path):
    write_log(tmp_path, '1', training(10, 3.0), training(20, 2.0))
    path = tmp_path / '1/vis_data/scalars.json'
    path.write_text(path.read_text()[:-15])
    with pytest.raises(UserError, match=r'scalars\.json, line 2 is cut off'):
        read_curves(tmp_path)


def test_work_dir_without_logs(tmp_path):
    assert read_curves(tmp_path) == {}
    assert read_environment(tmp_path) == {}


def test_environment(tmp_path):
    (tmp_path / '1').mkdir()
    text = 'INFO - \n---\nSystem environment:\n    PyTorch: 2\n    CUDA: A: B\n  - GCC\n\n    OpenCV: 5\n'
    (tmp_path / '1/1.log').write_text(text + '-' * 60 + '\n    later: no\n')
    assert read_environment(tmp_path) == {'PyTorch': '2', 'CUDA': 'A: B', 'OpenCV': '5'}
    (tmp_path / '1/1.log').write_text(text)
    with pytest.raises(UserError, match=r'1\.log is cut off'):
        read_environment(tmp_path)
