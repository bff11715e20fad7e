"""What `mim search mmtin` finds is what there is."""

import yaml

from tests.configs.experiments import CONFIGS, EXPERIMENTS


def models():
    return {entry['Name']: entry for entry in yaml.safe_load((CONFIGS / 'metafile.yml').read_text())['Models']}


def test_every_config_is_listed_once():
    assert set(models()) == {path.stem for path in CONFIGS.glob('*.py')}
    for name, entry in models().items():
        assert entry['Config'] == f'configs/{name}.py'


def test_listed_facts_are_those_of_the_experiments():
    listed = models()
    for experiment in EXPERIMENTS:
        facts = listed[experiment.name]['Metadata']
        assert facts['Architecture'] == f'ResNet{experiment.depth}'
        assert facts['Frames'] == experiment.num_segments
        assert facts['Epochs'] == experiment.epochs
        assert facts['Pretrained'] == ('Kinetics-400' if experiment.kinetics else 'ImageNet')


def test_published_metrics_are_marked_as_the_papers():
    metrics = [metric for entry in models().values() for metric in entry['Results'][0]['Metrics']]
    assert metrics
    assert all(metric.endswith(' (paper)') for metric in metrics)
