"""Files from elsewhere are data: no command runs their code, passes a name to a shell, writes outside its
output or opens a connection. Configs are Python, and a command runs the one that it is given.
"""

import csv
import os
import pickle
import runpy
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.checkpoint import read_checkpoint
from mmtin.datasets.ava import read_proposals
from mmtin.datasets.clip_names import name_clips
from mmtin.datasets.video.decoding import open_video
from mmtin.datasets.video.packets import VideoError
from mmtin.errors import UserError
from mmtin.prediction.frames import open_file
from mmtin.work_dirs import last_checkpoint
from tests.datasets.owner_files import write_lines
from tests.report.tiny_run import tiny_config, write_videos
from tests.tools.in_process import TOOLS, run_tool

WORD = 'pwned'  # the file that a name below would make
VIDEOS = (
    f'; touch {WORD};.mp4',
    f'$(touch {WORD}).mp4',
    f'`touch {WORD}`.mp4',
    f'| touch {WORD}.mp4',
    f'--out={WORD}.mp4',
    f'../../run/data/..{WORD}.mp4',
)
CLASSES = (f'<script>fetch("{WORD}")</script>', f'../../../{WORD}')


class Files(NamedTuple):
    """A run whose clips and classes have the names above, and the folder that a command may write to."""

    data: Path
    config: Path
    work_dir: Path
    checkpoint: Path
    dump: Path
    out: Path


@pytest.fixture(scope='module')
def finished_run(tmp_path_factory) -> Files:
    root = tmp_path_factory.mktemp('run', numbered=False)
    data, work_dir = root / 'data', root / 'run'
    data.mkdir()
    write_videos(data)
    for index, name in enumerate(VIDEOS):
        (data / f'val{index}.mp4').rename(data / name)
    write_lines(data / 'val.txt', *(f'{name}\t{index % 2}' for index, name in enumerate(VIDEOS)))
    write_lines(data / 'train.txt', *(f'train{index}.mp4\t{index % 2}' for index in range(8)))
    write_lines(data / 'labels.txt', *CLASSES)
    cfg = tiny_config(data, work_dir)
    cfg.train_cfg.max_epochs = 1
    for part in ('train', 'val', 'test'):
        cfg[f'{part}_dataloader'].dataset.delimiter = '\t'
    name_clips(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    runner.test()
    dump, config = root / 'predictions.pkl', root / 'config.py'
    shutil.copy(work_dir / dump.name, dump)
    cfg.test_evaluator = cfg.test_evaluator[0]
    cfg.dump(config)
    return Files(data, config, work_dir, last_checkpoint(work_dir), dump, root / 'out')


@pytest.fixture
def files(finished_run, tmp_path, monkeypatch) -> Iterator[Files]:
    """The run, with a working directory, an output and a folder for temporary files of the test's own."""
    for name in ('here', 'out'):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    # Not in tmp_path: workers of a data loader hang where the path of a socket has more than 108 letters.
    with tempfile.TemporaryDirectory() as scratch:
        monkeypatch.setattr(tempfile, 'tempdir', scratch)
        yield finished_run._replace(out=tmp_path / 'out')


def videos(f: Files) -> list:
    return [f.data / 'val.txt', '--media', f.data, '--config', f.config, '--checkpoint', f.checkpoint]


# The arguments of each command of tools/. Those that read checkpoints or dumps get malicious ones, and all
# get the names above.
Arguments = Callable[[Files], list]
READ_CHECKPOINTS: dict[str, Arguments] = {
    'test': lambda f: [f.config, f.checkpoint, '--work-dir', f.out / 'test', '--dump', f.out / 'dump.pkl'],
    'contact_sheet': lambda f: [f.config, f.checkpoint, '--out', f.out / 'sheet.png'],
    'convert_checkpoint': lambda f: [f.checkpoint, f.out / 'converted.pth'],
    'export_onnx': lambda f: [f.config, f.checkpoint, f.out / 'tin.pt2'],
    'extract_features': lambda f: [*videos(f), '--out', f.out / 'features'],
    'plot_interlacing': lambda f: [f.checkpoint, '--config', f.config, '--out', f.out / 'figures'],
    'predict': lambda f: [*videos(f), '--out', f.out / 'predictions.json', '--save-video'],
    'try': lambda f: ['--config', f.config, '--checkpoint', f.checkpoint, '--port', '0'],
}
READ_DUMPS: dict[str, Arguments] = {
    'ensemble': lambda f: [f.dump, f.work_dir / 'predictions.pkl', '--out', f.out / 'both.pkl'],
    'leaderboard': lambda f: [
        *('submit', f.dump, '--format', 'jester', '--labels', f.data / 'labels.txt'),
        *('--out', f.out / 'submission.csv'),
    ],
    'report': lambda f: [f.work_dir, '--dumps', f.dump, '--out', f.out / 'report.html'],
}
READ_NEITHER: dict[str, Arguments] = {
    'compare': lambda f: [f.work_dir],
    'prepare_data': lambda f: [
        *('kinetics400', '--annotations', owner(f), '--media', f.out.parent / 'owner'),
        *('--out', f.out / 'kinetics', '--allow-missing'),
    ],
}
# Tested elsewhere: training by its checkpoints, check_videos by test_video_that_names_addresses, a
# path that leaves the output of extract_flow in tests/tools/test_extract_flow.py. The others
# take no files from elsewhere.
APART = {'ablate', 'benchmark', 'check_videos', 'doctor', 'extract_flow', 'make_demo_data', 'train'}
COMMANDS = READ_CHECKPOINTS | READ_DUMPS | READ_NEITHER


def owner(f: Files) -> Path:
    """Files of a data set's owner whose clips and classes have such names."""
    folder = f.out.parent / 'owner'
    (folder / 'train').mkdir(parents=True)
    shutil.copy(f.data / VIDEOS[1], folder / 'train' / f'{VIDEOS[1]}_000000_000009.mp4')
    for split in ('train', 'val'):
        with (folder / f'{split}.csv').open('w') as file:
            rows = csv.writer(file)
            rows.writerow(('label', 'youtube_id', 'time_start', 'time_end', 'split'))
            rows.writerows((CLASSES[index % 2], name, 0, 9, split) for index, name in enumerate(VIDEOS))
    return folder


def test_every_command_is_here():
    assert COMMANDS.keys() | APART == {path.stem for path in TOOLS.glob('*.py')}


class Malice:
    """Makes a file when its pickle is read."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return os.system, (f'touch {self.trace}',)


def save_malice(path: Path, kind: str) -> Path:
    """Write a checkpoint and dump that makes ``path.parent / 'trace'`` if it is run."""
    content = {'state_dict': {'weight': torch.zeros(1)}, 'meta': Malice(path.parent / 'trace')}
    if kind == 'pickle':
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == 'zip')
    return path


@pytest.mark.parametrize('command', READ_CHECKPOINTS)
def test_malicious_checkpoint(command, files, monkeypatch):
    bad = save_malice(files.out.parent / 'bad.pth', 'zip')
    sentence = run_tool(monkeypatch, command, *READ_CHECKPOINTS[command](files._replace(checkpoint=bad)))
    assert not (bad.parent / 'trace').exists()
    assert sentence.startswith('error: ') and 'posix.system' in sentence and '\n' not in sentence
    assert not [
        path for path in files.out.rglob('*') if path.is_file() and path.suffix not in ('.log', '.py')
    ]


@pytest.mark.parametrize('command', READ_DUMPS)
def test_malicious_dump(command, files, monkeypatch):
    bad = save_malice(files.out.parent / 'bad.pkl', 'pickle')
    sentence = run_tool(monkeypatch, command, *READ_DUMPS[command](files._replace(dump=bad)))
    assert not (bad.parent / 'trace').exists()
    assert sentence.startswith('error: ') and 'posix.system' in sentence and '\n' not in sentence
    assert not list(files.out.iterdir())


@pytest.mark.parametrize(
    ('way', 'kind'),
    [
        ('load_from', 'zip'),
        ('load_from', 'legacy'),
        ('load_from', 'pickle'),
        ('resume', 'zip'),
        ('model.backbone.pretrained', 'zip'),
        ('ablation', 'zip'),
    ],
)
def test_malicious_checkpoint_of_a_training(way, kind, files, monkeypatch):
    bad = save_malice(files.out / 'bad.pth', kind)
    if way == 'ablation':
        (files.out / 'last_checkpoint').write_text(str(bad))
        cfg = Config.fromfile(files.config)
        cfg.merge_from_dict(dict(work_dir=str(files.out), resume=True))
        cfg.dump(files.out / 'config.py')
        monkeypatch.setattr(sys, 'argv', ['ablation', str(files.out / 'config.py'), str(os.getppid())])
        with pytest.raises(SystemExit) as exit:
            runpy.run_module('mmtin.ablation', run_name='__main__')
        sentence = exit.value.code
    else:
        given = ['--resume', bad] if way == 'resume' else ['--cfg-options', f'{way}={bad}']
        sentence = run_tool(monkeypatch, 'train', files.config, '--work-dir', files.out, *given)
    assert not (files.out / 'trace').exists()
    assert sentence.startswith('error: ') and str(bad) in sentence and '\n' not in sentence
    assert kind == 'pickle' or 'names posix.system, code that reading it would run' in sentence


def test_malicious_proposals(tmp_path):
    """AVA's boxes of people are a pickle."""
    bad = save_malice(tmp_path / 'bad.pkl', 'pickle')
    with pytest.raises(UserError, match='is no pickle of arrays by frame'):
        read_proposals(bad)
    assert not (tmp_path / 'trace').exists()


class Reduced:
    """Pickled as the call ``how``."""

    def __init__(self, *how: Any) -> None:
        self.how = how

    def __reduce__(self) -> tuple:
        return self.how


def test_array_that_takes_numbers_for_addresses(tmp_path):
    """An array of numbers declared as objects: numpy would use them as addresses when it frees it."""
    rebuild = np.empty(0).__reduce__()[0]
    objects = Reduced(np.dtype, ('O',))
    flags = 0  # with 1 it would crash here rather than fail
    dtype = Reduced(np.dtype, ('f8', False, True), (3, '|', None, ('a',), {'a': (objects, 0)}, 8, 8, flags))
    array = Reduced(rebuild, (np.ndarray, (0,), b'b'), (1, (4,), dtype, False, b'A' * 32))
    torch.save({'state_dict': {}, 'message_hub': array}, tmp_path / 'bad.pth')
    with pytest.raises(UserError, match=r"numpy.dtype\('O'\), code"):
        read_checkpoint(tmp_path / 'bad.pth')


class Watch:
    """Records what Python opens, starts and connects to within the block, and blocks connections."""

    def __init__(self) -> None:
        self.active, self.connected, self.started, self.written = False, [], [], []
        sys.addaudithook(self._note)  # for good: there is no way to remove one

    def __enter__(self) -> 'Watch':
        self.active, self.connected, self.started, self.written = True, [], [], []
        return self

    def __exit__(self, *_: object) -> None:
        self.active = False

    def _note(self, event: str, args: tuple) -> None:
        if not self.active:
            return
        if event == 'socket.getaddrinfo' or (event == 'socket.connect' and isinstance(args[1], tuple)):
            self.connected.append(args)
            raise PermissionError(f'{event} {args}')
        if event in ('os.system', 'subprocess.Popen', 'os.exec', 'os.posix_spawn'):
            self.started.append(repr(args[:2]))
        elif event == 'open' and isinstance(args[0], str | bytes) and args[2] & (os.O_WRONLY | os.O_RDWR):
            self.written.append(args[0])
        elif (
            event in ('os.mkdir', 'os.remove', 'os.rename') and args[-1] == -1
        ):  # not within an open folder
            self.written += args[: 2 if event == 'os.rename' else 1]


@pytest.fixture(scope='module')
def watch() -> Watch:
    return Watch()


def all_files(root: Path) -> set[Path]:
    return {path for path in root.rglob('*') if '__pycache__' not in path.parts}


# Exporting takes seconds, and reads no names but those of classes. The page of `try` is served until it is
# stopped, and gives no file the name of a video.
@pytest.mark.parametrize('command', sorted(COMMANDS.keys() - {'export_onnx', 'try'}))
def test_names_are_only_names(command, files, watch, monkeypatch):
    arguments = COMMANDS[command](files)
    roots = files.data.parent, files.out.parent / 'here'
    before = [all_files(root) for root in roots]
    with watch:
        sentence = run_tool(monkeypatch, command, *arguments)
    assert sentence is None, sentence
    assert list(files.out.iterdir()) or command == 'compare', 'wrote nothing'
    assert [all_files(root) for root in roots] == before
    assert not list(files.out.parent.rglob(WORD))
    assert not watch.connected
    assert not [call for call in watch.started if WORD in call]
    allowed = files.out, Path(tempfile.gettempdir()), Path.home() / '.cache', Path('/dev')
    written = [Path(os.fsdecode(path)) for path in watch.written if not isinstance(path, int)]
    written = {path.parent.resolve() / path.name for path in written}  # the last part may be a link
    assert not [path for path in written if not any(map(path.is_relative_to, allowed))]


def playlist(port: int) -> dict[str, str]:
    """Texts that FFmpeg takes for videos at other addresses."""
    address = f'127.0.0.1:{port}'
    return {
        'hls': f'#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9.0,\nhttp://{address}/a.ts\n#EXT-X-ENDLIST\n',
        'hls of hls': f'#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1280000\nhttp://{address}/a.m3u8\n',
        'concat': f'ffconcat version 1.0\nfile tcp://{address}\n',
        'sdp': f'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\n'
        f'm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n',
    }


@pytest.mark.timeout(60)  # seconds; each takes less than one
@pytest.mark.parametrize('suffix', ['mp4', 'm3u8', 'sdp'])
@pytest.mark.parametrize('kind', playlist(0))
def test_video_that_names_addresses(kind, suffix, tmp_path):
    """No address is opened, and nothing waits for one."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.setblocking(False)
        path = tmp_path / f'clip.{suffix}'
        path.write_text(playlist(server.getsockname()[1])[kind])
        with pytest.raises(VideoError):
            open_video(path.read_bytes())
        with pytest.raises(Exception), open_file(path) as source:  # noqa: B017
            list(source.frames)
        with pytest.raises(BlockingIOError):
            server.accept()
