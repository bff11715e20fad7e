"""`mim search mmtin` finds the experiments that are there."""

import runpy

import yaml

from mmtin.leaderboard.published import read_publication
from tests.configs.experiments import CONFIGS, EXPERIMENTS

WRITER = runpy.run_path(str(CONFIGS.parent / 'docs/write_metafile.py'))


def models():
    return {
        entry['Name']: entry for entry in yaml.safe_load((CONFIGS / 'metafile.yml').read_text())['Models']
    }


def test_metafile_is_made_from_the_configs():
    written = (CONFIGS / 'metafile.yml').read_text()
    assert written == WRITER['text'](), 'run python docs/write_metafile.py'


def test_every_published_figure_is_of_a_config():
    figures = WRITER['published']()
    assert figures['tin_r50_sthv1'] == {'top1': 45.8, 'top5': 75.1}
    assert figures['tin_r101_mmit'] == {'mean_ap': 62.22}
    built = {model.id for model in read_publication().models if not model.source and model.build}
    # It has no config of its own: an option of TIN's makes it.
    assert built - {path.stem for path in CONFIGS.glob('*.py')} == {'rtcn_r50_sthv1'}


def test_listed_facts_are_those_of_the_names():
    listed = models()
    for experiment in EXPERIMENTS:
        facts = listed[experiment.name]['Metadata']
        assert facts['Architecture'] == f'ResNet{experiment.depth}'
        assert facts['Frames'] == experiment.num_segments
        assert facts['Pretrained'] == ('Kinetics-400' if experiment.kinetics else 'ImageNet')


def test_a_recipe_says_whose_it_is():
    recipes = {name: entry['Metadata']['Recipe'] for name, entry in models().items()}
    assert recipes['tin_r50_sthv1'] == 'paper'
    assert recipes['tin_r50_imagenet_sthv1'] == recipes['tin_r50_kinetics400'] == 'MMAction2'
    assert recipes['tin_r50_authors_sthv1'] == 'deepcs233/TIN'


def test_published_metrics_are_marked_as_the_papers():
    metrics = [metric for entry in models().values() for metric in entry['Results'][0]['Metrics']]
    assert metrics
    assert all(metric.endswith(' (paper)') for metric in metrics)
    listed = models()['tin_r50_sthv1']['Results'][0]['Metrics']
    assert listed == {'Top 1 Accuracy (paper)': 45.8, 'Top 5 Accuracy (paper)': 75.1}
