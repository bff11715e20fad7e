"""Files are read and never run; what is no checkpoint is named in a sentence."""

import functools
import http.server
import os
import tarfile
import threading

import pytest
import torch
from torch import nn

from mmtin.checkpoint import read_checkpoint
from mmtin.errors import UserError

CONTENT = {'meta': {'epoch': 3}, 'state_dict': {'conv1.weight': torch.arange(2000.0)}}


class Runs:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def save(content, path, is_zip):
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    return path


@pytest.mark.parametrize('is_zip', [True, False], ids=['zip', 'as torch before 1.6'])
def test_round_trip(tmp_path, is_zip):
    read = read_checkpoint(save(CONTENT, tmp_path / 'weights.pth', is_zip))
    assert read['meta'] == CONTENT['meta']
    assert torch.equal(read['state_dict']['conv1.weight'], CONTENT['state_dict']['conv1.weight'])


@pytest.mark.parametrize('is_zip', [True, False], ids=['zip', 'as torch before 1.6'])
def test_code_is_refused(tmp_path, is_zip):
    path = save(CONTENT | {'x': Runs(tmp_path / 'ran')}, tmp_path / 'bad.pth', is_zip)
    with pytest.raises(UserError, match=r'bad.pth names posix.mkdir, code that reading it would run'):
        read_checkpoint(path)
    assert not (tmp_path / 'ran').exists()


def test_code_at_an_address_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    torch.save(CONTENT | {'x': Runs(tmp_path / 'ran')}, tmp_path / 'bad.pth')
    torch.save(CONTENT, tmp_path / 'good.pth')
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.HTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f'http://127.0.0.1:{server.server_port}'
        assert read_checkpoint(f'{address}/good.pth')['meta'] == CONTENT['meta']
        with pytest.raises(UserError, match=r'bad.pth names posix.mkdir'):
            read_checkpoint(f'{address}/bad.pth')
        with pytest.raises(UserError, match=r'cannot fetch http.*/none.pth .*404'):
            read_checkpoint(f'{address}/none.pth')
        server.shutdown()
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('is_zip', [True, False], ids=['zip', 'as torch before 1.6'])
@pytest.mark.parametrize('share', [0, 0.01, 0.5, 0.99])
def test_cut_off(tmp_path, is_zip, share):
    path = save(CONTENT, tmp_path / 'weights.pth', is_zip)
    os.truncate(path, int(share * path.stat().st_size))
    with pytest.raises(UserError, match=r'weights.pth: it is cut off, damaged or no checkpoint; fetch it'):
        read_checkpoint(path)


def test_exported_networks_are_called_what_they_are(tmp_path):
    program = torch.export.export(nn.Linear(2, 2), (torch.zeros(1, 2),))
    torch.export.save(program, tmp_path / 'network.pt2')
    with pytest.raises(
        UserError, match=r'network.pt2 is a program that torch.export wrote, not a checkpoint'
    ):
        read_checkpoint(tmp_path / 'network.pt2')
    (tmp_path / 'network.onnx').write_bytes(b'\x08\x07\x12\x07pytorch')
    with pytest.raises(UserError, match=r'network.onnx is an ONNX model, .*; give the .pth file'):
        read_checkpoint(tmp_path / 'network.onnx')


def test_other_files(tmp_path):
    path = tmp_path / 'file.pth'
    with pytest.raises(UserError, match=r'no checkpoint at .*file.pth; check the path'):
        read_checkpoint(path)
    for text in (b'hello ' * 100, bytes(range(256)) * 20, b'PK\x03\x04' + b'\0' * 100):
        path.write_bytes(text)
        with pytest.raises(UserError, match='cut off, damaged or no checkpoint'):
            read_checkpoint(path)
    torch.save(torch.zeros(3), path)
    with pytest.raises(UserError, match='holds a Tensor, not a checkpoint'):
        read_checkpoint(path)
    torch.save(nn.Linear(2, 2), path)
    with pytest.raises(UserError, match=r'names torch.nn.modules.linear.Linear, code'):
        read_checkpoint(path)
    with tarfile.open(path, 'w'):
        pass
    with pytest.raises(UserError, match=r'is a .tar of torch 0.1, not a checkpoint'):
        read_checkpoint(path)
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), str(path))
    with pytest.raises(UserError, match='is a TorchScript program, not a checkpoint'):
        read_checkpoint(path)
