"""The content of mmengine's checkpoints is read, and pickles that would run code are refused."""

import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.optim import OneCycleLR
from torch.optim import SGD

from mmtin.checkpoint import read_checkpoint
from mmtin.checkpoint.archive import read_archive
from mmtin.errors import UserError


def test_checkpoints_of_mmengine_load(tmp_path):
    hub = MessageHub('a test of mmtin')
    for value in (3.0, 2.0, 1.0):
        hub.update_scalar('train/loss', value)
        hub.update_scalar('val/top1', np.float64(value))
    hub.update_info('iter', 3)
    schedule = OneCycleLR(SGD([torch.ones(1)], lr=0.1), eta_max=1, total_steps=10).state_dict()
    torch.save(
        {'state_dict': {}, 'message_hub': hub.state_dict(), 'param_schedulers': [schedule]},
        tmp_path / 'epoch_1.pth',
    )
    read = read_checkpoint(tmp_path / 'epoch_1.pth')
    loss = read['message_hub']['log_scalars']['train/loss']
    assert type(loss) is HistoryBuffer and loss.mean(3) == 2
    assert read['param_schedulers'] == [schedule]
    # What was read can be written, and read again.
    torch.save(read, tmp_path / 'epoch_2.pth')
    again = read_checkpoint(tmp_path / 'epoch_2.pth')['message_hub']['log_scalars']['val/top1']
    assert again.data[0].tolist() == [3, 2, 1]


class Calls:
    """Pickles as a call of ``function`` with ``arguments``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    'evil',
    [
        Calls(os.system, 'touch hacked'),
        Calls(eval, "open('hacked', 'w')"),
        Calls(getattr, HistoryBuffer, '__init__'),
        Calls(getattr, HistoryBuffer, '__subclasses__'),
        Calls(getattr, HistoryBuffer([1.0], [1]), 'mean'),
        Calls(getattr, torch.Tensor, 'apply_'),
        Calls(getattr, [], 'append'),
        Calls(getattr, HistoryBuffer, 'update'),
        Calls(getattr, HistoryBuffer, 'register_statistics'),
    ],
    ids=[
        'system',
        'eval',
        'dunder',
        'subclasses',
        'instance',
        'Tensor',
        'unhashable',
        'update',
        'register',
    ],
)
def test_checkpoints_that_call_are_refused(tmp_path, monkeypatch, evil):
    monkeypatch.chdir(tmp_path)
    torch.save({'state_dict': evil}, 'evil.pth')
    with pytest.raises(UserError, match='code that reading it would run'):
        read_checkpoint('evil.pth')
    assert not (tmp_path / 'hacked').exists()


@pytest.mark.parametrize(
    'name',
    [
        'torch._utils _rebuild_tensor_v2',
        'collections OrderedDict',
        'numpy dtype',
        'mmengine.logging.history_buffer HistoryBuffer',
        'mmengine.optim.scheduler.param_scheduler OneCycleParamScheduler',
        'torch float32',
        'torch.nn.parameter Parameter',
    ],
)
def test_nothing_of_the_reader_can_be_altered(tmp_path, name):
    """A pickle sets attributes of what it was given: of the function or class itself."""
    module, attribute = name.split()
    # The opcodes: a name, then the state ({}, {'__call__': 'x'}) that it is given.
    content = f'\x80\x02c{module}\n{attribute}\n}}}}X\x04\0\0\0evilX\x01\0\0\0xs\x86b.'
    with zipfile.ZipFile(tmp_path / 'evil.pth', 'w') as file:
        file.writestr('evil/data.pkl', content.encode('latin1'))
    with pytest.raises((ValueError, TypeError, AttributeError, pickle.UnpicklingError)):
        read_archive(tmp_path / 'evil.pth', 'cpu')


def test_numbers_of_numpy_load(tmp_path):
    values = {code: np.arange(3).astype(code) for code in '?bBhHiIlLqQefd'} | {'scalar': np.float64(0.5)}
    torch.save(values, tmp_path / 'numbers.pth')
    loaded = read_checkpoint(tmp_path / 'numbers.pth')
    for key, value in values.items():
        assert loaded[key].dtype == value.dtype and (loaded[key] == value).all()


def test_tensors_come_back_as_they_were(tmp_path):
    """Types, views of one memory, parameters, layouts and what requires a gradient."""
    wide = torch.arange(24.0).view(4, 6)
    saved = {
        'whole': wide,
        'view': wide[1:3, ::2],
        'transposed': wide.T,
        'empty': torch.empty(0, 3),
        'scalar': torch.tensor(2, dtype=torch.int64),
        'parameter': torch.nn.Parameter(torch.ones(2), requires_grad=False),
        'gradient': torch.ones(2, requires_grad=True),
        'size': wide.shape,
        'device': torch.device('cpu'),
        'set': {1, 2},
    }
    kinds = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.float16)
    saved |= {str(kind): torch.ones(3, dtype=kind) for kind in (*kinds, torch.bfloat16, torch.complex64)}
    for is_zip in (True, False):
        torch.save(saved, tmp_path / 'tensors.pth', _use_new_zipfile_serialization=is_zip)
        read = read_checkpoint(tmp_path / 'tensors.pth')
        for key, value in saved.items():
            if isinstance(value, torch.Tensor):
                assert (read[key].dtype, read[key].requires_grad) == (value.dtype, value.requires_grad)
                assert read[key].stride() == value.stride() and torch.equal(read[key], value)
                assert type(read[key]) is type(value)
            else:
                assert read[key] == value
        read['whole'].zero_()
        assert not read['view'].any() and not read['transposed'].any()


def test_network_keeps_the_metadata_of_its_state(tmp_path):
    state = torch.nn.BatchNorm2d(3).state_dict()
    torch.save(state, tmp_path / 'state.pth')
    assert read_checkpoint(tmp_path / 'state.pth')._metadata == state._metadata


@pytest.mark.parametrize('map_location', ['meta', torch.device('meta'), {'cpu': 'meta'}], ids=str)
@pytest.mark.parametrize('is_zip', [True, False])
def test_map_location(tmp_path, map_location, is_zip):
    torch.save({'x': torch.ones(3)}, tmp_path / 'x.pth', _use_new_zipfile_serialization=is_zip)
    read = read_checkpoint(tmp_path / 'x.pth', map_location)['x']
    assert read.is_meta and read.shape == (3,)


def test_map_location_that_is_a_function(tmp_path):
    torch.save({'x': torch.ones(3)}, tmp_path / 'x.pth')
    asked = []
    read = read_checkpoint(tmp_path / 'x.pth', lambda storage, location: asked.append(location))
    assert asked == ['cpu'] and read['x'].tolist() == [1, 1, 1]


def test_tensor_beyond_its_memory(tmp_path):
    """It would read other memory of the process."""
    torch.save({'x': torch.ones(3)}, tmp_path / 'x.pth', _use_new_zipfile_serialization=False)
    content = (tmp_path / 'x.pth').read_bytes()
    # The size (3,) and stride (1,), each as a byte in a tuple of one.
    assert content.count(b'K\x03\x85') == 1
    (tmp_path / 'x.pth').write_bytes(content.replace(b'K\x03\x85', b'K\xff\x85'))
    with pytest.raises(UserError, match='damaged'):
        read_checkpoint(tmp_path / 'x.pth')


def test_compressed_numbers_are_refused(tmp_path):
    """A few bytes of them could fill any memory."""
    torch.save({'x': torch.ones(3)}, tmp_path / 'x.pth')
    with (
        zipfile.ZipFile(tmp_path / 'x.pth') as plain,
        zipfile.ZipFile(tmp_path / 'y.pth', 'w', zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    with pytest.raises(UserError, match='damaged'):
        read_checkpoint(tmp_path / 'y.pth')
