"""tools/report.py on a real run: one file that stands alone, and one sentence for each fault."""

import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmtin.scores.dumps import read_dump, write_dump
from tests.browser import CHROMIUM, in_browser
from tests.report.tiny_run import shared_run
from tests.tools.in_process import run_tool


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory):
    return shared_run(tmp_path_factory)


@pytest.fixture
def report(monkeypatch):
    return lambda *args: run_tool(monkeypatch, 'report', *args)


@pytest.fixture
def copy(work_dir, tmp_path):
    return shutil.copytree(work_dir, tmp_path / 'copy')


def test_report_stands_alone(report, work_dir, tmp_path, capsys):
    path = tmp_path / 'report.html'
    assert report(work_dir, '--out', path) is None
    assert f'Report: {path}' in capsys.readouterr().out
    html = path.read_text()
    for address in re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)', html):
        assert ''.join(address).startswith(('#', 'data:')), address
    # Names of classes are text, for HTML as for matplotlib.
    assert 'moving &lt;right&gt;' in html
    assert '<right>' not in html
    assert 'moving left $1' in html
    assert html.count('class="clip"') == 6
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    for heading in (
        'Metrics',
        'Curves',
        'Offsets and weights',
        'confused',
        'clips',
        'Config',
        'Environment',
    ):
        assert re.search(rf'<h2[^>]*>[^<]*{heading}', html), heading
    assert 'acc/top1' in html
    assert 'PyTorch' in html
    assert 'offsets over 6 clips' in html
    assert '--force' in report(work_dir, '--out', path)
    assert path.read_text() == html


def test_metrics_are_those_that_tell_something(report, work_dir, copy, tmp_path):
    path = tmp_path / 'report.html'
    assert report(work_dir, '--out', path) is None
    html = path.read_text()
    metrics = dict(re.findall(r'<tr><th scope="row">(\S+)</th><td class="number">([^<]*)</td>', html))
    assert metrics['clips'] == '6'
    assert metrics['acc/top1'].endswith(' %')
    assert not metrics.keys() & {'acc/top5', 'time', 'data_time'}, 'of two classes, five are all'
    assert 'top5' not in html.partition('id="config"')[0], 'nor a curve'
    (copy / 'predictions.pkl').unlink()
    assert report(copy, '--out', tmp_path / 'copy.html') is None
    assert '<th scope="row">clips</th><td class="number">6</td>' in (tmp_path / 'copy.html').read_text()


def test_runs_side_by_side(report, work_dir, copy, tmp_path):
    (config,) = copy.glob('*.py')
    config.write_text(config.read_text() + 'load_from = "elsewhere.pth"\n')
    assert report(work_dir, copy, '--out', tmp_path / 'two.html', '--clips', 1) is None
    html = (tmp_path / 'two.html').read_text()
    assert '<title>tiny and copy</title>' in html
    assert html.count('class="clip"') == 4
    assert 'What copy changes' in html
    assert '<span class="added">+load_from = &#34;elsewhere.pth&#34;</span>' in html
    assert 'Not tested' not in html


def test_what_is_missing_is_said(report, copy, tmp_path):
    (copy / 'predictions.pkl').unlink()
    (result,) = (path for path in copy.glob('*/*.json') if path.stem == path.parent.name)
    result.unlink()
    (copy / result.parent.name / 'interlacing.json').unlink()
    assert report(copy, '--out', tmp_path / 'report.html') is None
    html = (tmp_path / 'report.html').read_text()
    assert 'Not tested' in html
    assert f'--dump {copy}/predictions.pkl' in html
    assert 'Nothing was recorded' in html


def change_test_set(work_dir, change):
    """Let ``change`` have the config of the last test and its test set."""
    (config,) = work_dir.glob('*/vis_data/config.py')
    cfg = Config.fromfile(config)
    change(cfg, cfg.test_dataloader.dataset)
    cfg.dump(config)


def test_clips_of_a_3d_network(report, copy, tmp_path):
    def whole_clips(cfg, dataset):
        cfg.model.update(type='Recognizer3D', backbone=dict(type='ResNet3d'))
        for step in dataset.pipeline:
            if step.type == 'SampleFrames':
                step.update(clip_len=6, num_clips=1)
            if step.type == 'FormatShape':
                step.input_format = 'NCTHW'

    change_test_set(copy, whole_clips)
    assert report(copy, '--out', tmp_path / 'report.html') is None
    html = (tmp_path / 'report.html').read_text()
    assert html.count('class="clip"') == html.count('--frames: 6;') == 6


def test_network_of_optical_flow_has_no_clips_to_show(report, work_dir, copy, tmp_path):
    lines = []
    for line in (work_dir.parent / 'val.txt').read_text().splitlines():
        name, label = line.split()
        (tmp_path / 'flow' / name).mkdir(parents=True)
        for field in (f'flow_{direction}_{number:05}.jpg' for direction in 'xy' for number in range(1, 13)):
            cv2.imwrite(str(tmp_path / 'flow' / name / field), np.full((32, 32), 128, np.uint8))
        lines.append(f'{name} 12 {label}\n')
    (tmp_path / 'flow.txt').write_text(''.join(lines))

    def flow(cfg, dataset):
        steps = {step.type: step for step in dataset.pipeline}
        steps['SampleFrames'].clip_len = 5
        cfg.test_dataloader.dataset = dict(
            type='RawframeClipDataset',
            ann_file=str(tmp_path / 'flow.txt'),
            data_prefix=dict(img=str(tmp_path / 'flow')),
            filename_tmpl='flow_{}_{:05}.jpg',
            modality='Flow',
            test_mode=True,
            pipeline=[
                steps['SampleFrames'],
                dict(type='RawFrameDecode'),
                steps['FormatShape'],
                steps['PackActionInputs'],
            ],
        )

    change_test_set(copy, flow)
    assert report(copy, '--out', tmp_path / 'report.html') is None
    html = (tmp_path / 'report.html').read_text()
    assert 'No clips to show: the network sees something else than RGB frames' in html
    assert 'class="clip"' not in html
    assert 'acc/top1' in html


def test_says_why_it_shows_no_clips(report, work_dir, copy, tmp_path):
    def one_clip(cfg, dataset):
        clip = Path(dataset.ann_file).read_text().splitlines()[0]
        (tmp_path / 'one.txt').write_text(f'{clip}\n')
        dataset.ann_file = str(tmp_path / 'one.txt')

    change_test_set(copy, one_clip)
    write_dump(tmp_path / 'one.pkl', read_dump(work_dir / 'predictions.pkl')[:1])
    assert report(copy, '--dumps', tmp_path / 'one.pkl', '--out', tmp_path / 'report.html') is None
    assert 'No clips to show: fewer than two of them have a label' in (tmp_path / 'report.html').read_text()


def test_faults_are_one_sentence_and_write_nothing(report, work_dir, copy, tmp_path):
    clips = read_dump(work_dir / 'predictions.pkl')
    write_dump(tmp_path / 'short.pkl', clips[:3])
    write_dump(tmp_path / 'other_order.pkl', clips[::-1])
    (tmp_path / 'damaged.pkl').write_bytes((work_dir / 'predictions.pkl').read_bytes()[:100])
    (tmp_path / 'labels.txt').write_text('a\nb\nc\n')
    (tmp_path / 'empty').mkdir()
    (log,) = copy.glob('*/vis_data/scalars.json')
    log.write_text(log.read_text()[:-60])
    cut = shutil.copytree(work_dir, tmp_path / 'cut')
    (cut / '30000101_000000').mkdir()
    (cut / '30000101_000000/30000101_000000.json').write_text('{"acc/top1": 0.')  # the newest test
    for expected, *args in [
        ('no work directory at', tmp_path / 'none'),
        ('no config in', tmp_path / 'empty'),
        (r'scalars.json, line \d+ is cut off', copy),
        (r'30000101_000000.json is cut off or damaged .*; test again', cut),
        ('it has 3 clips, the set 6', work_dir, '--dumps', tmp_path / 'short.pkl'),
        ('from clip 1 on it has other labels', work_dir, '--dumps', tmp_path / 'other_order.pkl'),
        ('cannot read .* as a dump', work_dir, '--dumps', tmp_path / 'damaged.pkl'),
        ('3 names are known', work_dir, '--labels', tmp_path / 'labels.txt'),
        ('1 files for 2 work directories', work_dir, copy, '--dumps', tmp_path / 'short.pkl'),
    ]:
        sentence = report(*args, '--out', tmp_path / 'report.html')
        assert sentence.startswith('error: '), args
        assert re.search(expected, sentence), sentence
        assert '\n' not in sentence
        assert not (tmp_path / 'report.html').exists()


def test_a_place_that_cannot_be_written_is_told_before_runs_are_read(report, tmp_path):
    (tmp_path / 'file').touch()
    sentence = report(tmp_path / 'none', '--out', tmp_path / 'file/report.html')
    assert sentence.startswith(f'error: cannot write {tmp_path}/file/report.html (')


@in_browser
def test_browser_shows_it_light_and_dark(report, work_dir, tmp_path):
    page = tmp_path / 'report.html'
    assert report(work_dir, '--out', page) is None
    brightness = {}
    for scheme, number in (('dark', 0), ('light', 1)):
        picture = tmp_path / f'{scheme}.png'
        command = [
            CHROMIUM,
            '--headless',
            '--no-sandbox',
            '--disable-gpu',
            '--enable-logging=stderr',
            '--v=0',
        ]
        command += [f'--user-data-dir={tmp_path / scheme}', '--window-size=1000,1400']
        command += [
            f'--blink-settings=preferredColorScheme={number}',
            f'--screenshot={picture}',
            page.as_uri(),
        ]
        result = subprocess.run(command, capture_output=True, text=True)
        # A request, which the page forbids, would be among these messages.
        assert 'CONSOLE' not in result.stderr, result.stderr
        brightness[scheme] = cv2.imread(str(picture)).mean()
    assert brightness['dark'] < 80 < 200 < brightness['light']
