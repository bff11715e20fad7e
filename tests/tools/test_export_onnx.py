"""tools/export_onnx.py on a trained network: what it writes, and one sentence for each fault."""

import copy
import json
import sys
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmaction.apis import inference_recognizer
from mmengine.config import Config
from mmengine.dataset import Compose
from rich.status import Status

from mmtin.checkpoint import read_checkpoint
from mmtin.export import (
    ClipClassifier,
    agreement,
    describe,
    open_onnx,
    open_program,
    random_clips,
    read_clips,
)
from mmtin.models import restart_streams
from mmtin.prediction import load_recognizer
from mmtin.prediction.online import OnlineRecognizer
from mmtin.recipes import first_stages
from tests.configs.experiments import CONFIGS
from tests.export.oldest_torch import require_export
from tests.prediction.small_recognizer import write_recognizer
from tests.report.tiny_run import CLASSES, NUM_VAL, shared_run
from tests.tools.in_process import run_tool

SHAPE = (4, 3, 32, 32)


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory):
    return shared_run(tmp_path_factory)


@pytest.fixture(scope='module')
def trained(work_dir):
    return work_dir / 'tin_r18_demo.py', work_dir / 'epoch_2.pth'


@pytest.fixture(scope='module')
def recognizer(trained):
    return load_recognizer(*trained)


@pytest.fixture(scope='module')
def videos(work_dir):
    return [work_dir.parent / 'val0.mp4', work_dir.parent / 'val1.mp4']


@pytest.fixture(scope='module')
def exported(trained, videos, tmp_path_factory):
    """A file of each format; the second replaces an older one, with other names of the classes."""
    require_export()
    folder = tmp_path_factory.mktemp('exported')
    names = tmp_path_factory.mktemp('labels') / 'names.txt'
    names.write_text('left\nright\n')
    (folder / 'tin.pt2').write_text('an older one')
    for path, *options in (
        [folder / 'tin.onnx', '--videos', *videos],
        [folder / 'tin.pt2', '--videos', *videos, '--force', '--labels', names],
    ):
        with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(StringIO()) as output:
            assert run_tool(monkeypatch, 'export_onnx', *trained, path, *options) is None
        assert '| PyTorch ' in output.getvalue()
        assert '| relative error, real clips ' in output.getvalue()
        assert output.getvalue().rstrip().endswith(str(path))
    return folder


@pytest.fixture(scope='module')
def networks(exported):
    return open_onnx(exported / 'tin.onnx'), open_program(exported / 'tin.pt2')


def test_leaves_the_files_alone(exported):
    assert {path.name for path in exported.iterdir()} == {'tin.onnx', 'tin.pt2'}
    # Stack traces of the exporter would contain folders of this machine.
    for path in exported.iterdir():
        assert str(agreement.__file__).encode().rpartition(b'/')[0] not in path.read_bytes()


def test_predicts_as_mmaction2_does(networks, recognizer, videos):
    """The whole way of MMAction2: its data preprocessor, recognizer and head."""
    clips = torch.cat(list(read_clips(recognizer.cfg, videos, SHAPE)))
    # inference_recognizer by itself takes the variable of the config, not what its data loader has.
    pipeline = Compose(recognizer.cfg.test_dataloader.dataset.pipeline)
    results = [inference_recognizer(recognizer, str(path), pipeline) for path in videos]
    expected = torch.stack([result.pred_score for result in results])
    assert (expected[0] - expected[1]).abs().max() > 1e-2  # the two differ
    for network in networks:
        _, probabilities = network(clips)
        torch.testing.assert_close(probabilities, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('count', [1, 3, 5])
def test_takes_any_number_of_clips(networks, recognizer, count):
    clips = random_clips(count, SHAPE)
    with torch.inference_mode():
        inputs = recognizer.data_preprocessor(dict(inputs=list(clips), data_samples=None))['inputs']
        expected = recognizer(inputs, mode='tensor', stage='head')
        expected = expected[0] if isinstance(expected, tuple) else expected
    for network in networks:
        scores, probabilities = network(clips)
        torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(probabilities, expected.softmax(1), rtol=1e-4, atol=1e-6)


def test_onnx_is_standard_and_says_what_it_takes(exported):
    model = onnx.load(exported / 'tin.onnx')
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [('', 18)]
    assert {node.domain for node in model.graph.node} == {''}
    assert not model.functions
    session = onnxruntime.InferenceSession(exported / 'tin.onnx')
    assert [(entry.name, entry.type, entry.shape) for entry in session.get_inputs()] == [
        ('clips', 'tensor(uint8)', ['N', *SHAPE])
    ]
    assert [(entry.name, entry.shape) for entry in session.get_outputs()] == [
        ('scores', ['N', 2]),
        ('probabilities', ['N', 2]),
    ]
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata['classes']) == list(CLASSES)
    assert [metadata[key] for key in ('num_segments', 'height', 'width')] == ['4', '32', '32']
    assert json.loads(metadata['mean']) == [128, 128, 128]
    assert json.loads(metadata['std']) == [64, 64, 64]
    assert metadata['probabilities'] == 'softmax'
    assert json.loads(metadata['resize']) == dict(size=[32, 32], interpolation='bilinear', type='Resize')
    assert json.loads(metadata['test_pipeline'])[1]['type'] == 'SampleFrames'


def test_metadata_tells_resizing_with_pillow(recognizer):
    cfg = copy.deepcopy(recognizer.cfg)
    for step in cfg.test_dataloader.dataset.pipeline:
        if step.type == 'Resize':
            step.update(type='PillowResize', scale=(-1, 40), keep_ratio=True)
    said = json.loads(describe(cfg, SHAPE, list(CLASSES), ClipClassifier(recognizer))['resize'])
    assert said == dict(short_side=40, interpolation='bilinear', type='PillowResize')


def test_program_needs_torch_alone(exported):
    extra = {'metadata.json': ''}
    program = torch.export.load(exported / 'tin.pt2', extra_files=extra)
    assert json.loads(json.loads(extra['metadata.json'])['classes']) == ['left', 'right']
    for graph in program.graph_module.modules():
        for node in graph.graph.nodes:
            if isinstance(node.target, torch._ops.OpOverload):
                assert node.target.namespace == 'aten', node.target


def test_faults_are_one_sentence_and_leave_no_file(monkeypatch, trained, recognizer, tmp_path):
    config, checkpoint = trained
    weights = read_checkpoint(checkpoint)['state_dict']
    del weights['cls_head.fc_cls.weight']
    torch.save(dict(state_dict=weights), tmp_path / 'headless.pth')
    (tmp_path / 'three.txt').write_text('a\nb\nc\n')
    (tmp_path / 'cut.mp4').write_bytes(b'nothing')
    before = set(tmp_path.rglob('*'))
    out = tmp_path / 'tin.pt2'
    for expected, *args in [
        ('must end in .onnx or .pt2', config, checkpoint, tmp_path / 'tin.trt'),
        ('opset must lie in 18..', config, checkpoint, tmp_path / 'tin.onnx', '--opset', 17),
        ('no video at', config, checkpoint, out, '--videos', tmp_path / 'none.mp4'),
        ('cannot read the video', config, checkpoint, out, '--videos', tmp_path / 'cut.mp4'),
        ('no config at', tmp_path / 'none.py', checkpoint, out),
        ('builds no recognizer', CONFIGS / 'tin_r50_ava21.py', checkpoint, out),
        ('no checkpoint at', config, tmp_path / 'none.pth', out),
        ('cls_head.fc_cls.weight', config, tmp_path / 'headless.pth', out),
        ('names 3 classes', config, checkpoint, out, '--labels', tmp_path / 'three.txt'),
    ]:
        sentence = run_tool(monkeypatch, 'export_onnx', *args)
        assert sentence.startswith('error: '), args
        assert expected in sentence
        assert '\n' not in sentence
        assert set(tmp_path.rglob('*')) == before


def test_a_network_that_differs_is_not_written(monkeypatch, trained, tmp_path):
    require_export()
    monkeypatch.setattr(agreement, 'MAX_RELATIVE_ERROR', 1e-12)
    (tmp_path / 'tin.pt2').write_text('an older one')
    assert '--force replaces it' in run_tool(monkeypatch, 'export_onnx', *trained, tmp_path / 'tin.pt2')
    sentence = run_tool(monkeypatch, 'export_onnx', *trained, tmp_path / 'tin.pt2', '--force')
    assert 'on random clips the exported network differs from PyTorch by' in sentence
    assert [path.read_text() for path in tmp_path.iterdir()] == ['an older one']


def test_int8(monkeypatch, trained, exported, work_dir, videos, tmp_path):
    """Convolutions in 8 bits, the rest as before; about the same scores, and the accuracy is said."""
    out, screen = tmp_path / 'int8.onnx', StringIO()
    calibration = tmp_path / 'calibration.txt'
    calibration.write_text(''.join(f'train{index}.mp4 {index % 2}\n' for index in range(8)))
    options = '--int8', calibration, '--media', work_dir.parent
    dumped = (work_dir / 'predictions.pkl').stat().st_mtime_ns  # by the test of the config
    shown, update = [], Status.update
    monkeypatch.setattr(Status, 'update', lambda status, text: (shown.append(text), update(status, text)))
    with redirect_stdout(screen):
        assert run_tool(monkeypatch, 'export_onnx', *trained, out, *options) is None
    tested = [text.partition(', ')[2] for text in shown if text.startswith('Testing on the test set')]
    assert tested == [f'clip {number} of {NUM_VAL}' for number in range(1, NUM_VAL + 1)]
    table = [[cell.strip() for cell in line.split('|')] for line in screen.getvalue().splitlines()]
    header, int8 = (next(row for row in table if name in row) for name in ('acc/top1', 'INT8'))
    said = dict(zip(header, int8))
    assert 2.5 < float(said['MB']) < 3.5 and 0 <= float(said['acc/top1']) <= 1

    assert (work_dir / 'predictions.pkl').stat().st_mtime_ns == dumped

    single, quantised = (onnx.load(path) for path in (exported / 'tin.onnx', out))
    onnx.checker.check_model(quantised, full_check=True)
    assert [(entry.domain, entry.version) for entry in quantised.opset_import] == [('', 18)]
    facts = [{entry.key: entry.value for entry in model.metadata_props} for model in (single, quantised)]
    assert facts[0] == facts[1]
    in_8_bits = {node.output[0] for node in quantised.graph.node if node.op_type == 'DequantizeLinear'}
    along_time = {weight.name for weight in single.graph.initializer if len(weight.dims) == 3}
    convolutions = [node for node in quantised.graph.node if node.op_type == 'Conv']
    assert len(convolutions) == 15 + 2 * 6
    for node in convolutions:
        assert (node.input[1] in along_time) != (set(node.input[:2]) <= in_8_bits), node.name

    clips = torch.cat(list(read_clips(load_recognizer(*trained).cfg, videos, SHAPE)))
    expected, actual = (open_onnx(path)(clips)[0] for path in (exported / 'tin.onnx', out))
    assert 0 < agreement.relative_error(actual, expected) < 0.2


def test_int8_is_refused_with_the_reason(monkeypatch, trained, work_dir, tmp_path, capsys):
    out, videos = tmp_path / 'out/tin.onnx', work_dir.parent
    cfg = Config.fromfile(trained[0])
    cfg.test_dataloader.dataset.ann_file = str(tmp_path / 'gone.txt')
    cfg.dump(tmp_path / 'gone.py')
    for expected, config, *args in [
        ('--int8 makes ONNX files alone', trained[0], tmp_path / 'out/tin.pt2', '--int8', videos),
        ('no video, folder or list at', trained[0], out, '--int8', tmp_path / 'none.txt'),
        ('gone.txt', tmp_path / 'gone.py', out, '--int8', videos, '--labels', videos / 'labels.txt'),
    ]:
        sentence = run_tool(monkeypatch, 'export_onnx', config, trained[1], *args)
        assert sentence.startswith('error: ') and expected in sentence, sentence
        assert not out.parent.exists()
    assert run_tool(monkeypatch, 'export_onnx', *trained, out, '--media', videos) == '2'
    assert 'name that list too' in capsys.readouterr().err


def test_step_of_a_causal_network(monkeypatch, tmp_path):
    """Two streams in ONNX Runtime, one of which begins anew: as PyTorch frame by frame."""
    require_export()
    options = dict(offsets_per='frame', causal=True, reverse=False, groups=4)
    config, checkpoint = write_recognizer(tmp_path, **options, **first_stages(2))
    out = tmp_path / 'step.onnx'
    screen = StringIO()
    with redirect_stdout(screen):
        assert run_tool(monkeypatch, 'export_onnx', config, checkpoint, out, '--stream') is None
    assert '100 frames' in screen.getvalue() and '6 classes from frames of 3x32x32' in screen.getvalue()

    session = onnxruntime.InferenceSession(out, providers=['CPUExecutionProvider'])
    assert [value.name for value in session.get_inputs()] == ['frames', 'state']
    facts = session.get_modelmeta().custom_metadata_map
    assert 'zero before the first frame' in facts['input'] and 'next_state' in facts['output']
    online = OnlineRecognizer(load_recognizer(config, checkpoint)).eval()
    frames = torch.randint(0, 256, (6, 2, 3, 32, 32), dtype=torch.uint8)
    mean, std = (torch.tensor(json.loads(facts[name])).view(3, 1, 1) for name in ('mean', 'std'))
    state, ours = np.zeros((2, session.get_inputs()[1].shape[1]), np.float32), None
    with torch.inference_mode():
        for place, pair in enumerate(frames):
            if place == 3:
                state[1] = 0
                ours = restart_streams(ours, [1])
            given = dict(frames=pair.numpy(), state=state)
            scores, probabilities, state = session.run(None, given)
            expected, ours = online((pair.float() - mean) / std, ours)
            assert np.abs(scores - expected.numpy()).max() < 1e-4 * expected.abs().max().item()
            assert probabilities.sum(1) == pytest.approx(1, abs=1e-5)


def test_a_clipwise_network_has_no_step(monkeypatch, trained, tmp_path):
    error = run_tool(monkeypatch, 'export_onnx', *trained, tmp_path / 'step.onnx', '--stream')
    assert 'looks at later frames' in error and not list(tmp_path.iterdir())


def test_missing_onnx_names_the_remedy(monkeypatch, trained, tmp_path):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    sentence = run_tool(monkeypatch, 'export_onnx', *trained, tmp_path / 'tin.onnx')
    assert sentence == (
        'error: ONNX files need onnxruntime, which is not installed; '
        "mend it with: pip install 'mmtin[export]'"
    )
