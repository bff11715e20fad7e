"""Results of work directories, folders of them, dumps, and files that others sent."""

import json
from dataclasses import replace

import pytest
from mmengine.config import Config

from mmtin.config import choose_test_protocol
from mmtin.errors import UserError
from mmtin.leaderboard.published import read_publication
from mmtin.leaderboard.results import read_results, write_results
from mmtin.leaderboard.rows import fill, join, note
from mmtin.scores.dumps import write_dump
from tests.configs.experiments import CONFIGS
from tests.scores.scored_clips import scored_clips
from tests.scores.test_results import write_test_run

CONFIG = """
model = dict(type='Recognizer2D', backbone=dict(type='TINResNet', depth=18, num_segments=8))
test_dataloader = dict(dataset=dict(ann_file='data/demo/val.txt'))
"""


def write_work_dir(folder, top1=0.5):
    write_test_run(folder, '20260101_000000', **{'acc/top1': top1})
    (folder / 'config.py').write_text(CONFIG)


def test_dump_and_work_dir_are_read(tmp_path):
    write_dump(tmp_path / 'tin.pkl', scored_clips())
    (result,) = read_results(f'tin_r50_sthv1={tmp_path}/tin.pkl')
    assert result.name == 'tin_r50_sthv1'
    assert {'acc/top1', 'acc/top5'} <= set(result.metrics)
    assert read_results(str(tmp_path / 'tin.pkl'))[0].name == 'tin'

    write_test_run(tmp_path / 'work', '20260101_000000', **{'acc/top1': 0.5})
    (tmp_path / 'work/config.py').write_text("model = dict(type='Recognizer2D')")
    (result,) = read_results(str(tmp_path / 'work'))
    assert (result.name, result.metrics['acc/top1'], result.cfg.model.type) == ('work', 0.5, 'Recognizer2D')


def test_folder_of_work_dirs_and_what_others_sent(tmp_path):
    write_work_dir(tmp_path / 'work_dirs/first')
    write_work_dir(tmp_path / 'work_dirs/second', 0.75)
    (tmp_path / 'work_dirs/never_tested').mkdir()
    first, second = read_results(str(tmp_path / 'work_dirs'))
    assert (first.name, second.name, second.metrics) == ('first', 'second', {'acc/top1': 0.75})
    assert (first.backbone, first.frames, first.data_set) == ('TINResNet 18', '8', 'demo')

    # Its costs go along, and stay those of the machine that measured them when the file is sent on.
    costs = dict(gflops=0.7, mparams=11.2, latency=20.0)
    for sender, others_costs in (
        ('a laptop', {'second': costs}),
        ('a server', {'second': dict(latency=1.0)}),
    ):
        text = write_results([first, second], others_costs, sender)
        (tmp_path / 'sent.json').write_text(text)
        first, second = read_results(str(tmp_path / 'sent.json'))
    assert (first.costs, second.costs, second.machine) == ({}, costs, 'a laptop')
    (renamed,) = read_results(f'mine={tmp_path}/work_dirs/first')
    assert renamed.name == 'mine' and renamed.metrics == first.metrics

    _, (row_of_first, row) = join(read_publication(), [first, second])
    assert (row.published.model, row.published.data_set, row.machine) == ('second', 'demo', 'a laptop')
    assert fill([row], {second.name: second.costs})[0].measured.latency == 20
    assert row_of_first.measured.top1 == 50
    rows, _ = join(read_publication(), [replace(second, name='tin_r50_sthv1')])
    (of_paper,) = (row for row in rows if row.published.id == 'tin_r50_sthv1')
    assert (of_paper.measured.top1, of_paper.machine) == (75, 'a laptop')


def test_result_of_another_test_is_noted_beside_the_published_one(tmp_path):
    """Also where it comes from others; a test by the config's own protocol and list needs no note."""
    name = 'tin_r50_sthv1'
    for folder, protocol, options in (
        ('own', '1x1', {}),
        ('other', '2x3', {'test_dataloader.dataset.ann_file': 'easy.txt'}),
    ):
        write_work_dir(tmp_path / folder / name)
        cfg = Config.fromfile(CONFIGS / f'{name}.py')
        cfg.merge_from_dict({'test_protocol': protocol, **options})
        choose_test_protocol(cfg)
        cfg.dump(tmp_path / folder / name / '20260101_000000/vis_data/config.py')
    (own,), (other,) = (read_results(str(tmp_path / folder / name)) for folder in ('own', 'other'))
    (tmp_path / 'sent.json').write_text(write_results([other], {}, ''))
    (sent,) = read_results(str(tmp_path / 'sent.json'))

    def note_on(result):
        rows, _ = join(read_publication(), [result])
        return next(note(row) for row in rows if row.published.id == name)

    expected = (
        'Not the same test, by list: data/sthv1/val.txt (the config); easy.txt (here), and by protocol: '
    )
    assert expected in note_on(other) and expected in note_on(sent)
    assert 'SampleFrames twice, Resize, ThreeCrop (here)' in note_on(other)
    assert 'Not the same test' not in note_on(own)


@pytest.mark.parametrize(
    'text, fault',
    [
        ('nowhere', 'no result at nowhere'),
        ('{}/empty', 'no test result in .*empty'),
        ('{}/cut', 'cut/.*json is cut off or damaged'),
        ('{}/unlabelled.pkl', 'without labels; `submit`'),
        ('{}/none', 'no test result in .*none or in a folder of it'),
        ('{}/cut.json', 'is cut off or no JSON'),
        ('{}/old.json', 'has format 0, this mmtin reads 1'),
        ('{}/list.json', 'has format None'),
        ('{}/other.json', r'is not as `leaderboard --json` writes it .KeyError'),
        ('all={}/both', '2 results, which cannot all be named all; leave out all='),
    ],
)
def test_faulty_results_are_one_sentence(text, fault, tmp_path):
    for name in ('empty', 'none/vis_data'):
        (tmp_path / name).mkdir(parents=True)
    for name in ('both/a', 'both/b'):
        write_work_dir(tmp_path / name)
    for name, content in (
        ('cut', '{"format": 1, '),
        ('old', '{"format": 0, "results": []}'),
        ('list', '[]'),
        ('other', '{"format": 1, "results": [{"name": "a"}]}'),
    ):
        (tmp_path / f'{name}.json').write_text(content)
    write_test_run(tmp_path / 'cut', '20260101_000000', **{'acc/top1': 0.5})
    log = tmp_path / 'cut/20260101_000000/20260101_000000.json'
    log.write_text(json.dumps({'acc/top1': 0.5})[:-4])
    write_dump(tmp_path / 'unlabelled.pkl', scored_clips(labels=[-1] * 12))
    with pytest.raises(UserError, match=fault):
        read_results(text.format(tmp_path))
